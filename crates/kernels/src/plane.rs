//! The layout of an activation in memory.
//!
//! One sample is `[blocks][height + 2·halo][width + 2·halo][block]`: channels are in blocks of 16, and the channels of one
//! pixel are adjacent, so that one vector load fetches them and a convolution broadcasts each of them to 16 output channels.
//! Padding is stored (the *halo*), so that no kernel needs a branch for it. Images with few channels are stored *planar*
//! (`block` 1), since 15 empty lanes of 16 would only move zeros.
//!
//! Two conditions hold for every buffer between kernels: the halo is zero, and so are the lanes past the last channel, as long
//! as all values are finite. (Those lanes have weights of zero, and zero times infinity is NaN; their values never reach
//! another lane.)

use crate::{BLOCK, Buf};
use std::ops::Range;

/// The geometry of one sample of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Plane {
    /// The number of channels, or of features of a vector.
    pub channels: usize,
    /// The height, without halo.
    pub height: usize,
    /// The width, without halo.
    pub width: usize,
    /// The numbers of zero rows above and below, and of zero columns left and right.
    pub halo: [usize; 2],
    /// The number of adjacent channels: 16, or 1 for planar images; for bf16, 8 pairs of channels.
    pub block: usize,
}

impl Plane {
    /// The layout of an image `[channels, height, width]` in blocks of 16 channels.
    pub fn blocked(channels: usize, [height, width]: [usize; 2], halo: [usize; 2]) -> Self {
        Self { channels, height, width, halo, block: BLOCK }
    }

    /// The layout of an image `[channels, height, width]`, stored channel by channel.
    pub fn planar(channels: usize, [height, width]: [usize; 2], halo: [usize; 2]) -> Self {
        Self { channels, height, width, halo, block: 1 }
    }

    /// The layout of the same activation in pairs of channels, where each pair holds two bf16 values.
    ///
    /// # Panics
    /// If the layout is planar.
    #[must_use]
    pub fn pairs(&self) -> Self {
        assert_eq!(self.block, BLOCK, "only adjacent channels can form pairs");
        Self { channels: self.channels.div_ceil(2), block: BLOCK / 2, ..*self }
    }

    /// The layout of a vector of `features` values.
    pub fn vector(features: usize) -> Self {
        Self::blocked(features, [1, 1], [0, 0])
    }

    /// The height and width, without halo.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// The number of blocks of channels.
    pub fn blocks(&self) -> usize {
        self.channels.div_ceil(self.block)
    }

    /// The number of values from one row to the next.
    pub fn row_len(&self) -> usize {
        (self.width + 2 * self.halo[1]) * self.block
    }

    /// The number of values from one block of channels to the next.
    pub fn plane_len(&self) -> usize {
        (self.height + 2 * self.halo[0]) * self.row_len()
    }

    /// The number of values from one sample to the next, or `None` if it is 2^32 or more, because kernels store positions in a
    /// sample as u32. Check this before using a plane whose sizes come from outside.
    pub fn checked_sample_len(&self) -> Option<usize> {
        let side = |size: usize, halo: usize| halo.checked_mul(2)?.checked_add(size);
        let (height, width) = (side(self.height, self.halo[0])?, side(self.width, self.halo[1])?);
        let lanes = self.channels.checked_next_multiple_of(self.block)?;
        let len = lanes.checked_mul(height)?.checked_mul(width)?;
        u32::try_from(len).ok().map(|_| len)
    }

    /// The number of values from one sample to the next.
    pub fn sample_len(&self) -> usize {
        self.blocks() * self.plane_len()
    }

    /// The offset of pixel (0, 0) in the plane of a block.
    pub fn origin(&self) -> usize {
        self.halo[0] * self.row_len() + self.halo[1] * self.block
    }

    /// The offsets of the pixels of row `y` in the plane of a block, without halo.
    pub fn row(&self, y: usize) -> Range<usize> {
        let start = self.origin() + y * self.row_len();
        start..start + self.width * self.block
    }

    /// The offset of the value of channel `c` at `(y, x)` in a sample.
    pub fn index(&self, c: usize, y: usize, x: usize) -> usize {
        c / self.block * self.plane_len()
            + self.origin()
            + y * self.row_len()
            + x * self.block
            + c % self.block
    }

    /// Zeroes the halo of one block's plane.
    pub fn clear_halo(&self, plane: &mut [f32]) {
        let (row, side) = (self.row_len(), self.halo[1] * self.block);
        let (top, bottom) = (self.halo[0] * row, (self.halo[0] + self.height) * row);
        plane[..top].fill(0.0);
        plane[bottom..self.plane_len()].fill(0.0);
        if side > 0 {
            for line in plane[top..bottom].chunks_exact_mut(row) {
                line[..side].fill(0.0);
                line[row - side..].fill(0.0);
            }
        }
    }

    /// Copies `n` samples out of a buffer into row-major `[N, C, H, W]`.
    pub fn to_nchw(&self, from: &[f32], n: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(n * self.channels * self.height * self.width);
        for sample in from.chunks_exact(self.sample_len()).take(n) {
            for c in 0..self.channels {
                for y in 0..self.height {
                    out.extend((0..self.width).map(|x| sample[self.index(c, y, x)]));
                }
            }
        }
        out
    }

    /// Copies row-major `[N, C, H, W]` into a buffer, the inverse of [`Plane::to_nchw`]; halo and empty lanes are left
    /// unchanged.
    pub fn from_nchw(&self, nchw: &[f32], to: &mut [f32]) {
        let size = self.channels * self.height * self.width;
        for (from, sample) in nchw.chunks_exact(size).zip(to.chunks_exact_mut(self.sample_len())) {
            let mut values = from.iter();
            for c in 0..self.channels {
                for y in 0..self.height {
                    for (x, &v) in (0..self.width).zip(values.by_ref()) {
                        sample[self.index(c, y, x)] = v;
                    }
                }
            }
        }
    }
}

/// An activation: its buffer and its layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// The buffer: `tile` samples of `plane.sample_len()` values.
    pub buf: Buf,
    /// The geometry of a sample.
    pub plane: Plane,
}

impl Value {
    /// The part of the buffer that holds sample `n`.
    pub fn sample(&self, n: usize) -> Range<usize> {
        let len = self.plane.sample_len();
        n * len..(n + 1) * len
    }

    /// The part of the buffer that holds block `b` of sample `n`.
    pub fn block(&self, n: usize, b: usize) -> Range<usize> {
        let start = n * self.plane.sample_len() + b * self.plane.plane_len();
        start..start + self.plane.plane_len()
    }

    /// The offset in the buffer of the first channel of block `b` of sample `n` at `(y, x)`.
    #[inline(always)]
    pub fn pixel(&self, n: usize, b: usize, [y, x]: [usize; 2]) -> usize {
        let plane = &self.plane;
        self.block(n, b).start + plane.origin() + y * plane.row_len() + x * plane.block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_of_2_to_the_32_values_is_none() {
        let plane = |size, halo| Plane::blocked(3, size, halo).checked_sample_len();
        assert_eq!(plane([5, 7], [1, 2]), Some(Plane::blocked(3, [5, 7], [1, 2]).sample_len()));
        assert_eq!(plane([1 << 14, (1 << 14) - 1], [0, 0]), Some(16 << 14 << 14).map(|all| all - (16 << 14)));
        for (size, halo) in [
            ([1 << 14, 1 << 14], [0, 0]),
            ([1, 1], [1 << 15, 1 << 15]),
            ([1, 1], [usize::MAX / 2 + 1, 0]),
            ([usize::MAX, 2], [0, 0]),
            ([usize::MAX, 1], [1, 1]),
        ] {
            assert_eq!(plane(size, halo), None, "{size:?} {halo:?}");
        }
        assert_eq!(Plane::vector(usize::MAX).checked_sample_len(), None);
    }

    #[test]
    fn there_and_back() {
        for plane in [
            Plane::blocked(20, [3, 5], [1, 2]),
            Plane::planar(3, [4, 2], [0, 1]),
            Plane::vector(33),
            Plane::blocked(16, [1, 1], [0, 0]),
        ] {
            let len = 2 * plane.channels * plane.height * plane.width;
            let nchw: Vec<f32> = (1..=len).map(|i| i as f32).collect();
            let mut buffer = vec![0.0; 2 * plane.sample_len()];
            plane.from_nchw(&nchw, &mut buffer);
            assert_eq!(plane.to_nchw(&buffer, 2), nchw);
            let mut cleared = buffer.clone();
            for block in cleared.chunks_exact_mut(plane.plane_len()) {
                plane.clear_halo(block);
            }
            assert_eq!(cleared, buffer, "the halo was zero, and nothing else is cleared");
            let mut ones = vec![1.0; plane.plane_len()];
            plane.clear_halo(&mut ones);
            let inside = plane.height * plane.width * plane.block;
            assert_eq!(ones.iter().sum::<f32>(), inside as f32);
        }
    }
}
