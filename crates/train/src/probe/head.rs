//! A linear classifier that can replace the last layer of a network.

use ndarray::{Array1, Array2, ArrayD, ArrayView1, Ix1, Ix2};
use striate_graph::Params;

/// A linear classifier: `logits = W x + b`.
///
/// # Example
/// ```
/// use ndarray::array;
/// use striate_graph::Params;
/// use striate_train::probe::Head;
///
/// let head = Head { weight: array![[1.0, 0.0], [0.0, 1.0]], bias: array![0.0, 0.0] };
/// assert!((head.probabilities(array![3.0, 3.0].view())[0] - 0.5).abs() < 1e-12);
/// let mut params = Params::default();
/// head.install("fc", &mut params);
/// assert_eq!(params.get("fc.weight").unwrap().shape(), [2, 2]);
/// assert_eq!(Head::of(&params, "fc"), Some(head));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The weights W, `[classes, features]`.
    pub weight: Array2<f64>,
    /// The biases b, `[classes]`.
    pub bias: Array1<f64>,
}

impl Head {
    /// Creates a head of zeros, which gives every class the same probability.
    pub fn zero(classes: usize, features: usize) -> Self {
        Self { weight: Array2::zeros((classes, features)), bias: Array1::zeros(classes) }
    }

    /// Computes the probabilities of the classes for features `[D]`.
    pub fn probabilities(&self, features: ArrayView1<'_, f64>) -> Vec<f64> {
        let mut logits = (self.weight.dot(&features) + &self.bias).to_vec();
        log_softmax(&mut logits);
        logits.iter().map(|l| l.exp()).collect()
    }

    /// Replaces the parameters `LAYER.weight` and `LAYER.bias` of the layer at this path by the head, rounded to f32.
    pub fn install(&self, layer: &str, params: &mut Params) {
        params.insert(format!("{layer}.weight"), self.weight.mapv(|w| w as f32).into_dyn());
        params.insert(format!("{layer}.bias"), self.bias.mapv(|b| b as f32).into_dyn());
    }

    /// Reads a head from the layer at this path; `None` when it is not a matrix with a bias.
    pub fn of(params: &Params, layer: &str) -> Option<Self> {
        let wide = |array: &ArrayD<f32>| array.mapv(f64::from);
        let weight = wide(params.get(&format!("{layer}.weight"))?).into_dimensionality::<Ix2>().ok()?;
        let bias = wide(params.get(&format!("{layer}.bias"))?).into_dimensionality::<Ix1>().ok()?;
        (weight.nrows() == bias.len()).then_some(Self { weight, bias })
    }
}

/// `x − log Σ exp(x)` in place, from the highest down, so that nothing overflows.
pub(super) fn log_softmax(logits: &mut [f64]) {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|l| (l - highest).exp()).sum();
    let log_sum = highest + sum.ln();
    logits.iter_mut().for_each(|l| *l -= log_sum);
}

/// Scores to probabilities, in place, less 1 for the label: the gradient of the loss, which it gives.
///
/// # Numerics
/// In f64 but for what is written. The label's own is minus the sum of the others, so that it is exact where it is nearly 0.
pub(super) fn softmax_residual(scores: &mut [f32], label: usize) -> f64 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let of_label = f64::from(scores[label] - highest);
    let mut others = 0.0;
    for (class, score) in scores.iter_mut().enumerate() {
        let e = f64::from(*score - highest).exp();
        others += if class == label { 0.0 } else { e };
        *score = e as f32;
    }
    let sum = others + of_label.exp();
    let scale = 1.0 / sum;
    scores.iter_mut().for_each(|score| *score = (f64::from(*score) * scale) as f32);
    scores[label] = -(others * scale) as f32;
    if of_label == 0.0 { others.ln_1p() } else { sum.ln() - of_label }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn nothing_overflows() {
        let head = Head { weight: array![[1000.0], [999.0]], bias: array![0.0, 1000.0] };
        let p = head.probabilities(array![1.0].view());
        assert!((p[1] - 1.0).abs() < 1e-12 && p[0] >= 0.0, "{p:?}");
    }

    #[test]
    fn residuals_by_hand() {
        // e^0 : e^ln 3 = 1 : 3.
        let mut scores = [0.0, 3_f32.ln()];
        assert!((softmax_residual(&mut scores, 0) - 4_f64.ln()).abs() < 1e-6);
        assert!((scores[0] + 0.75).abs() < 1e-6 && (scores[1] - 0.75).abs() < 1e-6, "{scores:?}");
        // Neither overflows, nor says 0 of what is nearly 0.
        let mut sure = [1000.0, 970.0];
        let loss = softmax_residual(&mut sure, 0);
        assert!((loss / (-30_f64).exp() - 1.0).abs() < 1e-6, "{loss}");
        assert!((f64::from(-sure[0]) / loss - 1.0).abs() < 1e-6 && sure[0] == -sure[1], "{sure:?}");
        assert!((softmax_residual(&mut [1000.0, 970.0], 1) - 30.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_no_layer_is_none() {
        let mut params = Params::default();
        assert_eq!(Head::of(&params, "fc"), None);
        Head::zero(3, 2).install("fc", &mut params);
        params.insert("fc.bias", ArrayD::zeros(vec![4]));
        assert_eq!(Head::of(&params, "fc"), None);
    }
}
