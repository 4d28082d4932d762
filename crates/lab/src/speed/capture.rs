//! The cost of capturing: runs that keep every value of the network alternate with runs that keep none, on the same threads.

use std::time::{Duration, Instant};

use serde::Serialize;
use striate_graph::{Engine, Mode, Params, Session, trace};
use striate_models::registry;

use crate::LabError;

/// The measuring time of each case.
const MEASURE: Duration = Duration::from_secs(3);
const WARM_UP: usize = 3;
const LEAST_RUNS: usize = 10;
/// The model, the side and the channels of its images, and the batch size.
const CASES: [(&str, usize, usize, usize); 4] =
    [("convnet", 28, 1, 64), ("convnet", 28, 1, 1000), ("resnet18", 224, 3, 1), ("resnet18", 224, 3, 8)];

/// The cost of keeping every value of a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Capture {
    /// The name of the network.
    pub model: &'static str,
    /// The number of samples per run.
    pub batch: usize,
    /// The median time of a run that keeps no value, in seconds.
    pub plain_s: f64,
    /// The median time of a run that keeps every value, in seconds.
    pub captured_s: f64,
    /// The median of the ratios of neighboring runs: a temporary slowdown of the machine affects both.
    pub ratio: f64,
    /// The size of the captured values of all samples, as f32, in megabytes.
    pub captured_mb: f64,
    /// The time to copy all of them out in PyTorch's order, which happens only on request, in seconds.
    pub read_s: f64,
}

/// Measures the cost of capturing for two networks and several batch sizes, which takes some fifteen seconds.
///
/// # Errors
/// When there is not enough memory for one of the networks.
///
/// # Example
/// ```no_run
/// use striate_graph::Engine;
/// use striate_lab::speed::captures;
///
/// for case in captures(&Engine::new(None)?)? {
///     println!("{}, batch {}: {:.2} times as long", case.model, case.batch, case.ratio);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn captures(engine: &Engine) -> Result<Vec<Capture>, LabError> {
    CASES.into_iter().map(|case| one(case, engine)).collect()
}

fn one(
    (model, side, channels, batch): (&'static str, usize, usize, usize),
    engine: &Engine,
) -> Result<Capture, LabError> {
    let net = (registry::find(model).expect("a known network").build)(10, channels);
    let graph = trace(net.as_ref(), Mode::Eval, [channels, side, side]).expect("shapes that fit");
    let params = Params::init(&graph, 0);
    let values: usize = graph.nodes.iter().map(|n| n.shape.iter().product::<usize>()).sum();
    let mut plain = Session::with_engine(graph.clone(), params.clone(), engine.clone())?;
    let mut captured = Session::with_engine(graph, params, engine.clone())?;
    captured.tap_all("*")?;
    // Any values do, since no kernel's time depends on them.
    let len = batch * channels * side * side;
    let images: Vec<f32> = (0..len).map(|i| (i * 37 % 256) as f32 / 128.0 - 1.0).collect();
    let time = |session: &mut Session| -> Result<f64, LabError> {
        let run = Instant::now();
        session.run_slice(&images, batch)?;
        Ok(run.elapsed().as_secs_f64())
    };
    for _ in 0..WARM_UP {
        time(&mut plain)?;
        time(&mut captured)?;
    }
    let (start, mut runs) = (Instant::now(), Vec::new());
    while start.elapsed() < MEASURE || runs.len() < LEAST_RUNS {
        runs.push((time(&mut plain)?, time(&mut captured)?));
    }
    let mut reads = Vec::new();
    for _ in 0..LEAST_RUNS {
        let read = Instant::now();
        drop(captured.captured());
        reads.push(read.elapsed().as_secs_f64());
    }
    Ok(Capture {
        model,
        batch,
        plain_s: median(runs.iter().map(|run| run.0)),
        captured_s: median(runs.iter().map(|run| run.1)),
        ratio: median(runs.iter().map(|run| run.1 / run.0)),
        captured_mb: (values * batch * 4) as f64 / 1e6,
        read_s: median(reads.into_iter()),
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
