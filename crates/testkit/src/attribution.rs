//! The results of captum and pytorch-grad-cam for two small networks, as described in `tools/golden/attribution.py`.

use crate::golden::{Checksum, read};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The attributions for one class of each of some images: image `i` for class `i mod classes`.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)] // the keys of the file, which its script explains
pub struct AttributionGolden {
    pub input_shape: Vec<usize>,
    pub classes: usize,
    pub baseline: f32,
    pub patch: usize,
    pub stride: usize,
    pub noise: NoiseGolden,
    pub parameters: BTreeMap<String, Checksum>,
    pub logits: Array,
    /// By method, one array per input.
    pub images: BTreeMap<String, Vec<Array>>,
    /// By layer and method, one array per input.
    pub layers: BTreeMap<String, BTreeMap<String, Vec<Array>>>,
    pub bias_maps: BTreeMap<String, Array>,
}

/// The noise of SmoothGrad.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct NoiseGolden {
    pub share: f64,
    pub samples: usize,
    pub seed: u64,
}

/// A tensor with all of its values.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl AttributionGolden {
    /// Reads the golden file of that network, `plain` or `residual`.
    ///
    /// # Panics
    /// If the file does not exist or does not have the expected form.
    pub fn read(name: &str) -> Self {
        read(&format!("attribution/{name}"))
    }
}

impl Array {
    /// Fails unless `|a − b| ≤ 1e-4 · max |b| + 1e-6` for every value, and the cosine of both arrays is above 0.99999.
    #[track_caller]
    pub fn check_alike(&self, got: &[f32], what: &str) {
        assert_eq!(got.len(), self.values.len(), "{what}: values of {:?}", self.shape);
        let largest = self.values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        assert!(largest > 1e-4, "{what}: nothing to compare, the largest is {largest:e}");
        let (mut dot, mut a, mut b) = (0.0, 0.0, 0.0);
        for (i, (&got, &want)) in got.iter().zip(&self.values).enumerate() {
            let got = f64::from(got);
            let allowed = 1e-4 * largest + 1e-6;
            assert!(
                (got - want).abs() <= allowed,
                "{what}, value {i}: {got:e}, expected {want:e} ± {allowed:e}"
            );
            (dot, a, b) = (dot + got * want, a + got * got, b + want * want);
        }
        let cosine = dot / (a * b).sqrt();
        assert!(cosine > 0.99999, "{what}: cosine {cosine}");
    }
}

#[cfg(test)]
mod tests {
    use super::Array;

    fn array(values: &[f64]) -> Array {
        Array { shape: vec![values.len()], values: values.to_vec() }
    }

    #[test]
    fn alike_is_within_a_ten_thousandth_of_the_largest() {
        array(&[1.0, 0.0, -0.5]).check_alike(&[1.000_09, 0.000_09, -0.500_09], "inside");
    }

    #[test]
    #[should_panic(expected = "outside, value 1: 1.1")]
    fn a_value_further_off_is_not() {
        array(&[1.0, 0.0, -0.5]).check_alike(&[1.0, 0.000_11, -0.5], "outside");
    }

    #[test]
    #[should_panic(expected = "nothing to compare")]
    fn zeros_prove_nothing() {
        array(&[0.0, 0.0]).check_alike(&[0.0, 0.0], "zeros");
    }
}
