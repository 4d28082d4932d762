//! Floor 2 of Striate: what lies on disk. One safetensors file holds a whole classifier ([`ModelFile`]) or a whole
//! training run ([`Checkpoint`]); [`WeightsFile`] reads the weights that other programs left.
//!
//! Below it: `striate-graph` and `striate-data`, whose graphs, parameters and preprocessing it writes and reads. Above:
//! the trainer, the facade, the binary.
//!
//! Start reading at [`ModelFile`], then `container.rs` for what is trusted when. `pth/mod.rs` says what a `.pth` is, and
//! `pth/pickle/mod.rs` how one is read without running it.
//!
//! # Invariants
//! * Any bytes give a result or a [`Problem`], and memory follows from what the file really holds: lengths are compared
//!   with the file's size and with the [`limits`] before anything of that length is made.
//! * The same content gives the same bytes: entries in a fixed order, no date, no machine.
//! * A file is whole or absent: [`write_atomically`] replaces it in one step, or leaves the old one.
//! * No code in files.
//!
//! # Example
//! ```no_run
//! use std::path::Path;
//! use striate_formats::ModelFile;
//!
//! let model = ModelFile::load(Path::new("runs/digits/model.safetensors"))?;
//! println!("{} classes, {} parameters", model.classes.len(), model.graph.parameter_count());
//! # Ok::<(), striate_formats::FormatError>(())
//! ```

mod bits;
mod checkpoint;
mod container;
mod disk;
mod dtype;
mod error;
mod foreign;
mod golden;
pub mod limits;
mod model_file;
mod pth;
mod weights;

pub use checkpoint::Checkpoint;
pub use disk::{Disk, DiskFile, RealDisk, remove_partials, write_atomically, write_atomically_on};
pub use error::{FormatError, Problem};
pub use golden::Golden;
pub use model_file::{ModelFile, Provenance};
pub use pth::{PickleError, PthError, ZipError};
pub use weights::{Container, StateDict, Weights, WeightsFile, read_weights};
