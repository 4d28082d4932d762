//! How large gradients may be.

/// Bounds on the gradients of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip {
    /// On the norm of all gradients together: `g ← g · min(1, max_norm / (‖g‖₂ + 1e-6))`, as
    /// `torch.nn.utils.clip_grad_norm_`.
    Norm(f32),
    /// On the magnitude of each value, as `torch.nn.utils.clip_grad_value_`.
    Value(f32),
}
