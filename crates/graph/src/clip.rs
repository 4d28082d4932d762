//! Bounds on the size of gradients.

/// Bounds on the gradients of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip {
    /// A bound on the norm of all gradients together: `g ← g · min(1, max_norm / (‖g‖₂ + 1e-6))`, like
    /// `torch.nn.utils.clip_grad_norm_`.
    Norm(f32),
    /// A bound on the magnitude of each value, like `torch.nn.utils.clip_grad_value_`.
    Value(f32),
}
