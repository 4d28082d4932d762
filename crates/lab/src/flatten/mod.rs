//! Why not flatten the pixels? An experiment: two CNNs against two MLPs with the same number of parameters.
//!
//! An MLP takes the pixels as one long row: it has a separate weight for every pixel, and no information on which pixels are
//! neighbors. A convolution looks only at neighbors (locality), with the same weights everywhere (weight sharing); pooling then
//! deliberately discards the exact position. Each question below isolates one of these:
//!
//! * **Shifts** and **rotations** of test images, on a canvas large enough that nothing is cut off. The measure is accuracy,
//!   on the same moved images for every network. Accuracy relative to the images a network classifies correctly unmoved would
//!   favor the weakest network, because its set is small and easy.
//! * **One fixed permutation** of the pixels, in training and test alike, which removes only the information on which pixels
//!   are neighbors.
//! * **Few training images**: a pattern that has to be learned separately at every position needs more of them.
//! * **Clean accuracy**, as the baseline: a loss of accuracy can only be judged relative to it.
//!
//! These conditions make the comparison fair: parameter counts equal within 5 %; the same images, number of updates, batch
//! size, optimizer (Adam) and schedule (one cycle); each network's learning rate tuned by the same procedure on held-out
//! training images, for permuted pixels, too; an MLP has one hidden layer or two, whichever is better; no epoch is selected on
//! the test split; and several seeds. The [`reading`] calls two networks "level" when the seeds do not distinguish them, and
//! says where a CNN loses.
//!
//! **Start with** `nets.rs` (the networks), `canvas.rs` (the changes of the images), `run.rs` (one network, trained and
//! evaluated), then `tune.rs` and `experiment.rs`.
//!
//! # Example
//! ```
//! use std::sync::atomic::AtomicBool;
//! use striate_data::{Dataset, Images};
//! use striate_lab::flatten::{Log, Network, Settings, flatten, reading};
//!
//! let digits = striate_data::load("digits")?;
//! let few = |split: &striate_data::Split, n: usize| {
//!     let images = split.images().expect("digits are in memory");
//!     Images::new([1, 28, 28], images.pixels[..n * 784].to_vec(), images.labels[..n].to_vec())
//! };
//! let data = Dataset::new("few", few(&digits.train, 120)?, few(&digits.test, 50)?, digits.classes.clone())?;
//!
//! // Far too small to learn anything; `Settings::full(5)` is the real experiment.
//! let settings = Settings { min_steps: 2, train_images: vec![60], ..Settings::quick(1) };
//! let mut log = Log::in_memory();
//! let study = flatten(&[data], &settings, &mut log, 2, &AtomicBool::new(false), &mut |_| {})?;
//! let result = &study.parts[0];
//! assert_eq!(result.contender(Network::CnnPooled).map(|c| c.parameters), Some(88_906));
//! assert!(reading(result).iter().any(|passage| passage.about == "Where flattening wins"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canvas;
mod chart;
mod compare;
mod error;
mod experiment;
mod log;
mod nets;
mod plan;
mod reading;
mod report;
mod run;
mod settings;
mod shuffle;
mod spread;
mod study;
mod table;
mod team;
mod text;
mod tune;

pub use canvas::{CANVAS, IMAGE, MARGIN, Move, place, scrambling};
pub use chart::{curves, shown};
pub use error::FlattenError;
pub use experiment::{check, flatten};
pub use log::Log;
pub use nets::Network;
pub use reading::{Passage, reading};
pub use report::{DatasetReport, StudyReport};
pub use run::{Finished, Moved, Run};
pub use settings::Settings;
pub use spread::Spread;
pub use study::{Contender, DatasetResult, Learned, Point, Study, Trial};
pub use table::table;
pub use team::StudyProgress;
pub use text::text;

#[cfg(test)]
mod tests;
