//! What came out: every figure as mean and range over the seeds.

use super::log::Log;
use super::nets::Network;
use super::run::{Finished, Run, Source};
use super::settings::Settings;
use super::spread::Spread;
use super::tune::Tuned;
use serde::Serialize;

/// The results of the whole experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Study {
    /// What was measured, and how thoroughly.
    pub settings: Settings,
    /// A result for each data set.
    pub parts: Vec<DatasetResult>,
}

/// The results on one data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetResult {
    /// Name of the data set.
    pub data: String,
    /// SHA-256 of its content.
    pub data_sha256: String,
    /// Its classes.
    pub classes: usize,
    /// All its training images.
    pub train_images: usize,
    /// All its test images.
    pub test_images: usize,
    /// Test images that were moved.
    pub moved_images: usize,
    /// Each network, in the order of [`Network::ALL`].
    pub contenders: Vec<Contender>,
}

/// What one network reached on one data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contender {
    /// The network.
    pub network: Network,
    /// Its name, for people.
    pub name: &'static str,
    /// Its layers, in words.
    pub layers: String,
    /// Its trainable values.
    pub parameters: usize,
    /// Highest learning rate, as tuned.
    pub learning_rate: f32,
    /// The same for scrambled pixels, where it takes part.
    pub scrambled_learning_rate: Option<f32>,
    /// What was tried to tune it.
    pub tuning: Vec<Trial>,
    /// Accuracy on the whole test split, nothing moved.
    pub clean: Spread,
    /// After shifts, in pixels.
    pub shifts: Vec<Point>,
    /// After rotations, in degrees.
    pub rotations: Vec<Point>,
    /// Accuracy on the whole test split with scrambled pixels, where it takes part.
    pub scrambled: Option<Spread>,
    /// Accuracy on the whole test split by the number of training images, rising; the last is [`clean`](Self::clean).
    pub by_images: Vec<Learned>,
}

/// One run of tuning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// Widths of the hidden linear layers.
    pub hidden: Vec<usize>,
    /// Whether the pixels were scrambled.
    pub scrambled: bool,
    /// Highest learning rate.
    pub learning_rate: f32,
    /// Accuracy on held-out training images; 0 if training diverged.
    pub accuracy: f64,
    /// Whether this was chosen.
    pub chosen: bool,
}

/// What was measured after one move.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Pixels or degrees.
    pub amount: u32,
    /// Fraction of the moved images that were right; the images are the same for every network.
    pub accuracy: Spread,
}

/// What was measured after learning from so many images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Learned {
    /// Training images.
    pub images: usize,
    /// Fraction of the test split that was right.
    pub accuracy: Spread,
}

impl DatasetResult {
    /// What a network reached.
    pub fn contender(&self, network: Network) -> Option<&Contender> {
        self.contenders.iter().find(|contender| contender.network == network)
    }
}

/// Puts the study together from what the log has of every run.
pub(crate) fn study(
    sources: &[Source<'_>],
    settings: &Settings,
    tuned: &[Tuned],
    runs: &[Run],
    log: &Log,
) -> Study {
    let result = |(index, source): (usize, &Source<'_>)| {
        let contender = |network| contender(index, source, settings, tuned, runs, log, network);
        DatasetResult {
            data: source.name.to_string(),
            data_sha256: source.sha256.to_string(),
            classes: source.classes.len(),
            train_images: source.train.len(),
            test_images: source.test.len(),
            moved_images: settings.moved_images.min(source.test.len()),
            contenders: Network::ALL.into_iter().map(contender).collect(),
        }
    };
    Study { settings: settings.clone(), parts: sources.iter().enumerate().map(result).collect() }
}

fn contender(
    index: usize,
    source: &Source<'_>,
    settings: &Settings,
    tuned: &[Tuned],
    runs: &[Run],
    log: &Log,
    network: Network,
) -> Contender {
    let of =
        |scrambled| tuned.iter().find(|t| (t.source, t.network, t.scrambled) == (index, network, scrambled));
    let plain = of(false).expect("every network is tuned");
    let mine = runs.iter().filter(|run| run.data == source.name && run.network == network);
    let found: Vec<&Finished> = mine.map(|run| log.find(run).expect("every run was made")).collect();
    let select = |scrambled: bool, images: usize| -> Vec<&Finished> {
        let wanted = |f: &&&Finished| f.run.scrambled == scrambled && f.run.train_images == images;
        found.iter().filter(wanted).copied().collect()
    };
    let accuracy = |finished: &[&Finished]| {
        Spread::new(finished.iter().map(|f| f.hits as f64 / f.images as f64).collect())
    };
    let all = select(false, source.train.len());
    let points = |amounts: &[u32], first: usize| -> Vec<Point> {
        let point = |(i, &amount): (usize, &u32)| {
            let moved = all.iter().map(|f| f.moved[first + i]);
            let accuracy = moved.map(|moved| moved.hits as f64 / moved.images as f64);
            Point { amount, accuracy: Spread::new(accuracy.collect()) }
        };
        amounts.iter().enumerate().map(point).collect()
    };
    let sizes = settings.train_images.iter().copied().filter(|&n| n < source.train.len());
    let learned = |images| Learned { images, accuracy: accuracy(&select(false, images)) };
    let tuning = [Some(plain), of(true)].into_iter().flatten().flat_map(|tuned| {
        tuned.trials.iter().enumerate().map(|(i, trial)| Trial {
            hidden: trial.run.hidden.clone(),
            scrambled: tuned.scrambled,
            learning_rate: trial.run.learning_rate,
            accuracy: trial.hits as f64 / trial.images as f64,
            chosen: i == tuned.chosen,
        })
    });
    Contender {
        network,
        name: network.name(),
        layers: network.layers(&plain.run().hidden, source.classes.len()),
        parameters: all[0].parameters,
        learning_rate: plain.run().learning_rate,
        scrambled_learning_rate: of(true).map(|tuned| tuned.run().learning_rate),
        tuning: tuning.collect(),
        clean: accuracy(&all),
        shifts: points(&settings.shifts_px, 0),
        rotations: points(&settings.rotations_deg, settings.shifts_px.len()),
        scrambled: of(true).map(|_| accuracy(&select(true, source.train.len()))),
        by_images: sizes.chain([source.train.len()]).map(learned).collect(),
    }
}
