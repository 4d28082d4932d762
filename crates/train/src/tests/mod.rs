//! The promises of the crate, each broken on purpose or repeated under disturbance.

mod auxiliary;
mod bits;
mod crash;
mod killed;
mod options;
mod refusals;
mod resume;
mod run_splits;
mod runs;
mod threads;
mod two_runs;

use crate::{Event, FitConfig, FitError, Job, Observer, Outcome, RunSplits, Setup, Trained, fit};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use striate_data::{Augment, Dataset, Images, Preprocess};
use striate_formats::ModelFile;
use striate_graph::{Engine, Forward};
use striate_nn::{BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Sequential};

/// Where a bright bar lies tells the class: top, middle or bottom of 8 x 8 pixels, in noise.
fn bars(count: usize, salt: usize) -> Images {
    let pixel = |i: usize, p: usize| {
        let noise = ((i * 64 + p + salt).wrapping_mul(2_654_435_761) >> 7) % 90;
        let bright = p / 8 / 3 == i % 3;
        (noise + if bright { 110 } else { 0 }) as u8
    };
    let pixels = (0..count).flat_map(|i| (0..64).map(move |p| pixel(i, p))).collect();
    Images::new([1, 8, 8], pixels, (0..count).map(|i| (i % 3) as u8).collect()).unwrap()
}

/// What a job borrows.
struct World {
    net: Box<dyn Forward>,
    data: Dataset,
    preprocess: Preprocess,
    config: FitConfig,
    stop: AtomicBool,
}

impl World {
    /// 3 epochs of 6 steps, the last step of an epoch a partial batch; augmentation and dropout on. Of the 90 images 9 are held
    /// out.
    fn new() -> Self {
        let net = Sequential::new()
            .append(Conv2d::new(1, 4, 3).padding(1))
            .append(ReLU::new())
            .append(MaxPool2d::new(2))
            .append(Flatten::new())
            .append(Dropout::new(0.2))
            .append(Linear::new(64, 3));
        let classes = ["top", "middle", "bottom"].map(String::from).to_vec();
        let config = FitConfig {
            epochs: 3,
            batch_size: 16,
            learning_rate: 0.02,
            augment: Augment { rotate_deg: 10.0, erase: 0.2, ..Augment::default() },
            checkpoint_every_s: None,
            ..FitConfig::default()
        };
        Self {
            net: Box::new(net),
            data: Dataset::new("bars", bars(90, 0), bars(40, 9999), classes).unwrap(),
            preprocess: Preprocess::new([1, 8, 8], &[0.3], &[0.25]).unwrap(),
            config,
            stop: AtomicBool::new(false),
        }
    }

    /// With one image more, so that the last step is not one of a single image, which would sit out.
    fn with_batch_norm() -> Self {
        let net = Sequential::new()
            .append(Conv2d::new(1, 4, 3).padding(1))
            .append(BatchNorm2d::new(4))
            .append(ReLU::new())
            .append(MaxPool2d::new(2))
            .append(Flatten::new())
            .append(Linear::new(64, 3));
        let world = Self::new();
        let data = Dataset::new("bars", bars(91, 0), bars(40, 9999), world.data.classes.clone()).unwrap();
        Self { net: Box::new(net), data, ..world }
    }

    fn job<'a>(&'a self, run_dir: Option<&'a Path>, resume: bool) -> Job<'a> {
        let setup = Setup {
            engine: Engine::new(Some(2)).unwrap(),
            command: "striate train bars",
            ..Setup::new(&*self.net, "bars-net", &self.data).unwrap()
        };
        Job { run_dir, resume, ..Job::new(setup, &self.preprocess, &self.config, &self.stop) }
    }

    fn splits(&self) -> RunSplits<'_> {
        RunSplits::of(&self.data, &self.config).unwrap()
    }

    fn steps(&self) -> usize {
        self.config.epochs * self.splits().train.len().div_ceil(self.config.batch_size)
    }

    /// Runs to the end.
    fn finish(&self, run_dir: Option<&Path>, resume: bool) -> Box<Trained> {
        match fit(&self.job(run_dir, resume), &mut []).unwrap() {
            Outcome::Finished(trained) => trained,
            other => panic!("{other:?}"),
        }
    }

    /// Runs for so many steps, unless the end comes before. True: it was interrupted.
    fn run_for(&self, steps: usize, run_dir: &Path, resume: bool) -> bool {
        self.stop.store(false, Ordering::Relaxed);
        let mut left = steps;
        let mut count = |event: &Event<'_>| {
            if let Event::Step { .. } = event {
                left -= 1;
                self.stop.store(left == 0, Ordering::Relaxed);
            }
            Ok::<(), FitError>(())
        };
        let observers: &mut [&mut dyn Observer] = &mut [&mut count];
        let outcome = fit(&self.job(Some(run_dir), resume), observers).unwrap();
        self.stop.store(false, Ordering::Relaxed);
        matches!(outcome, Outcome::Interrupted { .. })
    }
}

/// The hashes of both models of a run folder.
fn hashes(run_dir: &Path) -> [String; 2] {
    [crate::BEST_MODEL, crate::LAST_MODEL].map(|name| ModelFile::sha256(&run_dir.join(name)).unwrap())
}

/// The hashes of an undisturbed run.
fn undisturbed(world: &World) -> [String; 2] {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = folder.path().join("run");
    world.finish(Some(&run_dir), false);
    hashes(&run_dir)
}
