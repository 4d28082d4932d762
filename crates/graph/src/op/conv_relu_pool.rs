//! Convolution, ReLU and 2x2 max-pooling as one operation, `Y = max over each 2x2 window of max(0, conv(X))`: what a pass makes of the three where nobody looks at the
//! values between. A quarter of the memory traffic forward, a quarter of the work backward.

use super::*;
use striate_kernels::conv::{ConvPool, ConvPoolBackwardData, ConvPoolBackwardWeight, Rows, can_pool};
use striate_kernels::{Activate, BLOCK, reference};

/// Convolution with bias, then `max(0, ·)`, then the maximum of each 2x2 window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvReluPool {
    /// The convolution; it has a bias.
    pub conv: Conv2d,
    /// The node as which somebody looks at the convolution's own value. Set by a pass, never stored.
    #[serde(skip)]
    pub whole: Option<crate::NodeId>,
}

impl ConvReluPool {
    /// Whether the fused kernels can run this convolution on an input `[C, H, W]`.
    pub(crate) fn fits(conv: &Conv2d, input: &[usize]) -> bool {
        conv.bias && can_pool(&conv.conv_shape(input))
    }

    fn pool() -> MaxPool2d {
        MaxPool2d { kernel_size: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceil_mode: false }
    }

    /// What the reference computes on the way.
    fn between(&self, at: &Reference<'_>) -> (Vec<usize>, Vec<f64>, Vec<f64>) {
        let shape = self.conv.shape(at.shapes).expect("checked when traced");
        let conv = self.conv.reference(at);
        let relu = reference::relu(&conv);
        (shape, conv, relu)
    }
}

impl Operation for ConvReluPool {
    fn name(&self) -> &'static str {
        "conv_relu_pool"
    }
    fn params(&self) -> Vec<ParamSpec> {
        self.conv.params()
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let shape = self.conv.shape(inputs)?;
        if !Self::fits(&self.conv, inputs[0]) {
            return Err(ShapeError::plain(None, "no fused kernel for this convolution; store it unfused"));
        }
        Self::pool().shape(&[&shape])
    }
    fn cost(&self, inputs: &[&[usize]], output: &[usize]) -> Cost {
        let whole = [output[0], output[1].saturating_mul(2), output[2].saturating_mul(2)];
        self.conv.cost(inputs, &self.conv.shape(inputs).unwrap_or(whole.to_vec()))
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let (shape, _, relu) = self.between(at);
        Self::pool().reference(&Reference { x: &[&relu], shapes: &[&shape], params: &[], ..*at })
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let (shape, conv, relu) = self.between(at);
        let pool = Reference { x: &[&relu], shapes: &[&shape], params: &[], ..*at };
        let grad = Self::pool().reference_vjp(&pool, grad_output).inputs.remove(0);
        let relu = Reference { x: &[&conv], shapes: &[&shape], params: &[], ..*at };
        let grad = Relu {}.reference_vjp(&relu, &grad).inputs.remove(0);
        self.conv.reference_vjp(at, &grad)
    }

    fn param_layout(&self, i: usize, x: &Plane) -> Option<ParamLayout> {
        self.conv.param_layout(i, x)
    }
    fn takes_planar(&self) -> bool {
        true
    }
    fn input_halo(&self, _: &[usize]) -> [usize; 2] {
        self.conv.halo()
    }
    fn grad_halos(&self, _: &[usize]) -> ([usize; 2], [usize; 2]) {
        ([0, 0], self.conv.halo())
    }
    fn forward(&self, at: &mut Forward<'_>) {
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
    fn backward(&self, at: &mut Backward<'_>) {
        let shape = self.conv.conv_shape(at.shapes[0]);
        let rows = Rows::forward(&shape, &at.x[0].plane);
        let argmax = at.saved[0];
        let mut dy = at.dy;
        if at.relu == ReluRule::Guided {
            // Each pixel of the ReLU gets the gradient of one window or none: what is not positive can go before the pool.
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
