//! Measures the peak f32 arithmetic of this machine and its memory bandwidth, to which all speeds are compared.

use crate::BLOCK;
use crate::arena::Arena;
use crate::pool::Pool;
use crate::simd::{Isa, Simd, Task};
use std::hint::black_box;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Number of independent chains: enough to hide the latency of two pipes, few enough for 16 registers.
const CHAINS: usize = 12;
/// Multiply-adds of one chain in one measurement: some 10 ms.
const LENGTH: usize = 2_000_000;
/// Number of measurements, of which the best counts.
const ROUNDS: usize = 5;

/// Returns the value and the number of lanes that had it.
struct Chains<'a>(&'a mut (f32, usize));

impl Task for Chains<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        // The compiler must not know the start values: it would remove a chain that starts at its fixed point.
        let mut acc: [V; CHAINS] = std::array::from_fn(|i| V::splat(black_box(i as f32)));
        // A fixed point of x ← 1 + 0.5·x keeps the values normal forever.
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

/// Measures the machine's f32 peak in GFLOP/s with the threads of `pool` and this instruction set: fused multiply-adds from
/// registers, counted as two operations per lane, the best of five measurements.
pub fn peak_gflops(pool: &Pool, isa: Isa) -> f64 {
    let measure = || {
        let mut sinks = vec![(0.0, 0); pool.threads()];
        let start = Instant::now();
        on_each_thread(pool, &mut sinks, |sink| isa.dispatch(Chains(sink)));
        let seconds = start.elapsed().as_secs_f64();
        let lanes: usize = black_box(sinks).iter().map(|(_, lanes)| lanes).sum();
        (2 * lanes * CHAINS * LENGTH) as f64 / seconds / 1e9
    };
    (0..ROUNDS).map(|_| measure()).fold(0.0, f64::max)
}

/// Every thread works on what is its own, so that each measurement finds it in the caches of the same core.
fn on_each_thread<T: Send>(pool: &Pool, own: &mut [T], work: impl Fn(&mut T) + Sync) {
    let slots: Vec<_> = own.iter_mut().map(Mutex::new).collect();
    pool.run(|thread| work(&mut slots[thread].lock().unwrap_or_else(PoisonError::into_inner)));
}

/// Bytes that one measurement of bandwidth moves, at least.
const MOVED: usize = 64 << 20;

/// Adds `x` to `y`, again and again.
struct Stream<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    times: usize,
}

impl Task for Stream<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        for _ in 0..self.times {
            for (y, x) in self.y.chunks_exact_mut(BLOCK).zip(self.x.chunks_exact(BLOCK)) {
                for lane in (0..BLOCK).step_by(V::LANES) {
                    V::load(&y[lane..]).add(V::load(&x[lane..])).store(&mut y[lane..]);
                }
            }
        }
    }
}

/// Measures the bandwidth in GB/s with which the threads of `pool` move values when they pass over the same `bytes` again and
/// again: `y ← y + x`, two values read and one written, the best of five measurements, in arenas like those of a program.
/// `None` if there is not enough memory.
pub fn bandwidth_gb_per_s(pool: &Pool, isa: Isa, bytes: usize) -> Option<f64> {
    let threads = pool.threads();
    let len = (bytes / 8 / threads).next_multiple_of(BLOCK);
    let pair = |_| Some((Arena::zeroed(len)?, Arena::zeroed(len)?));
    let mut arrays = (0..threads).map(pair).collect::<Option<Vec<_>>>()?;
    let moved = 12 * len * threads;
    let times = MOVED.div_ceil(moved);
    let mut measure = || {
        let start = Instant::now();
        on_each_thread(pool, &mut arrays, |(x, y)| {
            isa.dispatch(Stream { x: x.as_slice(), y: y.as_mut_slice(), times });
        });
        (moved * times) as f64 / start.elapsed().as_secs_f64() / 1e9
    };
    Some((0..ROUNDS).map(|_| measure()).fold(0.0, f64::max))
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

    #[test]
    fn the_stream_moves_every_value_so_many_times() {
        for isa in Isa::available() {
            let (x, mut y) = (vec![0.5; 3 * BLOCK], vec![1.0; 3 * BLOCK]);
            isa.dispatch(Stream { x: &x, y: &mut y, times: 4 });
            assert_eq!(y, [3.0; 3 * BLOCK]);
        }
    }
}
