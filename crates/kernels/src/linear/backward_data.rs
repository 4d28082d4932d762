//! The gradient of the input: `dX[n, i] = Σ_o dY[n, o] · W[o, i]`, which is the forward pass with the transposed weights.

use super::{Linear, LinearPack, PANEL, check_plane};
use crate::BLOCK;
use crate::activation::Activation;
use crate::plane::Value;
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};
use std::ops::Range;

/// Adds to `program` the kernels that compute `dx` from the gradient of the output, `dy`, and the weights `w` of the forward
/// pass, packed as `pack`: the weights are transposed once per batch, and then the tiles of the forward pass run on them.
///
/// # Panics
/// If `dy` or `dx` does not have the number of features of `pack`, without a halo.
pub fn push_backward_data(program: &mut Builder, pack: LinearPack, dy: Value, w: Buf, dx: Value) {
    check_plane("dy", &dy.plane, pack.out_features);
    check_plane("dx", &dx.plane, pack.in_features);
    let back = pack.transposed();
    // Kept: later tiles of a batch use what the first one transposed.
    let wt = program.kept(back.weight_len());
    program.push(Transpose { pack, w, wt });
    program.push(Linear {
        name: "linear backward data",
        pack: back,
        x: dy,
        w: wt,
        bias: None,
        y: dx,
        act: Activation::None,
        is_bf16: false,
    });
}

/// `[out / 64][in][64]` to `[in / 64][out][64]`: a task is 64 x 64 weights, in one piece on both sides, in squares of 16.
#[derive(Debug)]
struct Transpose {
    pack: LinearPack,
    w: Buf,
    wt: Buf,
}

// SAFETY: a task writes its rows of one panel of the transposed weights.
unsafe impl Kernel for Transpose {
    fn name(&self) -> &'static str {
        "transpose weights"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.w]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.wt]
    }
    fn tasks(&self, _: usize) -> usize {
        self.pack.transposed().panels() * self.pack.panels()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        if !cx.starts_sums() {
            return; // the weights are the same for every tile
        }
        let (panel, from_panel) = (task / self.pack.panels(), task % self.pack.panels());
        let outputs = from_panel * PANEL..((from_panel + 1) * PANEL).min(self.pack.out_features);
        let back = self.pack.transposed();
        let width = back.panel_width(panel);
        let start = back.panel_start(panel);
        // SAFETY: see the impl; `w` is not written here.
        let (w, wt) = unsafe {
            (
                cx.read_all(self.w),
                cx.write(self.wt, start + outputs.start * width..start + outputs.end * width),
            )
        };
        cx.isa().dispatch(Squares { pack: self.pack, w, wt, panel, outputs });
    }
}

struct Squares<'a> {
    pack: LinearPack,
    w: &'a [f32],
    wt: &'a mut [f32],
    panel: usize,
    outputs: Range<usize>,
}

impl Task for Squares<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { pack, w, wt, panel, outputs } = self;
        let width = pack.transposed().panel_width(panel);
        let from_panel = outputs.start / PANEL;
        let from_row = pack.panel_width(from_panel);
        for i in (0..width).step_by(BLOCK) {
            let input = panel * PANEL + i;
            let inputs = (pack.in_features - input).min(BLOCK);
            for o in (0..outputs.len()).step_by(BLOCK) {
                let rows = (outputs.len() - o).min(BLOCK);
                let from = &w[pack.panel_start(from_panel) + input * from_row + o..];
                let to = &mut wt[o * width + i..];
                if inputs == BLOCK && rows == BLOCK {
                    V::transpose16(from, from_row, to, width);
                    continue;
                }
                for r in 0..rows {
                    let to = &mut to[r * width..][..BLOCK];
                    to.fill(0.0);
                    for (c, to) in to[..inputs].iter_mut().enumerate() {
                        *to = from[c * from_row + r];
                    }
                }
            }
        }
    }
}
