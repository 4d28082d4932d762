//! A buffer: its name, what was asked for, and where it lies.

use std::ops::Range;

/// Extra values behind every buffer, so that a vector load that starts inside never leaves the arena.
pub(crate) const SLACK: usize = 16;

/// A buffer of f32 values in the arena of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Buf(pub(crate) u32);

/// Where a buffer lies in the arena.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) range: Range<usize>,
    /// Values of a sample, where the buffer holds all samples of a run; 0 where it holds a tile.
    pub(crate) per_sample: usize,
}

/// A buffer that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) len: usize,
    pub(crate) keep: bool,
    pub(crate) per_sample: usize,
}
