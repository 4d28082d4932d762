//! Layers that are a function of each value. To add one: its line here, once the operation is there.

use super::*;

macro_rules! pointwise {
    ($($(#[$doc:meta])* $layer:ident, $operation:ident, $formula:literal, $torch:literal;)*) => {
        $(
            $(#[$doc])*
            ///
            #[doc = $formula]
            ///
            /// # Shapes
            /// Any, in and out.
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
                /// The layer; it has no settings.
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
    /// Keeps what is positive: the bend that makes a stack of layers more than one layer. Its derivative at 0 is 0. Inside
    /// `forward`, [`Var::relu`] does the same without a field.
    ReLU, Relu, "`Y = max(0, X)`", "ReLU";
    /// Keeps what lies between 0 and 6. Its derivative at 0 and 6 is 0.
    ///
    /// # Source
    /// Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010.
    ReLU6, Relu6, "`Y = min(6, max(0, X))`", "ReLU6";
    /// The exponential linear unit that keeps mean 0 and variance 1.
    ///
    /// # Source
    /// Klambauer et al., "Self-Normalizing Neural Networks", 2017.
    SELU, Selu, "`Y = 1.0507 · (max(0, X) + min(0, 1.67326 · (e^X − 1)))`", "SELU";
    /// Squeezes every number between 0 and 1.
    Sigmoid, Sigmoid, "`Y = 1 / (1 + e^−X)`", "Sigmoid";
    /// A sigmoid of three straight lines.
    ///
    /// # Source
    /// Howard et al., "Searching for MobileNetV3", 2019.
    Hardsigmoid, HardSigmoid, "`Y = min(6, max(0, X + 3)) / 6`", "Hardsigmoid";
    /// A smooth ReLU that dips below 0, also called swish.
    ///
    /// # Source
    /// Elfwing et al., "Sigmoid-Weighted Linear Units for Neural Network Function Approximation", 2018.
    SiLU, Silu, "`Y = X / (1 + e^−X)`", "SiLU";
    /// SiLU with the sigmoid of straight lines.
    ///
    /// # Source
    /// Howard et al., "Searching for MobileNetV3", 2019.
    Hardswish, HardSwish, "`Y = X · min(6, max(0, X + 3)) / 6`", "Hardswish";
    /// Each value times the probability that a normal number is below it.
    ///
    /// # Source
    /// Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
    GELU, Gelu, "`Y = X · Φ(X)`", "GELU";
    /// Squeezes every number between −1 and 1.
    Tanh, Tanh, "`Y = tanh X`", "Tanh";
    /// A ReLU without the kink.
    Softplus, Softplus, "`Y = ln(1 + e^X)`", "Softplus";
    /// A smooth ReLU that dips below 0.
    ///
    /// # Source
    /// Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019.
    Mish, Mish, "`Y = X · tanh(ln(1 + e^X))`", "Mish";
}

/// A ReLU that lets a little of what is negative through.
///
/// `Y = max(0, X) + negative_slope · min(0, X)`
///
/// # Shapes
/// Any, in and out.
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
    /// Slope of what is below 0.
    pub negative_slope: f32,
}

impl LeakyReLU {
    /// With this slope below 0.
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

/// An exponential below 0, a straight line above.
///
/// `Y = max(0, X) + min(0, alpha · (e^X − 1))`
///
/// # Shapes
/// Any, in and out.
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
    /// What is far below 0 becomes `−alpha`.
    pub alpha: f32,
}

impl ELU {
    /// With this limit below 0.
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
