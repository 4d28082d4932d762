//! Floor 0 of Striate: the arithmetic of convolutional networks on a CPU.
//!
//! This crate has convolution, pooling, linear layers, normalization, activations, losses and optimizers, forward and backward,
//! for AVX-512, AVX2 and any other machine; a thread pool; and the memory in which a planned network runs. It is independent of
//! graphs: its interface consists of buffers and geometry. The floor above, `striate-graph`, decides which kernel runs on
//! which buffers. All `unsafe` code of the project is in this crate.
//!
//! # Where to start reading
//!
//! | file | content |
//! | --- | --- |
//! | [`mod@reference`] | the definition of every operation: naive loops in f64, against which everything else is tested |
//! | [`plane`] | the layout of an activation in memory |
//! | `program.rs`, `program/kernel.rs` | [`Builder`], [`Program`], and [`Kernel`]: an operation cut into tasks |
//! | `simd/mod.rs` | vectors with the same meaning on every instruction set |
//! | [`elementwise`] | the simplest kernels: read `add.rs`, then `map.rs` |
//! | [`conv`], [`linear`] | the kernels that take most of the time; each file begins with its formula and its schedule |
//! | [`pooling`], [`batch_norm`], [`group_norm`], [`loss`], [`optimizer`] | the other parts of a network |
//!
//! # Invariants
//!
//! * The tasks, the results of each task and the order of every sum follow from shapes alone, so any number of threads gives
//!   the same bits. Lanes are channels or features, so AVX2 and AVX-512 give the same bits, too; the portable path differs from
//!   them, by rounding only, on machines without fused multiply-add.
//! * A sample's result does not depend on the others in its batch, except for batch norm in training.
//! * Between kernels the halo of every activation is zero, and so are, if all values are finite, the lanes past the last
//!   channel. Every kernel writes all of its output.
//! * Gradients of parameters and the loss start at the first tile of a batch and are summed over its tiles.
//! * No memory is allocated while a program runs.
//!
//! A kernel whose geometry does not fit is a programming error, and panics with a message that says what does not fit.
//!
//! # Example
//!
//! A Sobel filter finds the edges in an image of 3 x 4 pixels, and ReLU keeps those of one sign:
//!
//! ```
//! use striate_kernels::conv::{Conv, Rows};
//! use striate_kernels::Activation;
//! use striate_kernels::{Builder, ConvShape, Import, Isa, Plane, Pool, Step, Value, Window};
//!
//! let window = Window::square(3).padded([1, 1]);
//! let shape = ConvShape { c_in: 1, c_out: 1, input: [3, 4], window, groups: 1 };
//!
//! let mut program = Builder::new(1);
//! let mut value = |plane: Plane| Value { buf: program.kept(plane.sample_len()), plane };
//! let x = value(Plane::planar(1, shape.input, window.halo()));
//! let y = value(Plane::blocked(1, shape.output(), [0, 0]));
//! let rows = Rows::forward(&shape, &x.plane);
//! let (places, w) = (rows.weight_map(&shape).unwrap(), program.kept(rows.weight_len()));
//! program.push(Import { y: x });
//! program.push(Conv::forward(&shape, rows, x, w, None, y, Activation::RELU));
//! let mut program = program.finish()?;
//!
//! let sobel = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0];
//! for (at, value) in places.into_iter().zip(sobel) {
//!     program.get_mut(w)[at as usize] = value;
//! }
//! let image = [0.0, 0.0, 1.0, 1.0].repeat(3);
//! let step = Step { input: &image, targets: &[], n: 1, learning_rate: 0.0, update: 1, seed: 0 };
//! program.run(&Pool::new(2), Isa::choose()?, &step);
//!
//! let edges = y.plane.to_nchw(program.get(y.buf), 1);
//! assert_eq!(edges, [0.0, 3.0, 3.0, 0.0, 0.0, 4.0, 4.0, 0.0, 0.0, 3.0, 3.0, 0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod activation;
mod arena;
pub mod batch_norm;
mod bf16;
mod chains;
pub mod conv;
mod cut;
pub mod elementwise;
pub mod group_norm;
mod layer_norm;
mod layout;
pub mod linear;
mod local_response_norm;
pub mod loss;
pub mod optimizer;
mod peak;
pub mod plane;
mod pool;
pub mod pooling;
mod program;
pub mod reference;
mod scratch;
mod shape;
mod simd;
#[cfg(test)]
mod testing;
mod unrolled;
mod upsample;

pub use activation::Activation;
pub use batch_norm::{BatchNormAdded, BatchNormBackward, BatchNormEval, BatchNormTrain, BatchStats};
pub use bf16::{Bf16Weights, PackBf16};
pub use elementwise::{
    Activate, ActivateBackward, Add, Channels, Copy, Dropout, DropoutUnit, Flatten, Import, Mul, PRelu,
    PReluBackward, ProductSums, ReluRule, Run, SampleSums, ScaleChannels, Unflatten, dropout_keeps, export,
};
pub use group_norm::{GroupNorm, GroupNormBackward};
pub use layer_norm::{LayerNorm, LayerNormBackward};
pub use linear::{Linear, LinearPack, TableRows};
pub use local_response_norm::{LocalResponse, LocalResponseNorm, LocalResponseNormBackward};
pub use loss::{CrossEntropy, Softmax, SoftmaxBackward, Target};
pub use optimizer::{AdamUpdate, AddGradient, ClipNorm, ClipValue, EmaUpdate, SgdUpdate};
pub use peak::{bandwidth_gb_per_s, peak_gflops};
pub use plane::{Plane, Value};
pub use pool::{Pool, map_on_all_cores};
pub use pooling::{
    AdaptiveAvgPool, AdaptiveAvgPoolBackward, AvgPool, AvgPoolBackward, MaxPool, MaxPoolBackward,
};
#[cfg(any(test, debug_assertions))]
pub use program::watched;
pub use program::{Buf, Builder, Constants, Cx, Kernel, Out, OutOfMemory, Program, Step};
pub use shape::{ConvShape, PoolShape, Window, window_positions};
pub use simd::{BLOCK, Isa};
pub use upsample::{Upsample, UpsampleBackward};
