//! Single kernels, in the shapes of published networks, run as in the plan of a network. Each has a fraction of the peak below
//! which something is wrong.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use striate_graph::{Arithmetic, Engine, Explained, Forward, Mode, Params, Pass, trace};
use striate_kernels::peak_gflops;
use striate_nn::{AdaptiveAvgPool2d, Conv2d, Flatten, Linear, Sequential};
use striate_report::text::{Align, Table, duration};

use super::subject::{Subject, Work};
use super::text::{EFFECTIVE, rate, share, threads};
use crate::LabError;

/// Time for each kernel.
const MEASURE: Duration = Duration::from_millis(400);
const LEAST_RUNS: usize = 5;
/// The layer that is measured, where it stands between others.
const LAYER: &str = "1";

/// A kernel to measure, and the least share of the peak that it has to reach on one thread.
struct Case {
    name: &'static str,
    layer: Layer,
    input: [usize; 3],
    batch: usize,
    floor: f64,
}

enum Layer {
    Conv(Conv2d),
    /// The same, without Winograd.
    Direct(Conv2d),
    Linear(Linear),
    /// Gradients of a convolution.
    OfInput(Conv2d),
    OfWeights(Conv2d),
}

fn conv3(from: usize, to: usize) -> Conv2d {
    Conv2d::new(from, to, 3).padding(1)
}

/// Every floor lies a quarter below the best of seven runs on one thread of an AVX2 machine. Kernels of some
/// milliseconds or less: longer ones are seldom left alone where something else is running.
fn cases() -> Vec<Case> {
    let case = |name, layer, input, batch, floor| Case { name, layer, input, batch, floor };
    use Layer::{Conv, Direct, OfInput, OfWeights};
    vec![
        case("3x3, 64 to 64, 56x56", Direct(conv3(64, 64)), [64, 56, 56], 1, 0.69),
        case("3x3, 256 to 256, 14x14", Direct(conv3(256, 256)), [256, 14, 14], 1, 0.63),
        case("3x3, 256 to 256, 7x7", Direct(conv3(256, 256)), [256, 7, 7], 1, 0.52),
        case("3x3, 64 to 64, 56x56", Conv(conv3(64, 64)), [64, 56, 56], 1, 1.80),
        case("3x3, 128 to 128, 28x28", Conv(conv3(128, 128)), [128, 28, 28], 1, 2.02),
        case("3x3, 256 to 256, 14x14", Conv(conv3(256, 256)), [256, 14, 14], 1, 1.48),
        case("3x3, stride 2, 64 to 128, 56x56", Conv(conv3(64, 128).stride(2)), [64, 56, 56], 1, 0.69),
        case("1x1, 64 to 256, 56x56", Conv(Conv2d::new(64, 256, 1)), [64, 56, 56], 1, 0.60),
        case("1x1, 1024 to 256, 14x14", Conv(Conv2d::new(1024, 256, 1)), [1024, 14, 14], 1, 0.57),
        case(
            "7x7, stride 2, 3 to 64, 224x224",
            Conv(Conv2d::new(3, 64, 7).stride(2).padding(3)),
            [3, 224, 224],
            1,
            0.66,
        ),
        case("3x3 of 96 channels, 56x56", Conv(conv3(96, 96).groups(96)), [96, 56, 56], 1, 0.45),
        case(
            "3x3, stride 2, of 144 channels, 56x56",
            Conv(conv3(144, 144).groups(144).stride(2)),
            [144, 56, 56],
            1,
            0.28,
        ),
        case("2048 to 1000", Layer::Linear(Linear::new(2048, 1000)), [2048, 1, 1], 1, 0.16),
        case("512 to 1000", Layer::Linear(Linear::new(512, 1000)), [512, 1, 1], 64, 0.57),
        case("3x3, 64 to 64, 28x28", OfInput(conv3(64, 64)), [64, 28, 28], 1, 0.69),
        case("3x3, 64 to 64, 28x28", OfWeights(conv3(64, 64)), [64, 28, 28], 1, 0.41),
    ]
}

/// The speed of one kernel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KernelSpeed {
    /// The geometry of the kernel: window, channels, map.
    pub name: &'static str,
    /// The operation and the algorithm.
    pub algorithm: String,
    /// The number of samples per run.
    pub batch: usize,
    /// The shortest time in seconds.
    pub seconds: f64,
    /// The speed in GFLOP/s, with two FLOPs per multiply-add. It can exceed the peak with Winograd, which makes fewer
    /// multiplications.
    pub gflops: f64,
    /// The speed as a share of the peak in the same run.
    pub share_of_peak: f64,
    /// The minimum share that the kernel must reach.
    pub floor: f64,
}

impl KernelSpeed {
    /// Whether the share is below the minimum, so that something is wrong with the kernel or the machine.
    pub fn is_too_slow(&self) -> bool {
        self.share_of_peak < self.floor
    }
}

/// The speed of all measured kernels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kernels {
    /// The number of threads.
    pub threads: usize,
    /// The instruction set.
    pub isa: &'static str,
    /// The highest f32 peak of those measured before and after each kernel.
    pub peak_gflops: f64,
    /// The kernels, in the order in which they were measured.
    pub kernels: Vec<KernelSpeed>,
}

impl Kernels {
    /// The kernels that are below their minimum share.
    pub fn too_slow(&self) -> impl Iterator<Item = &KernelSpeed> {
        self.kernels.iter().filter(|kernel| kernel.is_too_slow())
    }
}

/// Measures each kernel in turn, and the peak before and after each. The highest peak counts, since other programs on the
/// machine make most of them too low.
///
/// # Errors
/// When there is not enough memory for a kernel.
pub fn kernels(engine: &Engine) -> Result<Kernels, LabError> {
    let peak = || peak_gflops(engine.pool(), engine.isa());
    let (mut highest, mut kernels) = (peak(), Vec::new());
    for case in cases() {
        let Measured { algorithm, seconds, multiply_adds } = measure(&case, engine)?;
        highest = peak().max(highest);
        let gflops = 2.0 * multiply_adds as f64 / seconds / 1e9;
        let Case { name, batch, floor, .. } = case;
        kernels.push(KernelSpeed { name, algorithm, batch, seconds, gflops, share_of_peak: 0.0, floor });
    }
    kernels.iter_mut().for_each(|kernel| kernel.share_of_peak = kernel.gflops / highest);
    Ok(Kernels { threads: engine.threads(), isa: engine.isa().name(), peak_gflops: highest, kernels })
}

struct Measured {
    algorithm: String,
    seconds: f64,
    multiply_adds: u64,
}

fn measure(case: &Case, engine: &Engine) -> Result<Measured, LabError> {
    let between = |conv: &Conv2d| -> Sequential {
        let channels = case.input[0];
        Sequential::new()
            .append(Conv2d::new(channels, channels, 1))
            .append(conv.clone().bias(false))
            .append(AdaptiveAvgPool2d::new(1))
            .append(Flatten::new())
            .append(Linear::new(channels, 10))
    };
    let net: Box<dyn Forward> = match &case.layer {
        Layer::Conv(conv) | Layer::Direct(conv) => Box::new(conv.clone()),
        Layer::Linear(linear) => Box::new(Sequential::new().append(Flatten::new()).append(linear.clone())),
        Layer::OfInput(conv) | Layer::OfWeights(conv) => Box::new(between(conv)),
    };
    let (work, mode) = match case.layer {
        Layer::OfInput(_) | Layer::OfWeights(_) => (Work::Training, Mode::Train),
        _ => (Work::Inference, Mode::Eval),
    };
    let engine = match case.layer {
        Layer::Direct(_) => engine.clone().with_arithmetic(Arithmetic::PLAIN),
        _ => engine.clone(),
    };
    let graph = trace(net.as_ref(), mode, case.input).expect("shapes that fit");
    let params = Params::init(&graph, 0);
    let is_it = |part: &&Explained| match work {
        Work::Inference => part.multiply_adds > 0,
        Work::Training => part.pass == Pass::Backward && part.nodes.first().copied() == graph.find(LAYER),
    };
    let subject = Subject { model: case.name.into(), graph: graph.clone(), params, work, batch: case.batch };
    let mut runner = subject.runner(&engine)?;
    runner.run()?;
    let (start, mut runs, mut least) = (Instant::now(), 0, None);
    while start.elapsed() < MEASURE || runs < LEAST_RUNS {
        let parts = runner.explain()?;
        let part = parts.iter().find(is_it).expect("the layer is part of the plan");
        let now = of(&case.layer, part);
        if least.as_ref().is_none_or(|least: &Measured| now.seconds < least.seconds) {
            least = Some(now);
        }
        runs += 1;
    }
    Ok(least.expect("it ran"))
}

/// What one run of the layer took, or one of its gradients.
fn of(layer: &Layer, part: &Explained) -> Measured {
    let is_of_weights = |kernel: &str| kernel.contains("backward weight") || kernel == "reduce";
    let kernels = |of_weights: bool| -> f64 {
        part.kernels.iter().filter(|(name, _)| is_of_weights(name) == of_weights).map(|kernel| kernel.1).sum()
    };
    // Both gradients take as many multiply-adds.
    let half = part.multiply_adds / 2;
    match layer {
        Layer::OfInput(_) => Measured {
            algorithm: "gradient of the input".into(),
            seconds: kernels(false),
            multiply_adds: half,
        },
        Layer::OfWeights(_) => Measured {
            algorithm: "gradient of the weights".into(),
            seconds: kernels(true),
            multiply_adds: half,
        },
        _ => Measured {
            algorithm: part.choice.algorithm.into(),
            seconds: part.seconds(),
            multiply_adds: part.multiply_adds,
        },
    }
}

impl fmt::Display for KernelSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, name, batch, .. } = self;
        let (got, floor) = (share(self.share_of_peak), share(self.floor));
        write!(f, "{algorithm}, {name}, batch {batch}: {got} of the peak, expected {floor}")
    }
}

impl fmt::Display for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Single kernels, {}, {}\n", threads(self.threads), self.isa)?;
        let mut table = Table::new([
            ("kernel", Align::Left),
            ("geometry", Align::Left),
            ("batch", Align::Right),
            ("time", Align::Right),
            ("GFLOP/s", Align::Right),
            ("of peak", Align::Right),
            ("floor", Align::Right),
            ("", Align::Left),
        ]);
        for kernel in &self.kernels {
            table.row([
                kernel.algorithm.clone(),
                kernel.name.into(),
                kernel.batch.to_string(),
                duration(kernel.seconds),
                rate(kernel.gflops),
                share(kernel.share_of_peak),
                share(kernel.floor),
                if kernel.is_too_slow() { "too slow".into() } else { String::new() },
            ]);
        }
        let peak = rate(self.peak_gflops);
        writeln!(
            f,
            "{table}\nf32 peak {peak} GFLOP/s: the highest of those measured before and after each kernel.\n{EFFECTIVE}"
        )
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_slow_kernel_is_named() {
        let kernel = |share_of_peak| KernelSpeed {
            name: "3x3, stride 2, of 144 channels, 56x56",
            algorithm: "gradient of the weights".into(),
            batch: 64,
            seconds: 0.0123,
            gflops: 1100.0 * share_of_peak,
            share_of_peak,
            floor: 0.5,
        };
        let kernels = Kernels {
            threads: 1,
            isa: "avx512",
            peak_gflops: 1100.0,
            kernels: vec![kernel(0.6), kernel(0.4)],
        };
        let slow: Vec<String> = kernels.too_slow().map(ToString::to_string).collect();
        let text = format!("{kernels}{}", slow.join("\n"));
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
        expect![[r#"
            Single kernels, 1 thread, avx512

            kernel                   geometry                               batch     time  GFLOP/s  of peak  floor
            ───────────────────────  ─────────────────────────────────────  ─────  ───────  ───────  ───────  ─────  ────────
            gradient of the weights  3x3, stride 2, of 144 channels, 56x56     64  12.3 ms    660.0     60 %   50 %
            gradient of the weights  3x3, stride 2, of 144 channels, 56x56     64  12.3 ms    440.0     40 %   50 %  too slow

            f32 peak 1,100 GFLOP/s: the highest of those measured before and after each kernel.
            GFLOP/s count two operations per multiply-add of the plain sums. Winograd and gradients through a fused pool do fewer:
            their share may exceed 100 %, and their time may be below the roofline.
            gradient of the weights, 3x3, stride 2, of 144 channels, 56x56, batch 64: 40 % of the peak, expected 50 %"#]].assert_eq(&text);
    }
}
