//! Softmax over the features of a vector, its logarithm, and the gradients.

use super::{exp, exponentials, max, sum};
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use striate_base::math::ln;

/// Computes `y[n,c] = exp(x[n,c] − m) / Σ_k exp(x[n,k] − m)` with `m = max_k x[n,k]`, or the logarithm of that.
#[derive(Debug)]
pub struct Softmax {
    /// The logits, a [`Plane::vector`].
    pub x: Value,
    /// Probabilities or their logarithms, in another buffer.
    pub y: Value,
    /// Whether to compute the logarithm.
    pub log: bool,
}

/// Computes `dx[n,c] = y[n,c] · (dy[n,c] − Σ_k dy[n,k] · y[n,k])`, or for the logarithm
/// `dx[n,c] = dy[n,c] − exp(y[n,c]) · Σ_k dy[n,k]`.
#[derive(Debug)]
pub struct SoftmaxBackward {
    /// The output of the forward pass.
    pub y: Value,
    /// The gradient of the output.
    pub dy: Value,
    /// The gradient of the logits, in another buffer.
    pub dx: Value,
    /// Whether the forward pass computed the logarithm.
    pub log: bool,
}

/// Asserts that both are vectors of the same length.
#[track_caller]
pub(super) fn check(what: &str, a: &Value, b: &Value) {
    cut::check_same(what, a, b);
    for plane in [a.plane, b.plane] {
        assert!(plane == Plane::vector(plane.channels), "{what} works on vectors, got {plane:?}");
    }
}

// SAFETY: a task writes its samples of y.
unsafe impl Kernel for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        check("softmax", &self.x, &self.y);
        cut::tasks(n, self.y.plane.sample_len())
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let classes = self.y.plane.channels;
        for n in cut::units(cx.n(), self.y.plane.sample_len(), task) {
            // SAFETY: see the impl; x is not written here.
            let (x, y) =
                unsafe { (cx.read(self.x.buf, self.x.sample(n)), cx.write(self.y.buf, self.y.sample(n))) };
            let (y, rest) = y.split_at_mut(classes);
            rest.fill(0.0);
            cx.isa().dispatch(Forward { x: &x[..classes], y, log: self.log });
        }
    }
}

// SAFETY: a task writes its samples of dx.
unsafe impl Kernel for SoftmaxBackward {
    fn name(&self) -> &'static str {
        "softmax backward"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.y.buf, self.dy.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        check("softmax backward", &self.y, &self.dx);
        check("softmax backward", &self.dy, &self.dx);
        cut::tasks(n, self.dx.plane.sample_len())
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let classes = self.dx.plane.channels;
        for n in cut::units(cx.n(), self.dx.plane.sample_len(), task) {
            // SAFETY: see the impl; y and dy are not written here.
            let (y, dy, dx) = unsafe {
                let (y, dy) =
                    (cx.read(self.y.buf, self.y.sample(n)), cx.read(self.dy.buf, self.dy.sample(n)));
                (y, dy, cx.write(self.dx.buf, self.dx.sample(n)))
            };
            let (dx, rest) = dx.split_at_mut(classes);
            rest.fill(0.0);
            cx.isa().dispatch(Backward { y: &y[..classes], dy: &dy[..classes], dx, log: self.log });
        }
    }
}

struct Forward<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    log: bool,
}

impl Task for Forward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Forward { x, y, log } = self;
        let max = max(x);
        let total = exponentials(x, max, y);
        if log {
            let log_total = ln(total) as f32;
            y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - max) - log_total);
        } else {
            let share = (1.0 / total) as f32;
            y.iter_mut().for_each(|y| *y *= share);
        }
    }
}

struct Backward<'a> {
    y: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    log: bool,
}

impl Task for Backward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Backward { y, dy, dx, log } = self;
        let values = dx.iter_mut().zip(y).zip(dy);
        if log {
            let total = sum(dy, |&dy| f64::from(dy)) as f32;
            values.for_each(|((dx, &y), dy)| *dx = dy - exp(y) * total);
        } else {
            for ((dx, y), dy) in values {
                *dx = y * dy;
            }
            let dot = sum(dx, |&v| f64::from(v)) as f32;
            dx.iter_mut().zip(y).zip(dy).for_each(|((dx, y), dy)| *dx = y * (dy - dot));
        }
    }
}
