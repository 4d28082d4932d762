//! Gradients of weights and bias: `dW[o, i] = Σ_n X[n, i] · dY[n, o]`, `db[o] = Σ_n dY[n, o]`.
//!
//! **Schedule.** A task is one panel of 64 outputs and some 48 inputs; a tile of it is six inputs times four vectors of
//! outputs, held in registers over all samples of the tile of the batch.
//!
//! **Numerics.** f32; each weight is one chain in the order of the samples, continued from tile to tile of the batch, so that
//! cutting the batch changes no bit.

use super::{LinearPack, PANEL, ROWS, check_plane, for_tile, part, strip_width};
use crate::plane::Value;
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use std::ops::Range;

/// The largest number of inputs in a task.
const INPUTS: usize = 48;

/// Adds to `program` the kernel that computes `dw`, packed like the weights, and `db`, one value per lane, from the layer's
/// input `x` and the gradient of its output `dy`.
///
/// # Panics
/// If `x` or `dy` does not have the number of features of `pack`, without a halo.
pub fn push_backward_weight(
    program: &mut Builder,
    pack: LinearPack,
    x: Value,
    dy: Value,
    dw: Buf,
    db: Option<Buf>,
) {
    check_plane("x", &x.plane, pack.in_features);
    check_plane("dy", &dy.plane, pack.out_features);
    program.push(BackwardWeight { pack, x, dy, dw, db });
}

#[derive(Debug)]
struct BackwardWeight {
    pack: LinearPack,
    x: Value,
    dy: Value,
    dw: Buf,
    db: Option<Buf>,
}

impl BackwardWeight {
    fn groups(&self) -> usize {
        self.pack.in_features.div_ceil(INPUTS)
    }
}

// SAFETY: a task writes the weights of its panel and inputs; the first group of a panel also its part of the bias.
unsafe impl Kernel for BackwardWeight {
    fn name(&self) -> &'static str {
        "linear backward weight"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.x.buf, self.dy.buf, self.dw].into_iter().chain(self.db).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        [self.dw].into_iter().chain(self.db).collect()
    }
    fn tasks(&self, _: usize) -> usize {
        self.pack.panels() * self.groups()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (panel, group) = (task / self.groups(), task % self.groups());
        let inputs = part(&(0..self.pack.in_features), self.groups(), group);
        let (start, width) = (self.pack.panel_start(panel), self.pack.panel_width(panel));
        let lanes = panel * PANEL..panel * PANEL + width;
        // SAFETY: see the impl; `x` and `dy` are not written here.
        let (x, dy, dw, db) = unsafe {
            let dw = cx.write(self.dw, start + inputs.start * width..start + inputs.end * width);
            let db = self.db.filter(|_| group == 0).map(|db| cx.write(db, lanes));
            (cx.read_all(self.x.buf), cx.read_all(self.dy.buf), dw, db)
        };
        cx.isa().dispatch(Part {
            x: &x[inputs.start..],
            dy: &dy[panel * PANEL..],
            samples: cx.n(),
            x_len: self.x.plane.sample_len(),
            dy_len: self.dy.plane.sample_len(),
            inputs: 0..inputs.len(),
            width,
            fresh: cx.starts_sums(),
            dw,
            db,
        });
    }
}

/// One task; `x`, `dy` and `dw` begin at its first input and output.
struct Part<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    samples: usize,
    x_len: usize,
    dy_len: usize,
    inputs: Range<usize>,
    width: usize,
    fresh: bool,
    dw: &'a mut [f32],
    db: Option<&'a mut [f32]>,
}

impl Task for Part<'_> {
    #[inline(always)]
    fn run<V: Simd>(mut self) {
        let strip = strip_width(V::LANES, self.width);
        let tiles = self.inputs.len().div_ceil(ROWS);
        for tile in 0..tiles {
            let rows = part(&self.inputs, tiles, tile);
            for at in (0..self.width).step_by(strip) {
                for_tile!(V, rows.len(), strip / V::LANES, self.tile(rows.start, at));
            }
        }
        if let Some(db) = self.db.take() {
            for (v, db) in db.chunks_exact_mut(V::LANES).enumerate() {
                let mut sum = if self.fresh { V::zero() } else { V::load(db) };
                for n in 0..self.samples {
                    sum = sum.add(V::load(&self.dy[n * self.dy_len + v * V::LANES..]));
                }
                sum.store(db);
            }
        }
    }
}

impl Part<'_> {
    /// `P` inputs starting at `i`, `NV` vectors of outputs starting at `at`.
    #[inline(always)]
    fn tile<V: Simd, const P: usize, const NV: usize>(&mut self, i: usize, at: usize) {
        let width = if V::LANES == 16 { NV * V::LANES } else { self.width };
        let mut acc = [[V::zero(); NV]; P];
        let dw = &mut self.dw[i * width + at..];
        if !self.fresh {
            unrolled!(p < P => unrolled!(v < NV => acc[p][v] = V::load(&dw[p * width + v * V::LANES..])));
        }
        let (x, dy) = (&self.x[i..], &self.dy[at..]);
        for n in 0..self.samples {
            let x = &x[n * self.x_len..][..P];
            let row = &dy[n * self.dy_len..][..NV * V::LANES];
            let mut dy = [V::zero(); NV];
            unrolled!(v < NV => dy[v] = V::load(&row[v * V::LANES..]));
            unrolled!(p < P => {
                let value = V::splat(x[p]);
                unrolled!(v < NV => acc[p][v] = acc[p][v].fma(value, dy[v]));
            });
        }
        unrolled!(p < P => unrolled!(v < NV => acc[p][v].store(&mut dw[p * width + v * V::LANES..])));
    }
}
