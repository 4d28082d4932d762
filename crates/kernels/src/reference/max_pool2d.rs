//! Max pooling of `[N, C, H, W]` to `[N, C, OH, OW]`.

use super::{cells, check_len, tap_offset};
use crate::shape::PoolShape;

/// The argmax of a window that is entirely in the padding; its output is −∞, and its gradient is dropped.
///
/// Only dilation, or padding beyond half the kernel, can make such a window.
pub const NO_CELL: usize = usize::MAX;

/// Computes the largest value of each window, and its position.
///
/// `y[n,c,oy,ox] = max_{ky,kx} x[n, c, oy·s + ky·d − p, ox·s + kx·d − p]`, cells outside the input read as −∞.
///
/// The second result is the offset `row · W + column` of the maximum in its `[H, W]` plane. Among equal values the first
/// in scan order wins. A NaN wins over every number, and the last NaN over the others.
///
/// # Shapes
/// `x [N, C, H, W]`, both results `[N, C, OH, OW]`.
///
/// # PyTorch
/// `torch.nn.functional.max_pool2d(…, return_indices=True)`
pub fn max_pool2d(n: usize, shape: &PoolShape, x: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let [h, w] = shape.input;
    check_len("max_pool2d x [N, C, H, W]", x.len(), n * shape.channels * h * w);
    let (mut y, mut argmax) = (Vec::new(), Vec::new());
    for plane in 0..n * shape.channels {
        for at in cells(shape.output()) {
            let (mut best, mut best_offset) = (f64::NEG_INFINITY, NO_CELL);
            for tap in cells(shape.window.kernel) {
                let Some(offset) = tap_offset(&shape.window, at, tap, shape.input) else { continue };
                let value = x[plane * h * w + offset];
                // The first cell wins even if it is −∞.
                if value > best || value.is_nan() || best_offset == NO_CELL {
                    (best, best_offset) = (value, offset);
                }
            }
            y.push(best);
            argmax.push(best_offset);
        }
    }
    (y, argmax)
}

/// Backward pass of [`max_pool2d`]: each output's gradient goes to the cell that won.
///
/// `grad_input[n,c,i] = Σ_{oy,ox : argmax[n,c,oy,ox] = i} grad_output[n,c,oy,ox]`
///
/// # Shapes
/// `grad_output [N, C, OH, OW]`, result `[N, C, H, W]`.
pub fn max_pool2d_vjp(n: usize, shape: &PoolShape, x: &[f64], grad_output: &[f64]) -> Vec<f64> {
    let (_, argmax) = max_pool2d(n, shape, x);
    check_len("max_pool2d grad_output [N, C, OH, OW]", grad_output.len(), argmax.len());
    let ([h, w], [oh, ow]) = (shape.input, shape.output());
    let mut grad_input = vec![0.0; x.len()];
    for (index, (&offset, g)) in argmax.iter().zip(grad_output).enumerate() {
        if offset != NO_CELL {
            grad_input[index / (oh * ow) * h * w + offset] += g;
        }
    }
    grad_input
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;
    use crate::reference::testing;
    use crate::shape::Window;

    const NAN: f64 = f64::NAN;
    const INF: f64 = f64::INFINITY;

    fn row(kernel: usize, stride: usize, padding: usize, width: usize) -> PoolShape {
        let window = Window {
            kernel: [1, kernel],
            stride: [1, stride],
            padding: [[0, 0], [padding, padding]],
            dilation: [1, 1],
        };
        PoolShape { channels: 1, input: [1, width], window }
    }

    #[test]
    fn two_by_two_by_hand() {
        let window = Window { stride: [2; 2], ..Window::square(2) };
        let shape = PoolShape { channels: 2, input: [2, 5], window }; // the fifth column is dropped
        let x = [1.0, 2.0, 3.0, 9.0, 99.0, 4.0, 0.0, 5.0, 6.0, 99.0];
        let x: Vec<f64> = x.iter().copied().chain(x.iter().map(|v| -v)).collect();
        let (y, argmax) = max_pool2d(1, &shape, &x);
        assert_eq!(y, [4.0, 9.0, 0.0, -3.0]);
        assert_eq!(argmax, [5, 3, 6, 2]);
        let mut want = [0.0; 20];
        (want[5], want[3], want[16], want[12]) = (1.0, 2.0, 3.0, 4.0);
        assert_eq!(max_pool2d_vjp(1, &shape, &x, &[1.0, 2.0, 3.0, 4.0]), want);
    }

    #[test]
    fn the_first_of_equal_values_wins_and_overlaps_add_up() {
        let (y, argmax) = max_pool2d(1, &row(2, 1, 0, 4), &[7.0, 7.0, 7.0, 1.0]);
        assert_eq!((y, argmax), (vec![7.0; 3], vec![0, 1, 2]));
        let grad = max_pool2d_vjp(1, &row(3, 1, 1, 4), &[1.0, 5.0, 5.0, 2.0], &[1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(grad, [0.0, 111.0, 1000.0, 0.0]);
    }

    #[test]
    fn padding_never_wins() {
        let (y, argmax) = max_pool2d(1, &row(3, 2, 1, 3), &[-5.0, -6.0, -INF]);
        assert_eq!((y, argmax), (vec![-5.0, -6.0], vec![0, 1]));
        let (y, argmax) = max_pool2d(1, &row(3, 2, 1, 3), &[-INF; 3]);
        assert_eq!((y, argmax), (vec![-INF; 2], vec![0, 1]));
    }

    #[test]
    fn nan_wins() {
        let (y, argmax) = max_pool2d(1, &row(3, 1, 0, 5), &[NAN, NAN, INF, 1.0, 2.0]);
        assert!(y[0].is_nan() && y[1].is_nan() && y[2] == INF, "{y:?}");
        assert_eq!(argmax, [1, 1, 2]);
    }

    #[test]
    fn a_window_of_padding_alone_is_minus_infinity_and_passes_no_gradient() {
        // Taps at −1 and 2 of a two-cell row.
        let mut shape = row(2, 1, 1, 2);
        shape.window.dilation = [1, 3];
        assert_eq!(max_pool2d(1, &shape, &[1.0, 2.0]), (vec![-INF], vec![NO_CELL]));
        assert_eq!(max_pool2d_vjp(1, &shape, &[1.0, 2.0], &[3.0]), [0.0, 0.0]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(3);
        for case in 0..80 {
            let (n, shape) = (sample.usize_in(1..=3), testing::pool_shape(&mut sample));
            let ([h, w], [oh, ow]) = (shape.input, shape.output());
            // A gap far above the finite-difference step: no maximum moves.
            let x = widen(&sample.distinct_vec(n * shape.channels * h * w, 0.125));
            let (y, argmax) = max_pool2d(n, &shape, &x);
            // A window entirely in the padding is −∞, and 0 · ∞ is not a number that can be differentiated.
            let finite = |y: Vec<f64>| y.iter().map(|v| v.max(-1e3)).collect::<Vec<_>>();
            for (index, (&value, &offset)) in y.iter().zip(&argmax).enumerate() {
                let plane = &x[index / (oh * ow) * h * w..][..h * w];
                assert_eq!(value, plane.get(offset).copied().unwrap_or(-INF), "case {case}: {shape:?}");
            }
            let grad_output = widen(&sample.normal_vec(y.len()));
            let grad_input = max_pool2d_vjp(n, &shape, &x, &grad_output);
            let forward = |x: &[f64]| finite(max_pool2d(n, &shape, x).0);
            assert_vjp(forward, &x, &grad_output, &grad_input, 1e-7, &format!("case {case}: {shape:?}"));
        }
    }
}
