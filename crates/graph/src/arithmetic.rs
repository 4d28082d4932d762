//! How sums of products are computed, where there is a choice.

/// Where convolutions are computed by Winograd's algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Winograd {
    /// Where it is faster: 3x3 convolutions with stride 1 of at least 32 channels and of maps of at least 9x9, or 5x5 with 128 channels
    /// and more; in use and in training, and there for the gradients of their inputs too. They are about twice as fast, with up to two
    /// and a half times the rounding error, and with up to four times the memory for their weights.
    #[default]
    Auto,
    /// Nowhere.
    Off,
    /// Wherever there are kernels for it: 3x3 convolutions with stride 1, without groups or dilation, of blocks of channels, even where
    /// they are slower than the direct ones.
    On,
}

/// How convolutions and fully connected layers are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Arithmetic {
    /// Where by Winograd's algorithm.
    pub winograd: Winograd,
}

impl Arithmetic {
    /// Every sum as it stands, in f32.
    pub const PLAIN: Self = Self { winograd: Winograd::Off };
}
