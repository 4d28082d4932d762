//! Average pooling: `y[n,c,oy,ox] = (1/D) · Σ x[n, c] over the window`; its gradient gives `dy / D` to each of the cells.
//!
//! Padding counts as zeros. `D` is the number of taps that lie in the input or in the padding that is `counted`: all of it for
//! PyTorch's `count_include_pad`, none of it for the mean of the cells inside the input. A window entirely in the padding gives
//! 0.

use super::mean::Mean;
use super::window_regions;
use crate::Window;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};

/// Computes `y = avg_pool(x)`.
#[derive(Debug)]
pub struct AvgPool(Mean);

/// Computes `dx[i] = Σ dy[o] / D[o]` over the outputs `o` whose window contains `i`.
#[derive(Debug)]
pub struct AvgPoolBackward(Mean);

impl AvgPool {
    /// Creates the kernel for values in blocks of 16 channels, with any halos; the padding is that of the window. `counted`
    /// cells of padding, `[[top, bottom], [left, right]]`, count in the divisor.
    ///
    /// # Panics
    /// If the sizes do not fit the window.
    pub fn new(x: Value, y: Value, window: Window, counted: [[usize; 2]; 2]) -> Self {
        let regions = window_regions("avg-pool", &x, &y, window).counting(x.plane.size(), &window, counted);
        Self(Mean { name: "avg-pool", big: x, small: y, regions, backward: false })
    }
}

impl AvgPoolBackward {
    /// Creates the kernel like [`AvgPool::new`], for the gradients.
    ///
    /// # Panics
    /// If the sizes do not fit the window.
    pub fn new(dy: Value, dx: Value, window: Window, counted: [[usize; 2]; 2]) -> Self {
        let regions = window_regions("avg-pool backward", &dx, &dy, window);
        let regions = regions.counting(dx.plane.size(), &window, counted);
        Self(Mean { name: "avg-pool backward", big: dx, small: dy, regions, backward: true })
    }
}

// SAFETY: as [`Mean`], to which everything is passed on.
unsafe impl Kernel for AvgPool {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn reads(&self) -> Vec<Buf> {
        self.0.reads()
    }
    fn writes(&self) -> Vec<Buf> {
        self.0.writes()
    }
    fn tasks(&self, n: usize) -> usize {
        self.0.tasks(n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        self.0.run(cx, task);
    }
}

// SAFETY: as [`Mean`], to which everything is passed on.
unsafe impl Kernel for AvgPoolBackward {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn reads(&self) -> Vec<Buf> {
        self.0.reads()
    }
    fn writes(&self) -> Vec<Buf> {
        self.0.writes()
    }
    fn tasks(&self, n: usize) -> usize {
        self.0.tasks(n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        self.0.run(cx, task);
    }
}
