//! The positions of the draws of each change: the first block of four in the counter. Blocks 0 to 2 are those of `small.rs`,
//! and `photo.rs` uses them for the same changes.

pub(super) const MOTION: u32 = 3;
pub(super) const LOOK: u32 = 4;
pub(super) const JITTER: u32 = 5;
pub(super) const CROP: u32 = 8;
pub(super) const ERASE: u32 = 24;
pub(super) const POLICY: u32 = 40;
