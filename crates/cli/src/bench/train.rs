//! The training epoch: the very loop of `striate train`, timed as it times itself.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use striate::data::Augment;
use striate::graph::Engine;
use striate::train::{Event, FitConfig, FitError, Job, fit};

use super::images::{MODEL, Work, network};

/// The first epoch also pays for fresh memory and a clock that is still rising; the second is what a run is made of.
const EPOCHS: usize = 2;

/// Seconds of the faster of two epochs, by the clock on the wall: shuffling, fetching, forward, backward, update and
/// telling, of every image; evaluation and saving are not in it.
pub(super) fn epoch_s(work: &Work, batch_size: usize, engine: &Engine) -> anyhow::Result<f64> {
    let net = network(work.data.classes.len(), work.preprocess.channels)?;
    // No augmentation and nothing held out: the peers do neither.
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
