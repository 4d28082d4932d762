//! Dropout of whole channels: `y[n, c] = x[n, c] · keep[n, c] / (1 − p)`, `keep` 1 with probability `1 − p`. Its backward pass
//! is itself, on the gradients: `dx = dy · keep / (1 − p)`.
//!
//! **Randomness.** That of [`super::Dropout`], whose element `c` decides for channel `c`: see [`super::dropout_keeps`].

use super::dropout::dropout_keeps;
use crate::BLOCK;
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// `y = x · keep / (1 − p)`, with `p` in `[0, 1]`; for `p = 1` all zero. On gradients the backward pass, with the same `p`
/// and `salt`.
#[derive(Debug)]
pub struct Dropout2d {
    /// Input, or gradient of the output.
    pub x: Value,
    /// Output, or gradient of the input, in another buffer.
    pub y: Value,
    /// Probability that a channel is dropped.
    pub p: f32,
    /// Tells this dropout from the network's others.
    pub salt: u64,
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Dropout2d {
    fn name(&self) -> &'static str {
        "dropout of channels"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        assert!((0.0..=1.0).contains(&self.p), "dropout: the probability must be in [0, 1], got {}", self.p);
        cut::check_same("dropout of channels", &self.x, &self.y);
        cut::check_blocked("dropout of channels", &self.y);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (step, scale) = (cx.step(), if self.p == 1.0 { 0.0 } else { 1.0 / (1.0 - self.p) });
        for (n, b) in cut::blocks(&self.y.plane, cx.n(), task) {
            let sample = cx.first_sample() + n;
            let factors = std::array::from_fn(|lane| {
                let keep = dropout_keeps(step.seed, step.update, sample, self.salt, b * BLOCK + lane, self.p);
                if keep { scale } else { 0.0 }
            });
            // SAFETY: see the impl; x is not written here.
            let (x, y) = unsafe {
                (cx.read(self.x.buf, self.x.block(n, b)), cx.write(self.y.buf, self.y.block(n, b)))
            };
            cx.isa().dispatch(Block { x, x_plane: self.x.plane, y, plane: self.y.plane, factors });
        }
    }
}

struct Block<'a> {
    x: &'a [f32],
    x_plane: Plane,
    y: &'a mut [f32],
    plane: Plane,
    factors: [f32; BLOCK],
}

impl Task for Block<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        self.plane.clear_halo(self.y);
        for first in (0..BLOCK).step_by(V::LANES) {
            let factor = V::load(&self.factors[first..]);
            for line in 0..self.plane.height {
                let x = self.x[self.x_plane.row(line)].chunks_exact(BLOCK);
                for (x, y) in x.zip(self.y[self.plane.row(line)].chunks_exact_mut(BLOCK)) {
                    V::load(&x[first..]).mul(factor).store(&mut y[first..]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
                    t.program.push(Dropout2d { x, y, p, salt });
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
