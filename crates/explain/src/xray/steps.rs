//! The steps of a value's computation after its sum: batch norm and activation.

use serde::Serialize;
use striate_graph::{Node, Params};

use super::channels::parameter;
use super::order::Rounding;
use super::proof::Proof;

/// One operation in the computation of a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueStep {
    /// The name of the value that the step computes.
    pub name: String,
    /// The operation, in the words of PyTorch's functional API.
    pub op: &'static str,
    /// The parameters, for a batch norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// The result of the step, computed by hand and by the engine.
    pub proof: Proof,
}

/// Batch norm with running statistics, of one channel: `(x − mean) / √(variance + eps) · weight + bias`, or
/// `x · scale + shift`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Norm {
    /// The learned scale, γ.
    pub weight: f32,
    /// The learned shift, β.
    pub bias: f32,
    /// The running mean.
    pub mean: f32,
    /// The running variance.
    pub variance: f32,
    /// The constant added to the variance.
    pub eps: f32,
    /// `weight / √(variance + eps)`.
    pub scale: f64,
    /// `bias − mean · scale`.
    pub shift: f64,
}

impl Norm {
    pub(super) fn new(node: &Node, eps: f32, params: &Params, channel: usize) -> Self {
        let get = |name: &str| {
            parameter(node, params, name).unwrap_or_else(|| unreachable!("every batch norm has a {name}"))
                [channel]
        };
        let [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(get);
        let scale = f64::from(weight) / (f64::from(variance) + f64::from(eps)).sqrt();
        let shift = f64::from(bias) - f64::from(mean) * scale;
        Self { weight, bias, mean, variance, eps, scale, shift }
    }

    /// As the engine computes it.
    pub(super) fn by_hand(&self, x: f32, rounding: Rounding) -> f32 {
        let inv_std = (1.0 / (f64::from(self.variance) + f64::from(self.eps)).sqrt()) as f32;
        rounding.fma(self.bias, x - self.mean, self.weight * inv_std)
    }

    pub(super) fn step(&self, node: &Node, x: f32, engine: f32, rounding: Rounding) -> ValueStep {
        let difference = (f64::from(x) - f64::from(self.mean)) * self.scale;
        let exact = difference + f64::from(self.bias);
        let magnitude = difference.abs() + f64::from(self.bias).abs();
        let proof = Proof::new(self.by_hand(x, rounding), engine, exact, (4, magnitude));
        ValueStep { name: node.name.clone(), op: node.operation().name(), norm: Some(*self), proof }
    }

    /// A weight of the convolution in front, with this folded in.
    pub(super) fn folded_weight(&self, weight: f32) -> f32 {
        (f64::from(weight) * self.scale) as f32
    }

    /// Its bias.
    pub(super) fn folded_bias(&self, bias: Option<f32>) -> f32 {
        ((f64::from(bias.unwrap_or(0.0)) - f64::from(self.mean)) * self.scale + f64::from(self.bias)) as f32
    }
}
