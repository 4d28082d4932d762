//! Inverted dropout: `y = x · keep / (1 − p)`, `keep` 1 with probability `1 − p`; backward the same on the gradient.
//!
//! **Randomness.** No mask is stored. Element `i` of a sample is kept when word `i mod 4` of Philox4x32-10 is at least
//! `p · 2³²`, with the key `seed` and the counter (`i / 4`, index of the sample in its batch, `update`, `salt`); the high
//! halves of `update` and `salt` are mixed into the last word. `i` counts blocks of channels, rows, columns and the 16
//! lanes of a block, without halo. So the mask is a function of the step alone: not of threads, tiles of the batch,
//! halos or instruction set, and a run that is resumed draws it again. Layers of one network need different salts.

use super::philox::philox;
use crate::BLOCK;
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// `y = x · keep / (1 − p)`, with `p` in `[0, 1]`; for `p = 1` all zero.
#[derive(Debug)]
pub struct Dropout {
    /// Input.
    pub x: Value,
    /// Output, in another buffer.
    pub y: Value,
    /// Probability that a value is dropped.
    pub p: f32,
    /// Tells this dropout from the network's others.
    pub salt: u64,
}

/// `dx = dy · keep / (1 − p)`, `keep` as the forward pass of the same step, `p` and `salt` drew it.
#[derive(Debug)]
pub struct DropoutBackward {
    /// Gradient of the output.
    pub dy: Value,
    /// Gradient of the input, in another buffer.
    pub dx: Value,
    /// As in the forward pass.
    pub p: f32,
    /// As in the forward pass.
    pub salt: u64,
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("dropout", &self.x, &self.y);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        drop_out(cx, task, self.x, self.y, self.p, self.salt);
    }
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for DropoutBackward {
    fn name(&self) -> &'static str {
        "dropout backward"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.dy.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("dropout backward", &self.dy, &self.dx);
        cut::block_tasks(&self.dx.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        drop_out(cx, task, self.dy, self.dx, self.p, self.salt);
    }
}

fn drop_out(cx: &Cx<'_>, task: usize, x: Value, y: Value, p: f32, salt: u64) {
    assert!((0.0..=1.0).contains(&p), "dropout: the probability must be in [0, 1], got {p}");
    cut::check_blocked("dropout", &y);
    cx.isa().dispatch(Blocks { cx, task, x, y, p, salt });
}

/// Whether [`Dropout`] keeps an element: the same draw, one at a time. `element` counts blocks of 16 channels, rows,
/// columns and lanes, as the module says.
pub fn dropout_keeps(seed: u64, update: u64, sample: usize, salt: u64, element: usize, p: f32) -> bool {
    let [sample, update, last] = words(update, sample, salt);
    let counter = [(element / 4) as u32, sample, update, last];
    let random = philox(counter.map(|word| [word; 4]), key(seed));
    u64::from(random[element % 4][0]) >= dropped_below(p)
}

/// Words of the counter past the element's.
fn words(update: u64, sample: usize, salt: u64) -> [u32; 3] {
    let high = ((update >> 32) as u32).rotate_left(16);
    [sample as u32, update as u32, salt as u32 ^ (salt >> 32) as u32 ^ high]
}

fn key(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

/// At most 2³²; with `p = 1` no word reaches it.
fn dropped_below(p: f32) -> u64 {
    (f64::from(p) * 4_294_967_296.0) as u64
}

struct Blocks<'a> {
    cx: &'a Cx<'a>,
    task: usize,
    x: Value,
    y: Value,
    p: f32,
    salt: u64,
}

impl Task for Blocks<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { cx, task, x, y, p, salt } = self;
        let (step, plane) = (cx.step(), y.plane);
        let scale = if p == 1.0 { 0.0 } else { 1.0 / (1.0 - p) };
        let (dropped_below, key) = (dropped_below(p), key(step.seed));
        for (n, b) in cut::blocks(&plane, cx.n(), task) {
            let [sample, update, last] = words(step.update, cx.first_sample() + n, salt);
            // SAFETY: the blocks of `y` belong to one task each; `x` is another buffer, which nobody writes.
            let (from, to) = unsafe { (cx.read(x.buf, x.block(n, b)), cx.write(y.buf, y.block(n, b))) };
            plane.clear_halo(to);
            let mut pixel = b * plane.height * plane.width;
            for line in 0..plane.height {
                let from = from[x.plane.row(line)].chunks_exact(BLOCK);
                for (x, y) in from.zip(to[plane.row(line)].chunks_exact_mut(BLOCK)) {
                    let first = (pixel * BLOCK / 4) as u32;
                    let element = [first, first + 1, first + 2, first + 3];
                    let random = philox([element, [sample; 4], [update; 4], [last; 4]], key);
                    for i in 0..BLOCK {
                        let keep = u64::from(random[i % 4][i / 4]) >= dropped_below;
                        y[i] = x[i] * if keep { scale } else { 0.0 };
                    }
                    pixel += 1;
                }
            }
        }
    }
}
