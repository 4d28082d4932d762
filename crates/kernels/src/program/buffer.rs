//! A buffer: its name, its requested length, and its position in the arena.

use std::ops::Range;

/// Extra values behind every buffer, so that a vector load that starts inside it never leaves the arena.
pub(crate) const SLACK: usize = 16;

/// A buffer of f32 values in the memory of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Buf(pub(crate) u32);

/// Which memory of a program a buffer lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// That of the program alone: what a run computes, and parameters that learn.
    Arena,
    /// That of the constants, which programs of the same plan share.
    Constants,
    /// That of the constants which only make others: one after the other lies here.
    Staging,
}

impl Memory {
    /// How many there are.
    pub(crate) const COUNT: usize = 3;
}

/// Where a buffer lies.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) memory: Memory,
    pub(crate) range: Range<usize>,
    /// Number of values per sample, if the buffer holds all samples of a run; 0 if it holds a tile.
    pub(crate) per_sample: usize,
}

/// A buffer that was declared.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) len: usize,
    pub(crate) keep: bool,
    /// Whether no kernel of a run writes it.
    pub(crate) constant: bool,
    pub(crate) per_sample: usize,
}
