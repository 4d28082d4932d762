//! Golden files: results of PyTorch, as described in `tools/golden/README.md`.

use crate::assert_close;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The results of one network.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)] // the keys of the file, which its README explains
pub struct Golden {
    pub input_shape: Vec<usize>,
    pub classes: usize,
    pub labels: Vec<u32>,
    pub class_weights: Vec<f32>,
    pub parameters: BTreeMap<String, Checksum>,
    pub logits_eval: Tensor,
    pub logits_train: Tensor,
    pub loss: Scalar,
    pub grads: BTreeMap<String, Tensor>,
    pub buffers_after_one_forward: BTreeMap<String, Tensor>,
    pub cross_entropy: Vec<CrossEntropyCase>,
    pub optimizers: BTreeMap<String, OptimizerCase>,
}

/// The first values and the sum of a tensor that the formula computes.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Checksum {
    pub shape: Vec<usize>,
    pub first: Vec<f64>,
    pub sum: f64,
}

/// A single number.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Scalar {
    pub value: f64,
}

/// A tensor, complete or as samples with sums over all of it.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub stride: usize,
    pub values: Vec<f64>,
    pub sum: f64,
    pub sum_squares: f64,
    pub f32_max_abs_difference: f64,
}

/// The results for one setting of the loss.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct CrossEntropyCase {
    pub label_smoothing: f64,
    pub class_weights: bool,
    pub loss: Scalar,
    pub grad_logits: Tensor,
}

/// The results of ten steps of one optimizer.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct OptimizerCase {
    pub losses: Vec<f64>,
    pub logits_train_after: Tensor,
}

impl Golden {
    /// Reads the golden file of that name.
    ///
    /// # Panics
    /// If the file does not exist or does not have the expected form.
    pub fn read(name: &str) -> Self {
        read(name)
    }
}

/// The results of a network of torchvision, with the weights of [`deep_formula`](crate::deep_formula).
#[derive(Debug, Deserialize)]
#[allow(missing_docs)] // the keys of the file, which its README explains
pub struct ZooGolden {
    pub keys: BTreeMap<String, Vec<usize>>,
    pub input_shape: Vec<usize>,
    #[serde(default = "one")]
    pub block_gain: f32,
    pub logits_eval: Tensor,
    pub train: Option<ZooStep>,
}

fn one() -> f32 {
    1.0
}

/// One forward and backward pass in training mode.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct ZooStep {
    pub input_shape: Vec<usize>,
    pub labels: Vec<u32>,
    pub loss: Scalar,
    pub grads: BTreeMap<String, Tensor>,
    pub buffers_after_one_forward: BTreeMap<String, Tensor>,
}

impl ZooGolden {
    /// Reads the golden file of that network.
    ///
    /// # Panics
    /// As [`Golden::read`].
    pub fn read(name: &str) -> Self {
        read(&format!("zoo/{name}"))
    }
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

impl Checksum {
    /// Fails if the formula here and in Python differ.
    #[track_caller]
    pub fn check(&self, values: &[f32], what: &str) {
        let first: Vec<f64> = values.iter().take(3).map(|&v| f64::from(v)).collect();
        assert_eq!(first, self.first, "{what}: the formula");
        let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
        assert!(
            (sum - self.sum).abs() < 1e-9 * self.sum.abs().max(1.0),
            "{what}: sum {sum}, expected {}",
            self.sum
        );
    }
}

impl Tensor {
    /// Like [`Tensor::check`], with the tolerance that PyTorch's own f32 result justifies: four times its distance from f64,
    /// and two parts in 100,000.
    #[track_caller]
    pub fn check_as_f32(&self, got: &[f32], what: &str) {
        let n: usize = self.shape.iter().product();
        let (rms, own) = ((self.sum_squares / n as f64).sqrt(), self.f32_max_abs_difference);
        let rel = if own > 0.0 { 4.0 * own / rms.max(own) } else { 0.0 };
        self.check(got, 2e-5 + rel, 4.0 * own, what);
    }

    /// Compares every stored value, and the sums over all values.
    #[track_caller]
    pub fn check(&self, got: &[f32], rel: f64, abs: f64, what: &str) {
        let n: usize = self.shape.iter().product();
        assert_eq!(got.len(), n, "{what}: values");
        let at = |k: usize| got[k * self.stride % n];
        let sampled: Vec<f32> = (0..self.values.len()).map(at).collect();
        assert_close(&sampled, &self.values, rel, abs, what);
        let squares: f64 = got.iter().map(|&v| f64::from(v).powi(2)).sum();
        let allowed = 4.0 * rel * self.sum_squares + n as f64 * abs * abs;
        assert!(
            (squares - self.sum_squares).abs() <= allowed,
            "{what}: sum of squares {squares}, expected {}",
            self.sum_squares
        );
        // The errors of single values may all have the same sign; the error of their sum is bounded by n times the tolerance.
        let sum: f64 = got.iter().map(|&v| f64::from(v)).sum();
        let rms = (self.sum_squares / n as f64).sqrt();
        let allowed = n as f64 * (rel * rms + abs);
        assert!((sum - self.sum).abs() <= allowed, "{what}: sum {sum}, expected {}", self.sum);
    }
}
