//! Direct convolution with products of bf16 values: `Y = act(bias + Σ bf16(X) · bf16(W) + A)`, without groups.
//!
//! **Schedule.** The input is rounded as a whole, into half its bytes; then the tiles of f32 pass over pairs of channels, with
//! half as many rows. On processors without an instruction for pairs, each pair is two fused multiply-adds of values that are
//! shifted into place: 2.2 to 2.6 times the time of f32 on AVX2.
//!
//! **Numerics.** As in `bf16/mod.rs`. The error relative to the RMS of the result, against f64 on values that are not rounded,
//! for inputs after a ReLU, 3x3:
//!
//! | channels | f32 | bf16 |
//! | --- | --- | --- |
//! | 64 | 3.0e-7 | 2.3e-3 |
//! | 256 | 5.9e-7 | 2.4e-3 |
//! | 512 | 8.0e-7 | 2.3e-3 |

use super::direct::Conv;
use super::rows::Rows;
use crate::ConvShape;
use crate::activation::Activation;
use crate::bf16::{Bf16Weights, PackBf16, Source};
use crate::plane::{Plane, Value};
use crate::program::{Buf, Builder};

impl Bf16Weights {
    /// Rounds the weights for a convolution of `x`, packed as in [`Rows::forward`]; `to` holds [`Bf16Weights::conv_len`] words.
    pub fn conv(shape: &ConvShape, x: &Plane, w: Buf, to: Buf) -> Self {
        let (_, from) = Rows::bf16(shape, &Rows::forward(shape, x), &x.pairs());
        Self::new(w, to, Source::Rows(from))
    }

    /// The number of words of the rounded weights for a convolution of `x`.
    pub fn conv_len(shape: &ConvShape, x: &Plane) -> usize {
        Rows::bf16(shape, &Rows::forward(shape, x), &x.pairs()).0.weight_len()
    }
}

impl Conv {
    /// Creates the forward pass of `shape`, with its [rounded weights](Bf16Weights::conv) in `w`. It adds to `program` the
    /// kernel that rounds the input.
    ///
    /// # Panics
    /// Those of [`Conv::forward`]; also if there are groups, or the input is planar.
    pub fn forward_bf16(
        program: &mut Builder,
        shape: &ConvShape,
        x: Value,
        w: Buf,
        bias: Option<Buf>,
        y: Value,
        act: Activation,
    ) -> Self {
        assert_eq!(shape.groups, 1, "bf16 convolution of {shape:?}");
        let plane = x.plane.pairs();
        let pairs = Value { buf: program.buffer(program.tile() * plane.sample_len()), plane };
        program.push(PackBf16::new(x, pairs));
        let (rows, _) = Rows::bf16(shape, &Rows::forward(shape, &x.plane), &plane);
        let paired = ConvShape { c_in: plane.channels, ..*shape };
        Self::forward(&paired, rows, pairs, w, bias, y, act)
    }
}
