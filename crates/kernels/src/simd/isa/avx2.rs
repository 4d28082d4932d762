//! Eight lanes in one 256-bit register, with FMA.

use crate::simd::{Arithmetic, EXPONENT, Simd};
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(super) struct F32x8(__m256);

// SAFETY for every block below: only `isa.rs` can name this type, and does so in its shell alone, which runs where the
// features were detected: whatever is compiled for this `V` is called from there. Loads and stores touch 8 values that the
// slice's length has just been checked for.
macro_rules! lanes {
    ($e:expr) => {{
        // SAFETY: see above.
        unsafe { $e }
    }};
}

impl Arithmetic for F32x8 {
    type Mask = __m256;
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(lanes!(_mm256_set1_ps(value)))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(lanes!(_mm256_add_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(lanes!(_mm256_sub_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(lanes!(_mm256_mul_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(lanes!(_mm256_div_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn pow2(self) -> Self {
        Self(lanes!({
            let exponent = _mm256_add_ps(self.0, _mm256_set1_ps(EXPONENT));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(exponent)))
        }))
    }
    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        Self(lanes!(_mm256_fmadd_ps(a.0, b.0, self.0)))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(lanes!(_mm256_max_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(lanes!(_mm256_min_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        lanes!(_mm256_cmp_ps::<_CMP_GT_OQ>(self.0, other.0))
    }
    #[inline(always)]
    fn not_le(self, other: Self) -> Self::Mask {
        lanes!(_mm256_cmp_ps::<_CMP_NLE_UQ>(self.0, other.0))
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(lanes!(_mm256_blendv_ps(no.0, yes.0, mask)))
    }
    #[inline(always)]
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        lanes!(_mm256_and_ps(a, b))
    }
}

impl Simd for F32x8 {
    const LANES: usize = 8;
    const TILE_PX: usize = 6;
    type Patch = (__m256, __m256);
    type Index = __m256i;

    #[inline(always)]
    fn first_of_pair(self) -> Self {
        Self(lanes!(_mm256_and_ps(self.0, _mm256_castsi256_ps(_mm256_set1_epi32(0xffff_0000_u32 as i32)))))
    }
    #[inline(always)]
    fn second_of_pair(self) -> Self {
        Self(lanes!(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(self.0)))))
    }
    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        let from = &from[..Self::LANES];
        Self(lanes!(_mm256_loadu_ps(from.as_ptr())))
    }
    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        let to = &mut to[..Self::LANES];
        lanes!(_mm256_storeu_ps(to.as_mut_ptr(), self.0))
    }
    #[inline(always)]
    fn stream(self, to: &mut [f32]) {
        let to = &mut to[..Self::LANES];
        if to.as_ptr().addr().is_multiple_of(4 * Self::LANES) {
            lanes!(_mm256_stream_ps(to.as_mut_ptr(), self.0))
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
        lanes!(_mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, other.0))
    }
    #[inline(always)]
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        lanes!(_mm256_or_ps(a, b))
    }
    #[inline(always)]
    fn not(a: Self::Mask) -> Self::Mask {
        lanes!(_mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))))
    }
    #[inline(always)]
    fn mask(bits: u16) -> Self::Mask {
        lanes!({
            let each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let set = _mm256_and_si256(_mm256_set1_epi32(i32::from(bits)), each);
            _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, each))
        })
    }
    #[inline(always)]
    fn any(a: Self::Mask) -> bool {
        lanes!(_mm256_movemask_ps(a)) != 0
    }
    #[inline(always)]
    fn choose(mask: Self::Mask, yes: Self::Mask, no: Self::Mask) -> Self::Mask {
        lanes!(_mm256_blendv_ps(no, yes, mask))
    }
    #[inline(always)]
    fn store_codes(bit0: Self::Mask, bit1: Self::Mask, bit2: Self::Mask, to: &mut [u8]) {
        let to = &mut to[..8];
        let bits = |m| lanes!(_mm256_movemask_ps(m)) as u32;
        let (b0, b1, b2) = (bits(bit0), bits(bit1), bits(bit2));
        for (i, code) in to.iter_mut().enumerate() {
            *code = ((b0 >> i & 1) | (b1 >> i & 1) << 1 | (b2 >> i & 1) << 2) as u8;
        }
    }
    #[inline(always)]
    fn dead(codes: &[u8]) -> Self::Mask {
        let codes = &codes[..8];
        lanes!({
            let code = _mm256_cvtepu8_epi32(_mm_loadl_epi64(codes.as_ptr().cast()));
            // Bit 2 is moved to the sign bit, which a blend examines.
            _mm256_castsi256_ps(_mm256_slli_epi32::<29>(code))
        })
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
            (top, bottom)
        })
    }
    #[inline(always)]
    fn window(codes: &[u8]) -> Self::Index {
        let codes = &codes[..8];
        lanes!({
            let code = _mm256_cvtepu8_epi32(_mm_loadl_epi64(codes.as_ptr().cast()));
            let code = _mm256_and_si256(code, _mm256_set1_epi32(3));
            // 0, 1, 2, 3 are positions 0, 1, 4, 5.
            _mm256_add_epi32(code, _mm256_and_si256(code, _mm256_set1_epi32(2)))
        })
    }
    #[inline(always)]
    fn pick(patch: Self::Patch, index: Self::Index, offset: u32) -> Self {
        Self(lanes!({
            let at = _mm256_add_epi32(index, _mm256_set1_epi32(offset as i32));
            let (low, high) = (_mm256_permutevar8x32_ps(patch.0, at), _mm256_permutevar8x32_ps(patch.1, at));
            // Bit 3 of the position says which half; it is moved to the sign bit, which the blend examines.
            _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32::<28>(at)))
        }))
    }
    #[inline(always)]
    fn transpose16(from: &[f32], from_row: usize, to: &mut [f32], to_row: usize) {
        // No closures: a closure that is not inlined is not compiled for this instruction set either.
        let from = &from[..15 * from_row + 16];
        let to = &mut to[..15 * to_row + 16];
        for half in [0, 8] {
            for c in [0, 4, 8, 12] {
                // Half j of `rows[r]` holds columns c.. of row 4j + r, so that a 4x4 transpose within the halves
                // makes columns of eight.
                let mut rows = [Self::splat(0.0).0; 4];
                for r in 0..4 {
                    let low = &from[(half + r) * from_row + c..][..4];
                    let high = &from[(half + r + 4) * from_row + c..][..4];
                    rows[r] = lanes!({
                        let v = _mm256_castps128_ps256(_mm_loadu_ps(low.as_ptr()));
                        _mm256_insertf128_ps::<1>(v, _mm_loadu_ps(high.as_ptr()))
                    });
                }
                let columns = lanes!({
                    let (low_ab, low_cd) =
                        (_mm256_unpacklo_ps(rows[0], rows[1]), _mm256_unpacklo_ps(rows[2], rows[3]));
                    let (high_ab, high_cd) =
                        (_mm256_unpackhi_ps(rows[0], rows[1]), _mm256_unpackhi_ps(rows[2], rows[3]));
                    [
                        _mm256_shuffle_ps::<0b0100_0100>(low_ab, low_cd),
                        _mm256_shuffle_ps::<0b1110_1110>(low_ab, low_cd),
                        _mm256_shuffle_ps::<0b0100_0100>(high_ab, high_cd),
                        _mm256_shuffle_ps::<0b1110_1110>(high_ab, high_cd),
                    ]
                });
                for i in 0..4 {
                    Self(columns[i]).store(&mut to[(c + i) * to_row + half..]);
                }
            }
        }
    }
    #[inline(always)]
    fn rsqrt(self) -> Self {
        let guess = Self(lanes!({
            let half_bits = _mm256_srli_epi32::<1>(_mm256_castps_si256(self.0));
            _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_set1_epi32(0x5f37_59df), half_bits))
        }));
        crate::simd::newton_rsqrt(self.mul(Self::splat(-0.5)), guess)
    }
    #[inline(always)]
    fn recip(self) -> Self {
        let guess = Self(lanes!({
            let bits = _mm256_castps_si256(self.0);
            _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_set1_epi32(0x7ef3_11c7), bits))
        }));
        crate::simd::newton_recip(self, guess)
    }
}
