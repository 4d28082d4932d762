//! Floor 2 of Striate: the file formats. One safetensors file holds a complete classifier ([`ModelFile`]) or a complete state
//! of a training run ([`Checkpoint`]); with the feature `weights`, `WeightsFile` reads the weights that other programs wrote.
//!
//! Below it: `striate-graph` and `striate-image`, whose graphs, parameters and preprocessing it writes and reads. Above it:
//! the training loop, the facade and the binary.
//!
//! Start reading at [`ModelFile`], then `container.rs` for what is trusted and when. `pth/mod.rs` describes `.pth` files, and
//! `pth/pickle/mod.rs` how they are read without running any code.
//!
//! # Invariants
//! * Any bytes give a result or a [`Problem`], and memory use follows from the real size of the file: lengths are compared with
//!   the file's size and with the [`limits`] before anything of that length is allocated.
//! * Equal content gives equal bytes: entries are in a fixed order, without date or machine name.
//! * A file is complete or absent: [`write_atomically`] replaces it in one step, or leaves the old one.
//! * Files contain no code.
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
#[cfg(feature = "weights")]
mod dtype;
mod error;
#[cfg(feature = "weights")]
mod foreign;
mod golden;
mod header;
pub mod limits;
mod model_file;
#[cfg(feature = "weights")]
mod pth;
mod runnable;
#[cfg(feature = "weights")]
mod weights;

pub use checkpoint::Checkpoint;
pub use disk::{Disk, DiskFile, RealDisk, remove_partials, write_atomically, write_atomically_on};
pub use error::{FormatError, Problem};
pub use golden::Golden;
pub use model_file::{ModelFile, Provenance};
#[cfg(feature = "weights")]
pub use pth::{PickleError, PthError, ZipError};
pub use runnable::{Runnable, Unverified};
#[cfg(feature = "weights")]
pub use weights::{Container, StateDict, Weights, WeightsFile, read_weights};
