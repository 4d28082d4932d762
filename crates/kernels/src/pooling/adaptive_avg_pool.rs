//! Adaptive average pooling: any size to any size by means over regions that cover the input.
//!
//! `y[n,c,oy,ox] = mean of x[n, c, r, q]` over `floor(oy·H/OH) ≤ r < ceil((oy+1)·H/OH)`, and likewise for the columns; to
//! `[1, 1]` it is the mean of each channel. The gradient divides `dy` equally among the cells of its region.

use super::check_pair;
use super::mean::Mean;
use super::regions::Regions;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};

/// Computes `y = adaptive_avg_pool(x)`, to the size of `y`.
#[derive(Debug)]
pub struct AdaptiveAvgPool(Mean);

/// Computes `dx[i] = Σ dy[o] / cells[o]` over the outputs `o` whose region contains `i`.
#[derive(Debug)]
pub struct AdaptiveAvgPoolBackward(Mean);

impl AdaptiveAvgPool {
    /// Creates the kernel for values in blocks of 16 channels, with any halos.
    ///
    /// # Panics
    /// If the numbers of channels differ or a value is planar.
    pub fn new(x: Value, y: Value) -> Self {
        check_pair("adaptive avg-pool", &x, &y);
        let regions = Regions::adaptive(x.plane.size(), y.plane.size());
        Self(Mean { name: "adaptive avg-pool", big: x, small: y, regions, backward: false })
    }
}

impl AdaptiveAvgPoolBackward {
    /// Creates the kernel like [`AdaptiveAvgPool::new`], for the gradients.
    ///
    /// # Panics
    /// If the numbers of channels differ or a value is planar.
    pub fn new(dy: Value, dx: Value) -> Self {
        check_pair("adaptive avg-pool backward", &dx, &dy);
        let regions = Regions::adaptive(dx.plane.size(), dy.plane.size());
        Self(Mean { name: "adaptive avg-pool backward", big: dx, small: dy, regions, backward: true })
    }
}

// SAFETY: as [`Mean`], to which everything is passed on.
unsafe impl Kernel for AdaptiveAvgPool {
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
unsafe impl Kernel for AdaptiveAvgPoolBackward {
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
