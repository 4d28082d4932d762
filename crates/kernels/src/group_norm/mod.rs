//! Group normalization of `[N, C, H, W]`: `y = (x − mean) / √(var + eps) · weight[c] + bias[c]`, with mean and variance over
//! the `M = C / groups · H · W` values of a group of channels of one sample. With as many groups as channels it is instance
//! normalization. No sample depends on another, so training and inference are the same.
//!
//! The forward pass computes the *moments* of each channel, which batch norm has as well, then the *statistics* of the groups,
//! then one *affine* pass. The backward pass computes the *sums* of each channel, the *means* of the groups, and the gradient
//! of the input in one pass.
//!
//! **Numerics.** Mean and squared deviations are computed for each channel in two passes and combined over the channels of a
//! group in order in f64 (Chan, Golub, LeVeque 1979), as in [`crate::batch_norm`].

mod backward;
#[cfg(test)]
mod tests;

pub use backward::GroupNormBackward;

use crate::BLOCK;
use crate::activation::Activation;
use crate::batch_norm::affine::Block;
use crate::batch_norm::statistics::{Moments, pair};
use crate::cut::{self, check_blocked, check_same};
use crate::plane::{Plane, Value};
use crate::program::{Buf, Builder, Cx, Kernel};
use std::ops::Range;

/// Used in place of parameters that do not exist.
static ONES: [f32; BLOCK] = [1.0; BLOCK];
static ZEROS: [f32; BLOCK] = [0.0; BLOCK];

/// The forward pass of group normalization.
#[derive(Debug, Clone, Copy)]
pub struct GroupNorm {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// The number of groups of channels, which divides the channels of `x`.
    pub groups: usize,
    /// Scale and shift, one value per lane of `x`, 0 in the lanes past the last channel.
    pub parameters: Option<[Buf; 2]>,
    /// The number that is added to the variance.
    pub eps: f32,
}

impl GroupNorm {
    /// Adds the kernels to `program`, and returns the statistics for the backward pass.
    ///
    /// # Panics
    /// If `x` and `y` differ in shape or are planar, or the groups do not divide the channels.
    pub fn push(self, program: &mut Builder) -> Buf {
        let Self { x, y, groups, parameters, eps } = self;
        check(&x, &y, groups);
        let len = program.tile() * x.plane.blocks() * 2 * BLOCK;
        let (moments, stats) = (program.buffer(len), program.buffer(len));
        program.push(Moments { x, to: moments });
        program.push(Statistics { plane: x.plane, groups, from: moments, to: stats, eps });
        program.push(Affine { x, y, parameters, stats });
        stats
    }
}

#[track_caller]
fn check(x: &Value, y: &Value, groups: usize) {
    check_same("group norm", x, y);
    check_blocked("group norm", x);
    let channels = x.plane.channels;
    assert!(
        groups > 0 && channels.is_multiple_of(groups),
        "group norm: {groups} groups of {channels} channels"
    );
}

/// The pairs of all blocks of a sample: `[block][2][16]`.
fn pairs(plane: &Plane, n: usize) -> Range<usize> {
    pair(plane, n, 0).start..pair(plane, n + 1, 0).start
}

/// The position of channel `c` in the first of the pairs of a sample; the second is one block further.
fn place(c: usize) -> usize {
    c / BLOCK * 2 * BLOCK + c % BLOCK
}

/// Mean and `1 / √(var + eps)` of each channel's group: `[n][block][2][16]`, 0 in the lanes past the last channel.
#[derive(Debug)]
struct Statistics {
    plane: Plane,
    groups: usize,
    from: Buf,
    to: Buf,
    eps: f32,
}

// SAFETY: a task writes the pairs of its samples.
unsafe impl Kernel for Statistics {
    fn name(&self) -> &'static str {
        "group norm statistics"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.from]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::tasks(n, self.plane.blocks() * 2 * BLOCK)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let cells = (self.plane.height * self.plane.width) as f64;
        let per_group = self.plane.channels / self.groups;
        for n in cut::units(cx.n(), self.plane.blocks() * 2 * BLOCK, task) {
            let all = pairs(&self.plane, n);
            // SAFETY: see the impl; the moments are not written here.
            let (from, to) = unsafe { (cx.read(self.from, all.clone()), cx.write(self.to, all)) };
            to.fill(0.0);
            for group in 0..self.groups {
                let channels = group * per_group..(group + 1) * per_group;
                let (mut mean, mut squares) = (0.0_f64, 0.0_f64);
                for (i, c) in channels.clone().enumerate() {
                    // Of the first (i + 1) · cells values, `cells` are new.
                    let share = 1.0 / (i as f64 + 1.0);
                    let delta = f64::from(from[place(c)]) - mean;
                    mean += delta * share;
                    squares += f64::from(from[place(c) + BLOCK]) + delta * delta * (cells * i as f64 * share);
                }
                let var = squares / (cells * per_group as f64);
                let inv_std = 1.0 / (var + f64::from(self.eps)).sqrt();
                for c in channels {
                    (to[place(c)], to[place(c) + BLOCK]) = (mean as f32, inv_std as f32);
                }
            }
        }
    }
}

/// `y = (x − mean) · (inv_std · weight) + bias`.
#[derive(Debug)]
struct Affine {
    x: Value,
    y: Value,
    parameters: Option<[Buf; 2]>,
    stats: Buf,
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Affine {
    fn name(&self) -> &'static str {
        "group norm"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.x.buf, self.stats].into_iter().chain(self.parameters.into_iter().flatten()).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.x.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.x.plane, cx.n(), task) {
            let lanes = b * BLOCK..(b + 1) * BLOCK;
            // SAFETY: see the impl; the others are not written here.
            let (x, y, stats, [weight, bias]) = unsafe {
                (
                    cx.read(self.x.buf, self.x.block(n, b)),
                    cx.write(self.y.buf, self.y.block(n, b)),
                    cx.read(self.stats, pair(&self.x.plane, n, b)),
                    self.parameters
                        .map_or([&ONES[..], &ZEROS], |all| all.map(|buf| cx.read(buf, lanes.clone()))),
                )
            };
            let (mean, inv_std) = stats.split_at(BLOCK);
            let parameters = [weight, bias, mean, inv_std];
            let (x_plane, plane, added, act) = (self.x.plane, self.y.plane, None, Activation::None);
            cx.isa().dispatch(Block { x, x_plane, y, plane, parameters, added, act });
        }
    }
}
