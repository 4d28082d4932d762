//! The inner loop of a convolution: a tile of pixels adds up its rows.
//!
//! `P` pixels times `NV` vectors of output channels stay in registers. Each row loads the vectors of its weights once and
//! broadcasts one value for each pixel. The tiles of direct convolution and the products of Winograd's algorithm both use this
//! loop.

use crate::BLOCK;
use crate::simd::Simd;
use crate::unrolled::unrolled;

/// The variants of [`Lanes`](super::rows::Lanes) as constants for compile time.
pub(super) const ALL: u8 = 0;
pub(super) const GROUPED: u8 = 1;
pub(super) const OWN: u8 = 2;
pub(super) const PAIRS: u8 = 3;

/// Some rows of a block of output channels.
#[derive(Clone, Copy)]
pub(super) struct RowsOf<'a, const NV: usize> {
    /// Offset from the position of a pixel to the value of each row.
    pub(super) offsets: &'a [u32],
    /// The largest offset.
    pub(super) far: usize,
    /// The lanes of each row, for `GROUPED` lanes.
    pub(super) masks: &'a [u16],
    /// The weights `[row][16]` of each vector.
    pub(super) w: [&'a [f32]; NV],
}

impl<const NV: usize> RowsOf<'_, NV> {
    /// The inputs of the pixels at these positions, after checking that all rows lie inside `x` with `span` values each. This
    /// is checked once per tile: for every row, the comparisons took a tenth of the time, and for every pixel, a twentieth.
    #[inline(always)]
    pub(super) fn inputs<'x, const P: usize>(
        &self,
        x: &'x [f32],
        at: [usize; P],
        span: usize,
    ) -> [&'x [f32]; P] {
        let [_, last] = ends(at);
        check_reach(&x[last.min(x.len())..], self.offsets, self.far, span);
        let mut of = [x; P];
        // SAFETY: no pixel is behind the last, which lies inside.
        unrolled!(p < P => of[p] = unsafe { x.get_unchecked(at[p]..) });
        of
    }
}

/// The smallest and the largest of some positions.
#[inline(always)]
pub(super) fn ends<const P: usize>(at: [usize; P]) -> [usize; 2] {
    let [mut first, mut last] = [at[0]; 2];
    unrolled!(p < P => (first, last) = (first.min(at[p]), last.max(at[p])));
    [first, last]
}

/// `acc[p][v] += Σ_r x[p][offset(r)] · w[v][r]` for all rows below `rows`, 1 or 4 per iteration of the loop.
///
/// # Safety
/// Each offset lies inside the input of each pixel, and each vector has weights for all rows.
#[inline(always)]
pub(super) unsafe fn add_all<V: Simd, const P: usize, const NV: usize, const TURN: usize>(
    mut acc: [[V; NV]; P],
    x: [&[f32]; P],
    w: [&[f32]; NV],
    rows: usize,
    offset: impl Fn(usize) -> usize,
) -> [[V; NV]; P] {
    // Not a function: the compiler would not keep a closure's vectors in the registers of this instruction set.
    macro_rules! add {
        ($r:expr) => {
            let (row, at) = ($r * BLOCK..$r * BLOCK + V::LANES, offset($r));
            let mut of_row = [V::zero(); NV];
            // SAFETY: the caller's promise.
            unrolled!(v < NV => of_row[v] = V::load(unsafe { w[v].get_unchecked(row.clone()) }));
            unrolled!(p < P => {
                // SAFETY: the caller's promise.
                let value = V::splat(unsafe { *x[p].get_unchecked(at) });
                unrolled!(v < NV => acc[p][v] = acc[p][v].fma(value, of_row[v]));
            });
        };
    }
    let mut r = 0;
    while rows - r >= TURN {
        unrolled!(i < TURN => { add!(r + i); });
        r += TURN;
    }
    while TURN > 1 && r < rows {
        add!(r);
        r += 1;
    }
    acc
}

/// `acc[p][v] += Σ_r x[p][offsets[r]] · w[v][r]`; for `GROUPED` lanes only where `masks[r]` has their bits; each of the `OWN`
/// lanes has its own value, as far from there as the lane is from the first; for `PAIRS` the products are those of two bf16
/// values.
///
/// # Safety
/// The inputs are those of [`RowsOf::inputs`], with as many values a row as `OWN` lanes have, or lie between these.
#[inline(always)]
pub(super) unsafe fn add_rows<V: Simd, const P: usize, const NV: usize, const KIND: u8>(
    mut acc: [[V; NV]; P],
    x: [&[f32]; P],
    rows: RowsOf<'_, NV>,
) -> [[V; NV]; P] {
    let w = rows.w.map(|w| &w[..(rows.offsets.len() * BLOCK).saturating_sub(BLOCK - V::LANES)]);
    if KIND == ALL {
        let (count, offset) = (rows.offsets.len(), |r: usize| {
            // SAFETY: `r` counts offsets.
            unsafe { *rows.offsets.get_unchecked(r) as usize }
        });
        // SAFETY: `far` is the largest offset, and lies inside the input of each pixel; `w` has a vector for each offset.
        return unsafe {
            // With 16 lanes, four rows need more registers than the 28 sums of a tile leave.
            match V::LANES {
                BLOCK => add_all::<V, P, NV, 1>(acc, x, w, count, offset),
                _ => add_all::<V, P, NV, 4>(acc, x, w, count, offset),
            }
        };
    }
    let masks = if KIND == GROUPED { &rows.masks[..rows.offsets.len()] } else { &[] };
    for (r, &offset) in rows.offsets.iter().enumerate() {
        let at = offset as usize;
        // SAFETY: `r` counts offsets, and each has a vector of weights.
        let weight = |v: usize| unsafe { V::load(w[v].get_unchecked(r * BLOCK..r * BLOCK + V::LANES)) };
        if KIND == OWN {
            // SAFETY: `far` is the largest offset, and the values that start there lie inside the input of each pixel.
            let values = |p: usize, v: usize| unsafe {
                V::load(x[p].get_unchecked(at + v * V::LANES..at + (v + 1) * V::LANES))
            };
            unrolled!(v < NV => {
                let weight = weight(v);
                unrolled!(p < P => acc[p][v] = acc[p][v].fma(values(p, v), weight));
            });
        } else if KIND == PAIRS && V::HAS_DOT {
            let mut of_row = [V::zero(); NV];
            unrolled!(v < NV => of_row[v] = weight(v));
            unrolled!(p < P => {
                // SAFETY: as for `values`.
                let value = V::splat(unsafe { *x[p].get_unchecked(at) });
                unrolled!(v < NV => acc[p][v] = acc[p][v].dot(value, of_row[v]));
            });
        } else if KIND == PAIRS {
            // In two rounds, so that the registers hold what each of them needs.
            // SAFETY: as for `values`.
            let value = |p: usize| V::splat(unsafe { *x[p].get_unchecked(at) });
            let mut of_row = [V::zero(); NV];
            unrolled!(v < NV => of_row[v] = weight(v).first_of_pair());
            unrolled!(p < P => {
                let value = value(p).first_of_pair();
                unrolled!(v < NV => acc[p][v] = acc[p][v].fma(value, of_row[v]));
            });
            unrolled!(v < NV => of_row[v] = weight(v).second_of_pair());
            unrolled!(p < P => {
                let value = value(p).second_of_pair();
                unrolled!(v < NV => acc[p][v] = acc[p][v].fma(value, of_row[v]));
            });
        } else {
            let mut of_row = [V::zero(); NV];
            unrolled!(v < NV => of_row[v] = weight(v));
            unrolled!(p < P => {
                // SAFETY: as for `values`.
                let value = V::splat(unsafe { *x[p].get_unchecked(at) });
                unrolled!(v < NV => {
                    let mask = V::mask(masks[r] >> (v * V::LANES % BLOCK));
                    acc[p][v] = V::select(mask, acc[p][v].fma(value, of_row[v]), acc[p][v]);
                });
            });
        }
    }
    acc
}

/// The inputs of `P` pixels that are `step` apart.
///
/// # Safety
/// The last of them lies inside `x`.
#[inline(always)]
pub(super) unsafe fn pixels<const P: usize>(x: &[f32], step: usize) -> [&[f32]; P] {
    let mut at: [&[f32]; P] = [&[]; P];
    // SAFETY: the caller's promise.
    unrolled!(p < P => at[p] = unsafe { x.get_unchecked(p * step..) });
    at
}

/// The block, and the first of its lanes, of vector `v` starting at block `b`.
#[inline(always)]
pub(super) fn lane<V: Simd>(b: usize, v: usize) -> (usize, usize) {
    (b + v * V::LANES / BLOCK, v * V::LANES % BLOCK)
}

/// Checks once per tile what would otherwise be checked for every row: the comparisons took a tenth of the time.
#[inline(always)]
pub(super) fn check_reach(x: &[f32], offsets: &[u32], far: usize, span: usize) {
    debug_assert!(offsets.iter().all(|&o| o as usize <= far));
    assert!(far.checked_add(span).is_some_and(|end| end <= x.len()), "a window ends outside its input");
}
