//! Interpolation to another size, by `nearest`: `Y[n, c, y, x] = X[n, c, ⌊y·H/H'⌋, ⌊x·W/W'⌋]`, or by `bilinear`: the
//! mean of the four pixels around row `max(0, (y + ½)·H/H' − ½)` and the corresponding column, weighted by their nearness.
//!
//! This is PyTorch's `align_corners=False`. Positions are exact fractions, whereas PyTorch computes them in f32 and may select
//! a neighboring pixel.

use super::*;
use striate_kernels::reference::{self, Between};
use striate_kernels::{Upsample, UpsampleBackward};

/// The method of determining a value between pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// The pixel at or before the position.
    Nearest,
    /// Linear interpolation between pixel centers, along rows and columns.
    Bilinear,
}

/// The size to interpolate to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToSize {
    /// The rows and the columns of the input times these factors.
    ScaleFactor([usize; 2]),
    /// This number of rows and of columns.
    Size([usize; 2]),
}

/// Resizes an image by interpolation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interpolate {
    /// The size of the output.
    pub to: ToSize,
    /// The method of determining a value between pixels.
    pub mode: Interpolation,
}

impl Interpolate {
    fn between(&self) -> Between {
        match self.mode {
            Interpolation::Nearest => Between::Nearest,
            Interpolation::Bilinear => Between::Bilinear,
        }
    }
    /// Rows and columns of the output; `None` if they overflow.
    fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        match self.to {
            ToSize::Size(size) => Some(size),
            ToSize::ScaleFactor([y, x]) => Some([input[0].checked_mul(y)?, input[1].checked_mul(x)?]),
        }
    }
    /// The sizes of input and output along each axis, for a shape that has been checked.
    fn sizes(&self, shape: &[usize]) -> [[usize; 2]; 2] {
        let input = [shape[1], shape[2]];
        [input, self.output(input).unwrap_or(input)]
    }
}

impl Operation for Interpolate {
    fn name(&self) -> &'static str {
        "interpolate"
    }
    fn sign(&self) -> Sign {
        Sign::OfInputs
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::Zero)
    }
    fn reads(&self, i: usize, inputs: &[&[usize]]) -> Reads {
        let [from, to] = self.sizes(inputs[i]);
        let span = |axis: usize| {
            let [from, to] = [from[axis], to[axis]].map(|cells| cells.max(1) as isize);
            match self.mode {
                Interpolation::Nearest => Span::Nearest { from, to },
                Interpolation::Bilinear => Span::Between { from, to },
            }
        };
        Reads { spans: [span(0), span(1)], ..Reads::SAME }
    }
    fn terms(&self, inputs: &[&[usize]], [_, y, x]: [usize; 3]) -> Option<Terms> {
        if self.mode == Interpolation::Bilinear {
            return None;
        }
        let spans = self.reads(0, inputs).spans;
        let of = |axis: usize, i: usize| vec![spans[axis].first(i as isize)];
        Some(Terms::Mean { cells: Cells { rows: of(0, y), columns: of(1, x) }, divisor: Some(1) })
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let [c, h, w] = image("interpolate", one(inputs)?)?;
        let bad = |problem: String| Err(ShapeError::plain(None, problem));
        let Some([rows, columns]) = self.output([h, w]) else {
            return bad(format!("interpolate of {h}x{w} to 2^64 rows or columns or more; scale by less"));
        };
        if rows == 0 || columns == 0 {
            return bad(match self.to {
                ToSize::Size(size) => format!("interpolate to the size {size:?}; the smallest is 1x1"),
                ToSize::ScaleFactor(factor) => {
                    format!("interpolate by the scale_factor {factor:?}; the smallest is 1")
                }
            });
        }
        Ok(vec![c, rows, columns])
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        let taps = if self.mode == Interpolation::Bilinear { 4 } else { 1 };
        Cost::of_windows(output, taps)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let [input, output] = self.sizes(at.shapes[0]);
        reference::interpolate(self.between(), at.n * at.shape[0], input, output, at.x[0])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let [input, output] = self.sizes(at.shapes[0]);
        let planes = at.n * at.shape[0];
        let grad = reference::interpolate_vjp(self.between(), planes, input, output, grad_output);
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(Upsample::new(at.x[0], at.y, self.between()));
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            at.program.push(UpsampleBackward::new(at.dy, dx, self.between()));
        }
    }
}
