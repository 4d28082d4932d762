//! Floor 2 of Striate: layers, optimizers and learning-rate schedules, under PyTorch's names.
//!
//! Below it: `striate-graph`, whose operations the layers add to a trace, and `striate-derive`. Above it: the model zoo
//! (`striate-models`) and the training loop (`striate-train`).
//!
//! | to … | use |
//! | --- | --- |
//! | name the layers of a network | [`#[derive(Module)]`](macro@Module) |
//! | convolve, pool and resize images | [`Conv2d`], [`MaxPool2d`], [`AvgPool2d`], [`AdaptiveAvgPool2d`], [`AdaptiveMaxPool2d`], [`Upsample`] |
//! | normalize | [`BatchNorm2d`], [`LayerNorm2d`], [`GroupNorm`], [`InstanceNorm2d`], [`LocalResponseNorm`] |
//! | classify | [`Flatten`], [`Linear`], [`Softmax`], [`LogSoftmax`] |
//! | apply a nonlinearity | [`ReLU`], [`ReLU6`], [`LeakyReLU`], [`PReLU`], [`ELU`], [`SELU`], [`SiLU`], [`Hardswish`], [`GELU`], [`Mish`], [`Softplus`] |
//! | limit values, or drop them at random | [`Sigmoid`], [`Hardsigmoid`], [`Tanh`], [`Dropout`], [`Dropout2d`], [`StochasticDepth`] |
//! | gate and mix channels | [`SqueezeExcitation`], [`ChannelShuffle`], [`PointwiseLinear`] |
//! | chain layers, or remove one | [`Sequential`], [`Identity`] |
//! | train | [`optim::Sgd`], [`optim::Adam`], [`optim::AdamW`], [`schedule::Schedule`] |
//!
//! Start reading at `layer/conv2d.rs`: every layer is built like it. The computation, and the initialization of a parameter, is
//! defined in the file of the operation, one floor below.
//!
//! Invariants: a layer is a description, a value without parameters that can be compared, cloned and printed; no layer is
//! zero-sized; an invalid setting does not panic, but is an error when the network is traced or the optimizer is built.
//!
//! # Example
//! ```
//! use striate_nn::{Conv2d, Flatten, Linear, MaxPool2d, Mode, ReLU, Sequential, trace};
//!
//! let net = Sequential::new()
//!     .append(Conv2d::new(1, 8, 3).padding(1))
//!     .append(ReLU::new())
//!     .append(MaxPool2d::new(2))
//!     .append(Flatten::new())
//!     .append(Linear::new(8 * 14 * 14, 10));
//! let graph = trace(&net, Mode::Eval, [1, 28, 28])?;
//! assert_eq!(graph.output_shape(), [10]);
//! assert_eq!(graph.params()[0].0, "0.weight");
//! # Ok::<(), striate_nn::graph::TraceError>(())
//! ```

mod layer;
pub mod optim;
pub mod schedule;

pub use layer::*;
pub use optim::{Adam, AdamW, OptimizerConfig, OptimizerError, Sgd};
pub use schedule::{Curve, Schedule, ScheduleError};

pub use striate_graph as graph;
pub use striate_graph::op::Init;
pub use striate_graph::{Forward, Mode, Module, Var, trace};

/// # Example
/// A block of a residual network, with the names that torchvision gives its parameters:
/// ```
/// use striate_nn::{BatchNorm2d, Conv2d, Forward, Mode, Module, Var, trace};
///
/// #[derive(Module)]
/// struct Block {
///     conv1: Conv2d,
///     bn1: BatchNorm2d,
///     downsample: Option<Conv2d>,
///     #[module(skip)]
///     repeats: usize,
/// }
///
/// impl Forward for Block {
///     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
///         let shortcut = self.downsample.as_ref().map_or(x, |layer| x.apply(layer));
///         let y = x.apply(&self.conv1).apply(&self.bn1);
///         (0..self.repeats).fold(y, |y, _| (y + shortcut).relu())
///     }
/// }
///
/// # fn main() -> Result<(), striate_nn::graph::TraceError> {
/// let conv = Conv2d::new(3, 8, 1).bias(false);
/// let block = Block { conv1: conv.clone(), bn1: BatchNorm2d::new(8), downsample: Some(conv), repeats: 1 };
/// let graph = trace(&block, Mode::Eval, [3, 32, 32])?;
/// let names: Vec<String> = graph.params().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names[0], "downsample.weight");
/// assert_eq!(names[1], "conv1.weight");
/// assert_eq!(names[2..], ["bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var"]);
/// # Ok(())
/// # }
/// ```
/// A field that is not a layer is a compile error, unless it is skipped:
/// ```compile_fail,E0277
/// #[derive(striate_nn::Module)]
/// struct Net {
///     conv1: striate_nn::Conv2d,
///     width: usize,
/// }
/// # fn main() {}
/// ```
/// An enum has no fixed set of layers, so the derive rejects it:
/// ```compile_fail
/// #[derive(striate_nn::Module)]
/// enum Net {
///     Small(striate_nn::Conv2d),
/// }
/// # fn main() {}
/// ```
pub use striate_derive::ModuleOfNn as Module;
