//! The last operations of a classifier: softmax, log-softmax and cross entropy of logits `[N, C]`.
//!
//! These are the only kernels that sum over lanes. They do so in plain Rust, element by element in a fixed pattern and without
//! fused operations, so that every instruction set gives the same bits, including the portable one.

mod cross_entropy;
mod exp;
mod softmax;
mod target;
#[cfg(test)]
mod tests;

pub use cross_entropy::{CrossEntropy, REPORT_LEN};
pub use softmax::{Softmax, SoftmaxBackward};
pub use target::Target;

use crate::BLOCK;
use exp::exp;

/// The largest value of a row, −∞ if it is empty. A NaN may be skipped: it reappears in the exponentials.
#[inline(always)]
fn max(row: &[f32]) -> f32 {
    row.iter().fold(f32::NEG_INFINITY, |max, &v| if v > max { v } else { max })
}

/// `to[i] = exp(row[i] − max)`, and their sum: sixteen interleaved sums in f64, added in order.
#[inline(always)]
fn exponentials(row: &[f32], max: f32, to: &mut [f32]) -> f64 {
    for (to, &v) in to.iter_mut().zip(row) {
        *to = exp(v - max);
    }
    sum(to, |&v| f64::from(v))
}

/// `Σ f(v)`, interleaved as above.
#[inline(always)]
fn sum<T>(values: &[T], f: impl Fn(&T) -> f64) -> f64 {
    let mut sums = [0.0; BLOCK];
    for chunk in values.chunks(BLOCK) {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum += f(v);
        }
    }
    sums.into_iter().sum()
}
