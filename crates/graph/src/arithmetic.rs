//! The choice of arithmetic for sums of products.

/// The convolutions that are computed by Winograd's algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Winograd {
    /// The convolutions for which it is faster: 3x3 convolutions with stride 1 of at least 32 channels on feature maps of at
    /// least 9x9, or of 5x5 with 128 channels and more, and 5x5 convolutions of at least 32 channels on feature maps of at
    /// least 5x5. This applies in inference and in training, where the gradients of their inputs are computed this way, too.
    /// They are about twice as fast, with up to two and a half times the rounding error and up to four times the memory for
    /// their weights.
    #[default]
    Auto,
    /// No convolution.
    Off,
    /// All convolutions for which there are kernels: 3x3 and 5x5 convolutions with stride 1, without groups or dilation, of 16
    /// channels and more, even where they are slower than the direct ones.
    On,
}

/// The type of the values that are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dtype {
    /// 32 bits, of which 24 are the significand.
    #[default]
    F32,
    /// 16 bits, of which 8 are the significand: convolutions without groups and of at least eight channels, and fully connected
    /// layers, round their inputs and weights to the nearest bf16 value, a relative error of at most 0.4 % each. Products and
    /// sums, all other operations and all intermediate values are f32. This is faster on processors that multiply pairs of bf16
    /// values (AVX512_BF16) and slower on others; the results are the same. Training and gradients always use f32.
    Bf16,
}

/// The arithmetic of convolutions and fully connected layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Arithmetic {
    /// The convolutions that use Winograd's algorithm.
    pub winograd: Winograd,
    /// The type of the values; bf16 takes precedence over Winograd's algorithm.
    pub dtype: Dtype,
}

impl Arithmetic {
    /// Every sum computed directly, in f32.
    pub const PLAIN: Self = Self { winograd: Winograd::Off, dtype: Dtype::F32 };
}
