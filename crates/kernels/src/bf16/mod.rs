//! 16-bit values: bf16 has the sign, the exponent and the first 7 bits of the fraction of an f32.
//!
//! Convolutions and fully connected layers can multiply rounded inputs by rounded weights: `Σ bf16(x) · bf16(w)`, where each
//! product is exact and the sum is f32. Processors with an instruction for this multiply two pairs per lane, so inputs and
//! weights are stored in pairs of channels, the first of which is the upper half of 32 bits. An activation `[N, C, H, W]` of
//! `C` channels in blocks of 16 then becomes one of `⌈C / 2⌉` pairs in blocks of 8 ([`Plane::pairs`]), and every buffer remains
//! a buffer of 32-bit words.
//!
//! **Numerics.** Values are rounded to the nearest, ties to even: a relative error of at most 2⁻⁸ = 0.4 % for each input and
//! weight. Values whose magnitude is below 2⁻¹²⁶ become zero, as the instruction requires; a NaN stays NaN. The sums are chains
//! in the order in which f32 adds the same channels, so they have the same bits on every instruction set, except for sums below
//! 2⁻¹²⁶, which the instruction treats as zero.

mod pack;
mod weights;

pub use pack::PackBf16;
pub use weights::Bf16Weights;
pub(crate) use weights::Source;

/// The upper half of the f32 that is nearest to `value` among those whose lower half is zero.
#[inline(always)]
fn round(value: f32) -> u32 {
    const INFINITY: u32 = 0x7f80_0000;
    const LEAST_NORMAL: u32 = 0x0080_0000;
    let bits = value.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    let (nan, zero) = (bits >> 16 | 0x40, bits >> 31 << 15);
    if magnitude > INFINITY {
        nan
    } else if magnitude < LEAST_NORMAL {
        zero
    } else {
        nearest
    }
}

/// Two channels in one word.
#[inline(always)]
fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits(round(first) << 16 | round(second))
}

/// `value` rounded to bf16, as f32.
#[cfg(test)]
pub(crate) fn rounded(value: f32) -> f32 {
    f32::from_bits(round(value) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_round_to_the_nearest_even() {
        let step = 2_f32.powi(-7);
        let cases = [
            (1.0, 1.0),
            (1.0 + 0.49 * step, 1.0),
            (1.0 + 0.5 * step, 1.0),
            (1.0 + 1.5 * step, 1.0 + 2.0 * step),
            (1.0 + 0.51 * step, 1.0 + step),
            (-3.3, -3.296_875),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
            (f32::MIN_POSITIVE, f32::MIN_POSITIVE),
            (0.999 * f32::MIN_POSITIVE, 0.0),
        ];
        for (value, want) in cases {
            assert_eq!(rounded(value), want, "{value}");
            assert_eq!(rounded(-value), -want, "{}", -value);
        }
        assert!(rounded(-0.0).is_sign_negative());
        assert!(rounded(f32::NAN).is_nan() && rounded(f32::from_bits(0xffff_ffff)).is_nan());
        assert!(rounded(f32::from_bits(0x7f80_0001)).is_nan(), "the bit that makes it a NaN is rounded off");
        assert_eq!(pair(1.0, -2.0).to_bits(), 0x3f80_c000);
    }
}
