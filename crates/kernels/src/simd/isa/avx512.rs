//! Sixteen lanes in one 512-bit register.

use crate::simd::{Arithmetic, EXPONENT, Simd};
use std::arch::x86_64::*;

/// `HAS_BF16`: whether the processor also multiplies pairs of bf16 values.
#[derive(Clone, Copy)]
pub(super) struct F32x16<const HAS_BF16: bool>(__m512);

// SAFETY for every block below: only `isa.rs` can name this type, and does so in its shell alone, which runs where the
// features were detected: whatever is compiled for this `V` is called from there. Loads and stores touch 16 values that the
// slice's length has just been checked for.
macro_rules! lanes {
    ($e:expr) => {{
        // SAFETY: see above.
        unsafe { $e }
    }};
}

impl<const HAS_BF16: bool> Arithmetic for F32x16<HAS_BF16> {
    type Mask = __mmask16;
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(lanes!(_mm512_set1_ps(value)))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(lanes!(_mm512_add_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(lanes!(_mm512_sub_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(lanes!(_mm512_mul_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(lanes!(_mm512_div_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn pow2(self) -> Self {
        Self(lanes!({
            let exponent = _mm512_add_ps(self.0, _mm512_set1_ps(EXPONENT));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(exponent)))
        }))
    }
    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        Self(lanes!(_mm512_fmadd_ps(a.0, b.0, self.0)))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(lanes!(_mm512_max_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(lanes!(_mm512_min_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        lanes!(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, other.0))
    }
    #[inline(always)]
    fn not_le(self, other: Self) -> Self::Mask {
        lanes!(_mm512_cmp_ps_mask::<_CMP_NLE_UQ>(self.0, other.0))
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(lanes!(_mm512_mask_blend_ps(mask, no.0, yes.0)))
    }
    #[inline(always)]
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        a & b
    }
}

impl<const HAS_BF16: bool> Simd for F32x16<HAS_BF16> {
    const LANES: usize = 16;
    const TILE_PX: usize = 14;
    type Patch = __m512;
    type Index = __m512i;

    const HAS_DOT: bool = HAS_BF16;
    #[inline(always)]
    fn first_of_pair(self) -> Self {
        let upper =
            lanes!(_mm512_and_si512(_mm512_castps_si512(self.0), _mm512_set1_epi32(0xffff_0000_u32 as i32)));
        Self(lanes!(_mm512_castsi512_ps(upper)))
    }
    #[inline(always)]
    fn second_of_pair(self) -> Self {
        Self(lanes!(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(self.0)))))
    }
    #[inline(always)]
    fn dot(self, a: Self, b: Self) -> Self {
        if HAS_BF16 {
            // The instruction adds the product of the upper halves first.
            Self(lanes!({
                let (a, b) = std::mem::transmute::<[__m512; 2], (__m512bh, __m512bh)>([a.0, b.0]);
                _mm512_dpbf16_ps(self.0, a, b)
            }))
        } else {
            self.fma(a.first_of_pair(), b.first_of_pair()).fma(a.second_of_pair(), b.second_of_pair())
        }
    }
    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        let from = &from[..Self::LANES];
        Self(lanes!(_mm512_loadu_ps(from.as_ptr())))
    }
    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        let to = &mut to[..Self::LANES];
        lanes!(_mm512_storeu_ps(to.as_mut_ptr(), self.0))
    }
    #[inline(always)]
    fn stream(self, to: &mut [f32]) {
        let to = &mut to[..Self::LANES];
        if to.as_ptr().addr().is_multiple_of(4 * Self::LANES) {
            lanes!(_mm512_stream_ps(to.as_mut_ptr(), self.0))
        } else {
            self.store(to);
        }
    }
    #[inline(always)]
    fn prefetch(from: &[f32]) {
        lanes!(_mm_prefetch::<_MM_HINT_T0>(from.as_ptr().cast()))
    }
    #[inline(always)]
    fn settle() {
        lanes!(_mm_sfence())
    }
    #[inline(always)]
    fn unordered(self, other: Self) -> Self::Mask {
        lanes!(_mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, other.0))
    }
    #[inline(always)]
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        a | b
    }
    #[inline(always)]
    fn not(a: Self::Mask) -> Self::Mask {
        !a
    }
    #[inline(always)]
    fn mask(bits: u16) -> Self::Mask {
        bits
    }
    #[inline(always)]
    fn any(a: Self::Mask) -> bool {
        a != 0
    }
    #[inline(always)]
    fn choose(mask: Self::Mask, yes: Self::Mask, no: Self::Mask) -> Self::Mask {
        (mask & yes) | (!mask & no)
    }
    #[inline(always)]
    fn store_codes(bit0: Self::Mask, bit1: Self::Mask, bit2: Self::Mask, to: &mut [u8]) {
        let to = &mut to[..16];
        lanes!({
            let low = _mm_or_si128(_mm_maskz_set1_epi8(bit0, 1), _mm_maskz_set1_epi8(bit1, 2));
            let codes = _mm_or_si128(low, _mm_maskz_set1_epi8(bit2, 4));
            _mm_storeu_si128(to.as_mut_ptr().cast(), codes)
        })
    }
    #[inline(always)]
    fn dead(codes: &[u8]) -> Self::Mask {
        let codes = &codes[..16];
        lanes!(_mm_test_epi8_mask(_mm_loadu_si128(codes.as_ptr().cast()), _mm_set1_epi8(4)))
    }
    #[inline(always)]
    fn code_bits(codes: &[u8]) -> [u32; 3] {
        let codes = &codes[..16];
        lanes!({
            let v = _mm_loadu_si128(codes.as_ptr().cast());
            // Each bit in turn is moved to the top of its byte.
            [
                _mm_movemask_epi8(_mm_slli_epi16::<7>(v)) as u32,
                _mm_movemask_epi8(_mm_slli_epi16::<6>(v)) as u32,
                _mm_movemask_epi8(_mm_slli_epi16::<5>(v)) as u32,
            ]
        })
    }
    #[inline(always)]
    fn load_patch(from: &[f32], row: usize) -> Self::Patch {
        let rows: [&[f32]; 4] = std::array::from_fn(|r| &from[r * row..r * row + 4]);
        lanes!({
            let [r0, r1, r2, r3] = rows.map(|r| _mm_loadu_ps(r.as_ptr()));
            let top = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(r0), r1);
            let bottom = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(r2), r3);
            _mm512_insertf32x8::<1>(_mm512_castps256_ps512(top), bottom)
        })
    }
    #[inline(always)]
    fn window(codes: &[u8]) -> Self::Index {
        let codes = &codes[..16];
        lanes!({
            let code = _mm512_cvtepu8_epi32(_mm_loadu_si128(codes.as_ptr().cast()));
            let code = _mm512_and_si512(code, _mm512_set1_epi32(3));
            // 0, 1, 2, 3 are positions 0, 1, 4, 5.
            _mm512_add_epi32(code, _mm512_and_si512(code, _mm512_set1_epi32(2)))
        })
    }
    #[inline(always)]
    fn pick(patch: Self::Patch, index: Self::Index, offset: u32) -> Self {
        Self(lanes!({
            let at = _mm512_add_epi32(index, _mm512_set1_epi32(offset as i32));
            _mm512_permutexvar_ps(at, patch)
        }))
    }
    #[inline(always)]
    fn transpose16(from: &[f32], from_row: usize, to: &mut [f32], to_row: usize) {
        // No closures: a closure that is not inlined is not compiled for this instruction set either.
        let from = &from[..15 * from_row + 16];
        let to = &mut to[..15 * to_row + 16];
        for c in [0, 4, 8, 12] {
            // Quarter j of `rows[r]` holds columns c.. of row 4j + r, so that a 4x4 transpose within the quarters
            // makes whole columns.
            let mut rows = [Self::splat(0.0).0; 4];
            for r in 0..4 {
                let q0 = &from[r * from_row + c..][..4];
                let q1 = &from[(r + 4) * from_row + c..][..4];
                let q2 = &from[(r + 8) * from_row + c..][..4];
                let q3 = &from[(r + 12) * from_row + c..][..4];
                rows[r] = lanes!({
                    let v = _mm512_castps128_ps512(_mm_loadu_ps(q0.as_ptr()));
                    let v = _mm512_insertf32x4::<1>(v, _mm_loadu_ps(q1.as_ptr()));
                    let v = _mm512_insertf32x4::<2>(v, _mm_loadu_ps(q2.as_ptr()));
                    _mm512_insertf32x4::<3>(v, _mm_loadu_ps(q3.as_ptr()))
                });
            }
            let columns = lanes!({
                let (low_ab, low_cd) =
                    (_mm512_unpacklo_ps(rows[0], rows[1]), _mm512_unpacklo_ps(rows[2], rows[3]));
                let (high_ab, high_cd) =
                    (_mm512_unpackhi_ps(rows[0], rows[1]), _mm512_unpackhi_ps(rows[2], rows[3]));
                [
                    _mm512_shuffle_ps::<0b0100_0100>(low_ab, low_cd),
                    _mm512_shuffle_ps::<0b1110_1110>(low_ab, low_cd),
                    _mm512_shuffle_ps::<0b0100_0100>(high_ab, high_cd),
                    _mm512_shuffle_ps::<0b1110_1110>(high_ab, high_cd),
                ]
            });
            for i in 0..4 {
                Self(columns[i]).store(&mut to[(c + i) * to_row..]);
            }
        }
    }
    #[inline(always)]
    fn rsqrt(self) -> Self {
        let guess = Self(lanes!({
            let half_bits = _mm512_srli_epi32::<1>(_mm512_castps_si512(self.0));
            _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(0x5f37_59df), half_bits))
        }));
        crate::simd::newton_rsqrt(self.mul(Self::splat(-0.5)), guess)
    }
    #[inline(always)]
    fn recip(self) -> Self {
        let guess = Self(lanes!({
            let bits = _mm512_castps_si512(self.0);
            _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(0x7ef3_11c7), bits))
        }));
        crate::simd::newton_recip(self, guess)
    }
}
