//! Clipping of gradients: by their joint norm, `g ← g · min(1, max_norm / (‖all g‖₂ + 1e-6))`, or value by value,
//! `g ← min(max(g, −limit), limit)`. Sources: Pascanu et al. 2013; `torch.nn.utils.clip_grad_norm_`, `clip_grad_value_`.
//!
//! **Numerics.** The norm of each 4096 values is summed in f64, in sixteen interleaved sums, and stored in f32; the norm of
//! those is computed in their order, in f64. So the bits follow from shapes alone. A gradient that is not finite remains so.

use super::{part, tasks};
use crate::BLOCK;
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};
use std::ops::Range;

/// Limits the joint norm of gradients, like `torch.nn.utils.clip_grad_norm_(…, max_norm)`.
#[derive(Debug, Clone)]
pub struct ClipNorm {
    /// All gradients, with the number of values in each. Lanes that fill up a block hold 0.
    pub grads: Vec<(Buf, usize)>,
    /// The largest norm that is left unchanged.
    pub max_norm: f32,
}

/// Limits each value of gradients, like `torch.nn.utils.clip_grad_value_(…, limit)`.
#[derive(Debug, Clone)]
pub struct ClipValue {
    /// The gradients, with the number of values in each.
    pub grads: Vec<(Buf, usize)>,
    /// The largest magnitude that is left unchanged.
    pub limit: f32,
}

/// One task per part of a gradient.
fn parts(grads: &[(Buf, usize)]) -> Vec<(Buf, Range<usize>)> {
    let of = |&(buf, len): &(Buf, usize)| (0..tasks(len)).map(move |task| (buf, part(len, task)));
    grads.iter().flat_map(of).collect()
}

fn buffers(parts: &[(Buf, Range<usize>)]) -> Vec<Buf> {
    // The parts of a gradient follow one another.
    let mut buffers: Vec<Buf> = parts.iter().map(|part| part.0).collect();
    buffers.dedup();
    buffers
}

impl ClipNorm {
    /// Adds the kernels, to run after the last tile, and returns a kept buffer of two values: the norm before clipping, and the
    /// factor.
    pub fn push(self, program: &mut Builder) -> Buf {
        let parts = parts(&self.grads);
        let (norms, factor) = (program.buffer(parts.len()), program.kept(2));
        program.push_once(Box::new(Norms { parts: parts.clone(), norms }));
        let count = parts.len();
        program.push_once(Box::new(Factor { norms, count, max_norm: self.max_norm, factor }));
        program.push_once(Box::new(Scale { parts, factor }));
        factor
    }
}

impl ClipValue {
    /// Adds the kernel, to run after the last tile.
    pub fn push(self, program: &mut Builder) {
        program.push_once(Box::new(Clamp { parts: parts(&self.grads), limit: self.limit }));
    }
}

/// `norms[i] = ‖part i‖₂`.
#[derive(Debug)]
struct Norms {
    parts: Vec<(Buf, Range<usize>)>,
    norms: Buf,
}

// SAFETY: a task writes its own norm.
unsafe impl Kernel for Norms {
    fn name(&self) -> &'static str {
        "gradient norm"
    }
    fn reads(&self) -> Vec<Buf> {
        buffers(&self.parts)
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.norms]
    }
    fn tasks(&self, _: usize) -> usize {
        self.parts.len()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (buf, part) = self.parts[task].clone();
        // SAFETY: see the impl; the gradients are not written here.
        let (grad, norm) = unsafe { (cx.read(buf, part), cx.write(self.norms, task..task + 1)) };
        cx.isa().dispatch(Norm { grad, norm: &mut norm[0] });
    }
}

struct Norm<'a> {
    grad: &'a [f32],
    norm: &'a mut f32,
}

impl Task for Norm<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let mut sums = [0.0_f64; BLOCK];
        for chunk in self.grad.chunks(BLOCK) {
            for (sum, &g) in sums.iter_mut().zip(chunk) {
                *sum += f64::from(g) * f64::from(g);
            }
        }
        *self.norm = sums.into_iter().sum::<f64>().sqrt() as f32;
    }
}

/// `factor = [norm, min(1, max_norm / (norm + 1e-6))]`.
#[derive(Debug)]
struct Factor {
    norms: Buf,
    count: usize,
    max_norm: f32,
    factor: Buf,
}

// SAFETY: one task.
unsafe impl Kernel for Factor {
    fn name(&self) -> &'static str {
        "gradient norm"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.norms]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.factor]
    }
    fn tasks(&self, _: usize) -> usize {
        1
    }
    fn run(&self, cx: &Cx<'_>, _: usize) {
        // SAFETY: see the impl; the norms are not written here.
        let (norms, to) = unsafe { (cx.read(self.norms, 0..self.count), cx.write(self.factor, 0..2)) };
        let norm = norms.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
        let factor = f64::from(self.max_norm) / (norm + 1e-6);
        to[0] = norm as f32;
        to[1] = if factor >= 1.0 { 1.0 } else { factor as f32 }; // NaN stays NaN
    }
}

/// `g ← g · factor`.
#[derive(Debug)]
struct Scale {
    parts: Vec<(Buf, Range<usize>)>,
    factor: Buf,
}

// SAFETY: a task writes its part of a gradient.
unsafe impl Kernel for Scale {
    fn name(&self) -> &'static str {
        "gradient scale"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.factor].into_iter().chain(buffers(&self.parts)).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        buffers(&self.parts)
    }
    fn tasks(&self, _: usize) -> usize {
        self.parts.len()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (buf, part) = self.parts[task].clone();
        // SAFETY: see the impl; the factor is not written here.
        let (factor, grad) = unsafe { (cx.read(self.factor, 1..2)[0], cx.write(buf, part)) };
        if factor != 1.0 {
            cx.isa().dispatch(Each { grad, f: |g| g * factor });
        }
    }
}

/// `g ← min(max(g, −limit), limit)`; NaN stays NaN.
#[derive(Debug)]
struct Clamp {
    parts: Vec<(Buf, Range<usize>)>,
    limit: f32,
}

// SAFETY: a task writes its part of a gradient.
unsafe impl Kernel for Clamp {
    fn name(&self) -> &'static str {
        "gradient clamp"
    }
    fn reads(&self) -> Vec<Buf> {
        buffers(&self.parts)
    }
    fn writes(&self) -> Vec<Buf> {
        buffers(&self.parts)
    }
    fn tasks(&self, _: usize) -> usize {
        self.parts.len()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (buf, part) = self.parts[task].clone();
        let limit = self.limit;
        // SAFETY: see the impl.
        let grad = unsafe { cx.write(buf, part) };
        cx.isa().dispatch(Each { grad, f: |g: f32| g.clamp(-limit, limit) });
    }
}

struct Each<'a, F> {
    grad: &'a mut [f32],
    f: F,
}

impl<F: Fn(f32) -> f32> Task for Each<'_, F> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        self.grad.iter_mut().for_each(|g| *g = (self.f)(*g));
    }
}
