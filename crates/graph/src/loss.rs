//! Cross entropy over logits: `L = −Σ_n w[t_n]·log softmax(x_n)[t_n] / Σ_n w[t_n]`, with PyTorch's label smoothing.
//!
//! A network with auxiliary classifiers ([`Graph::auxiliary`](crate::Graph::auxiliary)) is trained on `L + Σ_a weight_a · L_a`.

use striate_kernels::{Buf, Builder, Value};

/// The cross-entropy loss of a classifier.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropy {
    /// The share of the target that is spread evenly over all classes, from 0 to 1.
    pub label_smoothing: f32,
    /// One weight per class.
    pub class_weights: Option<Vec<f32>>,
}

impl CrossEntropy {
    /// Adds the kernels for the network's own logits, or for the logits of an auxiliary classifier with its weight.
    pub(crate) fn push(
        &self,
        program: &mut Builder,
        [logits, grad]: [Value; 2],
        report: Buf,
        auxiliary: Option<f32>,
    ) {
        let Self { label_smoothing, class_weights } = self.clone();
        let grad = Some(grad);
        let kernel =
            striate_kernels::CrossEntropy { logits, grad, report, label_smoothing, class_weights, auxiliary };
        kernel.push(program);
    }
}
