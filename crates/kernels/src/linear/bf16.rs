//! A fully connected layer with products of bf16 values: `Y[n, o] = act(bias[o] + Σ_i bf16(X[n, i]) · bf16(W[o, i])`.
//!
//! **Schedule.** As for f32, with half as many inputs, which are pairs. A single sample takes as long as reading the weights,
//! so half the bytes take half the time, on any processor.

use super::{Linear, LinearPack, check_plane};
use crate::BLOCK;
use crate::activation::Activation;
use crate::bf16::{Bf16Weights, PackBf16, Source};
use crate::plane::Value;
use crate::program::{Buf, Builder};

impl LinearPack {
    /// The layer whose inputs are pairs of this one's inputs.
    pub(crate) fn pairs(&self) -> Self {
        Self { in_features: self.in_features.div_ceil(2), ..*self }
    }

    /// The 16 packed weights, counted in units of sixteen, that form the halves of the 16 words `i` of the pairs.
    pub(crate) fn rows_of_pair(&self, i: usize) -> (usize, Option<usize>) {
        let pairs = self.pairs().in_features;
        let panel = i / (super::PANEL / BLOCK * pairs);
        let width = self.panel_width(panel) / BLOCK;
        let in_panel = i - self.pairs().panel_start(panel) / BLOCK;
        let (pair, at) = (in_panel / width, in_panel % width);
        let row = |input: usize| self.panel_start(panel) / BLOCK + input * width + at;
        (row(2 * pair), (2 * pair + 1 < self.in_features).then(|| row(2 * pair + 1)))
    }
}

impl Bf16Weights {
    /// Rounds the weights of a fully connected layer, packed as `pack`; `to` holds [`Bf16Weights::linear_len`] words.
    pub fn linear(pack: LinearPack, w: Buf, to: Buf) -> Self {
        Self::new(w, to, Source::Panels(pack))
    }

    /// The number of words of the rounded weights of a fully connected layer.
    pub fn linear_len(pack: LinearPack) -> usize {
        pack.pairs().weight_len()
    }
}

impl Linear {
    /// Creates a layer like [`Linear::new`], with [rounded weights](Bf16Weights::linear). It adds to `program` the kernel that
    /// rounds the input.
    ///
    /// # Panics
    /// Those of [`Linear::new`].
    pub fn bf16(
        program: &mut Builder,
        pack: LinearPack,
        x: Value,
        w: Buf,
        bias: Option<Buf>,
        y: Value,
        act: Activation,
    ) -> Self {
        check_plane("x", &x.plane, pack.in_features);
        check_plane("y", &y.plane, pack.out_features);
        let plane = x.plane.pairs();
        let pairs = Value { buf: program.buffer(program.tile() * plane.sample_len()), plane };
        program.push(PackBf16::new(x, pairs));
        Self { name: "linear bf16", pack: pack.pairs(), x: pairs, w, bias, y, act, is_bf16: true }
    }
}
