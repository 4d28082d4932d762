//! How fast a network runs, and where its time goes: against the arithmetic and the memory of the machine, measured in the same
//! process on the same threads.
//!
//! Where to start reading: `network.rs` (a whole run), `explain.rs` (each part of it, under its roofline), `kernels.rs` (kernels by
//! themselves, with the share of the peak below which something is wrong).

mod explain;
mod kernels;
mod machine;
mod network;
mod subject;
mod text;

pub use explain::{Kind, Plan, Row, explain};
pub use kernels::{KernelSpeed, Kernels, kernels};
pub use machine::{Bandwidth, Machine, Peak};
pub use network::{Speed, measure};
pub use subject::{Subject, Work};
