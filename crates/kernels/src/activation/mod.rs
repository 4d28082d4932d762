//! Functions of one value: `y = f(x)`, each with its derivative and, in plain f64, the specification of both.
//!
//! To add one, write its file, and add its line to `activations!` below. The kernels, the graph's operation with its gradient,
//! and the tests over all of them follow from it.

mod elu;
mod function;
mod gelu;
mod hard;
mod leaky_relu;
mod mish;
mod relu;
mod sigmoid;
mod silu;
mod softplus;
mod tanh;

pub use elu::{Elu, Selu};
pub(crate) use function::Function;
pub use gelu::{Gelu, GeluTanh, erfc_f64};
pub use hard::{HardSigmoid, HardSwish};
pub use leaky_relu::LeakyRelu;
pub use mish::Mish;
pub use relu::{Relu, Relu6};
pub use sigmoid::Sigmoid;
pub use silu::Silu;
pub use softplus::Softplus;
pub use tanh::Tanh;

use crate::BLOCK;
use crate::simd::{Arithmetic, Isa, Simd, Task};

macro_rules! activations {
    ($($name:ident,)*) => {
        /// A function that is applied to each value.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Activation {
            /// The identity.
            None,
            $( #[doc = concat!("See [`", stringify!($name), "`].")] $name($name), )*
        }

        $( impl From<$name> for Activation { fn from(f: $name) -> Self { Self::$name(f) } } )*

        impl Activation {
            /// Applies the function to a vector of values.
            #[inline(always)]
            pub(crate) fn apply<V: Arithmetic>(self, x: V) -> V {
                match self { Self::None => x, $( Self::$name(f) => f.value(x), )* }
            }

            /// The gradient of `x`, given that of `y`.
            #[inline(always)]
            pub(crate) fn vjp<V: Arithmetic>(self, x: V, y: V, dy: V) -> V {
                match self { Self::None => dy, $( Self::$name(f) => f.vjp(x, y, dy), )* }
            }

            /// The function in f64, as the specification.
            pub fn value_f64(self, x: f64) -> f64 {
                match self { Self::None => x, $( Self::$name(f) => f.value_f64(x), )* }
            }

            /// The derivative in f64, as the specification.
            pub fn slope_f64(self, x: f64) -> f64 {
                match self { Self::None => 1.0, $( Self::$name(f) => f.slope_f64(x), )* }
            }

            /// Whether the gradient can be computed from the output alone.
            pub fn is_by_output(self) -> bool {
                match self { Self::None => true, $( Self::$name(_) => $name::BY_OUTPUT, )* }
            }

            /// Returns one of each kind, with usual settings, for tests.
            pub fn all() -> Vec<Self> {
                vec![$( Self::$name($name::default()), )*]
            }
        }
    };
}

activations! {
    Relu,
    Relu6,
    LeakyRelu,
    Elu,
    Selu,
    Sigmoid,
    HardSigmoid,
    Silu,
    HardSwish,
    Gelu,
    GeluTanh,
    Tanh,
    Softplus,
    Mish,
}

impl Activation {
    /// ReLU, `max(0, x)`.
    pub const RELU: Self = Self::Relu(Relu {});
    /// ReLU6, `min(6, max(0, x))`.
    pub const RELU6: Self = Self::Relu6(Relu6 {});

    /// Computes the function of one value, with the same bits as the kernels.
    pub fn value(self, x: f32) -> f32 {
        let mut lanes = [x; BLOCK];
        Isa::PORTABLE.dispatch(One { act: self, lanes: &mut lanes });
        lanes[0]
    }

    /// Whether the function can be fused into a kernel that computes sums, forward and backward. This holds for functions that
    /// take only an instruction or two and whose gradient follows from the output. The others would double the code of each
    /// such kernel, of which there are many.
    pub fn joins(self) -> bool {
        matches!(self, Self::None | Self::Relu(_) | Self::Relu6(_))
    }

    /// Like `apply`, for functions that can be fused.
    #[inline(always)]
    pub(crate) fn join<V: Arithmetic>(self, x: V) -> V {
        match self {
            Self::Relu(f) => f.value(x),
            Self::Relu6(f) => f.value(x),
            _ => x,
        }
    }

    /// Like `vjp`, for functions that can be fused.
    #[inline(always)]
    pub(crate) fn join_vjp<V: Simd>(self, y: V, dy: V) -> V {
        match self {
            Self::Relu(f) => f.vjp(y, y, dy),
            Self::Relu6(f) => f.vjp(y, y, dy),
            _ => dy,
        }
    }

    /// Whether it is one of the ReLUs, through which guided backpropagation passes no negative gradients.
    pub fn is_gate(self) -> bool {
        matches!(self, Self::Relu(_) | Self::Relu6(_))
    }
}

/// One value in every lane.
struct One<'a> {
    act: Activation,
    lanes: &'a mut [f32; BLOCK],
}

impl Task for One<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        self.act.apply(V::load(self.lanes)).store(self.lanes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_derivatives() {
        for act in Activation::all() {
            // Away from the kinks at -3, 0, 3 and 6.
            for i in -80..80 {
                let x = 0.1003 * f64::from(i) + 0.0371;
                let h = 1e-6;
                let want = (act.value_f64(x + h) - act.value_f64(x - h)) / (2.0 * h);
                let got = act.slope_f64(x);
                assert!((got - want).abs() < 1e-8 + 1e-8 * want.abs(), "{act:?} at {x}: {got}, not {want}");
            }
        }
    }

    #[test]
    fn one_value_is_near_the_specification_and_nan_stays() {
        for act in Activation::all() {
            for i in -1000..1000 {
                let x = i as f32 * 0.0137;
                let (got, want) = (f64::from(act.value(x)), act.value_f64(f64::from(x)));
                assert!(
                    (got - want).abs() <= 1e-6 * want.abs().max(0.1),
                    "{act:?} of {x}: {got}, not {want}"
                );
            }
            assert!(act.value(f32::NAN).is_nan() && act.value_f64(f64::NAN).is_nan(), "{act:?}");
        }
    }

    #[test]
    fn known_values_of_pytorch() {
        // torch.nn.functional, float64, at -1.5 and 0.75.
        for (act, want) in [
            (LeakyRelu::default().into(), [-0.015, 0.75]),
            (Elu::default().into(), [-0.776_869_839_851_570_2, 0.75]),
            (Selu::default().into(), [-1.365_814_353_367_252_7, 0.788_025_740_516_610_3]),
            (Sigmoid::default().into(), [0.182_425_523_806_356_35, 0.679_178_699_175_393]),
            (HardSigmoid::default().into(), [0.25, 0.625]),
            (Silu::default().into(), [-0.273_638_285_709_534_5, 0.509_384_024_381_544_7]),
            (HardSwish::default().into(), [-0.375, 0.46875]),
            (Gelu::default().into(), [-0.100_210_801_903_287_04, 0.580_029_485_717_348_9]),
            (GeluTanh::default().into(), [-0.100_428_423_019_767_07, 0.579_960_555_165_620_3]),
            (Tanh::default().into(), [-0.905_148_253_644_866_4, 0.635_148_952_387_287_3]),
            (Softplus::default().into(), [0.201_413_277_982_752_4, 1.136_871_006_114_899_9]),
            (Mish::default().into(), [-0.298_099_742_166_806_74, 0.610_018_335_218_293_4]),
        ] as [(Activation, [f64; 2]); 12]
        {
            for (x, want) in [-1.5, 0.75].into_iter().zip(want) {
                let got = act.value_f64(x);
                assert!((got - want).abs() < 1e-9, "{act:?} of {x}: {got}, not {want}");
            }
        }
    }
}
