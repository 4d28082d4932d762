//! The forward pass: `Y[n, o] = act(bias[o] + Σ_i X[n, i] · W[o, i])`.
//!
//! **Schedule.** A task is one panel of 64 outputs and at most 24 samples. Inputs are processed in blocks of 128, whose weights
//! (32 KiB) stay in the first-level cache while tiles of six samples pass over them; between blocks the accumulators are kept
//! in `Y`. Each step of a tile loads four weight vectors and broadcasts six inputs for 24 FMAs. Samples are divided evenly: 64
//! make groups of 21, 21 and 22, not 24, 24 and 16. A single sample is handled separately ([`single`](super::single)). Tried
//! and rejected: software prefetch of the next block of weights (a fifth slower), and groups of 32 (no faster).
//!
//! **Numerics.** f32; each output is one chain of fused multiply-adds in the order of the inputs, starting from the bias.
//! Neither tile, block, batch nor lanes change a bit. An input that is not finite makes the empty lanes NaN too.

use super::single::{self, Single};
use super::{LinearPack, ROWS, check_plane, for_tile, part, product, strip_width};
use crate::activation::Activation;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use std::ops::Range;

/// The largest number of samples in a task.
pub(super) const GROUP: usize = 24;
/// Number of inputs in a block.
const INPUTS: usize = 128;

/// A fully connected layer, or the gradient of one with respect to its input.
#[derive(Debug)]
pub struct Linear {
    pub(super) name: &'static str,
    pub(super) pack: LinearPack,
    pub(super) x: Value,
    pub(super) w: Buf,
    pub(super) bias: Option<Buf>,
    pub(super) y: Value,
    pub(super) act: Activation,
    pub(super) is_bf16: bool,
}

impl Linear {
    /// Creates a layer. `w` holds weights packed as `pack`, `bias` one value per lane of `y`; past the last output both are
    /// zero.
    ///
    /// # Panics
    /// If `x` or `y` does not have the number of features of `pack`, without a halo.
    pub fn new(pack: LinearPack, x: Value, w: Buf, bias: Option<Buf>, y: Value, act: Activation) -> Self {
        check_plane("x", &x.plane, pack.in_features);
        check_plane("y", &y.plane, pack.out_features);
        Self { name: "linear", pack, x, w, bias, y, act, is_bf16: false }
    }
}

impl Linear {
    fn run_single(&self, cx: &Cx<'_>, task: usize) {
        let first = task * single::PANELS;
        let panels = first..(first + single::PANELS).min(self.pack.panels());
        // SAFETY: inputs are not written by this kernel.
        let (x, w, bias) = unsafe {
            let bias = self.bias.map(|bias| cx.read(bias, 0..self.pack.lanes()));
            (cx.read_all(self.x.buf), cx.read(self.w, 0..self.pack.weight_len()), bias)
        };
        let (pack, act, y) = (self.pack, self.act, cx.out(self.y.buf));
        if self.is_bf16 {
            cx.isa().dispatch_bf16(Single::<true> { pack, act, panels, x, w, bias, y });
        } else {
            cx.isa().dispatch(Single::<false> { pack, act, panels, x, w, bias, y });
        }
    }
}

// SAFETY: a task writes the outputs of its panel, or panels, for its samples.
unsafe impl Kernel for Linear {
    fn name(&self) -> &'static str {
        self.name
    }
    fn reads(&self) -> Vec<Buf> {
        [self.x.buf, self.w].into_iter().chain(self.bias).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        if n == 1 {
            return self.pack.panels().div_ceil(single::PANELS);
        }
        self.pack.panels() * n.div_ceil(GROUP)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        if cx.n() == 1 {
            return self.run_single(cx, task);
        }
        let groups = cx.n().div_ceil(GROUP);
        let (panel, group) = (task / groups, task % groups);
        // SAFETY: inputs are not written by this kernel.
        let (x, w, bias) = unsafe {
            let bias = self.bias.map(|bias| cx.read(bias, 0..self.pack.lanes()));
            (cx.read_all(self.x.buf), cx.read(self.w, self.pack.panel(panel)), bias)
        };
        let samples = part(&(0..cx.n()), groups, group);
        if self.is_bf16 {
            cx.isa().dispatch_bf16(Part::<true> { linear: self, cx, panel, samples, x, w, bias });
        } else {
            cx.isa().dispatch(Part::<false> { linear: self, cx, panel, samples, x, w, bias });
        }
    }
}

struct Part<'a, const IS_BF16: bool> {
    linear: &'a Linear,
    cx: &'a Cx<'a>,
    panel: usize,
    samples: Range<usize>,
    x: &'a [f32],
    w: &'a [f32],
    bias: Option<&'a [f32]>,
}

impl<const IS_BF16: bool> Task for Part<'_, IS_BF16> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let inputs = self.linear.pack.in_features;
        let width = self.linear.pack.panel_width(self.panel);
        let strip = strip_width(V::LANES, width);
        let tiles = self.samples.len().div_ceil(ROWS);
        for first in (0..inputs).step_by(INPUTS) {
            let block = first..(first + INPUTS).min(inputs);
            for at in (0..width).step_by(strip) {
                for tile in 0..tiles {
                    let rows = part(&self.samples, tiles, tile);
                    for_tile!(V, rows.len(), strip / V::LANES, self.tile(rows.start, &block, at));
                }
            }
        }
    }
}

impl<const IS_BF16: bool> Part<'_, IS_BF16> {
    /// `P` samples starting at `n`, a block of inputs, `NV` vectors of outputs starting at `at` in the panel.
    #[inline(always)]
    fn tile<V: Simd, const P: usize, const NV: usize>(&self, n: usize, block: &Range<usize>, at: usize) {
        let l = self.linear;
        let width = l.pack.panel_width(self.panel);
        let (first_lane, x_len, y_len) =
            (self.panel * super::PANEL + at, l.x.plane.sample_len(), l.y.plane.sample_len());
        // SAFETY: outputs of this task's panel and samples, held for one load or store.
        let row = |p: usize| unsafe {
            let start = (n + p) * y_len + first_lane;
            self.cx.write(l.y.buf, start..start + NV * V::LANES)
        };
        let mut acc = [[V::zero(); NV]; P];
        if block.start > 0 {
            unrolled!(p < P => {
                let row = row(p);
                unrolled!(v < NV => acc[p][v] = V::load(&row[v * V::LANES..]));
            });
        } else if let Some(bias) = self.bias {
            let bias = &bias[first_lane..];
            unrolled!(p < P => unrolled!(v < NV => acc[p][v] = V::load(&bias[v * V::LANES..])));
        }
        let mut x: [&[f32]; P] = [&[]; P];
        unrolled!(p < P => x[p] = &self.x[(n + p) * x_len + block.start..][..block.len()]);
        let acc = sum::<V, P, NV, IS_BF16>(x, &self.w[block.start * width + at..], width, acc);
        let act = if block.end == l.pack.in_features { l.act } else { Activation::None };
        unrolled!(p < P => {
            let row = row(p);
            unrolled!(v < NV => act.join(acc[p][v]).store(&mut row[v * V::LANES..]));
        });
    }
}

/// Number of inputs whose bounds are checked at once.
const STEP: usize = 4;

/// `acc[p][v] + Σ_i x[p][i] · w[i·width + lanes of v]`.
#[inline(always)]
pub(super) fn sum<V: Simd, const P: usize, const NV: usize, const IS_BF16: bool>(
    x: [&[f32]; P],
    w: &[f32],
    width: usize,
    mut acc: [[V; NV]; P],
) -> [[V; NV]; P] {
    // With 16 lanes a tile is as wide as its panel, a number that the compiler knows.
    let width = if V::LANES == 16 { NV * V::LANES } else { width };
    let (mut steps, mut rest): ([&[[f32; STEP]]; P], [&[f32]; P]) = ([&[]; P], [&[]; P]);
    unrolled!(p < P => (steps[p], rest[p]) = x[p].as_chunks());
    macro_rules! add_row {
        ($w:expr, $x:ident[$p:ident]$($at:tt)*) => {{
            let row: &[f32] = $w;
            let mut wr = [V::zero(); NV];
            unrolled!(v < NV => wr[v] = V::load(&row[v * V::LANES..]));
            unrolled!($p < P => {
                let value = V::splat($x[$p]$($at)*);
                unrolled!(v < NV => acc[$p][v] = product::<V, IS_BF16>(acc[$p][v], value, wr[v]));
            });
        }};
    }
    let mut w = w;
    for step in 0..steps[0].len() {
        let rows = &w[..(STEP - 1) * width + NV * V::LANES];
        unrolled!(p < P => assert!(step < steps[p].len()));
        unrolled!(i < STEP => add_row!(&rows[i * width..][..NV * V::LANES], steps[p][step][i]));
        w = w.get(STEP * width..).unwrap_or(&[]);
    }
    for i in 0..rest[0].len() {
        add_row!(&w[i * width..][..NV * V::LANES], rest[p][i]);
    }
    acc
}
