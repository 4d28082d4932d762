//! What a parameter is: its name, its shape, how it starts, and how it lies in memory.

use striate_kernels::BLOCK;

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Every value the same.
    Constant(f32),
    /// Uniform in `±1/√fan_in`: what PyTorch does to the weights and biases of convolutions and linear layers
    /// (kaiming-uniform with a = √5).
    Uniform {
        /// Inputs of one output.
        fan_in: usize,
    },
    /// Uniform in `±bound`.
    Within {
        /// The largest value there is.
        bound: f32,
    },
    /// Normal with mean 0.
    Normal {
        /// Standard deviation.
        std: f32,
    },
}

impl Init {
    /// Normal with the standard deviation `√(2 / fan_out)`, which keeps the gradients of a stack of ReLU layers as large
    /// as they come; `fan_out` of a convolution is `out_channels · kh · kw`.
    ///
    /// # Source
    /// He et al., "Delving Deep into Rectifiers", 2015, section 2.2.
    ///
    /// # PyTorch
    /// `torch.nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")`.
    pub fn kaiming_normal(fan_out: usize) -> Self {
        Self::Normal { std: (2.0 / fan_out.max(1) as f64).sqrt() as f32 }
    }

    /// Uniform with the standard deviation `√(2 / fan_in)`, which keeps the values of a stack of ReLU layers as large as they
    /// come; `fan_in` of a convolution is `in_channels / groups · kh · kw`.
    ///
    /// # Source
    /// He et al., "Delving Deep into Rectifiers", 2015, section 2.2.
    ///
    /// # PyTorch
    /// `torch.nn.init.kaiming_uniform_(weight, nonlinearity="relu")`.
    pub fn kaiming_uniform(fan_in: usize) -> Self {
        Self::Within { bound: (6.0 / fan_in.max(1) as f64).sqrt() as f32 }
    }

    /// Of a layer's weight and bias: PyTorch's own, or the one asked for and zeros.
    pub(crate) fn of_layer(asked: Option<Self>, fan_in: usize) -> (Self, Self) {
        let usual = Self::Uniform { fan_in };
        asked.map_or((usual, usual), |weight| (weight, Self::Constant(0.0)))
    }
}

/// A parameter of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// `weight`, `bias`, `running_mean`, …
    pub name: &'static str,
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    /// Whether training changes it through its gradient.
    pub trainable: bool,
}

impl ParamSpec {
    pub(crate) fn new(name: &'static str, shape: &[usize], init: Init) -> Self {
        Self { name, shape: shape.to_vec(), init, trainable: true }
    }
}

/// How a parameter lies in the engine's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamLayout {
    /// Values there, padding included.
    pub len: usize,
    /// The place of each of PyTorch's values; `None`: where they are.
    pub map: Option<Vec<u32>>,
}

impl ParamLayout {
    /// The place of PyTorch's value `i`.
    pub(crate) fn place(&self, i: usize) -> usize {
        self.map.as_ref().map_or(i, |map| map[i] as usize)
    }

    /// For each place of this layout of `len` of PyTorch's values, the place of the same value in `other`, or `u32::MAX`
    /// where there is none: what only fills up a block.
    pub(crate) fn places_in(&self, other: &Self, len: usize) -> Vec<u32> {
        let mut places = vec![u32::MAX; self.len];
        (0..len).for_each(|i| places[self.place(i)] = other.place(i) as u32);
        places
    }

    /// One value a channel, padded to whole blocks.
    pub(crate) fn channels(channels: usize) -> Self {
        Self { len: channels.next_multiple_of(BLOCK), map: None }
    }
}
