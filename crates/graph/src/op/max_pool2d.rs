//! Max-pooling: `Y[n, c, y, x] = max over the window of X[n, c, ·, ·]`; padding counts as −∞, ties go to the first
//! in scan order.

use super::*;
use striate_kernels::{MaxPool, MaxPoolBackward, PoolShape, reference};

/// Maximum of each window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool2d {
    /// Size of the window `[kh, kw]`.
    pub kernel_size: [usize; 2],
    /// Step of the window.
    pub stride: [usize; 2],
    /// Cells added on each side, as −∞.
    pub padding: [usize; 2],
    /// Distance between taps.
    pub dilation: [usize; 2],
}

impl MaxPool2d {
    fn sliding(&self) -> Window {
        let Self { kernel_size, stride, padding, dilation } = *self;
        Window { kernel: kernel_size, stride, dilation, ..Window::square(1) }.padded(padding)
    }
    fn pool_shape(&self, input: &[usize]) -> PoolShape {
        PoolShape { channels: input[0], input: [input[1], input[2]], window: self.sliding() }
    }
}

impl Operation for MaxPool2d {
    fn name(&self) -> &'static str {
        "max_pool2d"
    }
    fn role(&self) -> Role {
        Role::Pool
    }
    fn sign(&self) -> Sign {
        Sign::OfInputs
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::Zero)
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::window(&self.sliding())
    }
    fn terms(&self, _: &[&[usize]], [_, y, x]: [usize; 3]) -> Option<Terms> {
        Some(Terms::Largest(Cells::of_window(&self.sliding(), [y, x])))
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let image = image("max_pool2d", one(inputs)?)?;
        if (0..2).any(|a| self.padding[a] > self.kernel_size[a] / 2) {
            let problem = format!(
                "max_pool2d pads {:?}, more than half its kernel_size {:?}: some windows would be empty; \
                 use padding of at most {:?}, or a larger kernel_size",
                self.padding,
                self.kernel_size,
                self.kernel_size.map(|k| k / 2)
            );
            return Err(ShapeError::plain(None, problem));
        }
        let [h, w] = slide("max_pool2d", &self.sliding(), image)?;
        Ok(vec![image[0], h, w])
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_windows(output, cost::taps(&self.sliding()))
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::max_pool2d(at.n, &self.pool_shape(at.shapes[0]), at.x[0]).0
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let shape = self.pool_shape(at.shapes[0]);
        let grad = reference::max_pool2d_vjp(at.n, &shape, at.x[0], grad_output);
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut Forward<'_>) {
        at.program.push(MaxPool::new(at.x[0], at.y, self.sliding()));
    }
    fn backward(&self, at: &mut Backward<'_>) {
        if let Some(dx) = at.dx[0] {
            at.program.push(MaxPoolBackward::new(at.x[0], at.dy, dx, self.sliding()));
        }
    }
}
