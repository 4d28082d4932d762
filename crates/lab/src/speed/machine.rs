//! The limits of the machine: its peak arithmetic and memory bandwidth, as measured.

use serde::Serialize;
use striate_graph::Engine;
use striate_kernels::{bandwidth_gb_per_s, peak_gflops};

/// Working sets whose bandwidth is measured: from what one core keeps for itself to what no cache holds.
const WORKING_SETS: [usize; 6] = [256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20];

/// The f32 peak before and after a measurement. If the two differ, another program was running.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Peak {
    /// The peak before the measurement, in GFLOP/s.
    pub before_gflops: f64,
    /// The peak after the measurement, in GFLOP/s.
    pub after_gflops: f64,
}

impl Peak {
    /// Runs `work` between two measurements of the peak.
    pub(crate) fn around<R>(engine: &Engine, work: impl FnOnce() -> R) -> (Self, R) {
        let peak = || peak_gflops(engine.pool(), engine.isa());
        let before_gflops = peak();
        let done = work();
        (Self { before_gflops, after_gflops: peak() }, done)
    }

    /// The higher of the two peaks, to which all shares refer.
    pub fn gflops(&self) -> f64 {
        self.before_gflops.max(self.after_gflops)
    }
}

/// The memory bandwidth for one size of the working set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bandwidth {
    /// The size of the working set in bytes.
    pub bytes: usize,
    /// The bandwidth in GB/s, where two values are read and one is written.
    pub gb_per_s: f64,
}

/// The threads, the instruction set and the measured limits of the machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// The number of threads.
    pub threads: usize,
    /// The instruction set.
    pub isa: &'static str,
    /// The peak arithmetic.
    pub peak: Peak,
    /// The memory bandwidth by ascending size of the working set; empty if it was not measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bandwidth: Vec<Bandwidth>,
}

impl Machine {
    /// Arithmetic alone.
    pub(crate) fn new(engine: &Engine, peak: Peak) -> Self {
        Self { threads: engine.threads(), isa: engine.isa().name(), peak, bandwidth: Vec::new() }
    }

    /// With the bandwidth of every working set that there is memory for.
    pub(crate) fn with_bandwidth(self, engine: &Engine) -> Self {
        let one = |bytes| {
            let gb_per_s = bandwidth_gb_per_s(engine.pool(), engine.isa(), bytes)?;
            Some(Bandwidth { bytes, gb_per_s })
        };
        Self { bandwidth: WORKING_SETS.into_iter().filter_map(one).collect(), ..self }
    }

    /// The least seconds that so many operations on so many bytes take: `max(flops / peak, bytes / bandwidth)`, with the
    /// bandwidth of the smallest working set that holds the bytes.
    pub(crate) fn least_seconds(&self, flops: f64, bytes: u64) -> f64 {
        let holds = |level: &&Bandwidth| level.bytes as u64 >= bytes;
        let level = self.bandwidth.iter().find(holds).or(self.bandwidth.last());
        let moving = level.map_or(0.0, |level| bytes as f64 / level.gb_per_s / 1e9);
        (flops / self.peak.gflops() / 1e9).max(moving)
    }
}

#[cfg(test)]
impl Machine {
    /// One of 100 GFLOP/s, for tables.
    pub(super) fn for_tests() -> Self {
        let peak = Peak { before_gflops: 80.0, after_gflops: 100.0 };
        let bandwidth = vec![Bandwidth { bytes: 262_144, gb_per_s: 52.34 }];
        Self { threads: 2, isa: "avx2", peak, bandwidth }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roofline_is_the_slower_of_arithmetic_and_memory() {
        let peak = Peak { before_gflops: 80.0, after_gflops: 100.0 };
        let bandwidth =
            vec![Bandwidth { bytes: 1000, gb_per_s: 50.0 }, Bandwidth { bytes: 100_000, gb_per_s: 10.0 }];
        let machine = Machine { threads: 1, isa: "any", peak, bandwidth };
        let least = |flops, bytes| (machine.least_seconds(flops, bytes) * 1e9).round();
        // In nanoseconds: 100 operations take 1, and 50 or 10 bytes.
        assert_eq!(least(100_000.0, 1000), 1000.0);
        assert_eq!(least(100.0, 1000), 20.0);
        assert_eq!(least(100.0, 1001), 100.0);
        assert_eq!(least(0.0, 1_000_000), 100_000.0);
    }
}
