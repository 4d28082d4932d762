//! Layers that are a function of each value. To add one, add its line here, once the operation exists.

use super::*;

macro_rules! pointwise {
    ($($(#[$doc:meta])* $layer:ident, $operation:ident, $formula:literal, $torch:literal;)*) => {
        $(
            $(#[$doc])*
            ///
            #[doc = $formula]
            ///
            /// # Shapes
            /// The input may have any shape, which is also that of the output.
            ///
            /// # PyTorch
            #[doc = concat!("`torch.nn.", $torch, "`.")]
            ///
            /// # Example
            /// ```
            #[doc = concat!("use striate_nn::{Mode, ", stringify!($layer), ", trace};")]
            ///
            #[doc = concat!(
                "assert_eq!(trace(&", stringify!($layer), "::new(), Mode::Eval, [16, 28, 28])?.output_shape(), [16, 28, 28]);"
            )]
            /// # Ok::<(), striate_nn::graph::TraceError>(())
            /// ```
            #[derive(Debug, Clone, PartialEq, Eq, Default)]
            pub struct $layer {
                _place: Place,
            }

            impl $layer {
                /// Creates the layer, which has no settings.
                pub fn new() -> Self {
                    Self::default()
                }
            }

            leaf!($layer);

            impl Forward for $layer {
                fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
                    x.op(op::$operation {}.into())
                }
            }
        )*
    };
}

pointwise! {
    /// Keeps positive values and replaces negative ones by 0. Without such a nonlinearity, a stack of linear layers would be
    /// equivalent to a single one. The derivative at 0 is 0. Inside `forward`, [`Var::relu`] does the same without a field.
    ReLU, Relu, "`Y = max(0, X)`", "ReLU";
    /// Limits every value to the range from 0 to 6. The derivative at 0 and 6 is 0.
    ///
    /// # Source
    /// Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010.
    ReLU6, Relu6, "`Y = min(6, max(0, X))`", "ReLU6";
    /// The scaled exponential linear unit, whose constants keep mean 0 and variance 1.
    ///
    /// # Source
    /// Klambauer et al., "Self-Normalizing Neural Networks", 2017.
    SELU, Selu, "`Y = 1.0507 · (max(0, X) + min(0, 1.67326 · (e^X − 1)))`", "SELU";
    /// Maps every value into the range from 0 to 1.
    Sigmoid, Sigmoid, "`Y = 1 / (1 + e^−X)`", "Sigmoid";
    /// A piecewise linear approximation of the sigmoid, with three pieces.
    ///
    /// # Source
    /// Howard et al., "Searching for MobileNetV3", 2019.
    Hardsigmoid, HardSigmoid, "`Y = min(6, max(0, X + 3)) / 6`", "Hardsigmoid";
    /// A smooth ReLU that dips below 0, also called swish.
    ///
    /// # Source
    /// Elfwing et al., "Sigmoid-Weighted Linear Units for Neural Network Function Approximation", 2018.
    SiLU, Silu, "`Y = X / (1 + e^−X)`", "SiLU";
    /// SiLU with a piecewise linear sigmoid.
    ///
    /// # Source
    /// Howard et al., "Searching for MobileNetV3", 2019.
    Hardswish, HardSwish, "`Y = X · min(6, max(0, X + 3)) / 6`", "Hardswish";
    /// Each value times the probability that a standard normal variable is below it.
    ///
    /// # Source
    /// Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
    GELU, Gelu, "`Y = X · Φ(X)`", "GELU";
    /// Maps every value into the range from −1 to 1.
    Tanh, Tanh, "`Y = tanh X`", "Tanh";
    /// A smooth ReLU, without the kink at 0.
    Softplus, Softplus, "`Y = ln(1 + e^X)`", "Softplus";
    /// A smooth ReLU that dips below 0.
    ///
    /// # Source
    /// Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019.
    Mish, Mish, "`Y = X · tanh(ln(1 + e^X))`", "Mish";
}

/// A ReLU that passes a small fraction of negative values.
///
/// `Y = max(0, X) + negative_slope · min(0, X)`
///
/// # Shapes
/// The input may have any shape, which is also that of the output.
///
/// # Source
/// Maas et al., "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
///
/// # PyTorch
/// `torch.nn.LeakyReLU`.
///
/// # Example
/// ```
/// use striate_nn::{LeakyReLU, Mode, trace};
///
/// let layer = LeakyReLU::new(0.2);
/// assert_eq!(trace(&layer, Mode::Eval, [16, 28, 28])?.output_shape(), [16, 28, 28]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LeakyReLU {
    /// The factor of negative values.
    pub negative_slope: f32,
}

impl LeakyReLU {
    /// Creates a layer with this factor of negative values; PyTorch's default is 0.01.
    pub fn new(negative_slope: f32) -> Self {
        Self { negative_slope }
    }
}

impl Default for LeakyReLU {
    fn default() -> Self {
        Self::new(0.01)
    }
}

leaf!(LeakyReLU);

impl Forward for LeakyReLU {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::LeakyRelu { negative_slope: self.negative_slope }.into())
    }
}

/// An exponential below 0, the identity above.
///
/// `Y = max(0, X) + min(0, alpha · (e^X − 1))`
///
/// # Shapes
/// The input may have any shape, which is also that of the output.
///
/// # Source
/// Clevert et al., "Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs)", 2015.
///
/// # PyTorch
/// `torch.nn.ELU`.
///
/// # Example
/// ```
/// use striate_nn::{ELU, Mode, trace};
///
/// assert_eq!(trace(&ELU::default(), Mode::Eval, [16, 28, 28])?.output_shape(), [16, 28, 28]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ELU {
    /// The factor of the exponential: the function tends to `−alpha` far below 0.
    pub alpha: f32,
}

impl ELU {
    /// Creates a layer with `−alpha` as the limit below 0; PyTorch's default is 1.
    pub fn new(alpha: f32) -> Self {
        Self { alpha }
    }
}

impl Default for ELU {
    fn default() -> Self {
        Self::new(1.0)
    }
}

leaf!(ELU);

impl Forward for ELU {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::Elu { alpha: self.alpha }.into())
    }
}
