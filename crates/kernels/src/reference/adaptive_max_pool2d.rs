//! Adaptive max pooling: `[N, C, H, W]` to `[N, C, OH, OW]` for any `OH` and `OW`.

use super::adaptive_avg_pool2d::region;
use super::{cells, check_len};

/// Computes the largest value of each of the `OH × OW` regions that the input is cut into, and its position.
///
/// `y[n,c,oy,ox] = max of x[n, c, r, q]` over `floor(oy·H/OH) ≤ r < ceil((oy+1)·H/OH)`, and likewise for the columns.
///
/// The second result is the offset `row · W + column` of the maximum in its `[H, W]` plane. Among equal values the first
/// in scan order wins. A NaN wins over every number, and the last NaN over the others.
///
/// # Shapes
/// `x [N, C, H, W]` with `input = [H, W]`, both results `[N, C, OH, OW]` with `output = [OH, OW]`.
///
/// # PyTorch
/// `torch.nn.functional.adaptive_max_pool2d(…, return_indices=True)`
pub fn adaptive_max_pool2d(
    n: usize,
    channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    x: &[f64],
) -> (Vec<f64>, Vec<usize>) {
    let [h, w] = input;
    check_len("adaptive_max_pool2d x [N, C, H, W]", x.len(), n * channels * h * w);
    let (mut y, mut argmax) = (Vec::new(), Vec::new());
    for plane in 0..n * channels {
        for at in cells(output) {
            let (mut best, mut best_offset) = (f64::NEG_INFINITY, None);
            for offset in region(input, output, at) {
                let value = x[plane * h * w + offset];
                // The first cell wins even if it is −∞.
                if value > best || value.is_nan() || best_offset.is_none() {
                    (best, best_offset) = (value, Some(offset));
                }
            }
            y.push(best);
            argmax.push(best_offset.expect("no region is empty"));
        }
    }
    (y, argmax)
}

/// Backward pass of [`adaptive_max_pool2d`]: each output's gradient goes to the cell that won.
///
/// # Shapes
/// `grad_output [N, C, OH, OW]`, result `[N, C, H, W]`.
pub fn adaptive_max_pool2d_vjp(
    n: usize,
    channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    x: &[f64],
    grad_output: &[f64],
) -> Vec<f64> {
    let (_, argmax) = adaptive_max_pool2d(n, channels, input, output, x);
    check_len("adaptive_max_pool2d grad_output [N, C, OH, OW]", grad_output.len(), argmax.len());
    let mut grad_input = vec![0.0; x.len()];
    for (index, (&offset, g)) in argmax.iter().zip(grad_output).enumerate() {
        grad_input[index / (output[0] * output[1]) * input[0] * input[1] + offset] += g;
    }
    grad_input
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn five_columns_to_three_overlap() {
        // Regions 0..2, 1..4 and 3..5; of equal values the first, and a NaN wins.
        let x = [1.0, 5.0, 5.0, 2.0, f64::NAN];
        let (y, argmax) = adaptive_max_pool2d(1, 1, [1, 5], [1, 3], &x);
        assert_eq!((&y[..2], argmax), (&[5.0, 5.0][..], vec![1, 1, 4]));
        assert!(y[2].is_nan());
        let grad = adaptive_max_pool2d_vjp(1, 1, [1, 5], [1, 3], &x, &[1.0, 10.0, 100.0]);
        assert_eq!(grad, [0.0, 11.0, 0.0, 0.0, 100.0]);
    }

    #[test]
    fn to_one_cell_is_the_largest_of_each_plane_and_to_more_repeats_cells() {
        let x = [1.0, 2.0, 6.0, 3.0, -1.0, -2.0, -3.0, -6.0];
        assert_eq!(adaptive_max_pool2d(1, 2, [2, 2], [1, 1], &x), (vec![6.0, -1.0], vec![2, 0]));
        assert_eq!(adaptive_max_pool2d(1, 1, [1, 2], [1, 3], &[2.0, 1.0]).0, [2.0, 2.0, 1.0]);
        let none = [f64::NEG_INFINITY; 2];
        assert_eq!(adaptive_max_pool2d(1, 1, [1, 2], [1, 1], &none), (vec![f64::NEG_INFINITY], vec![0]));
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(6);
        for case in 0..80 {
            let [n, channels] = [0; 2].map(|_: usize| sample.usize_in(1..=3));
            let [h, w, oh, ow] = [0; 4].map(|_: usize| sample.usize_in(1..=8));
            // A gap far above the finite-difference step: no maximum moves.
            let x = widen(&sample.distinct_vec(n * channels * h * w, 0.125));
            let grad_output = widen(&sample.normal_vec(n * channels * oh * ow));
            let forward = |x: &[f64]| adaptive_max_pool2d(n, channels, [h, w], [oh, ow], x).0;
            let grad_input = adaptive_max_pool2d_vjp(n, channels, [h, w], [oh, ow], &x, &grad_output);
            let what = format!("case {case}: [{n}, {channels}, {h}, {w}] to [{oh}, {ow}]");
            assert_vjp(forward, &x, &grad_output, &grad_input, 1e-7, &what);
        }
    }
}
