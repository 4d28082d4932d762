//! The interface between an optimizer and a training program.

use striate_kernels::{Buf, Kernel};

/// A rule that moves one parameter along its gradient.
pub trait Optimizer: Shared + std::fmt::Debug {
    /// The names of the arrays that it keeps for each parameter, as in PyTorch; all start at zero.
    fn state(&self) -> &'static [&'static str];
    /// Creates the kernel that makes one update of `len` values, with `rate_scale` times the learning rate of the step.
    fn update(&self, weight: Buf, grad: Buf, state: &[Buf], len: usize, rate_scale: f32) -> Box<dyn Kernel>;
}

/// Copying of an optimizer. Every optimizer that is `Clone` implements this trait, so that a program can be planned anew when
/// taps or hooks are added.
pub trait Shared {
    /// Returns a copy with the same settings.
    fn shared(&self) -> Box<dyn Optimizer + Send + Sync>;
}

impl<T: Optimizer + Clone + Send + Sync + 'static> Shared for T {
    fn shared(&self) -> Box<dyn Optimizer + Send + Sync> {
        Box::new(self.clone())
    }
}
