//! The training benchmark: an epoch of the training loop of `striate train`.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use striate::data::Augment;
use striate::graph::Engine;
use striate::train::{Event, FitConfig, FitError, Job, fit};

use super::images::{MODEL, Work, network};

/// The first epoch is slowed down by fresh memory and a rising clock rate; the second is typical of a run.
const EPOCHS: usize = 2;

/// The wall time of the faster of two epochs, in seconds: shuffling, loading, forward, backward, update and events for every
/// image, without evaluation and saving.
pub(super) fn epoch_s(work: &Work, batch_size: usize, engine: &Engine) -> anyhow::Result<f64> {
    let net = network(work.data.classes.len(), work.preprocess.channels)?;
    // No augmentation and nothing held out, as in the libraries that it is compared with.
    let config = FitConfig {
        epochs: EPOCHS,
        batch_size,
        augment: Augment::default(),
        val_split: 0.0,
        ..FitConfig::default()
    };
    let stop = AtomicBool::new(false);
    let job = Job::new(net.as_ref(), MODEL, &work.data, &work.preprocess, &config, &stop)?;
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
    fit(&Job { engine: engine.clone(), ..job }, &mut [&mut watch])?;
    Ok(fastest)
}
