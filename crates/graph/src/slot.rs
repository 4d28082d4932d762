//! The memory of a parameter in a program, with the optimizer's state.

use crate::op::ParamLayout;
use ndarray::{ArrayD, IxDyn};
use striate_kernels::{Buf, Program};

/// A parameter in the program's memory.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) layout: ParamLayout,
    pub(crate) buf: Buf,
    /// Whether training changes it by its gradient, unless it is frozen.
    pub(crate) trainable: bool,
    pub(crate) grad: Option<Buf>,
    /// Factor of its learning rate.
    pub(crate) rate_scale: f32,
    /// The optimizer's state for it, by name.
    pub(crate) state: Vec<(&'static str, Buf)>,
    /// Its average over the updates.
    pub(crate) ema: Option<Buf>,
    /// The operations that share it, after the first.
    pub(crate) others: Vec<Use>,
}

/// A parameter as one operation reads it. Its layout follows from that of the input.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub(crate) layout: ParamLayout,
    pub(crate) buf: Buf,
    /// This operation's part of the gradient.
    pub(crate) grad: Option<Buf>,
}

impl Slot {
    /// The parameter as its first operation reads it.
    pub(crate) fn first_use(&self) -> Use {
        Use { layout: self.layout, buf: self.buf, grad: self.grad }
    }

    /// The state that one update hands to the next, by name.
    pub(crate) fn state(&self) -> impl Iterator<Item = (&'static str, Buf)> {
        self.state.iter().copied().chain(self.ema.map(|buf| ("ema", buf)))
    }

    /// Copies from PyTorch's layout into the engine's.
    pub(crate) fn write(&self, program: &mut Program, buf: Buf, array: &ArrayD<f32>) {
        let to = program.get_mut(buf);
        to.fill(0.0);
        let places = self.layout.places();
        array.iter().enumerate().for_each(|(i, &v)| to[places.of(i)] = v);
    }

    /// The inverse of [`Slot::write`].
    pub(crate) fn read(&self, program: &Program, buf: Buf) -> ArrayD<f32> {
        let from = program.get(buf);
        let (len, places) = (self.shape.iter().product(), self.layout.places());
        let values = (0..len).map(|i| from[places.of(i)]).collect();
        ArrayD::from_shape_vec(IxDyn(&self.shape), values).expect("one value an element")
    }
}
