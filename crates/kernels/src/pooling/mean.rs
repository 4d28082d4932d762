//! The mean over regions, and its gradient, for both average and adaptive average pooling.

use super::regions::{Cells, Regions};
use crate::BLOCK;
use crate::chains::VECTORS;
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// `small = mean of big over the regions`, or the gradient in the other direction.
#[derive(Debug)]
pub(super) struct Mean {
    pub(super) name: &'static str,
    pub(super) big: Value,
    pub(super) small: Value,
    pub(super) regions: Regions,
    pub(super) backward: bool,
}

/// The weight of a cell of a region.
fn share(cells: &Cells) -> f32 {
    // At least 1: a region entirely in the padding has the mean 0.
    1.0 / cells.divisor().max(1) as f32
}

// SAFETY: a task writes its blocks of the output.
unsafe impl Kernel for Mean {
    fn name(&self) -> &'static str {
        self.name
    }
    fn reads(&self) -> Vec<Buf> {
        vec![if self.backward { self.small.buf } else { self.big.buf }]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![if self.backward { self.big.buf } else { self.small.buf }]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.big.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.big.plane, cx.n(), task) {
            let (big, small) = (self.big.block(n, b), self.small.block(n, b));
            // SAFETY: see the impl; the input is not written here.
            unsafe {
                if self.backward {
                    let (dx, dy) = (cx.write(self.big.buf, big), cx.read(self.small.buf, small));
                    cx.isa().dispatch(Backward { pool: self, dy, dx });
                } else {
                    let (x, y) = (cx.read(self.big.buf, big), cx.write(self.small.buf, small));
                    cx.isa().dispatch(Forward { pool: self, x, y });
                }
            }
        }
    }
}

struct Forward<'a> {
    pool: &'a Mean,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Task for Forward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Forward { pool, x, y } = self;
        pool.small.plane.clear_halo(y);
        for (at, cells) in pool.regions.pixels(&pool.small.plane, &pool.big.plane) {
            let share = V::splat(share(&cells));
            // Computed together, so that a sum need not wait for its own last step.
            let mut sums = [V::zero(); VECTORS];
            for from in cells.offsets() {
                let pixel = &x[from..][..BLOCK];
                for (sum, first) in sums.iter_mut().zip((0..BLOCK).step_by(V::LANES)) {
                    *sum = sum.add(V::load(&pixel[first..]));
                }
            }
            for (sum, first) in sums.into_iter().zip((0..BLOCK).step_by(V::LANES)) {
                sum.mul(share).store(&mut y[at + first..]);
            }
        }
    }
}

struct Backward<'a> {
    pool: &'a Mean,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Task for Backward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Backward { pool, dy, dx } = self;
        dx.fill(0.0);
        for (at, cells) in pool.regions.pixels(&pool.small.plane, &pool.big.plane) {
            let share = V::splat(share(&cells));
            for first in (0..BLOCK).step_by(V::LANES) {
                let grad = V::load(&dy[at + first..]).mul(share);
                for to in cells.offsets() {
                    let dx = &mut dx[to + first..];
                    V::load(dx).add(grad).store(dx);
                }
            }
        }
    }
}
