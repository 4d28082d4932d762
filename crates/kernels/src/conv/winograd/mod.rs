//! Convolution of small windows with stride 1 by Winograd's F(m x m, r x r): 36 products instead of the 144 or 100 of direct
//! convolution, or 16 instead of 36.
//!
//! `Y = Aᵀ [ Σ_c (G g_c Gᵀ) ⊙ (Bᵀ d_c B) ] A` for each tile of `m x m` output pixels, where `d_c` are the values of channel `c`
//! that the tile reads, `m + r - 1` along an axis, and `g_c` its `r x r` weights; then the bias, another value of Y's shape if
//! there is one, and the activation. `form.rs` has the transforms. The gradient of the input is the same convolution, applied
//! to the gradient of the output, with weights rotated by half a turn and input and output channels exchanged.
//!
//! | form | window | points | products per tile | multiply-adds per pixel, direct | size of the transformed weights, relative to direct |
//! | --- | --- | --- | --- | --- | --- |
//! | F(4x4, 3x3) | 3x3 | 0, ±√½, ±√2, ∞ | 36 | 2.25, 9 | 4 |
//! | F(2x2, 3x3) | 3x3 | 0, ±1, ∞ | 16 | 4, 9 | 1.8 |
//! | F(2x2, 5x5) | 5x5 | those of F(4x4, 3x3) | 36 | 9, 25 | 1.4 |
//!
//! **Schedule.** A task takes up to 42 tiles, of one sample or of several, so that many samples read the weights as often as
//! one; or 49, if these are all, so that a 28x28 feature map reads its weights once. It transforms the inputs of the tiles for
//! every input channel, with channels as lanes, into a matrix `[C, tiles]` for each point. Then, 64 output channels at a time,
//! each matrix is multiplied by its weights `[C, 64]`, with up to 6 tiles (AVX2) or 14 (AVX-512) times two vectors of channels
//! in registers, and the products of a tile are transformed into its pixels. The weights are stored in the order in which they
//! are read. If one group has all tiles, two or four tasks share the output channels, at least 128 for each: they transform the
//! inputs again, which costs less than reading all weights twice; and while they multiply by some weights they prefetch the
//! next. The matrices are thread-local memory.
//!
//! Measured on AVX2 (a second-level cache of 512 kB), one thread: 64 channels at a time instead of 16 save 5 % at 128 channels
//! and 28x28; groups of 24 tiles cost 10 %, groups of 84 2 %. Storing the weights in the order of reading saves 12 % if they
//! come from memory (512 channels, 7x7), prefetching the next ones another 13 %. Checking the bounds of what a transform reads
//! and writes once per tile, instead of at each value, makes the transforms 1.5 times as fast: with 64 channels at 56x56 that
//! is 13 % of the convolution, with 128 at 28x28 8 %. If a task's matrices are larger than the second-level cache, as with 64
//! channels at 224x224, neither 12 to 30 tiles nor 16 or 32 channels at a time were faster by more than the measurement error
//! of 3 %; 12 tiles cost 20 % with 512 channels at 28x28.
//!
//! **Numerics.** f32. Each sum of a point is one chain of fused multiply-adds over the channels in order, so neither the group
//! nor the lanes nor the threads change a bit. An input that is not finite makes its whole tile NaN. The error relative to the
//! RMS of the result, against f64 and for inputs after a ReLU:
//!
//! | channels | direct | F(2x2, 3x3) | F(4x4, 3x3) |
//! | --- | --- | --- | --- |
//! | 64 | 3.0e-7 | 2.3e-7 | 7.0e-7 |
//! | 256 | 5.9e-7 | 4.5e-7 | 1.3e-6 |
//! | 512 | 8.0e-7 | 6.0e-7 | 1.8e-6 |
//!
//! and for windows of 5x5:
//!
//! | channels | direct | F(2x2, 5x5) |
//! | --- | --- | --- |
//! | 64 | 4.8e-7 | 7.8e-7 |
//! | 256 | 8.7e-7 | 1.5e-6 |
//! | 512 | 1.2e-6 | 2.1e-6 |
//!
//! The tests require that the error of F(2x2, 3x3) is below that of direct convolution, that of F(2x2, 5x5) below twice and
//! that of F(4x4, 3x3) below three times.
//!
//! # Source
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.

mod form;
mod forward;
mod weights;

pub use form::Form as WinogradForm;
pub use forward::Winograd;
pub use weights::WinogradWeights;
