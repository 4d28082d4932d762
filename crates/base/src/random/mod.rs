//! Random numbers by counting: each a pure function of a seed and of what it is for, so that draws may be made in any order and
//! by any thread.
//!
//! | function | where |
//! | --- | --- |
//! | [`philox`] | what depends on more than two numbers: dropout, augmentation |
//! | [`splitmix64`], [`signed_unit`], [`below`] | a seed and one place |
//! | [`ChaCha8`] | long streams: how parameters start |

mod chacha8;
mod philox;
mod splitmix64;

pub use chacha8::ChaCha8;
pub use philox::philox;
pub use splitmix64::{below, signed_unit, splitmix64};
