//! The description of a parameter: its name, its shape, its initial values, and its layout in memory.

use striate_kernels::conv::Rows;
use striate_kernels::{BLOCK, ConvShape, LinearPack, Plane};

/// The initial values of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Every value is this number.
    Constant(f32),
    /// Uniform in `±1/√fan_in`, PyTorch's default for the weights and biases of convolutions and linear layers (kaiming-uniform
    /// with a = √5).
    Uniform {
        /// The number of inputs of one output.
        fan_in: usize,
    },
    /// Uniform in `±bound`.
    Within {
        /// The largest magnitude.
        bound: f32,
    },
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        std: f32,
    },
}

impl Init {
    /// Returns a normal distribution with the standard deviation `√(2 / fan_out)`, which preserves the magnitude of gradients
    /// through a stack of ReLU layers; `fan_out` of a convolution is `out_channels · kh · kw`.
    ///
    /// # Source
    /// He et al., "Delving Deep into Rectifiers", 2015, section 2.2.
    ///
    /// # PyTorch
    /// `torch.nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")`.
    pub fn kaiming_normal(fan_out: usize) -> Self {
        Self::Normal { std: (2.0 / fan_out.max(1) as f64).sqrt() as f32 }
    }

    /// Returns a uniform distribution with the standard deviation `√(2 / fan_in)`, which preserves the magnitude of values
    /// through a stack of ReLU layers; `fan_in` of a convolution is `in_channels / groups · kh · kw`.
    ///
    /// # Source
    /// He et al., "Delving Deep into Rectifiers", 2015, section 2.2.
    ///
    /// # PyTorch
    /// `torch.nn.init.kaiming_uniform_(weight, nonlinearity="relu")`.
    pub fn kaiming_uniform(fan_in: usize) -> Self {
        Self::Within { bound: (6.0 / fan_in.max(1) as f64).sqrt() as f32 }
    }

    /// For the weight and bias of a layer: PyTorch's default, or the requested one for the weight and zeros for the bias.
    pub(crate) fn of_layer(asked: Option<Self>, fan_in: usize) -> (Self, Self) {
        let usual = Self::Uniform { fan_in };
        asked.map_or((usual, usual), |weight| (weight, Self::Constant(0.0)))
    }
}

/// The description of one parameter of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// The name in the layer: `weight`, `bias`, `running_mean`, …
    pub name: &'static str,
    /// The shape in PyTorch's order, such as `[out_channels, in_channels, kh, kw]`.
    pub shape: Vec<usize>,
    /// The initial values.
    pub init: Init,
    /// Whether training changes it by its gradient; running statistics are not trainable.
    pub trainable: bool,
}

impl ParamSpec {
    pub(crate) fn new(name: &'static str, shape: &[usize], init: Init) -> Self {
        Self { name, shape: shape.to_vec(), init, trainable: true }
    }
}

/// The layout of a parameter in the engine's memory.
#[derive(Debug, Clone, Copy)]
pub struct ParamLayout {
    /// The number of values in memory, padding included.
    pub len: usize,
    order: Order,
}

/// In which order the values lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// PyTorch's.
    Same,
    /// That in which a convolution reads its weight.
    Conv(ConvShape, Plane),
    /// That in which a linear layer reads its weight.
    Linear(LinearPack, Plane),
}

/// Where each of PyTorch's values lies. It takes as much memory as the parameter, so that it is made when it is needed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Places(Option<Vec<u32>>);

impl Places {
    /// The place of PyTorch's value `i`.
    pub(crate) fn of(&self, i: usize) -> usize {
        self.0.as_ref().map_or(i, |map| map[i] as usize)
    }
}

impl ParamLayout {
    /// The weight of a convolution of `x`; `None` where it would take 2^32 values.
    pub(crate) fn conv(shape: ConvShape, x: &Plane) -> Option<Self> {
        let len = Rows::forward(&shape, x).weight_len();
        u32::try_from(len).ok()?;
        Some(Self { len, order: Order::Conv(shape, *x) })
    }

    /// The weight of a linear layer that takes `x`; `None` where it would take 2^32 values.
    pub(crate) fn linear(pack: LinearPack, x: &Plane) -> Option<Self> {
        let len = pack.weight_len();
        u32::try_from(len).ok()?;
        Some(Self { len, order: Order::Linear(pack, *x) })
    }

    /// One value a channel, padded to whole blocks.
    pub(crate) fn channels(channels: usize) -> Self {
        Self { len: channels.next_multiple_of(BLOCK), order: Order::Same }
    }

    /// Where PyTorch's values lie.
    pub(crate) fn places(&self) -> Places {
        let small = "a layout has fewer than 2^32 values";
        Places(match &self.order {
            Order::Same => None,
            Order::Conv(shape, x) => Some(Rows::forward(shape, x).weight_map(shape).expect(small)),
            Order::Linear(pack, x) => Some(pack.weight_map(x).expect(small)),
        })
    }

    /// Whether every value lies in the same place as in `other`.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.len == other.len && (self.order == other.order || self.places() == other.places())
    }

    /// For each position of this layout of `len` PyTorch values, the position of the same value in `other`, or `u32::MAX` for a
    /// position that only fills up a block.
    pub(crate) fn places_in(&self, other: &Self, len: usize) -> Vec<u32> {
        let (from, to) = (self.places(), other.places());
        let mut places = vec![u32::MAX; self.len];
        (0..len).for_each(|i| places[from.of(i)] = to.of(i) as u32);
        places
    }
}
