//! Average-pooling: `Y[n, c, y, x] = Σ over the window of X[n, c, ·, ·] / (kh·kw)`. Padding counts as zeros, both in the sum
//! and in the number of cells (PyTorch's `count_include_pad=True`), unless `count_include_pad` is false. With `ceil_mode` the
//! last window may extend past the edge; cells beyond the padding are never counted.

use super::*;
use striate_kernels::{AvgPool, AvgPoolBackward, PoolShape, reference};

/// The mean of each window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvgPool2d {
    /// The size of the window `[kh, kw]`.
    pub kernel_size: [usize; 2],
    /// The distance between windows `[rows, columns]`.
    pub stride: [usize; 2],
    /// The number of zeros added on each side `[rows, columns]`.
    pub padding: [usize; 2],
    /// Whether padding counts in the divisor.
    pub count_include_pad: bool,
    /// Whether a last window may begin inside the image, or in the padding before it, and end beyond the padding after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ceil_mode: bool,
}

impl AvgPool2d {
    /// The window without the last windows of `ceil_mode`.
    fn sliding(&self) -> Window {
        let Self { kernel_size, stride, padding, .. } = *self;
        Window { kernel: kernel_size, stride, ..Window::square(1) }.padded(padding)
    }
    /// The window with padding after the image as far as the last window reaches.
    fn window(&self, input: [usize; 2]) -> Window {
        let window = self.sliding();
        if self.ceil_mode { super::with_last_windows(window, input) } else { window }
    }
    /// The padding that counts in the divisor.
    fn counted(&self) -> [[usize; 2]; 2] {
        self.padding.map(|padding| if self.count_include_pad { [padding; 2] } else { [0; 2] })
    }
    fn pool_shape(&self, input: &[usize]) -> PoolShape {
        let size = [input[1], input[2]];
        PoolShape { channels: input[0], input: size, window: self.window(size) }
    }
}

impl Operation for AvgPool2d {
    fn name(&self) -> &'static str {
        "avg_pool2d"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::WindowSum)
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
    fn terms(&self, inputs: &[&[usize]], [_, y, x]: [usize; 3]) -> Option<Terms> {
        let cells = Cells::of_window(&self.sliding(), [y, x]);
        // Cells beyond the padding are not counted.
        let counted = |a: usize, cells: &[isize]| {
            let end = inputs[0][a + 1] + self.padding[a];
            cells.iter().filter(|&&cell| cell < end as isize).count()
        };
        let divisor = self.count_include_pad.then(|| counted(0, &cells.rows) * counted(1, &cells.columns));
        Some(Terms::Mean { cells, divisor })
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let image = image("avg_pool2d", one(inputs)?)?;
        if (0..2).any(|a| self.padding[a] > self.kernel_size[a] / 2) {
            let problem = format!(
                "avg_pool2d pads {:?}, more than half its kernel_size {:?}: some windows would be empty; \
                 use padding of at most {:?}, or a larger kernel_size",
                self.padding,
                self.kernel_size,
                self.kernel_size.map(|k| k / 2)
            );
            return Err(ShapeError::plain(None, problem));
        }
        slide("avg_pool2d", &self.sliding(), image)?;
        let [h, w] = slide("avg_pool2d", &self.window([image[1], image[2]]), image)?;
        Ok(vec![image[0], h, w])
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_windows(output, cost::taps(&self.sliding()))
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::avg_pool2d(at.n, &self.pool_shape(at.shapes[0]), self.counted(), at.x[0])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let shape = self.pool_shape(at.shapes[0]);
        let grad = reference::avg_pool2d_vjp(at.n, &shape, self.counted(), grad_output);
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(AvgPool::new(at.x[0], at.y, self.window(at.x[0].plane.size()), self.counted()));
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            let window = self.window(at.x[0].plane.size());
            at.program.push(AvgPoolBackward::new(at.dy, dx, window, self.counted()));
        }
    }
}
