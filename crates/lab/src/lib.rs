//! Striate's laboratory: experiments that go through whole data sets, or train networks, in order to understand a network.
//!
//! **Floor 4**, above `striate-models`, `striate-train` and `striate-explain`, which look at one network and one image;
//! below the facade and the binary.
//!
//! Where to start reading:
//! * [`neurons`]: what every unit of a network responds to, from one pass over a data set whose result is stored; `index.rs`.
//! * [`embedding`]: the images of a data set, arranged by how a network represents them; `spaces.rs`.
//! * [`trust`]: can an attribution method be trusted on this network? `check.rs`.
//! * [`speed`]: how fast a network runs, part by part, compared with the peak and the bandwidth of the machine; `explain.rs`.
//! * [`flatten`]: convolutions compared with flattened pixels; `nets.rs`, then `experiment.rs`.
//!
//! Invariants:
//! * An experiment is a function of its settings, its data and a seed: the result has the same bits on any number of threads.
//! * An experiment states what it cannot decide, and gives no verdict without the measurement behind it.
//!
//! # Example
//! ```
//! use striate_lab::flatten::{Move, Settings};
//!
//! // The settings define an experiment: this one asks the same questions as the one in the book, more coarsely.
//! let (quick, full) = (Settings::quick(1), Settings::full(5));
//! assert!(quick.check().is_ok() && quick.shifts_px.len() < full.shifts_px.len());
//! assert_ne!(Move::ShiftPx(3), Move::RotateDeg(3));
//! ```

pub mod embedding;
mod error;
pub mod flatten;
pub mod neurons;
pub mod speed;
pub mod trust;

pub use error::LabError;
