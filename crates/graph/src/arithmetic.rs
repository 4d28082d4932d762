//! How sums of products are computed, where there is a choice.

/// Where convolutions are computed by Winograd's algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Winograd {
    /// Where it is faster: 3x3 convolutions with stride 1 of at least 32 channels and of maps of at least 9x9, or 5x5 with 128 channels
    /// and more, and 5x5 convolutions of at least 32 channels and of maps of at least 5x5; in use and in training, and there for the gradients of their inputs too. They are about twice as fast, with up to two
    /// and a half times the rounding error, and with up to four times the memory for their weights.
    #[default]
    Auto,
    /// Nowhere.
    Off,
    /// Wherever there are kernels for it: 3x3 and 5x5 convolutions with stride 1, without groups or dilation, of 16 channels and more, even where
    /// they are slower than the direct ones.
    On,
}

/// The type of the values that are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dtype {
    /// 32 bits, of which 24 are the fraction.
    #[default]
    F32,
    /// 16 bits, of which 8 are the fraction: convolutions without groups and of at least eight channels, and fully connected layers,
    /// round their inputs and weights to the nearest bf16 value, a relative error of at most 0.4 % each. Products and sums, all other
    /// operations and all values between are f32. Where the processor multiplies pairs of bf16 values (AVX512_BF16) that is faster,
    /// elsewhere slower; the results are the same. Training and gradients are f32 whatever this says.
    Bf16,
}

/// How convolutions and fully connected layers are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Arithmetic {
    /// Where by Winograd's algorithm.
    pub winograd: Winograd,
    /// Of which values; bf16 goes before Winograd's algorithm.
    pub dtype: Dtype,
}

impl Arithmetic {
    /// Every sum as it stands, in f32.
    pub const PLAIN: Self = Self { winograd: Winograd::Off, dtype: Dtype::F32 };
}
