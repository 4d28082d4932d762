//! The training benchmark: an epoch of the training loop.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use striate_data::{Augment, Dataset, Preprocess};
use striate_graph::Engine;
use striate_train::{Event, FitConfig, FitError, Job, Setup, fit};

use super::reference::{REFERENCE, reference};
use crate::LabError;

/// The first epoch is slowed down by fresh memory and a rising clock rate; the second is typical of a run.
const EPOCHS: usize = 2;

/// Trains the reference network for two epochs. Returns the wall time of the faster one, in seconds: shuffling, loading, forward,
/// backward, update and events for every image, without evaluation and saving.
///
/// # Errors
/// Those of [`fit`].
///
/// # Example
/// ```no_run
/// use striate_data::Preprocess;
/// use striate_graph::Engine;
/// use striate_lab::speed::epoch_s;
///
/// let digits = striate_data::load("digits")?;
/// let preprocess = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081])?;
/// println!("{:.2} s", epoch_s(&digits, &preprocess, 64, &Engine::new(None)?)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn epoch_s(
    data: &Dataset,
    preprocess: &Preprocess,
    batch_size: usize,
    engine: &Engine,
) -> Result<f64, LabError> {
    let net = reference(data.classes.len(), preprocess.channels);
    // No augmentation and nothing held out, as in the libraries that it is compared with.
    let config = FitConfig {
        epochs: EPOCHS,
        batch_size,
        augment: Augment::default(),
        val_split: 0.0,
        ..FitConfig::default()
    };
    let stop = AtomicBool::new(false);
    let setup = Setup { engine: engine.clone(), ..Setup::new(net.as_ref(), REFERENCE, data)? };
    let (mut start, mut fastest) = (Instant::now(), f64::INFINITY);
    let mut watch = |event: &Event<'_>| -> Result<(), FitError> {
        match event {
            Event::Started { .. } | Event::EpochEnd { .. } => start = Instant::now(),
            Event::Step { step, steps, .. } if step == steps => {
                fastest = fastest.min(start.elapsed().as_secs_f64())
            }
            _ => {}
        }
        Ok(())
    };
    fit(&Job::new(setup, preprocess, &config, &stop), &mut [&mut watch])?;
    Ok(fastest)
}
