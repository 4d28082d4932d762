//! Inverted dropout: `y = x · keep / (1 − p)`, where `keep` is 1 with probability `1 − p`, drawn once per value, per channel of
//! a sample, or per sample ([`DropoutUnit`]). The backward pass is the same operation on the gradients:
//! `dx = dy · keep / (1 − p)`.
//!
//! **Randomness.** No mask is stored. Element `i` of a sample is kept if word `i mod 4` of Philox4x32-10 is at least `p · 2³²`,
//! with the key `seed` and the counter (`i / 4`, index of the sample in its batch, `update`, `salt`); the high halves of
//! `update` and `salt` are mixed into the last word. For values, `i` counts blocks of channels, rows, columns and the 16 lanes
//! of a block, without halo; for channels it is the channel, and for a sample it is 0. So the mask is a function of the step
//! alone, not of threads, tiles of the batch, halos or instruction set, and a resumed run draws it again. The layers of one
//! network need different salts.

use crate::BLOCK;
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use striate_base::random::philox;

/// Computes `y = x · keep / (1 − p)`, with `p` in `[0, 1]`; all values are zero for `p = 1`. Applied to gradients,
/// it is the backward pass, with the same `p`, `unit` and `salt`. Any halos are supported.
#[derive(Debug)]
pub struct Dropout {
    /// The input, or the gradient of the output.
    pub x: Value,
    /// The output, or the gradient of the input, in another buffer.
    pub y: Value,
    /// The probability that a unit is dropped.
    pub p: f32,
    /// The unit that is dropped as a whole.
    pub unit: DropoutUnit,
    /// A number that distinguishes this dropout from the others of the network.
    pub salt: u64,
}

/// The unit that one draw decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropoutUnit {
    /// Each value is drawn separately.
    Value,
    /// All pixels of a channel are drawn together.
    Channel,
    /// A whole sample is drawn together: in stochastic depth, a sample whose branch is dropped passes through the shortcut
    /// alone.
    Sample,
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Dropout {
    fn name(&self) -> &'static str {
        match self.unit {
            DropoutUnit::Value => "dropout",
            DropoutUnit::Channel => "dropout of channels",
            DropoutUnit::Sample => "stochastic depth",
        }
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        let p = self.p;
        assert!((0.0..=1.0).contains(&p), "{}: the probability must be in [0, 1], got {p}", self.name());
        cut::check_same(self.name(), &self.x, &self.y);
        cut::check_blocked(self.name(), &self.y);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        cx.isa().dispatch(Blocks { cx, task, kernel: self });
    }
}

/// Whether [`Dropout`] keeps an element of a sample, as described in the module documentation.
pub fn dropout_keeps(seed: u64, update: u64, sample: usize, salt: u64, element: usize, p: f32) -> bool {
    Draws::new(seed, update, sample, salt, p).keep(element / BLOCK)[element % BLOCK]
}

/// The draws for one sample.
#[derive(Clone, Copy)]
struct Draws {
    key: [u32; 2],
    /// The words of the counter after the element's.
    words: [u32; 3],
    /// At most 2³²; with `p = 1` no word reaches it.
    dropped_below: u64,
}

impl Draws {
    #[inline(always)]
    fn new(seed: u64, update: u64, sample: usize, salt: u64, p: f32) -> Self {
        let high = ((update >> 32) as u32).rotate_left(16);
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            words: [sample as u32, update as u32, salt as u32 ^ (salt >> 32) as u32 ^ high],
            dropped_below: (f64::from(p) * 4_294_967_296.0) as u64,
        }
    }

    /// Whether each of the 16 elements from `16 · at` on is kept.
    #[inline(always)]
    fn keep(self, at: usize) -> [bool; BLOCK] {
        let first = (at * BLOCK / 4) as u32;
        let element = [first, first + 1, first + 2, first + 3];
        let [sample, update, last] = self.words;
        let random = philox([element, [sample; 4], [update; 4], [last; 4]], self.key);
        let mut keep = [false; BLOCK];
        for i in 0..BLOCK {
            keep[i] = u64::from(random[i % 4][i / 4]) >= self.dropped_below;
        }
        keep
    }

    /// Their factors: `scale` or 0.
    #[inline(always)]
    fn factors(self, at: usize, scale: f32) -> [f32; BLOCK] {
        let keep = self.keep(at);
        let mut factors = [0.0; BLOCK];
        for i in 0..BLOCK {
            factors[i] = if keep[i] { scale } else { 0.0 };
        }
        factors
    }
}

struct Blocks<'a> {
    cx: &'a Cx<'a>,
    task: usize,
    kernel: &'a Dropout,
}

impl Task for Blocks<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { cx, task, kernel: &Dropout { x, y, p, unit, salt } } = self;
        let (step, plane) = (cx.step(), y.plane);
        let scale = if p == 1.0 { 0.0 } else { 1.0 / (1.0 - p) };
        for (n, b) in cut::blocks(&plane, cx.n(), task) {
            let draws = Draws::new(step.seed, step.update, cx.first_sample() + n, salt, p);
            // SAFETY: the blocks of `y` belong to one task each; `x` is another buffer, which no task writes.
            let (from, to) = unsafe { (cx.read(x.buf, x.block(n, b)), cx.write(y.buf, y.block(n, b))) };
            plane.clear_halo(to);
            let mut factors = match unit {
                DropoutUnit::Value => [0.0; BLOCK],
                DropoutUnit::Channel => draws.factors(b, scale),
                DropoutUnit::Sample => [draws.factors(0, scale)[0]; BLOCK],
            };
            let mut pixel = b * plane.height * plane.width;
            for line in 0..plane.height {
                let from = from[x.plane.row(line)].chunks_exact(BLOCK);
                for (x, y) in from.zip(to[plane.row(line)].chunks_exact_mut(BLOCK)) {
                    if unit == DropoutUnit::Value {
                        factors = draws.factors(pixel, scale);
                    }
                    for first in (0..BLOCK).step_by(V::LANES) {
                        V::load(&x[first..]).mul(V::load(&factors[first..])).store(&mut y[first..]);
                    }
                    pixel += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;
    use crate::program::Step;
    use crate::reference;
    use crate::testing::{Setup, assert_same, run_everywhere};
    use striate_testkit::{Sample, assert_close, widen};

    #[test]
    fn whole_channels_go_as_the_draws_say_in_any_tiles() {
        let mut sample = Sample::new(7);
        for (n, channels, size, p) in [
            (5, 1, [1, 1], 0.5),
            (4, 16, [2, 3], 0.3),
            (3, 37, [4, 1], 0.9),
            (2, 17, [3, 3], 1.0),
            (2, 3, [2, 2], 0.0),
        ] {
            let (pixels, salt) = (size[0] * size[1], 0x1234_5678_9abc_def0);
            let x = sample.normal_vec(n * channels * pixels);
            let step = Step { update: 3, seed: 11, ..Setup::new(n).step };
            let keeps =
                |i: usize| dropout_keeps(11, 3, i / pixels / channels, salt, i / pixels % channels, p);
            let mask: Vec<bool> = (0..x.len()).map(keeps).collect();
            let want = reference::dropout(&widen(&x), &mask, p.into());
            let [whole, tiled] = [n, 2].map(|tile| {
                run_everywhere(&Setup { step, tile }, |t| {
                    let x = t.input(Plane::blocked(channels, size, [1, 0]), &x);
                    let y = t.output(Plane::blocked(channels, size, [0, 2]));
                    t.program.push(Dropout { x, y, p, unit: DropoutUnit::Channel, salt });
                })
            });
            for (run, tiled) in whole.iter().zip(&tiled) {
                let what = format!("{n} x {channels} x {size:?}, p {p}, {}", run.what);
                assert_close(&run.outputs[0], &want, 1e-6, 0.0, &what);
                assert_same(run, tiled, &what);
            }
        }
    }

    #[test]
    fn as_many_channels_are_dropped_as_asked() {
        let dropped = (0..40_000).filter(|&c| !dropout_keeps(5, 1, c / 200, 9, c % 200, 0.3)).count() as f64;
        // Five standard deviations.
        assert!((dropped - 12_000.0).abs() < 5.0 * f64::sqrt(40_000.0 * 0.21), "{dropped}");
    }
}
