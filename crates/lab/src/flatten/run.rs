//! One network, trained once and evaluated.

use super::canvas::{CANVAS, IMAGE, Move, canvases, scrambling};
use super::error::FlattenError;
use super::nets::Network;
use super::shuffle::{Stream, shuffled};
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;
use striate_data::{Augment, DataError, Dataset, Images, Preprocess, Split, mean_std};
use striate_graph::{Engine, Session};
use striate_train::{Evaluation, FitConfig, FitError, Job, Outcome, Setup, evaluate, fit};

/// Raised whenever the same settings would give other numbers, so that nothing older is taken for them.
pub(crate) const EDITION: u32 = 1;

/// Everything that determines the result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The edition of this experiment; runs of other editions are not comparable.
    pub edition: u32,
    /// The name of the data set.
    pub data: String,
    /// The SHA-256 of the content of the data set.
    pub data_sha256: String,
    /// The contender.
    pub network: Network,
    /// The widths of its hidden linear layers.
    pub hidden: Vec<usize>,
    /// The random seed of the initial parameters, the order, the training images and the scrambling; 0 in tuning.
    pub seed: u64,
    /// The number of training images.
    pub train_images: usize,
    /// The number of times that each training image is seen.
    pub passes: usize,
    /// The number of images per update.
    pub batch_size: usize,
    /// The maximum learning rate of the one-cycle schedule of Adam.
    pub learning_rate: f32,
    /// Whether the pixels are scrambled, in training and test alike.
    pub scrambled: bool,
    /// The number of training images that are held out for evaluation; with `None`, the whole test split is used.
    pub held_out: Option<usize>,
    /// The number of test images that are moved.
    pub moved_images: usize,
    /// The moves of these images.
    pub moves: Vec<Move>,
}

/// A run and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finished {
    /// The settings of the run.
    pub run: Run,
    /// The number of trainable values of the network.
    pub parameters: usize,
    /// The number of images for evaluation.
    pub images: usize,
    /// The number of these images that were classified correctly; 0 if training diverged.
    pub hits: usize,
    /// The mean cross entropy over these images; `None` if training diverged.
    pub loss: Option<f64>,
    /// The results on the moved images, in the order of [`Run::moves`].
    pub moved: Vec<Moved>,
}

/// The result on images that were moved: the same images, moved in the same way, for every network.
///
/// Logs of earlier versions also have the number of images that a network classified correctly without the move. This field is
/// ignored: a share of those images cannot be compared between networks, since each has its own set of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The number of images.
    pub images: usize,
    /// The number of images that were classified correctly.
    pub hits: usize,
}

impl Run {
    /// A description of the run, for people.
    pub fn name(&self) -> String {
        format!(
            "{}, {}, seed {}, {} images{}, rate {:e}{}",
            self.data,
            self.network.name(),
            self.seed,
            self.train_images,
            if self.scrambled { ", scrambled" } else { "" },
            self.learning_rate,
            if self.held_out.is_some() { " (tuning)" } else { "" },
        )
    }

    /// Trains and measures, on one thread.
    ///
    /// # Errors
    /// [`FlattenError::Run`]; [`FlattenError::Stopped`] (with nothing counted) when `stop` was set. In tuning a rate with
    /// which training diverges is no error, but has no hits.
    pub(crate) fn execute(&self, source: &Source<'_>, stop: &AtomicBool) -> Result<Finished, FlattenError> {
        let fail = |error: FitError| FlattenError::Run { run: self.name(), source: Box::new(error) };
        let engine = Engine::new(Some(1)).map_err(|why| fail(FitError::Engine(why)))?;
        let data = self.dataset(source)?;
        let net = self.network.build(&self.hidden, source.classes.len());
        let config = FitConfig {
            epochs: 1, // of every image `passes` times, so that no epoch is chosen by what is measured
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            augment: Augment { shift_px: self.network.train_shift_px(), ..Augment::default() },
            seed: self.seed,
            val_split: 0.0, // there is but one epoch, and nothing to choose
            checkpoint_every_s: None,
            ..FitConfig::default()
        };
        let setup = Setup::new(&net, self.network.name(), &data).map_err(fail)?;
        let setup = Setup { engine: engine.clone(), ..setup };
        let trained = match fit(&Job::new(setup, &source.preprocess, &config, stop), &mut []) {
            Ok(Outcome::Finished(trained)) => trained,
            Ok(Outcome::Interrupted { .. }) => return Err(FlattenError::Stopped { finished: 0, planned: 0 }),
            Err(FitError::NonFinite { .. }) if self.held_out.is_some() => {
                let images = data.test.len();
                return Ok(Finished {
                    run: self.clone(),
                    parameters: 0,
                    images,
                    hits: 0,
                    loss: None,
                    moved: Vec::new(),
                });
            }
            Err(error) => return Err(fail(error)),
        };
        let parameters = trained.model.graph.parameter_count();
        let test = &trained.evaluation;
        let mut moved = Vec::with_capacity(self.moves.len());
        if !self.moves.is_empty() {
            let (graph, params) = (trained.model.graph, trained.model.params);
            let session = Session::with_engine(graph, params, engine.clone());
            let mut session = session.map_err(|error| fail(error.into()))?;
            let mut ask = |images: Images| {
                evaluate(&mut session, &engine, &Split::from(images), &source.preprocess).map_err(fail)
            };
            let Some(images) = data.test.images() else { unreachable!("canvases are in memory") };
            let mut order = shuffled(images.len(), 0, Stream::Moved);
            order.truncate(self.moved_images);
            for &way in &self.moves {
                let hits = hits(&ask(moved_canvases(images, &order, way)?)?);
                moved.push(Moved { images: order.len(), hits });
            }
        }
        let hits = hits(test);
        Ok(Finished {
            run: self.clone(),
            parameters,
            images: data.test.len(),
            hits,
            loss: Some(test.loss),
            moved,
        })
    }

    /// The canvases it learns from, each `passes` times, and those it is measured by.
    pub(crate) fn dataset(&self, source: &Source<'_>) -> Result<Dataset, FlattenError> {
        let order = self.scrambled.then(|| scrambling(self.seed));
        let total = source.train.len();
        let (learned, measured) = match self.held_out {
            None => (shuffled(total, self.seed, Stream::Training), None),
            Some(held_out) => {
                let mut all = shuffled(total, self.seed, Stream::HeldOut);
                let rest = all.split_off(held_out);
                (rest, Some(all))
            }
        };
        let learned = learned[..self.train_images].repeat(self.passes);
        let everything: Vec<u32>;
        let (measured_of, measured) = match &measured {
            Some(indices) => (source.train, indices),
            None => {
                everything = (0..source.test.len() as u32).collect();
                (source.test, &everything)
            }
        };
        let images = |of: &Images, indices: &[u32]| {
            let (pixels, labels) = canvases(of, indices, order.as_deref());
            Images::new([1, CANVAS, CANVAS], pixels, labels)
        };
        let (train, test) = (images(source.train, &learned)?, images(measured_of, measured)?);
        Ok(Dataset::new(&self.data, train, test, source.classes.to_vec())?)
    }
}

/// These canvases after the move; image `i` of the order goes in direction `i`.
fn moved_canvases(images: &Images, order: &[u32], way: Move) -> Result<Images, FlattenError> {
    let mut moved = Vec::with_capacity(order.len() * images.sample_len());
    for (lot, &index) in (0..).zip(order) {
        moved.extend(way.apply(images.sample(index as usize), lot));
    }
    let labels = order.iter().map(|&index| images.labels[index as usize]).collect();
    Ok(Images::new(images.shape(), moved, labels)?)
}

fn hits(evaluation: &Evaluation) -> usize {
    evaluation.answers.iter().filter(|answer| answer.is_hit()).count()
}

/// A data set that fits the experiment.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    pub(crate) sha256: &'a str,
    pub(crate) classes: &'a [String],
    pub(crate) train: &'a Images,
    pub(crate) test: &'a Images,
    pub(crate) preprocess: Preprocess,
}

/// Fewer would leave nothing to hold out.
const TRAIN_IMAGES: usize = 60;

impl<'a> Source<'a> {
    /// Makes sure that the data set fits.
    ///
    /// # Errors
    /// [`FlattenError::Images`] and [`FlattenError::TooFew`].
    pub(crate) fn new(data: &'a Dataset) -> Result<Self, FlattenError> {
        let name = data.name.as_str();
        let images = |split: &'a Split| {
            let wrong = || FlattenError::Images { data: name.to_string(), shape: split.fixed_shape() };
            split.images().filter(|images| images.shape() == [1, IMAGE, IMAGE]).ok_or_else(wrong)
        };
        let (train, test) = (images(&data.train)?, images(&data.test)?);
        for (what, expected, got) in [
            ("classes", 2, data.classes.len()),
            ("training images", TRAIN_IMAGES, train.len()),
            ("test images", 1, test.len()),
        ] {
            if got < expected {
                return Err(FlattenError::TooFew { data: name.to_string(), what, expected, got });
            }
        }
        Ok(Self {
            name,
            sha256: &data.sha256,
            classes: &data.classes,
            train,
            test,
            preprocess: preprocess(train)?,
        })
    }
}

/// Divides by the deviation of the canvases' pixels and subtracts nothing: the background stays 0, which is also what the
/// first convolution pads with, so that the edge of the canvas is no edge in the image.
fn preprocess(train: &Images) -> Result<Preprocess, FlattenError> {
    let (mean, std) = mean_std(train);
    let (mean, std) = (f64::from(mean[0]), f64::from(std[0]));
    let share = (IMAGE * IMAGE) as f64 / (CANVAS * CANVAS) as f64;
    let variance = share * (std * std + mean * mean) - (share * mean) * (share * mean);
    let deviation = if variance > 0.0 { variance.sqrt() as f32 } else { 1.0 };
    Ok(Preprocess::new([1, CANVAS, CANVAS], &[0.0], &[deviation]).map_err(DataError::from)?)
}
