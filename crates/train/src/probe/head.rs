//! A linear classifier, and its place in a network.

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
    /// `[classes, features]`.
    pub weight: Array2<f64>,
    /// `[classes]`.
    pub bias: Array1<f64>,
}

impl Head {
    /// All zero: says every class is as probable as any other.
    pub fn zero(classes: usize, features: usize) -> Self {
        Self { weight: Array2::zeros((classes, features)), bias: Array1::zeros(classes) }
    }

    /// One probability a class, for features `[D]`.
    pub fn probabilities(&self, features: ArrayView1<'_, f64>) -> Vec<f64> {
        let mut logits = (self.weight.dot(&features) + &self.bias).to_vec();
        log_softmax(&mut logits);
        logits.iter().map(|l| l.exp()).collect()
    }

    /// Makes it the layer at this path: `LAYER.weight` and `LAYER.bias`, in place of what is there, rounded to f32.
    pub fn install(&self, layer: &str, params: &mut Params) {
        params.insert(format!("{layer}.weight"), self.weight.mapv(|w| w as f32).into_dyn());
        params.insert(format!("{layer}.bias"), self.bias.mapv(|b| b as f32).into_dyn());
    }

    /// The layer at this path; `None` when it is not a matrix with a bias.
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
    fn what_is_no_layer_is_none() {
        let mut params = Params::default();
        assert_eq!(Head::of(&params, "fc"), None);
        Head::zero(3, 2).install("fc", &mut params);
        params.insert("fc.bias", ArrayD::zeros(vec![4]));
        assert_eq!(Head::of(&params, "fc"), None);
    }
}
