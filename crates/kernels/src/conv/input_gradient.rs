//! The buffers of the gradient of a convolution's input.

use crate::plane::Value;
use crate::program::Buf;

/// The gradient of a convolution's input, and the values from which it is computed.
#[derive(Debug, Clone, Copy)]
pub struct InputGradient {
    /// The gradient of the output.
    pub dy: Value,
    /// The weights, packed for the forward pass.
    pub w: Buf,
    /// The gradient of the input, which is written.
    pub dx: Value,
    /// The contributions of other consumers to the gradient of the input, which are added to `dx`.
    pub added: Option<Value>,
}
