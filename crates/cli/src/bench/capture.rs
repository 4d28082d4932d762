//! The cost of capturing: a run that keeps every value of the network against one that keeps none, alternating on the same
//! threads.

use std::time::{Duration, Instant};

use serde::Serialize;
use striate::graph::{Engine, Mode, Params, Session, trace};
use striate::models::registry;

/// The measuring time of each case.
const MEASURE: Duration = Duration::from_secs(3);
const WARM_UP: usize = 3;
const LEAST_RUNS: usize = 10;
/// The model, the side and the channels of its images, and the batch size.
const CASES: [(&str, usize, usize, usize); 4] =
    [("convnet", 28, 1, 64), ("convnet", 28, 1, 1000), ("resnet18", 224, 3, 1), ("resnet18", 224, 3, 8)];

/// The medians of one case.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Capture {
    pub(super) model: &'static str,
    pub(super) batch: usize,
    pub(super) plain_s: f64,
    pub(super) captured_s: f64,
    /// The median of the ratios of neighboring runs: a temporary slowdown of the machine affects both.
    pub(super) ratio: f64,
    /// The captured values of all samples, as f32, in megabytes.
    pub(super) captured_mb: f64,
    /// The time to copy all of them out in PyTorch's order, which happens only on request.
    pub(super) read_s: f64,
}

pub(super) fn measure(engine: &Engine) -> anyhow::Result<Vec<Capture>> {
    CASES.into_iter().map(|case| one(case, engine)).collect()
}

fn one(
    (model, side, channels, batch): (&'static str, usize, usize, usize),
    engine: &Engine,
) -> anyhow::Result<Capture> {
    let net = (registry::find(model)?.build)(10, channels);
    let graph = trace(net.as_ref(), Mode::Eval, [channels, side, side])?;
    let params = Params::init(&graph, 0);
    let values: usize = graph.nodes.iter().map(|n| n.shape.iter().product::<usize>()).sum();
    let mut plain = Session::with_engine(graph.clone(), params.clone(), engine.clone())?;
    let mut captured = Session::with_engine(graph, params, engine.clone())?;
    captured.tap_all("*")?;
    // Any values do, since no kernel's time depends on them.
    let len = batch * channels * side * side;
    let images: Vec<f32> = (0..len).map(|i| (i * 37 % 256) as f32 / 128.0 - 1.0).collect();
    let time = |session: &mut Session| -> anyhow::Result<f64> {
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
