//! Vectors of f32 lanes with the same meaning on every instruction set.
//!
//! Kernel bodies are written once, over [`Simd`], and compiled once per instruction set by [`Isa::dispatch`]. A lane is always
//! an output channel (or an output feature), so the number of lanes changes how many elements are computed at once and never
//! the order in which one output element is summed: AVX-512, AVX2 and the portable path agree bit for bit on targets with a
//! fused multiply-add.

mod arithmetic;
mod isa;
pub(crate) mod math;

pub(crate) use arithmetic::Arithmetic;
pub use isa::Isa;
pub(crate) use isa::Task;

/// The number of lanes of one activation block: the width of the layout, whatever the width of a register.
pub const BLOCK: usize = 16;

/// A register of [`Simd::LANES`] f32 values.
pub(crate) trait Simd: Arithmetic {
    /// 8 or 16; divides [`BLOCK`].
    const LANES: usize;
    /// Number of pixels of a convolution tile two vectors wide: as many accumulators as fit into the register file.
    const TILE_PX: usize;
    /// Whether [`Simd::dot`] is one instruction.
    const HAS_DOT: bool = false;
    /// Sixteen values, from which each lane picks one.
    type Patch: Copy;
    /// One index per lane.
    type Index: Copy;

    /// Loads the first `LANES` values of `from`.
    fn load(from: &[f32]) -> Self;
    /// Writes the first `LANES` values of `to`.
    fn store(self, to: &mut [f32]);
    /// Like `store`, bypassing the caches if the address is aligned to a vector: for values that no kernel reads again. The
    /// caller must call [`Simd::settle`] before the end of its task.
    fn stream(self, to: &mut [f32]) {
        self.store(to);
    }
    /// Prefetches the cache line that begins at `from`, which is read soon; affects only the speed.
    fn prefetch(_from: &[f32]) {}
    /// Makes streamed values visible to every thread that sees later stores.
    fn settle() {}
    /// The first bf16 value of each lane's pair, which is the upper half of its 32 bits.
    fn first_of_pair(self) -> Self;
    /// The second bf16 value, which is the lower half.
    fn second_of_pair(self) -> Self;
    /// `(self + a₁·b₁) + a₂·b₂`, for pairs of bf16 values. Such a product is exact, so each sum is rounded once on every
    /// target.
    #[inline(always)]
    fn dot(self, a: Self, b: Self) -> Self {
        self.fma(a.first_of_pair(), b.first_of_pair()).fma(a.second_of_pair(), b.second_of_pair())
    }
    /// True where either is NaN.
    fn unordered(self, other: Self) -> Self::Mask;
    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        self.unordered(self)
    }
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn not(a: Self::Mask) -> Self::Mask;
    /// Lane `i` is true where bit `i` is set; bits past the last lane are ignored.
    fn mask(bits: u16) -> Self::Mask;
    /// Whether the mask is true for any lane.
    fn any(a: Self::Mask) -> bool;
    /// Lane by lane, `if mask { yes } else { no }`.
    fn choose(mask: Self::Mask, yes: Self::Mask, no: Self::Mask) -> Self::Mask;
    /// Writes one byte per lane: `bit0 + 2·bit1 + 4·bit2`.
    fn store_codes(bit0: Self::Mask, bit1: Self::Mask, bit2: Self::Mask, to: &mut [u8]);
    /// True where bit 2 of a lane's byte is set.
    fn dead(codes: &[u8]) -> Self::Mask;
    /// Bits 0, 1 and 2 of 16 bytes, one bit per byte.
    fn code_bits(codes: &[u8]) -> [u32; 3] {
        let codes = &codes[..16];
        std::array::from_fn(|bit| codes.iter().rev().fold(0, |bits, &c| bits << 1 | u32::from(c >> bit & 1)))
    }
    /// Loads the 4x4 values at `from[row·r + c]`.
    fn load_patch(from: &[f32], row: usize) -> Self::Patch;
    /// For each lane's byte, the position in a 4x4 patch of the pixel of the 2x2 window that bits 0 and 1 point to.
    fn window(codes: &[u8]) -> Self::Index;
    /// `patch[index + offset]`, lane by lane.
    fn pick(patch: Self::Patch, index: Self::Index, offset: u32) -> Self;
    /// `1/√self` by an integer first guess and three Newton steps: within 2 ulp for normal positive values, with the same bits
    /// on every instruction set (the hardware's own estimates differ between them). 0 gives a large finite value.
    fn rsqrt(self) -> Self;
    /// `1/self` in the same way, for normal positive values.
    fn recip(self) -> Self;

    /// `to[c·to_row + r] = from[r·from_row + c]` for `r` and `c` below 16.
    fn transpose16(from: &[f32], from_row: usize, to: &mut [f32], to_row: usize);
}

/// Added to an integer from -127 to 128, it leaves the exponent of that power of two in the lowest bits: 1.5 · 2^23 + 127.
const EXPONENT: f32 = 12_583_039.0;

/// Three steps of `g ← g·(1.5 − ½x·g²)`; `minus_half` is `−½x`.
#[inline(always)]
fn newton_rsqrt<V: Simd>(minus_half: V, mut guess: V) -> V {
    for _ in 0..3 {
        guess = guess.mul(V::splat(1.5).fma(minus_half.mul(guess), guess));
    }
    guess
}

/// Three steps of `g ← g + g·(1 − x·g)`.
#[inline(always)]
fn newton_recip<V: Simd>(x: V, mut guess: V) -> V {
    let minus = V::zero().sub(x);
    for _ in 0..3 {
        let rest = V::splat(1.0).fma(minus, guess);
        guess = guess.fma(guess, rest);
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Probe<'a> {
        a: &'a [f32; 16],
        b: &'a [f32; 16],
        whole: &'a [f32; 16],
        out: &'a mut Vec<u32>,
        codes: &'a mut Vec<u8>,
    }

    impl Task for Probe<'_> {
        #[inline(always)]
        fn run<V: Simd>(self) {
            let mut got: Vec<[f32; 16]> = vec![[0.0; 16]; 13];
            stream::<V>(self.a);
            let mut codes = [0u8; 16];
            for o in (0..16).step_by(V::LANES) {
                let (a, b) = (V::load(&self.a[o..]), V::load(&self.b[o..]));
                let mut put = |i: usize, v: V| v.store(&mut got[i][o..]);
                put(0, a.add(b));
                put(1, a.sub(b));
                put(2, a.mul(b));
                put(3, a.sub(b).mul(b));
                put(4, V::max(V::zero(), a));
                put(5, V::min(V::splat(6.0), a));
                put(6, V::splat(0.5).fma(a, b));
                put(7, V::select(a.gt(b), a, b));
                put(8, V::select(a.is_nan(), a, b));
                put(9, b.mul(b).rsqrt());
                put(10, b.mul(b).recip());
                put(11, a.div(b));
                put(12, V::load(&self.whole[o..]).pow2());
                let m = a.gt(b);
                V::store_codes(m, V::and(m, a.gt(V::zero())), b.gt(a), &mut codes[o..]);
            }
            self.out.extend(got.iter().flatten().map(|v| v.to_bits()));
            self.codes.extend(codes);
        }
    }

    #[test]
    fn every_isa_computes_the_same_bits() {
        let a: [f32; 16] = std::array::from_fn(|i| (i as f32 - 7.3) * 1.37);
        let b: [f32; 16] = std::array::from_fn(|i| ((i * 7) % 16) as f32 * 0.81 - 5.9);
        let whole: [f32; 16] = std::array::from_fn(|i| [-126.0, -3.0, 0.0, 1.0, 23.0, 127.0][i % 6]);
        let mut runs = Vec::new();
        for isa in Isa::available() {
            let (mut out, mut codes) = (Vec::new(), Vec::new());
            isa.dispatch(Probe { a: &a, b: &b, whole: &whole, out: &mut out, codes: &mut codes });
            for i in 0..16 {
                let f = |k: usize| f32::from_bits(out[k * 16 + i]);
                assert_eq!(f(0), a[i] + b[i], "{isa:?}");
                assert_eq!(f(4), a[i].max(0.0));
                assert_eq!(f(5), a[i].min(6.0));
                assert!((f(6) - (0.5 + a[i] * b[i])).abs() < 1e-5);
                assert_eq!(f(7), a[i].max(b[i]));
                assert_eq!((f(11), f(12)), (a[i] / b[i], whole[i].exp2()));
                let ulp = f32::EPSILON / 2.0;
                assert!((f(9) * b[i].abs() - 1.0).abs() < 6.0 * ulp, "rsqrt {}", f(9) * b[i].abs() - 1.0);
                assert!((f(10) * b[i] * b[i] - 1.0).abs() < 6.0 * ulp);
                let gt = a[i] > b[i];
                let want = gt as u8 + 2 * (gt && a[i] > 0.0) as u8 + 4 * (b[i] > a[i]) as u8;
                assert_eq!(codes[i], want);
            }
            runs.push((isa, out));
        }
        if cfg!(target_arch = "x86_64") {
            // The portable path has no fused multiply-add on plain x86-64, so only the exact operations agree.
            for (isa, out) in &runs {
                assert_eq!(out[..16 * 6], runs[0].1[..16 * 6], "{isa:?}");
            }
            let fused: Vec<_> = runs.iter().filter(|r| r.0 != Isa::PORTABLE).collect();
            assert!(fused.windows(2).all(|w| w[0].1 == w[1].1));
        }
    }

    /// The vector is stored at every alignment, and no neighboring value is touched.
    #[inline(always)]
    fn stream<V: Simd>(values: &[f32; 16]) {
        for at in 0..33 {
            let mut to = vec![-1.0; 64];
            V::load(values).stream(&mut to[at..]);
            V::settle();
            let mut want = vec![-1.0; 64];
            want[at..at + V::LANES].copy_from_slice(&values[..V::LANES]);
            assert_eq!(to, want);
        }
    }

    #[test]
    fn transpose_and_nan() {
        struct Probe;
        impl Task for Probe {
            #[inline(always)]
            fn run<V: Simd>(self) {
                let from: Vec<f32> = (0..16 * 19).map(|i| i as f32).collect();
                let mut to = vec![-1.0; 16 * 21];
                V::transpose16(&from, 19, &mut to, 21);
                for (i, &got) in to.iter().enumerate() {
                    let (c, r) = (i / 21, i % 21);
                    assert_eq!(got, if r < 16 { (r * 19 + c) as f32 } else { -1.0 }, "row {c}, column {r}");
                }
                let mut mixed = [1.0, f32::NAN, f32::INFINITY, 0.0, -f32::NAN, 2.0, -3.0, 4.0].repeat(2);
                let v = V::load(&mixed);
                V::select(v.is_nan(), V::splat(1.0), V::zero()).store(&mut mixed);
                assert_eq!(mixed[..8], [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
            }
        }
        Isa::available().into_iter().for_each(|isa| isa.dispatch(Probe));
    }

    #[test]
    fn comparisons_say_what_they_do_with_a_nan() {
        struct Probe;
        impl Task for Probe {
            #[inline(always)]
            fn run<V: Simd>(self) {
                let nan = f32::NAN;
                let a = [1.0, 2.0, 2.0, nan, 1.0, nan, -nan, f32::INFINITY].repeat(2);
                let b = [2.0, 1.0, 2.0, 1.0, nan, nan, 3.0, f32::NEG_INFINITY].repeat(2);
                let (va, vb) = (V::load(&a), V::load(&b));
                let lanes = |mask| {
                    let mut out = [-1.0; 16];
                    V::select(mask, V::splat(1.0), V::zero()).store(&mut out);
                    out.iter().take(8).map(|&v| v as u8).collect::<Vec<_>>()
                };
                assert_eq!(lanes(va.gt(vb)), [0, 1, 0, 0, 0, 0, 0, 1]);
                assert_eq!(lanes(va.not_le(vb)), [0, 1, 0, 1, 1, 1, 1, 1]);
                assert_eq!(lanes(va.unordered(vb)), [0, 0, 0, 1, 1, 1, 1, 0]);
                assert_eq!(lanes(va.is_nan()), [0, 0, 0, 1, 0, 1, 1, 0]);
                assert_eq!(lanes(V::or(va.gt(vb), vb.gt(va))), [1, 1, 0, 0, 0, 0, 0, 1]);
                let none = V::and(va.gt(vb), vb.gt(va));
                assert!(V::any(va.gt(vb)) && !V::any(none) && V::any(V::not(none)));
                assert_eq!(lanes(V::mask(0b1010_0110_0000_0101))[..4], [1, 0, 1, 0]);
                let mut one = [0.0; 16];
                one[V::LANES - 1] = 1.0;
                assert!(V::any(V::load(&one).gt(V::zero())), "the last lane alone");
            }
        }
        Isa::available().into_iter().for_each(|isa| isa.dispatch(Probe));
    }

    #[test]
    fn max_keeps_a_nan_on_the_right() {
        struct Nan;
        impl Task for Nan {
            #[inline(always)]
            fn run<V: Simd>(self) {
                let mut out = [0.0; 16];
                V::max(V::zero(), V::splat(f32::NAN)).store(&mut out);
                assert!(out[..V::LANES].iter().all(|v| v.is_nan()));
            }
        }
        Isa::available().into_iter().for_each(|isa| isa.dispatch(Nan));
    }
}
