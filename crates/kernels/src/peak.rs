//! The most f32 arithmetic that this machine does, measured: what every speed here is a share of.

use crate::pool::Pool;
use crate::simd::{Isa, Simd, Task};
use std::time::Instant;

/// Independent chains: enough to hide the latency of two pipes, few enough for 16 registers.
const CHAINS: usize = 12;
/// Multiply-adds of one chain in one measurement: some 10 ms.
const LENGTH: usize = 2_000_000;

/// Leaves the value and the number of lanes that had it.
struct Chains<'a>(&'a mut (f32, usize));

impl Task for Chains<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let mut acc: [V; CHAINS] = std::array::from_fn(|i| V::splat(i as f32));
        // A fixed point of x ← 1 + 0.5·x keeps the values normal for ever.
        let (half, one) = (V::splat(0.5), V::splat(1.0));
        for _ in 0..LENGTH {
            for a in &mut acc {
                *a = one.fma(*a, half);
            }
        }
        let sum = acc.iter().fold(V::zero(), |sum, &a| sum.add(a));
        let mut out = [0.0; 16];
        sum.store(&mut out);
        *self.0 = (out[0], V::LANES);
    }
}

/// The machine's f32 peak in GFLOP/s with `threads` threads and this instruction set: fused multiply-adds from
/// registers, counted as two operations a lane, the best of five measurements.
pub fn peak_gflops(threads: usize, isa: Isa) -> f64 {
    let pool = Pool::new(threads);
    let measure = || {
        let mut sinks = vec![(0.0, 0); threads];
        let start = Instant::now();
        pool.for_each_chunk(&mut sinks, 1, |_, sink| isa.dispatch(Chains(&mut sink[0])));
        let seconds = start.elapsed().as_secs_f64();
        let lanes: usize = std::hint::black_box(sinks).iter().map(|(_, lanes)| lanes).sum();
        (2 * lanes * CHAINS * LENGTH) as f64 / seconds / 1e9
    };
    (0..5).map(|_| measure()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chains_compute_what_they_claim() {
        for isa in Isa::available() {
            let mut sink = (0.0, 0);
            isa.dispatch(Chains(&mut sink));
            assert_eq!(sink.0, 2.0 * CHAINS as f32, "each chain ends at its fixed point 2");
        }
    }
}
