//! The buffers of the gradient of a convolution's input.

use crate::plane::Value;
use crate::program::Buf;

/// The gradient of a convolution's input: where it is written, and what it is computed from.
#[derive(Debug, Clone, Copy)]
pub struct InputGradient {
    /// The gradient of the output.
    pub dy: Value,
    /// The weights, packed for the forward pass.
    pub w: Buf,
    /// The gradient of the input, to be written.
    pub dx: Value,
    /// What other consumers contributed to the gradient of the input: `dx` is the sum.
    pub added: Option<Value>,
}
