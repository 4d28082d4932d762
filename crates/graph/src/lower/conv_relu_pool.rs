//! Convolution, ReLU and 2x2 max-pooling in one kernel, `Y = max over each 2x2 window of max(0, conv(X))`. Passes fuse
//! the three where no other operation reads the values in between. The forward pass then moves a quarter of the memory, and the
//! backward pass does a quarter of the work.

use crate::arithmetic::Arithmetic;
use crate::emit::{BackwardKernels, ForwardKernels};
use crate::graph::NodeId;
use crate::op::{AlgorithmChoice, Conv2d, Method};
use striate_kernels::conv::{ConvPool, ConvPoolBackwardData, ConvPoolBackwardWeight, Rows, can_pool};
use striate_kernels::{Activate, Activation, BLOCK, Plane, ReluRule};

/// Convolution with bias, then `max(0, ·)`, then the maximum of each 2x2 window.
#[derive(Debug, Clone)]
pub(crate) struct ConvReluPool {
    /// The convolution, which has a bias.
    pub(crate) conv: Conv2d,
    /// The node of the convolution's own value, if that is observed.
    pub(crate) whole: Option<NodeId>,
}

impl ConvReluPool {
    /// Whether the kernels can run this convolution on an input `[C, H, W]`, and are the fastest. Where Winograd's algorithm
    /// may be used, it gains more than is saved between the convolution and the pool.
    pub(crate) fn fits(conv: &Conv2d, input: &[usize], arithmetic: Arithmetic) -> bool {
        let is_direct = || conv.algorithm(input, arithmetic).method == Method::Direct;
        conv.bias && can_pool(&conv.conv_shape(input)) && is_direct()
    }

    /// As [`Operation::choice`](crate::op::Operation::choice).
    pub(crate) fn choice(&self) -> AlgorithmChoice {
        AlgorithmChoice { algorithm: "direct, pooled", reason: "3x3, 2x2 max-pool".into() }
    }

    /// As [`Operation::grad_halos`](crate::op::Operation::grad_halos).
    pub(crate) fn grad_halos(&self) -> ([usize; 2], [usize; 2]) {
        ([0, 0], self.conv.halo())
    }

    /// Adds the kernel of the forward pass.
    pub(crate) fn forward(&self, at: &mut ForwardKernels<'_>) {
        let shape = self.conv.conv_shape(at.shapes[0]);
        let rows = Rows::forward(&shape, &at.x[0].plane);
        let plane = at.y.plane;
        let bytes = plane.blocks() * BLOCK * plane.height * plane.width;
        let argmax = at.train.then(|| at.save(bytes.div_ceil(4)));
        let mut kernel = ConvPool::new(&shape, rows, at.x[0], at.params[0], at.params[1], at.y, argmax);
        if let Some(id) = self.whole {
            kernel =
                kernel.with_whole(at.hold_beside(id, Plane::blocked(shape.c_out, shape.output(), [0, 0])));
        }
        at.program.push(kernel);
    }

    /// Adds the kernels of the backward pass.
    pub(crate) fn backward(&self, at: &mut BackwardKernels<'_>) {
        let shape = self.conv.conv_shape(at.shapes[0]);
        let rows = Rows::forward(&shape, &at.x[0].plane);
        let argmax = at.saved[0];
        let mut dy = at.dy;
        if at.relu == ReluRule::Guided {
            // Each pixel of the ReLU receives the gradient of at most one window, so what is not positive can be removed before
            // the pool.
            dy = at.scratch(at.dy.plane);
            at.program.push(Activate { x: at.dy, y: dy, act: Activation::RELU });
        }
        if let (Some(dw), Some(db)) = (at.grads[0], at.grads[1]) {
            ConvPoolBackwardWeight::push(at.program, &shape, &rows, at.x[0], dy, argmax, dw, db);
        }
        if let Some(dx) = at.dx[0] {
            ConvPoolBackwardData::push(at.program, &shape, &rows, dy, argmax, at.params[0], dx);
        }
    }
}
