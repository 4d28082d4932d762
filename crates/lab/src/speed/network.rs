//! A whole run of a network: its time, and the fraction of the peak that it reaches.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use striate_graph::Engine;
use striate_nn::OptimizerConfig;
use striate_report::text::{Align, Table, bytes, duration, grouped};

use super::machine::{Machine, Peak};
use super::subject::{Runner, Subject, Work};
use super::text::{EFFECTIVE, images, peak, rate, share, threads};
use crate::LabError;

/// Time for caches and clocks to settle, at least one run.
const WARM_UP: Duration = Duration::from_millis(300);
/// Time for the runs that count.
pub(super) const MEASURE: Duration = Duration::from_secs(3);
pub(super) const LEAST_RUNS: usize = 5;

/// The speed of a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    /// The name of the network.
    pub model: String,
    /// The work that was measured, as text.
    pub work: &'static str,
    /// The name of the optimizer, in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<&'static str>,
    /// The shape `[C, H, W]` of a sample.
    pub input: [usize; 3],
    /// The number of samples per run.
    pub batch: usize,
    /// The machine on which it was measured.
    #[serde(flatten)]
    pub machine: Machine,
    /// The number of measured runs.
    pub runs: usize,
    /// The time of the median run in seconds.
    pub median_s: f64,
    /// The time of the fastest run in seconds.
    pub best_s: f64,
    /// Images per second in the median run.
    pub images_per_s: f64,
    /// The multiply-adds of one run, as papers count them; in training, those of values, of gradients of values and of
    /// gradients of weights.
    pub multiply_adds: u64,
    /// The speed of the median run in GFLOP/s, with two FLOPs per multiply-add.
    pub gflops: f64,
    /// The speed as a share of the higher of the two peaks.
    pub share_of_peak: f64,
    /// The peak memory of this process in bytes, which only Linux reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// The memory of the plan in bytes.
    pub planned_memory_bytes: usize,
}

/// Measures the speed of a network, which runs for some three seconds after a warm-up.
///
/// # Errors
/// When the network cannot be planned or run.
///
/// # Example
/// ```no_run
/// use striate_graph::{Engine, Mode, Params, trace};
/// use striate_lab::speed::{Subject, Work, measure};
///
/// let info = striate_models::registry::find("convnet")?;
/// let graph = trace((info.build)(10, 1).as_ref(), Mode::Eval, info.input)?;
/// let params = Params::init(&graph, 0);
/// let subject = Subject { model: "convnet".into(), graph, params, work: Work::Inference, batch: 64 };
/// println!("{}", measure(&subject, &Engine::new(None)?)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn measure(subject: &Subject, engine: &Engine) -> Result<Speed, LabError> {
    let mut runner = subject.runner(engine)?;
    warm_up(&mut runner)?;
    let (peak, times) = Peak::around(engine, || times(&mut runner));
    let times = times?;
    let multiply_adds = runner.explain()?.iter().map(|part| part.multiply_adds).sum();
    let (median_s, machine) = (times[times.len() / 2], Machine::new(engine, peak));
    let gflops = 2.0 * multiply_adds as f64 / median_s / 1e9;
    Ok(Speed {
        model: subject.model.clone(),
        work: subject.work.name(),
        optimizer: (subject.work == Work::Training).then(|| OptimizerConfig::default().name()),
        input: subject.graph.input_shape(),
        batch: subject.batch,
        runs: times.len(),
        median_s,
        best_s: times[0],
        images_per_s: subject.batch as f64 / median_s,
        multiply_adds,
        gflops,
        share_of_peak: gflops / machine.peak.gflops(),
        peak_memory_bytes: peak_memory_bytes(),
        planned_memory_bytes: runner.memory_bytes(),
        machine,
    })
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { machine, median_s, best_s, .. } = self;
        let with = self.optimizer.map_or(String::new(), |name| format!(" with {name}"));
        let (images, threads) = (images(self.batch, self.input), threads(machine.threads));
        writeln!(f, "{}: {}{with}, {images}, {threads}, {}\n", self.model, self.work, machine.isa)?;
        let columns = ["run", "time", "images/s", "GFLOP/s", "of peak"];
        let mut table =
            Table::new(columns.map(|name| (name, if name == "run" { Align::Left } else { Align::Right })));
        for (name, seconds) in [("median", *median_s), ("best", *best_s)] {
            let ratio = median_s / seconds;
            table.row([
                name.into(),
                duration(seconds),
                rate(self.images_per_s * ratio),
                rate(self.gflops * ratio),
                share(self.share_of_peak * ratio),
            ]);
        }
        writeln!(f, "{table}")?;
        let planned = bytes(self.planned_memory_bytes as u64);
        writeln!(
            f,
            "{} runs after a warm-up, {} multiply-adds each.",
            self.runs,
            grouped(self.multiply_adds)
        )?;
        peak(f, machine)?;
        writeln!(f, "{EFFECTIVE}")?;
        match self.peak_memory_bytes {
            Some(most) => {
                writeln!(f, "The process used at most {} of memory; the plan takes {planned}.", bytes(most))
            }
            None => writeln!(f, "The plan takes {planned} of memory."),
        }
    }
}

pub(super) fn warm_up(runner: &mut Runner) -> Result<(), LabError> {
    let start = Instant::now();
    runner.run()?;
    while start.elapsed() < WARM_UP {
        runner.run()?;
    }
    Ok(())
}

/// Seconds of each run, in rising order.
fn times(runner: &mut Runner) -> Result<Vec<f64>, LabError> {
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < MEASURE || times.len() < LEAST_RUNS {
        let run = Instant::now();
        runner.run()?;
        times.push(run.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The high-water mark of this process's memory.
fn peak_memory_bytes() -> Option<u64> {
    high_water(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        assert_eq!(high_water("VmPeak:\t  9 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 3 kB\n"), Some(1_263_616));
        assert_eq!(high_water("VmHWM:\t many kB\n"), None);
        assert_eq!(high_water(""), None);
    }

    #[test]
    fn a_run_is_told_with_its_peak_and_its_memory() {
        let speed = Speed {
            model: "any".into(),
            work: "training step",
            optimizer: Some("adam"),
            input: [1, 28, 28],
            batch: 1600,
            machine: Machine::for_tests(),
            runs: 12,
            median_s: 0.02,
            best_s: 0.01,
            images_per_s: 80_000.0,
            multiply_adds: 800_000_000,
            gflops: 80.0,
            share_of_peak: 0.8,
            peak_memory_bytes: Some(123_456_789),
            planned_memory_bytes: 100_000_000,
        };
        let text = speed.to_string();
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
        expect![[r#"
            any: training step with adam, 1,600 images of 1x28x28, 2 threads, avx2

            run        time  images/s  GFLOP/s  of peak
            ──────  ───────  ────────  ───────  ───────
            median  20.0 ms    80,000     80.0     80 %
            best    10.0 ms   160,000    160.0    160 %

            12 runs after a warm-up, 800,000,000 multiply-adds each.
            f32 peak 80.0 GFLOP/s before and 100.0 after, on the same threads; shares refer to the higher one.
            They differ by more than a tenth: something else was running, so these figures are not reliable.
            GFLOP/s count two operations per multiply-add of the plain sums. Winograd and gradients through a fused pool do fewer:
            their share may exceed 100 %, and their time may be below the roofline.
            The process used at most 123 MB of memory; the plan takes 100 MB.
        "#]].assert_eq(&text);
    }
}
