//! Sums of products: over the pixels of a channel, `y[n, c] = Σ_(h, w) a · b`, and over the samples,
//! `gradient[c] = Σ_n x[n, c]`. Together they compute the gradient of a parameter that scales channels; the first alone is the
//! gradient of a factor that is itself a value of the network.
//!
//! **Numerics.** The pixels of a channel are added to four sums in turn, which are added in pairs; the samples are added in
//! order, in f64.

use crate::BLOCK;
use crate::chains::{Chains, pixel_sums};
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// Computes `y[n, c] = Σ_(h, w) a[n, c, h, w] · b[n, c, h, w]`, for any halos and blocks of 16 channels.
#[derive(Debug)]
pub struct ProductSums {
    /// The first factor.
    pub a: Value,
    /// The second factor, of the same shape; `None` stands for ones.
    pub b: Option<Value>,
    /// The sums: one pixel with the same number of channels.
    pub y: Value,
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for ProductSums {
    fn name(&self) -> &'static str {
        "product sums"
    }
    fn reads(&self) -> Vec<Buf> {
        [Some(self.a), self.b].into_iter().flatten().map(|value| value.buf).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        let (a, y) = (&self.a, &self.y);
        assert!(y.plane.size() == [1, 1] && y.plane.channels == a.plane.channels, "product sums: {y:?}");
        for value in [Some(self.a), self.b].into_iter().flatten() {
            cut::check_blocked("product sums", &value);
            cut::check_apart("product sums", &value, y);
            let fits = value.plane.size() == a.plane.size() && value.plane.channels == a.plane.channels;
            assert!(fits, "product sums: {:?} and {:?}", a.plane, value.plane);
        }
        cut::block_tasks(&a.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.a.plane, cx.n(), task) {
            // SAFETY: see the impl; the factors are not written here.
            let (first, second, y) = unsafe {
                (
                    cx.read(self.a.buf, self.a.block(n, b)),
                    self.b.map(|value| cx.read(value.buf, value.block(n, b))),
                    cx.write(self.y.buf, self.y.block(n, b)),
                )
            };
            self.y.plane.clear_halo(y);
            let planes = [self.a.plane, self.b.unwrap_or(self.a).plane];
            let to = &mut y[self.y.plane.row(0)];
            match second {
                Some(second) => cx.isa().dispatch(Products { values: [first, second], planes, to }),
                None => cx.isa().dispatch(Sums { values: first, plane: planes[0], to }),
            }
        }
    }
}

struct Products<'a> {
    values: [&'a [f32]; 2],
    planes: [Plane; 2],
    to: &'a mut [f32],
}

impl Task for Products<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let [a_plane, b_plane] = self.planes;
        for first in (0..BLOCK).step_by(V::LANES) {
            let mut sum = Chains::<V>::zero();
            for line in 0..a_plane.height {
                let a = self.values[0][a_plane.row(line)].chunks_exact(BLOCK);
                let b = self.values[1][b_plane.row(line)].chunks_exact(BLOCK);
                for (i, (a, b)) in a.zip(b).enumerate() {
                    sum.fma(i, V::load(&a[first..]), V::load(&b[first..]));
                }
            }
            sum.total().store(&mut self.to[first..]);
        }
    }
}

struct Sums<'a> {
    values: &'a [f32],
    plane: Plane,
    to: &'a mut [f32],
}

impl Task for Sums<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let sums = pixel_sums::<V>(self.values, &self.plane);
        for (sum, first) in sums.into_iter().zip((0..BLOCK).step_by(V::LANES)) {
            sum.store(&mut self.to[first..]);
        }
    }
}

/// Computes `gradient[c] = Σ_n x[n, c]`, added to the result of earlier tiles of the batch.
#[derive(Debug)]
pub struct SampleSums {
    /// One vector per sample, without halo.
    pub x: Value,
    /// The gradient, one value per lane.
    pub gradient: Buf,
}

// SAFETY: a task writes the lanes of its block.
unsafe impl Kernel for SampleSums {
    fn name(&self) -> &'static str {
        "sample sums"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.gradient]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.gradient]
    }
    fn tasks(&self, _: usize) -> usize {
        assert!(self.x.plane == Plane::vector(self.x.plane.channels), "sample sums: {:?}", self.x.plane);
        self.x.plane.blocks()
    }
    fn run(&self, cx: &Cx<'_>, b: usize) {
        let mut sums = [0.0_f64; BLOCK];
        for n in 0..cx.n() {
            // SAFETY: `x` is not written here.
            let x = unsafe { cx.read(self.x.buf, self.x.block(n, b)) };
            sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        // SAFETY: these lanes belong to this task.
        let gradient = unsafe { cx.write(self.gradient, b * BLOCK..(b + 1) * BLOCK) };
        for (to, &sum) in gradient.iter_mut().zip(&sums) {
            *to = if cx.starts_sums() { sum as f32 } else { *to + sum as f32 };
        }
    }
}
