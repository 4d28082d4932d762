//! Threads and instruction set: what runs a program.

use std::sync::Arc;
use striate_kernels::{Isa, Pool};

/// A team of threads and the instruction set they use; clones share the team.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) pool: Arc<Pool>,
    pub(crate) isa: Isa,
    pub(crate) winograd: bool,
}

impl Engine {
    /// `threads`, or one for each core; the best instruction set, or the one `STRIATE_ISA` names.
    ///
    /// # Errors
    /// When `STRIATE_ISA` names one that this machine does not have.
    pub fn new(threads: Option<usize>) -> Result<Self, String> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self::with(threads.unwrap_or_else(cores).max(1), Isa::choose()?))
    }

    /// Exactly these.
    pub fn with(threads: usize, isa: Isa) -> Self {
        Self { pool: Arc::new(Pool::new(threads)), isa, winograd: true }
    }

    /// Computes every convolution directly. Otherwise 3x3 convolutions of at least 32 channels and of maps of at least 9x9, or 5x5 with
    /// 128 channels and more, are computed by Winograd's algorithm, in use and in training, and there the gradients of their inputs
    /// too: about twice as fast, with up to two and a half times the rounding error, and with up to four times the memory for their weights.
    pub fn without_winograd(self) -> Self {
        Self { winograd: false, ..self }
    }

    /// Threads in the team.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// The instruction set.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The team, for other work that can be cut into pieces, such as filling a batch.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
}
