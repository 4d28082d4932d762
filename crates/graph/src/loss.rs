//! Cross entropy over logits: `L = −Σ_n w[t_n]·log softmax(x_n)[t_n] / Σ_n w[t_n]`, with PyTorch's label smoothing.

use striate_kernels::{Buf, Builder, Value};

/// The loss of classification.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropy {
    /// Share of the target spread evenly over all classes, 0 to 1.
    pub label_smoothing: f32,
    /// One weight a class.
    pub class_weights: Option<Vec<f32>>,
}

impl CrossEntropy {
    pub(crate) fn push(&self, program: &mut Builder, logits: Value, grad: Value, report: Buf) {
        let Self { label_smoothing, class_weights } = self.clone();
        let grad = Some(grad);
        striate_kernels::CrossEntropy { logits, grad, report, label_smoothing, class_weights }.push(program);
    }
}
