//! Operations without parameters, as methods of [`Var`].

use crate::op::{
    AdaptiveAvgPool2d, AdaptiveMaxPool2d, Add, AvgPool2d, ChannelShuffle, Concat, Dropout, Dropout2d,
    Flatten, Interpolate, Interpolation, LocalResponseNorm, LogSoftmax, MaxPool2d, Mul, Narrow, Softmax,
    StochasticDepth, ToSize, each_pointwise, is_gate_of,
};
use crate::var::{Mode, Var};
use std::panic::Location;

impl<'g> Var<'g> {
    /// Computes the maximum over adjacent windows of `kernel_size` × `kernel_size`: `[C, H, W]` to `[C, H / k, W / k]`,
    /// rounded down.
    #[track_caller]
    pub fn max_pool2d(self, kernel_size: usize) -> Var<'g> {
        let size = [kernel_size; 2];
        let pool = MaxPool2d {
            kernel_size: size,
            stride: size,
            padding: [0, 0],
            dilation: [1, 1],
            ceil_mode: false,
        };
        self.at(pool.into(), &[], Location::caller())
    }

    /// Computes the mean over adjacent windows of `kernel_size` × `kernel_size`: `[C, H, W]` to `[C, H / k, W / k]`,
    /// rounded down.
    #[track_caller]
    pub fn avg_pool2d(self, kernel_size: usize) -> Var<'g> {
        let size = [kernel_size; 2];
        let pool = AvgPool2d {
            kernel_size: size,
            stride: size,
            padding: [0, 0],
            count_include_pad: true,
            ceil_mode: false,
        };
        self.at(pool.into(), &[], Location::caller())
    }

    /// Concatenates the channels of this value and of the others, which must have the same height and width.
    ///
    /// # PyTorch
    /// `torch.cat([x, …], 1)`.
    #[track_caller]
    pub fn concat(self, others: &[Var<'g>]) -> Var<'g> {
        self.at(Concat {}.into(), others, Location::caller())
    }

    /// Selects the channels `start .. start + length`.
    ///
    /// # PyTorch
    /// `x.narrow(1, start, length)`.
    #[track_caller]
    pub fn narrow(self, start: usize, length: usize) -> Var<'g> {
        self.at(Narrow { start, length }.into(), &[], Location::caller())
    }

    /// Splits the channels into consecutive parts of these sizes.
    ///
    /// # PyTorch
    /// `x.split(sizes, dim=1)`; `x.chunk(2, dim=1)` is `x.split([c / 2, c / 2])`.
    #[track_caller]
    pub fn split<const K: usize>(self, sizes: [usize; K]) -> [Var<'g>; K] {
        let line = Location::caller();
        let (channels, all) = (self.shape()[0], sizes.iter().sum::<usize>());
        if all != channels {
            let problem = format!(
                "split of {channels} channels into {sizes:?}, which add up to {all}; the sizes must add up to the number of channels"
            );
            self.refuse("split", line, problem);
        }
        let mut start = 0;
        sizes.map(|length| {
            let part = self.at(Narrow { start, length }.into(), &[], line);
            start += length;
            part
        })
    }

    /// Interleaves the channels of `groups` groups: the first channel of each group, then the second of each, and so on.
    ///
    /// # PyTorch
    /// `torch.nn.functional.channel_shuffle`.
    #[track_caller]
    pub fn channel_shuffle(self, groups: usize) -> Var<'g> {
        self.at(ChannelShuffle { groups }.into(), &[], Location::caller())
    }

    /// Computes the mean over windows that are chosen so that the output is `output_size` × `output_size`; 1 gives the mean of
    /// each channel.
    #[track_caller]
    pub fn adaptive_avg_pool2d(self, output_size: usize) -> Var<'g> {
        self.at(AdaptiveAvgPool2d { output_size: [output_size; 2] }.into(), &[], Location::caller())
    }

    /// Computes the maximum over windows that are chosen so that the output is `output_size` × `output_size`; 1 gives the
    /// largest value of each channel.
    #[track_caller]
    pub fn adaptive_max_pool2d(self, output_size: usize) -> Var<'g> {
        self.at(AdaptiveMaxPool2d { output_size: [output_size; 2] }.into(), &[], Location::caller())
    }

    /// Computes `x[c] · (k + alpha / size · Σ x[i]²)^−beta`, where the sum runs over `size` channels around `c`.
    /// PyTorch's defaults are `alpha` 1e-4, `beta` 0.75 and `k` 1.
    #[track_caller]
    pub fn local_response_norm(self, size: usize, alpha: f32, beta: f32, k: f32) -> Var<'g> {
        self.at(LocalResponseNorm { size, alpha, beta, k }.into(), &[], Location::caller())
    }

    /// Resizes the image, like PyTorch's `interpolate` with `align_corners=False`.
    #[track_caller]
    pub fn interpolate(self, to: ToSize, mode: Interpolation) -> Var<'g> {
        self.at(Interpolate { to, mode }.into(), &[], Location::caller())
    }

    /// Flattens `[C, H, W]` to `[C·H·W]`. `start_dim` is PyTorch's; only 1, which keeps the samples separate, is supported.
    ///
    /// # Panics
    /// If `start_dim` is not 1.
    #[track_caller]
    pub fn flatten(self, start_dim: usize) -> Var<'g> {
        assert!(
            start_dim == 1,
            "flatten(start_dim = {start_dim}): only 1 is supported, which keeps the samples separate"
        );
        self.at(Flatten {}.into(), &[], Location::caller())
    }

    /// In training, zeroes each value with probability `p` and scales the others by `1 / (1 − p)`; in inference it has no
    /// effect.
    #[track_caller]
    pub fn dropout(self, p: f32) -> Var<'g> {
        match self.mode() {
            Mode::Train => self.at(Dropout { p }.into(), &[], Location::caller()),
            Mode::Eval => self,
        }
    }

    /// In training, zeroes each channel with probability `p` and scales the others by `1 / (1 − p)`; in inference it has no
    /// effect.
    #[track_caller]
    pub fn dropout2d(self, p: f32) -> Var<'g> {
        match self.mode() {
            Mode::Train => self.at(Dropout2d { p }.into(), &[], Location::caller()),
            Mode::Eval => self,
        }
    }

    /// In training, zeroes whole samples with probability `p` and scales the others by `1 / (1 − p)`; in inference it has
    /// no effect.
    ///
    /// # PyTorch
    /// `torchvision.ops.stochastic_depth(x, p, "row")`.
    #[track_caller]
    pub fn stochastic_depth(self, p: f32) -> Var<'g> {
        match self.mode() {
            Mode::Train if p != 0.0 => self.at(StochasticDepth { p }.into(), &[], Location::caller()),
            _ => self,
        }
    }

    /// Computes probabilities from a vector of logits. The loss expects logits, so leave this out in training.
    #[track_caller]
    pub fn softmax(self) -> Var<'g> {
        self.at(Softmax {}.into(), &[], Location::caller())
    }

    /// Computes the logarithms of the probabilities from a vector of logits.
    #[track_caller]
    pub fn log_softmax(self) -> Var<'g> {
        self.at(LogSoftmax {}.into(), &[], Location::caller())
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident: $function:ident($($(#[$field_doc:meta])* $field:ident),*), $sign:ident, $limit:ident, $shift:expr;)*) => {
        impl<'g> Var<'g> {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $function(self $(, $field: f32)*) -> Var<'g> {
                    self.at(crate::op::$name { $($field),* }.into(), &[], Location::caller())
                }
            )*
        }
    };
}

each_pointwise!(methods);

impl<'g> std::ops::Add for Var<'g> {
    type Output = Var<'g>;
    #[track_caller]
    fn add(self, other: Var<'g>) -> Var<'g> {
        self.at(Add {}.into(), &[other], Location::caller())
    }
}

/// Elementwise product; if one of the two has one value per channel, it scales the channels of the other.
///
/// # PyTorch
/// `a * b`, with `b [N, C, H, W]` or `[N, C, 1, 1]`.
impl<'g> std::ops::Mul for Var<'g> {
    type Output = Var<'g>;
    #[track_caller]
    fn mul(self, other: Var<'g>) -> Var<'g> {
        let (a, b) = if is_gate_of(&other.shape(), &self.shape()) { (other, self) } else { (self, other) };
        a.at(Mul {}.into(), &[b], Location::caller())
    }
}
