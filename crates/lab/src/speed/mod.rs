//! How fast a network runs, against the arithmetic of the machine, measured in the same process on the same threads.
//!
//! Where to start reading: `network.rs` (a whole run).

mod machine;
mod network;
mod subject;
mod text;

pub use machine::{Machine, Peak};
pub use network::{Speed, measure};
pub use subject::{Subject, Work};
