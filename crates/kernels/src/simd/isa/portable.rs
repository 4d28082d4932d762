//! Eight lanes as a plain array: compiles anywhere, and is vectorized by the compiler if possible.

use crate::simd::{Arithmetic, EXPONENT, Simd};

#[derive(Clone, Copy)]
pub(super) struct F32x8([f32; 8]);

/// A fused multiply-add on targets that have one in hardware; elsewhere the library call that emulates it is some forty times
/// slower than two roundings.
#[inline(always)]
fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn zip(a: F32x8, b: F32x8, f: impl Fn(f32, f32) -> f32) -> F32x8 {
    F32x8(std::array::from_fn(|i| f(a.0[i], b.0[i])))
}

impl Arithmetic for F32x8 {
    type Mask = [bool; 8];
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 8])
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        zip(self, other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        zip(self, other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        zip(self, other, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        zip(self, other, |a, b| a / b)
    }
    #[inline(always)]
    fn pow2(self) -> Self {
        Self(self.0.map(|v| f32::from_bits((v + EXPONENT).to_bits() << 23)))
    }
    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|i| mul_add(a.0[i], b.0[i], self.0[i])))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        zip(self, other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        zip(self, other, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        std::array::from_fn(|i| self.0[i] > other.0[i])
    }
    #[inline(always)]
    fn not_le(self, other: Self) -> Self::Mask {
        std::array::from_fn(|i| self.0[i] > other.0[i] || self.0[i].is_nan() || other.0[i].is_nan())
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(std::array::from_fn(|i| if mask[i] { yes.0[i] } else { no.0[i] }))
    }
    #[inline(always)]
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        std::array::from_fn(|i| a[i] & b[i])
    }
}

impl Simd for F32x8 {
    const LANES: usize = 8;
    const TILE_PX: usize = 6;
    type Patch = [f32; 16];
    type Index = [u8; 8];

    #[inline(always)]
    fn first_of_pair(self) -> Self {
        Self(self.0.map(|v| f32::from_bits(v.to_bits() & 0xffff_0000)))
    }
    #[inline(always)]
    fn second_of_pair(self) -> Self {
        Self(self.0.map(|v| f32::from_bits(v.to_bits() << 16)))
    }
    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        Self(*from.first_chunk().expect("a whole vector"))
    }
    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        to[..8].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn unordered(self, other: Self) -> Self::Mask {
        std::array::from_fn(|i| self.0[i].is_nan() || other.0[i].is_nan())
    }
    #[inline(always)]
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        std::array::from_fn(|i| a[i] | b[i])
    }
    #[inline(always)]
    fn not(a: Self::Mask) -> Self::Mask {
        a.map(|a| !a)
    }
    #[inline(always)]
    fn mask(bits: u16) -> Self::Mask {
        std::array::from_fn(|i| bits >> i & 1 != 0)
    }
    #[inline(always)]
    fn any(a: Self::Mask) -> bool {
        a.contains(&true)
    }
    #[inline(always)]
    fn choose(mask: Self::Mask, yes: Self::Mask, no: Self::Mask) -> Self::Mask {
        std::array::from_fn(|i| if mask[i] { yes[i] } else { no[i] })
    }
    #[inline(always)]
    fn store_codes(bit0: Self::Mask, bit1: Self::Mask, bit2: Self::Mask, to: &mut [u8]) {
        for i in 0..8 {
            to[i] = bit0[i] as u8 | (bit1[i] as u8) << 1 | (bit2[i] as u8) << 2;
        }
    }
    #[inline(always)]
    fn dead(codes: &[u8]) -> Self::Mask {
        std::array::from_fn(|i| codes[i] & 4 != 0)
    }
    #[inline(always)]
    fn load_patch(from: &[f32], row: usize) -> Self::Patch {
        std::array::from_fn(|i| from[i / 4 * row + i % 4])
    }
    #[inline(always)]
    fn window(codes: &[u8]) -> Self::Index {
        // 0, 1, 2, 3 are positions 0, 1, 4, 5.
        std::array::from_fn(|i| (codes[i] & 3) + (codes[i] & 2))
    }
    #[inline(always)]
    fn pick(patch: Self::Patch, index: Self::Index, offset: u32) -> Self {
        Self(std::array::from_fn(|i| patch[(usize::from(index[i]) + offset as usize) % 16]))
    }
    #[inline(always)]
    fn transpose16(from: &[f32], from_row: usize, to: &mut [f32], to_row: usize) {
        for c in 0..16 {
            let to = &mut to[c * to_row..][..16];
            to.iter_mut().enumerate().for_each(|(r, to)| *to = from[r * from_row + c]);
        }
    }
    #[inline(always)]
    fn rsqrt(self) -> Self {
        let half = self.mul(Self::splat(-0.5));
        let guess = Self(self.0.map(|v| f32::from_bits(0x5f37_59df_u32.wrapping_sub(v.to_bits() >> 1))));
        crate::simd::newton_rsqrt(half, guess)
    }
    #[inline(always)]
    fn recip(self) -> Self {
        let guess = Self(self.0.map(|v| f32::from_bits(0x7ef3_11c7_u32.wrapping_sub(v.to_bits()))));
        crate::simd::newton_recip(self, guess)
    }
}
