//! The results of the experiment: every figure as mean and range over the seeds.

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
    /// The settings of the experiment.
    pub settings: Settings,
    /// The results on each data set.
    pub parts: Vec<DatasetResult>,
}

/// The results on one data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetResult {
    /// The name of the data set.
    pub data: String,
    /// The SHA-256 of the content of the data set.
    pub data_sha256: String,
    /// The number of classes.
    pub classes: usize,
    /// The number of all training images.
    pub train_images: usize,
    /// The number of all test images.
    pub test_images: usize,
    /// The number of test images that were moved.
    pub moved_images: usize,
    /// The results of each network, in the order of [`Network::ALL`].
    pub contenders: Vec<Contender>,
}

/// The results of one network on one data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contender {
    /// The network.
    pub network: Network,
    /// The name of the network, for people.
    pub name: &'static str,
    /// The layers of the network, in words.
    pub layers: String,
    /// The number of trainable values.
    pub parameters: usize,
    /// The maximum learning rate, as tuned.
    pub learning_rate: f32,
    /// The tuned maximum learning rate for scrambled pixels; `None` if the network does not take part in this experiment.
    pub scrambled_learning_rate: Option<f32>,
    /// The runs that tuned the learning rates.
    pub tuning: Vec<Trial>,
    /// The accuracy on the whole test split, without any move.
    pub clean: Spread,
    /// The results after shifts, in pixels.
    pub shifts: Vec<Point>,
    /// The results after rotations, in degrees.
    pub rotations: Vec<Point>,
    /// The accuracy on the whole test split with scrambled pixels; `None` if the network does not take part in this experiment.
    pub scrambled: Option<Spread>,
    /// The accuracy on the whole test split by the number of training images, in ascending order; the last is
    /// [`clean`](Self::clean).
    pub by_images: Vec<Learned>,
}

/// One run of tuning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The widths of the hidden linear layers.
    pub hidden: Vec<usize>,
    /// Whether the pixels were scrambled.
    pub scrambled: bool,
    /// The maximum learning rate.
    pub learning_rate: f32,
    /// The accuracy on held-out training images; 0 if training diverged.
    pub accuracy: f64,
    /// Whether these settings were chosen.
    pub chosen: bool,
}

/// The result after one move.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The distance in pixels, or the angle in degrees.
    pub amount: u32,
    /// The fraction of the moved images that were classified correctly; the images are the same for every network.
    pub accuracy: Spread,
}

/// The result with a given number of training images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Learned {
    /// The number of training images.
    pub images: usize,
    /// The fraction of the test split that was classified correctly.
    pub accuracy: Spread,
}

impl DatasetResult {
    /// Finds the results of a network.
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
