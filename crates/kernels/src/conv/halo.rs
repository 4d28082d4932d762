//! The halo of an output, which each kernel writes along with its pixels.

use crate::plane::Plane;
use std::ops::Range;

/// Calls `clear(from, len)` for each part of a plane's halo that belongs to a band of lines.
#[inline(always)]
pub(super) fn clear_band(plane: &Plane, lines: &Range<usize>, clear: impl Fn(usize, usize)) {
    if plane.halo == [0, 0] {
        return;
    }
    let (row, side) = (plane.row_len(), plane.halo[1] * plane.block);
    if lines.start == 0 {
        clear(0, plane.halo[0] * row);
    }
    for line in lines.clone() {
        let start = (plane.halo[0] + line) * row;
        clear(start, side);
        clear(start + row - side, side);
    }
    if lines.end == plane.height {
        clear((plane.halo[0] + plane.height) * row, plane.halo[0] * row);
    }
}
