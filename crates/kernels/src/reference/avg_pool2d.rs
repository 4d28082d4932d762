//! Average pooling of `[N, C, H, W]` to `[N, C, OH, OW]`.

use super::{cells, check_len, tap_offset};
use crate::shape::PoolShape;

/// Computes the mean of each window.
///
/// `y[n,c,oy,ox] = (1/D) · Σ_{ky,kx} x[n, c, oy·s + ky·d − p, ox·s + kx·d − p]`, cells outside the input read as 0.
///
/// The divisor `D` is the number of taps that lie in the input or in `counted` cells of padding around it,
/// `[[top, bottom], [left, right]]`. A window without any such tap gives 0.
///
/// # Shapes
/// `x [N, C, H, W]`, result `[N, C, OH, OW]`.
///
/// # PyTorch
/// `torch.nn.functional.avg_pool2d`, which has no dilation. With `count_include_pad`, its default, all of the requested padding
/// is counted, but not the cells that `ceil_mode` adds after it; without it, none.
pub fn avg_pool2d(n: usize, shape: &PoolShape, counted: [[usize; 2]; 2], x: &[f64]) -> Vec<f64> {
    let [h, w] = shape.input;
    check_len("avg_pool2d x [N, C, H, W]", x.len(), n * shape.channels * h * w);
    let mut y = Vec::new();
    for plane in 0..n * shape.channels {
        for at in cells(shape.output()) {
            let sum: f64 = taps_inside(shape, at).map(|offset| x[plane * h * w + offset]).sum();
            y.push(sum / divisor(shape, at, counted));
        }
    }
    y
}

/// Backward pass of [`avg_pool2d`]: each output's gradient is divided equally among the cells of its window.
///
/// `grad_input[n,c,i] = Σ_{oy,ox : window at [oy,ox] contains i} grad_output[n,c,oy,ox] / D[oy,ox]`
///
/// # Shapes
/// `grad_output [N, C, OH, OW]`, result `[N, C, H, W]`.
pub fn avg_pool2d_vjp(
    n: usize,
    shape: &PoolShape,
    counted: [[usize; 2]; 2],
    grad_output: &[f64],
) -> Vec<f64> {
    let ([h, w], [oh, ow]) = (shape.input, shape.output());
    check_len("avg_pool2d grad_output [N, C, OH, OW]", grad_output.len(), n * shape.channels * oh * ow);
    let mut grad_input = vec![0.0; n * shape.channels * h * w];
    for plane in 0..n * shape.channels {
        for [oy, ox] in cells([oh, ow]) {
            let g = grad_output[(plane * oh + oy) * ow + ox];
            for offset in taps_inside(shape, [oy, ox]) {
                grad_input[plane * h * w + offset] += g / divisor(shape, [oy, ox], counted);
            }
        }
    }
    grad_input
}

/// Offsets in the `[H, W]` plane of the window's taps that fall inside it.
fn taps_inside(shape: &PoolShape, at: [usize; 2]) -> impl Iterator<Item = usize> {
    cells(shape.window.kernel).filter_map(move |tap| tap_offset(&shape.window, at, tap, shape.input))
}

fn divisor(shape: &PoolShape, at: [usize; 2], counted: [[usize; 2]; 2]) -> f64 {
    let counts = |tap: [usize; 2]| {
        (0..2).all(|a| {
            let cell = at[a] * shape.window.stride[a] + tap[a] * shape.window.dilation[a];
            let cell = cell as isize - shape.window.before()[a] as isize;
            (-(counted[a][0] as isize)..(shape.input[a] + counted[a][1]) as isize).contains(&cell)
        })
    };
    // At least 1: a window entirely in the padding has the sum 0, and its mean must be 0 too.
    cells(shape.window.kernel).filter(|&tap| counts(tap)).count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;
    use crate::reference::testing;
    use crate::shape::Window;

    #[test]
    fn padding_counts_or_not() {
        let window = Window { kernel: [2, 2], stride: [2, 2], padding: [[1, 1], [1, 1]], dilation: [1, 1] };
        let shape = PoolShape { channels: 1, input: [2, 2], window };
        let x = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(avg_pool2d(1, &shape, window.padding, &x), [0.25, 0.5, 1.0, 2.0]);
        assert_eq!(avg_pool2d(1, &shape, [[0; 2]; 2], &x), x);
        assert_eq!(avg_pool2d_vjp(1, &shape, window.padding, &x), [0.25, 0.5, 1.0, 2.0]);
        assert_eq!(avg_pool2d_vjp(1, &shape, [[0; 2]; 2], &x), x);
    }

    #[test]
    fn what_a_last_window_adds_does_not_count() {
        // torch.nn.functional.avg_pool2d(x, (1, 3), 2, (0, 1), ceil_mode=True) of four columns: one is added after them.
        let window = Window { kernel: [1, 3], stride: [1, 2], padding: [[0, 0], [1, 2]], dilation: [1, 1] };
        let shape = PoolShape { channels: 1, input: [1, 4], window };
        let (x, asked) = ([3.0, 6.0, 9.0, 12.0], [[0, 0], [1, 1]]);
        assert_eq!(avg_pool2d(1, &shape, asked, &x), [3.0, 9.0, 6.0]);
        assert_eq!(avg_pool2d(1, &shape, [[0; 2]; 2], &x), [4.5, 9.0, 12.0]);
    }

    #[test]
    fn overlapping_windows_and_planes_by_hand() {
        let window = Window { kernel: [1, 2], ..Window::square(1) };
        let shape = PoolShape { channels: 2, input: [1, 3], window };
        let y = avg_pool2d(1, &shape, window.padding, &[1.0, 3.0, 7.0, 0.0, 0.0, -2.0]);
        assert_eq!(y, [2.0, 5.0, 0.0, -1.0]);
        let grad = avg_pool2d_vjp(1, &shape, window.padding, &[2.0, 4.0, 6.0, 8.0]);
        assert_eq!(grad, [1.0, 3.0, 2.0, 3.0, 7.0, 4.0]);
    }

    #[test]
    fn a_window_of_padding_alone_is_zero() {
        let window = Window { kernel: [1, 2], stride: [1, 1], padding: [[0, 0], [1, 1]], dilation: [1, 3] };
        let shape = PoolShape { channels: 1, input: [1, 2], window }; // taps at −1 and 2
        assert_eq!(avg_pool2d(1, &shape, [[0; 2]; 2], &[1.0, 2.0]), [0.0]);
        assert_eq!(avg_pool2d_vjp(1, &shape, [[0; 2]; 2], &[1.0]), [0.0, 0.0]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(4);
        for case in 0..80 {
            let (n, shape) = (sample.usize_in(1..=3), testing::pool_shape(&mut sample));
            // All of the padding, only the part before the input, or none.
            let counted =
                shape.window.padding.map(|[before, after]| [[before, after], [before, 0], [0, 0]][case % 3]);
            let x = widen(&sample.normal_vec(n * shape.channels * shape.input[0] * shape.input[1]));
            let forward = |x: &[f64]| avg_pool2d(n, &shape, counted, x);
            let grad_output = widen(&sample.normal_vec(forward(&x).len()));
            let grad_input = avg_pool2d_vjp(n, &shape, counted, &grad_output);
            assert_vjp(forward, &x, &grad_output, &grad_input, 1e-8, &format!("case {case}: {shape:?}"));
        }
    }
}
