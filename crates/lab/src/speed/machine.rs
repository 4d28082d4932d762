//! What the machine could do.

use serde::Serialize;
use striate_graph::Engine;
use striate_kernels::peak_gflops;

/// The f32 peak before and after a measurement: where they differ, something else was running.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Peak {
    /// GFLOP/s before.
    pub before_gflops: f64,
    /// GFLOP/s after.
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

    /// The higher of the two, of which every share here is one.
    pub fn gflops(&self) -> f64 {
        self.before_gflops.max(self.after_gflops)
    }
}

/// Threads, instruction set, and what they can do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// Threads.
    pub threads: usize,
    /// Instruction set.
    pub isa: &'static str,
    /// Arithmetic.
    pub peak: Peak,
}

impl Machine {
    /// Arithmetic alone.
    pub(crate) fn new(engine: &Engine, peak: Peak) -> Self {
        Self { threads: engine.threads(), isa: engine.isa().name(), peak }
    }
}

#[cfg(test)]
impl Machine {
    /// One of 100 GFLOP/s, for tables.
    pub(super) fn for_tests() -> Self {
        let peak = Peak { before_gflops: 80.0, after_gflops: 100.0 };
        Self { threads: 2, isa: "avx2", peak }
    }
}
