//! Local response normalization: `Y[c] = X[c] · (k + alpha / size · Σ X[i]²)^−beta`, where the sum runs over the existing
//! channels with `c − ⌊size / 2⌋ ≤ i ≤ c + ⌊(size − 1) / 2⌋`.
//!
//! # Source
//! Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 3.3; there the sum is not
//! divided by `size`.

use super::*;
use striate_kernels::{LocalResponse, LocalResponseNormBackward, reference};

/// The largest power. Beyond it only rounding is left: the relative error is that of the sum times `beta`.
const LARGEST: f32 = 100.0;

/// Normalizes each value by the magnitudes of the neighboring channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalResponseNorm {
    /// The number of channels in the sum.
    pub size: usize,
    /// The factor of the sum; PyTorch's default is 1e-4.
    pub alpha: f32,
    /// The exponent of the power, with the opposite sign; PyTorch's default is 0.75.
    pub beta: f32,
    /// The number that is added to the sum, so that nothing is divided by 0; PyTorch's default is 1.
    pub k: f32,
}

impl LocalResponseNorm {
    fn rule(&self) -> LocalResponse {
        let Self { size, alpha, beta, k } = *self;
        LocalResponse { size, alpha, beta, k }
    }
    fn wide(&self) -> reference::LocalResponse {
        let [alpha, beta, k] = [self.alpha, self.beta, self.k].map(f64::from);
        reference::LocalResponse { size: self.size, alpha, beta, k }
    }
    /// `[N, C, values of a channel]`.
    fn sizes(at: &Reference<'_>) -> [usize; 3] {
        [at.n, at.shape[0], at.shape[1] * at.shape[2]]
    }
}

impl Operation for LocalResponseNorm {
    fn name(&self) -> &'static str {
        "local_response_norm"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Power)
    }
    fn sign(&self) -> Sign {
        Sign::OfInputs
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let shape = image("local_response_norm", one(inputs)?)?.to_vec();
        let Self { size, alpha, beta, k } = *self;
        if size == 0 {
            let problem = "local_response_norm over 0 channels; the smallest size is 1, and 5 is usual";
            return Err(ShapeError::plain(Some(shape), problem));
        }
        if !(alpha >= 0.0 && k > 0.0 && beta.abs() <= LARGEST && alpha.is_finite() && k.is_finite()) {
            let problem = format!(
                "local_response_norm with alpha {alpha}, beta {beta} and k {k}; alpha must be 0 or more, beta in \
                 -{LARGEST} ..= {LARGEST}, and k above 0 so that nothing is divided by 0; 1e-4, 0.75 and 1 are usual"
            );
            return Err(ShapeError::plain(Some(shape), problem));
        }
        Ok(shape)
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_windows(output, self.size.min(output[0]))
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::local_response_norm(Self::sizes(at), self.wide(), at.x[0])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let grad = reference::local_response_norm_vjp(Self::sizes(at), self.wide(), at.x[0], grad_output);
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(striate_kernels::LocalResponseNorm { x: at.x[0], y: at.y, rule: self.rule() });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            let (x, dy, rule) = (at.x[0], at.dy, self.rule());
            LocalResponseNormBackward { x, dy, dx, rule }.push(at.program);
        }
    }
}
