//! The inference benchmark: a session on normalized images in memory, as in a service.

use std::time::{Duration, Instant};

use serde::Serialize;
use striate_graph::{Engine, Mode, Params, Session, trace};

use super::reference::reference;
use crate::LabError;

/// The measuring time of each batch size.
const MEASURE: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_millis(300);
const LEAST_RUNS: usize = 20;

/// The speed of the median run of each batch size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Inference {
    /// A single image, on one thread or on all, whichever is faster.
    pub batch_1: BatchSpeed,
    /// 64 images, on all threads.
    pub batch_64: BatchSpeed,
    /// 1000 images, on all threads.
    pub batch_1000: BatchSpeed,
}

/// The speed at one batch size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BatchSpeed {
    /// The time of one run in microseconds.
    pub latency_us: f64,
    /// Images per second.
    pub images_per_s: f64,
    /// The number of threads that were used.
    pub threads: usize,
}

impl Inference {
    /// The batch sizes with their speeds.
    pub fn each(&self) -> [(usize, BatchSpeed); 3] {
        [(1, self.batch_1), (64, self.batch_64), (1000, self.batch_1000)]
    }
}

/// Measures the inference speed of the reference network, which takes some ten seconds: batches of 64 and 1000 on all threads
/// of `engine`, and a single image on one thread or all, whichever is faster on this machine.
///
/// # Errors
/// When there is not enough memory for the network.
///
/// # Example
/// ```no_run
/// use striate_graph::Engine;
/// use striate_lab::speed::inference;
///
/// println!("{:.0} images/s", inference(&Engine::new(None)?)?.batch_64.images_per_s);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inference(engine: &Engine) -> Result<Inference, LabError> {
    let single = Engine::with(1, engine.isa());
    let mut batch_1 = speed(1, &single)?;
    if engine.threads() > 1 {
        let team = speed(1, engine)?;
        if team.latency_us < batch_1.latency_us {
            batch_1 = team;
        }
    }
    Ok(Inference { batch_1, batch_64: speed(64, engine)?, batch_1000: speed(1000, engine)? })
}

fn speed(batch: usize, engine: &Engine) -> Result<BatchSpeed, LabError> {
    let graph = trace(reference(10, 1).as_ref(), Mode::Eval, [1, 28, 28]).expect("shapes that fit");
    let params = Params::init(&graph, 0);
    let mut session = Session::with_engine(graph, params, engine.clone())?;
    // Any values do, since no kernel's time depends on them. A few digits would not fill a batch of 1000.
    let images: Vec<f32> = (0..batch * 28 * 28).map(|i| (i * 37 % 256) as f32 / 128.0 - 1.0).collect();
    let start = Instant::now();
    while start.elapsed() < WARM_UP {
        session.run_slice(&images, batch)?;
    }
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < MEASURE || times.len() < LEAST_RUNS {
        let run = Instant::now();
        session.run_slice(&images, batch)?;
        times.push(run.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    Ok(BatchSpeed {
        latency_us: median * 1e6,
        images_per_s: batch as f64 / median,
        threads: engine.threads(),
    })
}
