//! Floor 3 of Striate: the training loop and its events.
//!
//! Below it: `striate-nn` (optimizers, schedules), `striate-data` (the loader), `striate-formats` (the saved files); beside
//! it `striate-report`, which computes the metrics and, with the feature `charts`, draws the charts. Above it: the facade and
//! the binary, whose progress bar is an [`Observer`].
//!
//! Start reading at `fit.rs`, the loop on one screen; then `run.rs`, the state behind it; then `folder.rs`, the files of a run.
//! [`finetune`] starts from a pretrained network instead, and first fits only its last layer.
//!
//! # Invariants
//! * Everything that determines the result is a pure function of ([`FitConfig`], data, network) and the step: the order of the
//!   samples, augmentation, dropout, learning rate. Threads, time and interruptions have no influence.
//! * The checkpoint is authoritative. Every other file of a run folder can be recreated from it, and is recreated on resume; so a
//!   run that is killed at any moment and resumed ends with the same model file as one that was not. The checkpoint before it is
//!   kept, too, in case the newest one is damaged.
//! * A run folder has one run at a time: it is locked from before it is first read until the end.
//! * Values that are infinite or NaN are never saved.
//! * The images that a run is evaluated on do not select the epoch, unless there are no others or the settings say so
//!   (`run_splits.rs`).
//!
//! # Example
//! ```
//! use std::sync::atomic::AtomicBool;
//! use striate_data::{Augment, Dataset, Images, Preprocess};
//! use striate_nn::{Flatten, Linear, Sequential};
//! use striate_train::{FitConfig, Job, Outcome, Setup, fit};
//!
//! // Dark images are of class 0, bright ones of class 1.
//! let pixels = (0..64).flat_map(|i| [if i % 2 == 0 { 20 } else { 220 }; 16]).collect();
//! let images = Images::new([1, 4, 4], pixels, (0..64).map(|i| i % 2).collect())?;
//! let data = Dataset::new("tones", images.clone(), images, vec!["dark".into(), "bright".into()])?;
//!
//! let net = Sequential::new().append(Flatten::new()).append(Linear::new(16, 2));
//! let preprocess = Preprocess::new([1, 4, 4], &[0.5], &[0.5])?;
//! let config = FitConfig { epochs: 3, learning_rate: 0.05, augment: Augment::default(), ..FitConfig::default() };
//! let stop = AtomicBool::new(false);
//! let job = Job::new(Setup::new(&net, "tones-net", &data)?, &preprocess, &config, &stop);
//! let Outcome::Finished(trained) = fit(&job, &mut [])? else { unreachable!("nobody stops it") };
//! assert_eq!(trained.evaluation.confusion.accuracy(), Some(1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod approach;
mod batch;
#[cfg(feature = "charts")]
mod charts;
mod config;
mod error;
mod evaluate;
mod event;
mod find_lr;
pub mod finetune;
mod fit;
mod folder;
mod identity;
mod job;
mod lock;
mod metric;
#[cfg(feature = "charts")]
mod page;
mod patience;
pub mod probe;
mod progress;
mod recipe;
mod report;
mod row;
mod run;
#[cfg(feature = "charts")]
mod run_folder;
mod run_splits;
mod saved;
#[cfg(feature = "charts")]
mod series;
mod setup;
mod stage;
mod yaml;

pub use approach::Approach;
pub use batch::Batch;
pub use config::{ClassWeights, ClipMode, FitConfig};
pub use error::{Difference, FitError};
pub use evaluate::{Evaluation, evaluate};
pub use event::{Event, Observer, Stop, Warning};
pub use find_lr::{RateSearch, find_lr};
pub use fit::{check, fit};
pub use folder::{
    ARGS_YAML, BEST_MODEL, CHECKPOINT, CONFUSION_PNG, CONFUSION_SVG, CURVES_PNG, CURVES_SVG, LAST_MODEL,
    RESULTS_CSV, clear_run, saved_at,
};
pub use job::{Job, Outcome, Trained};
pub use lock::{FolderLock, LOCK};
pub use metric::Metric;
#[cfg(feature = "charts")]
pub use page::{EvaluationPage, facts, mistakes};
pub use report::{RateReport, TrainedReport};
pub use row::EpochRow;
#[cfg(feature = "charts")]
pub use run_folder::{REPORT, RunFolder};
pub use run_splits::{ChosenBy, Counts, RunSplits};
pub use saved::{SavedRun, saved_run};
#[cfg(feature = "charts")]
pub use series::Series;
pub use setup::Setup;
pub use stage::Stage;

#[cfg(test)]
mod tests;
