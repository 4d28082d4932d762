//! Counter-based random numbers: each is a pure function of a seed and of its purpose, so that draws may be made in any order
//! and by any thread.
//!
//! | function | use |
//! | --- | --- |
//! | [`philox`] | draws that depend on more than two numbers: dropout, augmentation |
//! | [`splitmix64`], [`signed_unit`], [`below`] | draws that depend on a seed and one position |
//! | [`ChaCha8`] | long streams: initial parameters |

mod chacha8;
mod philox;
mod splitmix64;

pub use chacha8::ChaCha8;
pub use philox::philox;
pub use splitmix64::{below, signed_unit, splitmix64};
