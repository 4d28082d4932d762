//! Striate's laboratory: experiments that go through whole data sets, or train networks, to understand one.
//!
//! **Floor 4**, above `striate-models`, `striate-train` and `striate-explain`, which look at one network and one image;
//! below the facade and the binary.
//!
//! Where to start reading:
//! * [`neurons`]: what every unit of a network answers to, from one pass over a data set that is kept; `index.rs`.
//! * [`embedding`]: the images of a data set laid out by what a network makes of them; `spaces.rs`.
//! * [`trust`]: may a method of evidence be believed on this network? `check.rs`.
//! * [`speed`]: how fast a network runs, part by part, against what the machine could do; `explain.rs`.
//! * [`flatten`]: convolutions against flattened pixels; `nets.rs`, then `experiment.rs`.
//!
//! Invariants:
//! * An experiment is a function of its settings, its data and a seed: the same bits on any number of threads.
//! * What an experiment cannot decide it says; no verdict without the measurement behind it.
//!
//! # Example
//! ```
//! use striate_lab::flatten::{Move, Settings};
//!
//! // What an experiment asks is its settings: this one asks the same questions as the one in the book, more coarsely.
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
