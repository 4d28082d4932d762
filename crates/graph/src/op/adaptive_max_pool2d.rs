//! Adaptive max-pooling: output cell `i` of `m` is the largest of the input cells `⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉`; ties go to the first
//! in scan order.

use super::*;
use striate_kernels::{MaxPool, MaxPoolBackward, reference};

/// The largest window, in cells: the kernels number the cells in f32.
const LARGEST: usize = 1 << 24;

/// The maximum of windows that are chosen to give an output of the requested size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveMaxPool2d {
    /// The size of the output `[h, w]`.
    pub output_size: [usize; 2],
}

impl Operation for AdaptiveMaxPool2d {
    fn name(&self) -> &'static str {
        "adaptive_max_pool2d"
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
    fn reads(&self, _: usize, inputs: &[&[usize]]) -> Reads {
        let span = |axis: usize| Span::Adaptive {
            from: inputs[0][axis + 1] as isize,
            to: self.output_size[axis].max(1) as isize,
        };
        Reads { spans: [span(0), span(1)], ..Reads::SAME }
    }
    fn terms(&self, inputs: &[&[usize]], [_, y, x]: [usize; 3]) -> Option<Terms> {
        let spans = self.reads(0, inputs).spans;
        let of =
            |axis: usize, i: usize| (spans[axis].first(i as isize)..=spans[axis].last(i as isize)).collect();
        Some(Terms::Largest(Cells { rows: of(0, y), columns: of(1, x) }))
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let [c, rows, columns] = image("adaptive_max_pool2d", one(inputs)?)?;
        let [h, w] = self.output_size;
        if h == 0 || w == 0 {
            return Err(ShapeError::plain(
                None,
                "adaptive_max_pool2d to an empty output; the smallest is 1x1",
            ));
        }
        // Along an axis a window has at most ⌈n / m⌉ + 1 cells, and exactly n / m if that is a whole number.
        let side =
            |from: usize, to: usize| (from / to).saturating_add(2 * usize::from(!from.is_multiple_of(to)));
        if side(rows, h).saturating_mul(side(columns, w)) > LARGEST {
            return Err(ShapeError::plain(
                Some(vec![c, h, w]),
                format!(
                    "adaptive_max_pool2d of {rows}x{columns} to {h}x{w} takes windows of more than {LARGEST} values; \
                     make the output larger, or the image smaller with max_pool2d first"
                ),
            ));
        }
        Ok(vec![c, h, w])
    }
    fn cost(&self, inputs: &[&[usize]], output: &[usize]) -> Cost {
        // A window has at most ⌈n / m⌉ + 1 cells along an axis.
        let side = |a: usize| inputs[0][a].div_ceil(output[a].max(1)).saturating_add(1);
        Cost::of_windows(output, side(1).saturating_mul(side(2)))
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let [c, h, w] = [0, 1, 2].map(|i| at.shapes[0][i]);
        reference::adaptive_max_pool2d(at.n, c, [h, w], self.output_size, at.x[0]).0
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let [c, h, w] = [0, 1, 2].map(|i| at.shapes[0][i]);
        let grad =
            reference::adaptive_max_pool2d_vjp(at.n, c, [h, w], self.output_size, at.x[0], grad_output);
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(MaxPool::adaptive(at.x[0], at.y));
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            at.program.push(MaxPoolBackward::adaptive(at.x[0], at.dy, dx));
        }
    }
}
