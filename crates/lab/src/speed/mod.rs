//! The speed of a network and where its time is spent, compared with the machine's peak arithmetic and memory bandwidth, which
//! are measured in the same process on the same threads.
//!
//! Where to start reading: `network.rs` (a whole run), `explain.rs` (each part of it, with its roofline), `kernels.rs` (single
//! kernels, with the fraction of the peak below which something is wrong), `benchmark.rs` (one network in training and
//! inference, to compare machines).

mod benchmark;
mod capture;
mod epoch;
mod explain;
mod inference;
mod kernels;
mod machine;
mod network;
mod photos;
mod profile;
mod reference;
mod subject;
mod text;

pub use benchmark::Benchmark;
pub use capture::{Capture, captures};
pub use epoch::epoch_s;
pub use explain::{AlgorithmTotal, Plan, PlanPart, explain};
pub use inference::{BatchSpeed, Inference, inference};
pub use kernels::{KernelSpeed, Kernels, kernels};
pub use machine::{Bandwidth, Machine, Peak};
pub use network::{Speed, measure};
pub use photos::{PhotoSpeed, photos};
pub use profile::{KernelTime, Profile, profile};
pub use reference::REFERENCE;
pub use subject::{Subject, Work};
