//! Random numbers by counting: each a pure function of a seed and of what it is for, so that draws may be made in any order and
//! by any thread.

mod philox;

pub use philox::philox;
