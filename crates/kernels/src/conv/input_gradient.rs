//! What the gradient of a convolution's input is made of.

use crate::plane::Value;
use crate::program::Buf;

/// The gradient of a convolution's input: where it goes, and what it is computed from.
#[derive(Debug, Clone, Copy)]
pub struct InputGradient {
    /// Gradient of the output.
    pub dy: Value,
    /// Weights as they are packed for the forward pass.
    pub w: Buf,
    /// Gradient of the input, to be written.
    pub dx: Value,
    /// What other readers made of the gradient of the input: `dx` is the sum.
    pub added: Option<Value>,
}
