//! Convolution.

use super::*;

/// A convolution of images with learned filters (strictly a cross-correlation, as everywhere in deep learning).
///
/// `Y[n, k, y, x] = bias[k] + Σ_c Σ_(i, j) X[n, c, y·s + i·d − p, x·s + j·d − p] · weight[k, c, i, j]`, with `c` over
/// the channels of k's group.
///
/// # Shapes
/// `[N, C_in, H, W]` to `[N, C_out, H', W']`, where `H' = ⌊(H + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1`,
/// and `W'` likewise; with [`Padding::Same`], `H' = ⌈H / stride⌉`. `weight` is `[C_out, C_in / groups, kh, kw]`, `bias` is
/// `[C_out]`; both start uniform in `±1/√(C_in / groups · kh · kw)`, unless [`Conv2d::init`] is used.
///
/// # Errors
/// Tracing fails for a stride, size or dilation of 0, a window larger than the padded image, a number of channels that differs
/// from the image's, or a number of groups that does not divide both numbers of channels.
///
/// # PyTorch
/// `torch.nn.Conv2d` with `padding_mode="zeros"`; its `padding="same"` is [`Conv2d::padding_same`], which PyTorch supports for
/// stride 1 only.
///
/// # Example
/// ```
/// use striate_nn::{Conv2d, Mode, trace};
///
/// let conv = Conv2d::new(3, 16, 3).stride(2).padding(1);
/// let graph = trace(&conv, Mode::Eval, [3, 32, 32])?;
/// assert_eq!(graph.output_shape(), [16, 16, 16]);
/// assert_eq!(graph.parameter_count(), 3 * 16 * 9 + 16);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// The number of channels of the input.
    pub in_channels: usize,
    /// The number of channels of the output, which is the number of filters.
    pub out_channels: usize,
    /// The size of a filter `[kh, kw]`.
    pub kernel_size: [usize; 2],
    /// The distance from one window to the next `[rows, columns]`.
    pub stride: [usize; 2],
    /// Zeros added around the image.
    pub padding: Padding,
    /// The distance between two taps of a filter `[rows, columns]`.
    pub dilation: [usize; 2],
    /// The number of groups of channels; each group of outputs reads one group of inputs.
    pub groups: usize,
    /// Whether a learned constant is added to each output channel.
    pub bias: bool,
    /// The initialization of the weight; the bias then starts at 0. With `None`, both are initialized as in PyTorch.
    pub init: Option<Init>,
}

impl Conv2d {
    /// Creates a layer with stride 1, no padding, dilation 1, one group, and a bias.
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: impl Into<Pair>) -> Self {
        let Pair(kernel_size) = kernel_size.into();
        let (stride, padding, dilation) = ([1, 1], Padding::Zeros([0, 0]), [1, 1]);
        let (groups, bias, init) = (1, true, None);
        Self { in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, init }
    }

    /// Sets the distance from one window to the next.
    #[must_use]
    pub fn stride(self, stride: impl Into<Pair>) -> Self {
        Self { stride: stride.into().0, ..self }
    }

    /// Sets the number of zeros on each side.
    #[must_use]
    pub fn padding(self, padding: impl Into<Pair>) -> Self {
        Self { padding: Padding::Zeros(padding.into().0), ..self }
    }

    /// Pads with as many zeros as make the output `⌈H / stride⌉` high and `⌈W / stride⌉` wide.
    #[must_use]
    pub fn padding_same(self) -> Self {
        Self { padding: Padding::Same, ..self }
    }

    /// Sets the distance between the taps of a filter.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Pair>) -> Self {
        Self { dilation: dilation.into().0, ..self }
    }

    /// Divides the channels into groups; with as many groups as channels this is a depthwise convolution.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// Sets whether there is a bias; a batch norm after the convolution makes it superfluous.
    #[must_use]
    pub fn bias(self, bias: bool) -> Self {
        Self { bias, ..self }
    }

    /// Sets how the weight is initialized; the bias then starts at 0.
    #[must_use]
    pub fn init(self, weight: Init) -> Self {
        Self { init: Some(weight), ..self }
    }
}

leaf!(Conv2d);

impl Forward for Conv2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { in_channels, out_channels, kernel_size, stride, dilation, groups, bias, init, .. } = *self;
        let padding = self.padding.around(&x.shape(), kernel_size, stride, dilation);
        let conv = op::Conv2d {
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            init,
        };
        x.op(conv.into())
    }
}
