//! Max-pooling: `Y[n, c, y, x] = max over the window of X[n, c, ·, ·]`; padding counts as −∞, and ties go to the first in scan
//! order. With `ceil_mode` the last window may extend past the edge.

use super::*;
use striate_kernels::{MaxPool, MaxPoolBackward, PoolShape, reference};

/// The maximum of each window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool2d {
    /// The size of the window `[kh, kw]`.
    pub kernel_size: [usize; 2],
    /// The distance between windows `[rows, columns]`.
    pub stride: [usize; 2],
    /// The number of cells added on each side `[rows, columns]`, as −∞.
    pub padding: [usize; 2],
    /// The distance between taps `[rows, columns]`.
    pub dilation: [usize; 2],
    /// Whether a last window may begin inside the image, or in the padding before it, and end beyond the padding after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ceil_mode: bool,
}

impl MaxPool2d {
    /// The 2x2 pool that halves both sides.
    pub(crate) const TWO_BY_TWO: Self =
        Self { kernel_size: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceil_mode: false };

    /// The window without the last windows of `ceil_mode`.
    fn sliding(&self) -> Window {
        let Self { kernel_size, stride, padding, dilation, .. } = *self;
        Window { kernel: kernel_size, stride, dilation, ..Window::square(1) }.padded(padding)
    }
    /// The window with padding after the image as far as the last window reaches.
    pub(crate) fn window(&self, [h, w]: [usize; 2]) -> Window {
        let window = self.sliding();
        if self.ceil_mode { super::with_last_windows(window, [h, w]) } else { window }
    }
    fn pool_shape(&self, input: &[usize]) -> PoolShape {
        let size = [input[1], input[2]];
        PoolShape { channels: input[0], input: size, window: self.window(size) }
    }
}

impl Operation for MaxPool2d {
    fn name(&self) -> &'static str {
        "max_pool2d"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Window)
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
        slide("max_pool2d", &self.sliding(), image)?;
        let [h, w] = slide("max_pool2d", &self.window([image[1], image[2]]), image)?;
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

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(MaxPool::new(at.x[0], at.y, self.window(at.x[0].plane.size())));
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            let window = self.window(at.x[0].plane.size());
            at.program.push(MaxPoolBackward::new(at.x[0], at.dy, dx, window));
        }
    }
}
