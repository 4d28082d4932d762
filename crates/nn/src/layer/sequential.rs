//! Layers applied one after the other.

use super::*;
use std::fmt;
use std::panic::Location;

/// Applies layers one after the other, each to the value of the one before; its children are `0`, `1`, …
///
/// `Y = f_k(… f_1(f_0(X)))`
///
/// # Shapes
/// The input has the shape of the first layer's input, and the output that of the last layer's output.
///
/// # PyTorch
/// `torch.nn.Sequential`, built by its `append`.
///
/// # Example
/// ```
/// use striate_nn::{Conv2d, Mode, ReLU, Sequential, trace};
///
/// let net = Sequential::new().append(Conv2d::new(1, 4, 3)).append(ReLU::new()).append(Conv2d::new(4, 8, 3));
/// let graph = trace(&net, Mode::Eval, [1, 28, 28])?;
/// assert_eq!(graph.output_shape(), [8, 24, 24]);
/// assert_eq!(graph.params()[2].0, "2.weight");
/// assert_eq!((net.len(), net.is_empty(), Sequential::new().is_empty()), (3, false, true));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Default)]
pub struct Sequential {
    /// The layers in order, each with the source line where it was appended, which errors name.
    layers: Vec<(Box<dyn Forward>, &'static Location<'static>)>,
}

impl Sequential {
    /// Creates a chain without layers, whose output is its input.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a layer.
    #[must_use]
    #[track_caller]
    pub fn append(mut self, layer: impl Forward) -> Self {
        self.layers.push((Box::new(layer), Location::caller()));
        self
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }
}

impl FromIterator<Box<dyn Forward>> for Sequential {
    #[track_caller]
    fn from_iter<T: IntoIterator<Item = Box<dyn Forward>>>(layers: T) -> Self {
        let line = Location::caller();
        Self { layers: layers.into_iter().map(|layer| (layer, line)).collect() }
    }
}

impl Module for Sequential {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        for (i, (layer, _)) in self.layers.iter().enumerate() {
            visit(&i.to_string(), layer.as_ref());
        }
    }
}

impl Forward for Sequential {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        self.layers.iter().fold(x, |x, (layer, line)| x.apply_at(layer.as_ref(), line))
    }
}

/// Layers may be of types that cannot be printed, so only their number is shown.
impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sequential({} layers)", self.layers.len())
    }
}
