//! Groups many small pieces of work into tasks that are worth distributing.

use crate::plane::{Plane, Value};
use std::ops::Range;

/// Approximate number of values in a task: some microseconds of work.
const TASK: usize = 4096;

/// The number of tasks for `units` pieces of `len` values each.
pub(crate) fn tasks(units: usize, len: usize) -> usize {
    units.div_ceil(per_task(len))
}

/// The pieces of a task.
pub(crate) fn units(units: usize, len: usize, task: usize) -> Range<usize> {
    let per = per_task(len);
    task * per..((task + 1) * per).min(units)
}

/// The number of pieces in a task.
pub(crate) fn per_task(len: usize) -> usize {
    TASK.div_ceil(len.max(1))
}

/// Like [`tasks`], for the blocks of channels of `n` samples.
pub(crate) fn block_tasks(plane: &Plane, n: usize) -> usize {
    tasks(n * plane.blocks(), plane.plane_len())
}

/// The blocks of a task, as `(sample, block)`.
pub(crate) fn blocks(plane: &Plane, n: usize, task: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let blocks = plane.blocks();
    units(n * blocks, plane.plane_len(), task).map(move |unit| (unit / blocks, unit % blocks))
}

/// Asserts that two values have the same shape; their layouts may differ.
#[track_caller]
pub(crate) fn check_same(what: &str, a: &Value, b: &Value) {
    let shape = |v: &Value| (v.plane.channels, v.plane.size(), v.plane.block);
    assert!(shape(a) == shape(b), "{what}: {:?} and {:?} must have the same shape", a.plane, b.plane);
    check_apart(what, a, b);
}

/// Asserts that the input of a kernel is not its output.
#[track_caller]
pub(crate) fn check_apart(what: &str, a: &Value, b: &Value) {
    assert!(a.buf != b.buf, "{what}: input and output must be different buffers, got {:?} twice", a.buf);
}

/// Asserts that a value is in blocks of 16 channels.
#[track_caller]
pub(crate) fn check_blocked(what: &str, value: &Value) {
    assert!(
        value.plane.block == crate::BLOCK,
        "{what} works on blocks of 16 channels, got {:?}",
        value.plane
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_belongs_to_one_task() {
        for (channels, size, n) in [(1, [1, 1], 1), (130, [1, 1], 65), (33, [9, 9], 7), (16, [100, 100], 3)] {
            let plane = Plane::blocked(channels, size, [1, 0]);
            let all: Vec<_> = (0..block_tasks(&plane, n)).flat_map(|t| blocks(&plane, n, t)).collect();
            let want: Vec<_> = (0..n).flat_map(|n| (0..plane.blocks()).map(move |b| (n, b))).collect();
            assert_eq!(all, want);
        }
    }
}
