//! The benchmark of a machine: its peak, and the share of it that the reference network reaches in training and in inference.

use std::fmt;

use serde::Serialize;
use striate_graph::Engine;
use striate_kernels::{Pool, peak_gflops};
use striate_report::text::{Align, Table, counted, duration, grouped};

use super::capture::Capture;
use super::inference::Inference;
use super::reference::REFERENCE;

/// The results of a benchmark, as `striate bench` prints them; values that were not measured are absent from JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// The name of the network.
    pub model: &'static str,
    /// The number of threads.
    pub threads: usize,
    /// The instruction set.
    pub isa: &'static str,
    /// The f32 peak of one thread, in GFLOP/s.
    pub peak_gflops_1t: f64,
    /// The f32 peak of two threads, in GFLOP/s.
    pub peak_gflops_2t: f64,
    /// The name of the data set, if there was any training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The number of images of an epoch, if there was any training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images_per_epoch: Option<usize>,
    /// The time of a training epoch with batches of 64, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_epoch_s: Option<f64>,
    /// The time of a training epoch with batches of 1000, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_epoch_batch1000_s: Option<f64>,
    /// The speed in inference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inference: Option<Inference>,
    /// The cost of capturing every value; empty where it was not measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capture: Vec<Capture>,
}

impl Benchmark {
    /// Measures only the peak; the other results are empty.
    ///
    /// # Example
    /// ```no_run
    /// use striate_graph::Engine;
    /// use striate_lab::speed::{Benchmark, inference};
    ///
    /// let engine = Engine::new(None)?;
    /// let benchmark = Benchmark { inference: Some(inference(&engine)?), ..Benchmark::of_peak(&engine) };
    /// println!("{benchmark}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_peak(engine: &Engine) -> Self {
        Self {
            model: REFERENCE,
            threads: engine.threads(),
            isa: engine.isa().name(),
            peak_gflops_1t: peak_gflops(&Pool::new(1), engine.isa()),
            peak_gflops_2t: peak_gflops(&Pool::new(2), engine.isa()),
            data: None,
            images_per_epoch: None,
            train_epoch_s: None,
            train_epoch_batch1000_s: None,
            inference: None,
            capture: Vec::new(),
        }
    }
}

impl fmt::Display for Benchmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, two) = (self.peak_gflops_1t, self.peak_gflops_2t);
        write!(
            f,
            "{} on {}, {}\nf32 peak {one:.1} GFLOP/s on 1 thread, {two:.1} on 2: {:.2} times as much\n",
            self.model,
            counted(self.threads, "thread"),
            self.isa,
            two / one
        )?;
        if two < 1.9 * one {
            writeln!(
                f,
                "The second core is busy or not a full core, so the figures of this run are not comparable."
            )?;
        }
        let mut table = Table::new([
            ("work", Align::Left),
            ("batch", Align::Right),
            ("time", Align::Right),
            ("images/s", Align::Right),
        ]);
        let images = self.images_per_epoch.unwrap_or(0);
        for (batch, seconds) in [("64", self.train_epoch_s), ("1000", self.train_epoch_batch1000_s)] {
            let Some(seconds) = seconds else { continue };
            let work = format!("train, {} images", grouped(images as u64));
            table.row([work, batch.into(), duration(seconds), grouped((images as f64 / seconds) as u64)]);
        }
        for (batch, speed) in self.inference.iter().flat_map(Inference::each) {
            let (time, rate) = (duration(speed.latency_us / 1e6), grouped(speed.images_per_s as u64));
            table.row(["infer".into(), batch.to_string(), time, rate]);
        }
        if self.train_epoch_s.or(self.train_epoch_batch1000_s).is_some() || self.inference.is_some() {
            write!(f, "\n{table}")?;
        }
        if !self.capture.is_empty() {
            write!(f, "\n{}", capture_table(&self.capture))?;
        }
        if let Some(data) = &self.data {
            writeln!(
                f,
                "\nTrained on {data}. The time includes shuffling, loading, forward, backward and update, but not evaluation."
            )?;
        }
        Ok(())
    }
}

/// Runs that keep every value of the network against runs that keep none.
fn capture_table(all: &[Capture]) -> Table<7> {
    let mut table = Table::new([
        ("capture every value", Align::Left),
        ("batch", Align::Right),
        ("plain run", Align::Right),
        ("capturing", Align::Right),
        ("ratio", Align::Right),
        ("values", Align::Right),
        ("to read them", Align::Right),
    ]);
    for c in all {
        table.row([
            c.model.into(),
            c.batch.to_string(),
            duration(c.plain_s),
            duration(c.captured_s),
            format!("{:.2}", c.ratio),
            format!("{:.1} MB", c.captured_mb),
            duration(c.read_s),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::inference::BatchSpeed;
    use super::*;

    fn benchmark() -> Benchmark {
        Benchmark {
            model: REFERENCE,
            threads: 2,
            isa: "avx2",
            peak_gflops_1t: 50.0,
            peak_gflops_2t: 80.0,
            data: None,
            images_per_epoch: None,
            train_epoch_s: None,
            train_epoch_batch1000_s: None,
            inference: None,
            capture: Vec::new(),
        }
    }

    #[test]
    fn what_was_not_measured_is_absent() {
        expect![[
            r#"{"model":"convnet","threads":2,"isa":"avx2","peak_gflops_1t":50.0,"peak_gflops_2t":80.0}"#
        ]]
        .assert_eq(&serde_json::to_string(&benchmark()).unwrap());
        expect![[r#"
            convnet on 2 threads, avx2
            f32 peak 50.0 GFLOP/s on 1 thread, 80.0 on 2: 1.60 times as much
            The second core is busy or not a full core, so the figures of this run are not comparable.
        "#]]
        .assert_eq(&benchmark().to_string());
    }

    #[test]
    fn everything_is_told_in_tables() {
        let speed = |latency_us, images_per_s| BatchSpeed { latency_us, images_per_s, threads: 2 };
        let inference = Inference {
            batch_1: speed(40.0, 25_000.0),
            batch_64: speed(640.0, 100_000.0),
            batch_1000: speed(10_000.0, 100_000.0),
        };
        let capture = Capture {
            model: "resnet18",
            batch: 8,
            plain_s: 0.25,
            captured_s: 0.3,
            ratio: 1.2,
            captured_mb: 12.34,
            read_s: 0.01,
        };
        let all = Benchmark {
            data: Some("the embedded digits, repeated 6 times".into()),
            images_per_epoch: Some(60_000),
            train_epoch_s: Some(1.5),
            train_epoch_batch1000_s: Some(1.25),
            inference: Some(inference),
            capture: vec![capture],
            peak_gflops_2t: 100.0,
            ..benchmark()
        };
        expect![[r#"
            convnet on 2 threads, avx2
            f32 peak 50.0 GFLOP/s on 1 thread, 100.0 on 2: 2.00 times as much

            work                  batch     time  images/s
            ────────────────────  ─────  ───────  ────────
            train, 60,000 images     64    1.5 s    40,000
            train, 60,000 images   1000    1.2 s    48,000
            infer                     1  40.0 µs    25,000
            infer                    64   640 µs   100,000
            infer                  1000  10.0 ms   100,000

            capture every value  batch  plain run  capturing  ratio   values  to read them
            ───────────────────  ─────  ─────────  ─────────  ─────  ───────  ────────────
            resnet18                 8     250 ms     300 ms   1.20  12.3 MB       10.0 ms

            Trained on the embedded digits, repeated 6 times. The time includes shuffling, loading, forward, backward and update, but not evaluation.
        "#]].assert_eq(&all.to_string());
    }
}
