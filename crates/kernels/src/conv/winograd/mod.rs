//! Convolution of small windows with stride 1 by Winograd's F(m x m, r x r): 36 products where direct convolution has 144 or 100, or 16
//! where it has 36.
//!
//! `Y = Aᵀ [ Σ_c (G g_c Gᵀ) ⊙ (Bᵀ d_c B) ] A` for each tile of `m x m` output pixels, where `d_c` are the values of channel `c` that
//! the tile sees, `m + r - 1` along an axis, and `g_c` its `r x r` weights; then the bias, another value of Y's shape where there is
//! one, and the activation. `form.rs` has the transforms. The gradient of the input is the same convolution, of the gradient of the
//! output, with weights turned by half a turn whose channels are exchanged.
//!
//! | form | window | points | products of a tile | multiply-adds a pixel, direct | transformed weights, direct ones being 1 |
//! | --- | --- | --- | --- | --- | --- |
//! | F(4x4, 3x3) | 3x3 | 0, ±√½, ±√2, ∞ | 36 | 2.25, 9 | 4 |
//! | F(2x2, 3x3) | 3x3 | 0, ±1, ∞ | 16 | 4, 9 | 1.8 |
//! | F(2x2, 5x5) | 5x5 | those of F(4x4, 3x3) | 36 | 9, 25 | 1.4 |
//!
//! **Schedule.** A task takes up to 42 tiles, of one sample or of several, so that many samples read the weights as often as one; or 49, where
//! these are all, so that a 28x28 map reads its weights once.
//! It transforms what they see of every input channel, lanes being channels, into a matrix `[C, tiles]` for each point. Then, 64
//! output channels at a time, each matrix is multiplied by its weights `[C, 64]`, up to 6 tiles (AVX2) or 14 (AVX-512) times two
//! vectors of channels in registers, and the products of a tile become its pixels. The weights lie in the order in which they are
//! read. Where one group has all tiles, two or four tasks share the output channels, 128 at least for each: they transform the
//! inputs again, which costs less than to read all weights twice; and while they multiply by some weights they ask for the next.
//! The matrices are memory of the thread.
//!
//! Measured on AVX2 (a second cache of 512 kB), one thread: 64 channels at a time against 16 save 5 % at 128 channels and 28x28; groups
//! of 24 tiles cost 10 %, groups of 84 2 %. Weights in the order of reading save 12 % where they come from memory (512 channels, 7x7),
//! asking for the next ones another 13 %. To check the ends of what a transform reads and writes once a tile, and not at each value, makes
//! the transforms 1.5 times as fast: with 64 channels at 56x56 that is 13 % of the convolution, with 128 at 28x28 8 %. Where a task's
//! matrices are larger than the second cache, as with 64 channels at 224x224, neither 12 to 30 tiles nor 16 or 32 channels at a time
//! were faster by more than the measure's own 3 %; 12 tiles cost 20 % with 512 channels at 28x28.
//!
//! **Numerics.** f32. Each sum of a point is one chain of fused multiply-adds over the channels in order, so neither the group nor the
//! lanes nor the threads change a bit. An input that is not finite makes its whole tile NaN. Relative to the RMS of the result, against
//! f64 and for inputs behind a ReLU:
//!
//! | channels | direct | F(2x2, 3x3) | F(4x4, 3x3) |
//! | --- | --- | --- | --- |
//! | 64 | 3.0e-7 | 2.3e-7 | 7.0e-7 |
//! | 256 | 5.9e-7 | 4.5e-7 | 1.3e-6 |
//! | 512 | 8.0e-7 | 6.0e-7 | 1.8e-6 |
//!
//! and of windows of 5x5:
//!
//! | channels | direct | F(2x2, 5x5) |
//! | --- | --- | --- |
//! | 64 | 4.8e-7 | 7.8e-7 |
//! | 256 | 8.7e-7 | 1.5e-6 |
//! | 512 | 1.2e-6 | 2.1e-6 |
//!
//! The tests hold F(2x2, 3x3) below direct convolution, F(2x2, 5x5) below twice and F(4x4, 3x3) below three times that.
//!
//! # Source
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.

mod form;
mod forward;
mod weights;

pub use form::Form as WinogradForm;
pub use forward::Winograd;
pub use weights::WinogradWeights;
