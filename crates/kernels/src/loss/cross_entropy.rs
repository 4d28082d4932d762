//! Cross entropy of logits against labels or mixtures of two, averaged over the batch; its gradient; and the number of correct
//! predictions.
//!
//! `loss = (1/W) Σ_n Σ_c t[n,c] · (−logp[n,c])`, `dlogits[n,k] = (1/W) · (p[n,k] · Σ_c t[n,c] − t[n,k])`
//!
//! with `p = softmax(logits)`, class weights `w` (1 when absent), label smoothing `ε`, the target
//! `t[n,c] = (1−ε) · w[y_n] · [c = y_n] + (ε/C) · w[c]`, and `W = Σ_n w[y_n]` over the **whole** batch, not the tile, so that
//! the gradients of the tiles add up to that of the batch. As in PyTorch, weights of the labels that sum to 0 give NaN.
//!
//! The loss of an auxiliary classifier and its gradient are multiplied by a factor; it is added to the reported loss.
//!
//! A mixture ([`Target`]) has `λ` times the target of `a` plus `1−λ` times that of `b`, and `λ·w[a] + (1−λ)·w[b]` in `W`:
//! the criterion of MixUp, `λ · CE(a) + (1−λ) · CE(b)`, sample by sample.
//!
//! **Numerics.** Exponentials are in f32, sums and logarithms in f64; the mean is a compensated sum in the order of the samples
//! that continues from tile to tile, so that cutting the batch changes no bit.

use super::{Target, exponentials, max, softmax, sum};
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};
use striate_base::math::ln;

/// The number of values in `CrossEntropy::report`.
pub const REPORT_LEN: usize = 4;

/// The loss at the end of a classifier; the targets are given with each step.
#[derive(Debug, Clone)]
pub struct CrossEntropy {
    /// The logits `[N, C]`, a [`crate::Plane::vector`].
    pub logits: Value,
    /// The gradient of the logits, if it is needed; another buffer.
    pub grad: Option<Value>,
    /// A kept buffer of [`REPORT_LEN`] values: `[0]` is the mean loss, and `[1]` is the number of samples whose largest logit
    /// (the first of equals) belongs to their label (`a` of a mixture), both for the whole batch once the last tile is done;
    /// `[2]` and `[3]` are for internal use.
    pub report: Buf,
    /// The share `ε` of the target that is spread over all classes, in `[0, 1]`.
    pub label_smoothing: f32,
    /// One weight per class.
    pub class_weights: Option<Vec<f32>>,
    /// For the logits of an auxiliary classifier, the factor of its loss. The loss is then added to what an earlier kernel has
    /// put into `report`, and correct predictions of the auxiliary classifier do not count.
    pub auxiliary: Option<f32>,
}

impl CrossEntropy {
    /// Adds the kernels to `program`.
    ///
    /// # Panics
    /// If a value is not a vector, a weight is missing, or the smoothing is outside `[0, 1]`. A run panics if it has fewer
    /// targets than samples, or one for which [`Target::is_valid`] is false.
    pub fn push(self, program: &mut Builder) {
        let classes = self.logits.plane.channels;
        if let Some(grad) = &self.grad {
            softmax::check("cross entropy", &self.logits, grad);
        }
        let smoothing = self.label_smoothing;
        assert!(
            (0.0..=1.0).contains(&smoothing),
            "cross entropy: label smoothing {smoothing} is not in [0, 1]"
        );
        let weights = self.class_weights.as_ref().map_or(classes, Vec::len);
        assert!(weights == classes, "cross entropy: {weights} class weights for {classes} classes");
        let rows = program.buffer(2 * program.tile());
        let (report, is_auxiliary) = (self.report, self.auxiliary.is_some());
        // Only needed if no gradient is requested; the exponentials then go here.
        let scratch = match self.grad {
            Some(grad) => grad,
            None => {
                Value { buf: program.buffer(program.tile() * self.logits.plane.sample_len()), ..self.logits }
            }
        };
        program.push(Rows { loss: self, scratch, rows });
        program.push(Report { rows, report, is_auxiliary });
    }

    fn weight(&self, class: usize) -> f64 {
        self.class_weights.as_ref().map_or(1.0, |weights| f64::from(weights[class]))
    }

    /// The contribution of a sample to `W`.
    fn weight_of(&self, target: Target) -> f64 {
        let [(a, share_a), (b, share_b)] = target.shares();
        self.weight(a) * share_a + self.weight(b) * share_b
    }
}

/// Loss, correctness and gradient of each sample: `rows` is `[n][2]`.
#[derive(Debug)]
struct Rows {
    loss: CrossEntropy,
    scratch: Value,
    rows: Buf,
}

// SAFETY: a task writes its samples' rows and gradients.
unsafe impl Kernel for Rows {
    fn name(&self) -> &'static str {
        "cross entropy"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.loss.logits.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.scratch.buf, self.rows]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::tasks(n, 4 * self.scratch.plane.sample_len())
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let loss = &self.loss;
        let classes = loss.logits.plane.channels;
        let step = cx.step();
        assert!(
            step.targets.len() >= step.n,
            "cross entropy: {} targets for {} samples",
            step.targets.len(),
            step.n
        );
        let targets = &step.targets[..step.n];
        let total_weight: f64 = match loss.class_weights {
            None => step.n as f64,
            Some(_) => targets.iter().map(|&target| loss.weight_of(target)).sum(),
        };
        let smoothing = f64::from(loss.label_smoothing);
        let all_weights: f64 = (0..classes).map(|class| loss.weight(class)).sum();
        for n in cut::units(cx.n(), 4 * self.scratch.plane.sample_len(), task) {
            let target = targets[cx.first_sample() + n];
            assert!(
                target.is_valid(classes),
                "cross entropy: {target:?} does not exist among {classes} classes"
            );
            // SAFETY: see the impl; the logits are not written here.
            let (x, grad, row) = unsafe {
                let grad = cx.write(self.scratch.buf, self.scratch.sample(n));
                let row = cx.write(self.rows, 2 * n..2 * n + 2);
                (cx.read(loss.logits.buf, loss.logits.sample(n)), grad, row)
            };
            let (grad, rest) = grad.split_at_mut(classes);
            rest.fill(0.0);
            cx.isa().dispatch(Sample {
                x: &x[..classes],
                hard: target
                    .shares()
                    .map(|(class, share)| (class, (1.0 - smoothing) * loss.weight(class) * share, share)),
                soft: smoothing / classes as f64,
                weights: loss.class_weights.as_deref(),
                all_weights,
                share: f64::from(loss.auxiliary.unwrap_or(1.0)) / total_weight,
                grad,
                row,
            });
        }
    }
}

/// Relative to the most probable class, a class below this has no gradient.
const TINY: f32 = 1e-25;

struct Sample<'a> {
    x: &'a [f32],
    /// The classes of the target, what each has in addition to the others, and its share of the sample.
    hard: [(usize, f64, f64); 2],
    /// Target of every class of weight 1.
    soft: f64,
    weights: Option<&'a [f32]>,
    all_weights: f64,
    share: f64,
    grad: &'a mut [f32],
    row: &'a mut [f32],
}

impl Task for Sample<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { x, hard, soft, weights, all_weights, share, grad, row } = self;
        let max = max(x);
        let total = exponentials(x, max, grad);
        let log_total = ln(total);
        let minus_logp = |x: f32| log_total - f64::from(x - max);
        // A class without a share contributes nothing to the loss, not even 0 · ∞.
        let taken = || hard.into_iter().filter(|&(_, _, share)| share > 0.0);
        let mut loss = taken().map(|(class, hard, _)| hard * minus_logp(x[class])).sum::<f64>();
        if soft > 0.0 {
            loss += soft
                * match weights {
                    None => sum(x, |&x| minus_logp(x)),
                    Some(weights) => {
                        x.iter().zip(weights).map(|(&x, &w)| f64::from(w) * minus_logp(x)).sum::<f64>()
                    }
                };
        }
        let first_max = x.iter().position(|&v| v == max);
        row[0] = (loss * share) as f32;
        row[1] = if first_max == Some(hard[0].0) { 1.0 } else { 0.0 };
        let all_hard = hard[0].1 + hard[1].1;
        let scale = ((all_hard + soft * all_weights) * share / total) as f32;
        let even = (soft * share) as f32;
        // Probabilities this small would make subnormal gradients further down, on which the processor is slow.
        let scaled = |g: f32| if g < TINY { 0.0 } else { g * scale };
        match weights {
            None => grad.iter_mut().for_each(|g| *g = scaled(*g) - even),
            Some(weights) => grad.iter_mut().zip(weights).for_each(|(g, w)| *g = scaled(*g) - even * w),
        }
        taken().for_each(|(class, hard, _)| grad[class] -= (hard * share) as f32);
    }
}

/// Adds the samples' rows in order.
#[derive(Debug)]
struct Report {
    rows: Buf,
    report: Buf,
    is_auxiliary: bool,
}

// SAFETY: one task.
unsafe impl Kernel for Report {
    fn name(&self) -> &'static str {
        "loss report"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.rows, self.report]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.report]
    }
    fn tasks(&self, _: usize) -> usize {
        1
    }
    fn run(&self, cx: &Cx<'_>, _: usize) {
        // SAFETY: see the impl.
        let (rows, report) =
            unsafe { (cx.read(self.rows, 0..2 * cx.n()), cx.write(self.report, 0..REPORT_LEN)) };
        if cx.starts_sums() && !self.is_auxiliary {
            report.fill(0.0);
        }
        for row in rows.chunks_exact(2) {
            // Kahan summation: report[2] is the rounding error of the last additions.
            let value = row[0] - report[2];
            let sum = report[0] + value;
            report[2] = (sum - report[0]) - value;
            report[0] = sum;
            report[1] += if self.is_auxiliary { 0.0 } else { row[1] };
        }
    }
}
