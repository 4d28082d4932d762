//! Small functions that several crates of Striate need: random numbers, hashes, similar names, eigenvectors, and allocation of
//! memory whose size a file determines.
//!
//! **Floor 0**, below everything else; it depends on no other crate of the workspace and has nothing to do with networks or
//! images.
//!
//! Where to start reading: each module can be read on its own. [`memory`] is used by most crates: it allocates what a file asks
//! for without trusting the file. [`random`] explains which generator to use.
//!
//! # Invariants
//! * Every function is pure: the same arguments give the same bits on every machine.
//!
//! # Example
//! ```
//! use striate_base::{hex, math};
//!
//! assert_eq!(hex(&[0xff, 0x0a]), "ff0a");
//! assert!((math::ln(math::exp(1.5)) - 1.5).abs() < 1e-14);
//! ```

pub mod base64;
pub mod eigen;
pub mod floats;
mod fnv;
mod hex;
mod logits;
pub mod math;
pub mod memory;
pub mod near;
pub mod random;
mod sha256;

pub use fnv::fnv1a64;
pub use hex::hex;
pub use logits::{LogitError, check_logits, softmax};
pub use sha256::Sha256;
