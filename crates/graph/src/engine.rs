//! The engine: the threads and the instruction set with which programs run.

use crate::arithmetic::Arithmetic;
use std::sync::Arc;
use striate_kernels::{Isa, Pool};

/// A team of threads and the instruction set they use; clones share the team.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) pool: Arc<Pool>,
    pub(crate) isa: Isa,
    pub(crate) arithmetic: Arithmetic,
}

impl Engine {
    /// Creates an engine with `threads` threads, by default one per core, and the best instruction set, or the one that
    /// `STRIATE_ISA` names.
    ///
    /// # Errors
    /// If `STRIATE_ISA` names an instruction set that this machine does not have.
    pub fn new(threads: Option<usize>) -> Result<Self, String> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self::with(threads.unwrap_or_else(cores).max(1), Isa::choose()?))
    }

    /// Creates an engine with exactly this number of threads and this instruction set.
    pub fn with(threads: usize, isa: Isa) -> Self {
        Self { pool: Arc::new(Pool::new(threads)), isa, arithmetic: Arithmetic::default() }
    }

    /// Sets the arithmetic for sums of products; the threads and the instruction set stay the same.
    #[must_use]
    pub fn with_arithmetic(self, arithmetic: Arithmetic) -> Self {
        Self { arithmetic, ..self }
    }

    /// The arithmetic for sums of products.
    pub fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// The number of threads in the team.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// The instruction set.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The team of threads, for other work that can be cut into pieces, such as filling a batch.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
}
