//! Sums of vectors in four chains: `Σ_i v_i`, with `v_i` added to chain `i mod 4`. In a single chain, each addition would wait
//! for the one before.
//!
//! **Numerics.** Each chain is summed in order, starting from zero; the four are added in pairs.

use crate::BLOCK;
use crate::plane::Plane;
use crate::simd::Simd;

const CHAINS: usize = 4;

/// A partial sum.
#[derive(Clone, Copy)]
pub(crate) struct Chains<V>([V; CHAINS]);

impl<V: Simd> Chains<V> {
    #[inline(always)]
    pub(crate) fn zero() -> Self {
        Self([V::zero(); CHAINS])
    }

    /// Adds `value`, the `i`-th term.
    #[inline(always)]
    pub(crate) fn add(&mut self, i: usize, value: V) {
        self.0[i % CHAINS] = self.0[i % CHAINS].add(value);
    }

    /// Adds `a·b`, rounded only once if the target supports it.
    #[inline(always)]
    pub(crate) fn fma(&mut self, i: usize, a: V, b: V) {
        self.0[i % CHAINS] = self.0[i % CHAINS].fma(a, b);
    }

    #[inline(always)]
    pub(crate) fn total(self) -> V {
        let [a, b, c, d] = self.0;
        a.add(b).add(c.add(d))
    }
}

/// The largest number of vectors in a block. Sums of a block are computed for each of its vectors, row by row, so that a row is
/// loaded into the cache once.
pub(crate) const VECTORS: usize = 2;

/// `Σ_(h, w) x[c, h, w]` of each vector of channels of a block with the layout `plane`; each row begins with the first chain.
#[inline(always)]
pub(crate) fn pixel_sums<V: Simd>(x: &[f32], plane: &Plane) -> [V; VECTORS] {
    let mut sums = [Chains::<V>::zero(); VECTORS];
    for line in 0..plane.height {
        let row = &x[plane.row(line)];
        for (sum, first) in sums.iter_mut().zip((0..BLOCK).step_by(V::LANES)) {
            let mut of_row = *sum;
            for (i, px) in row.chunks_exact(BLOCK).enumerate() {
                of_row.add(i, V::load(&px[first..]));
            }
            *sum = of_row;
        }
    }
    [sums[0].total(), sums[1].total()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Task};

    struct Pixels<'a>(&'a [f32], Plane, &'a mut [f32; BLOCK]);

    impl Task for Pixels<'_> {
        #[inline(always)]
        fn run<V: Simd>(self) {
            let sums = pixel_sums::<V>(self.0, &self.1);
            for (sum, first) in sums.into_iter().zip((0..BLOCK).step_by(V::LANES)) {
                sum.store(&mut self.2[first..]);
            }
        }
    }

    /// Values of such different magnitudes that every order of additions gives other bits.
    #[test]
    fn a_sum_has_one_order() {
        let plane = Plane::blocked(16, [2, 7], [1, 1]);
        let mut x = vec![f32::NAN; plane.sample_len()];
        let mut chains = [[0.0_f32; 4]; BLOCK];
        for line in 0..2 {
            for (i, px) in x[plane.row(line)].chunks_exact_mut(BLOCK).enumerate() {
                for (lane, px) in px.iter_mut().enumerate() {
                    *px = (((line * 7 + i) * 37 + lane * 11) % 101) as f32 * f32::powi(3.7, i as i32 - 3);
                    chains[lane][i % 4] += *px;
                }
            }
        }
        let want = chains.map(|[a, b, c, d]| (a + b) + (c + d));
        for isa in Isa::available() {
            let mut got = [0.0; BLOCK];
            isa.dispatch(Pixels(&x, plane, &mut got));
            assert_eq!(got, want, "{isa:?}");
        }
    }
}
