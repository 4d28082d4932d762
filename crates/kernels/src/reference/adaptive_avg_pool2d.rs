//! Adaptive average pooling: `[N, C, H, W]` to `[N, C, OH, OW]` for any `OH` and `OW`.

use super::{cells, check_len};

/// Computes the mean over the `OH × OW` regions that the input is cut into.
///
/// `y[n,c,oy,ox] = mean of x[n, c, r, q]` over `floor(oy·H/OH) ≤ r < ceil((oy+1)·H/OH)`, and likewise for the columns.
///
/// Regions overlap by a cell where `OH` does not divide `H`, and repeat cells where `OH > H`.
///
/// # Shapes
/// `x [N, C, H, W]` with `input = [H, W]`, result `[N, C, OH, OW]` with `output = [OH, OW]`.
///
/// # PyTorch
/// `torch.nn.functional.adaptive_avg_pool2d`
pub fn adaptive_avg_pool2d(
    n: usize,
    channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    x: &[f64],
) -> Vec<f64> {
    let [h, w] = input;
    check_len("adaptive_avg_pool2d x [N, C, H, W]", x.len(), n * channels * h * w);
    let mut y = Vec::new();
    for plane in 0..n * channels {
        for at in cells(output) {
            let region = region(input, output, at);
            let sum: f64 = region.iter().map(|offset| x[plane * h * w + offset]).sum();
            y.push(sum / region.len() as f64);
        }
    }
    y
}

/// Backward pass of [`adaptive_avg_pool2d`]: each output's gradient is divided equally among the cells of its region.
///
/// # Shapes
/// `grad_output [N, C, OH, OW]`, result `[N, C, H, W]`.
pub fn adaptive_avg_pool2d_vjp(
    n: usize,
    channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    grad_output: &[f64],
) -> Vec<f64> {
    let ([h, w], [oh, ow]) = (input, output);
    check_len("adaptive_avg_pool2d grad_output [N, C, OH, OW]", grad_output.len(), n * channels * oh * ow);
    let mut grad_input = vec![0.0; n * channels * h * w];
    for plane in 0..n * channels {
        for [oy, ox] in cells(output) {
            let region = region(input, output, [oy, ox]);
            let share = grad_output[(plane * oh + oy) * ow + ox] / region.len() as f64;
            for offset in region {
                grad_input[plane * h * w + offset] += share;
            }
        }
    }
    grad_input
}

/// Offsets in the `[H, W]` plane of the cells that output `at` is computed from, in scan order.
pub(super) fn region(input: [usize; 2], output: [usize; 2], at: [usize; 2]) -> Vec<usize> {
    let range = |a: usize| at[a] * input[a] / output[a]..((at[a] + 1) * input[a]).div_ceil(output[a]);
    range(0).flat_map(|row| range(1).map(move |column| row * input[1] + column)).collect()
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn five_columns_to_three_overlap() {
        // Regions 0..2, 1..4 and 3..5.
        let y = adaptive_avg_pool2d(1, 1, [1, 5], [1, 3], &[1.0, 3.0, 5.0, 10.0, 20.0]);
        assert_eq!(y, [2.0, 6.0, 15.0]);
        let grad = adaptive_avg_pool2d_vjp(1, 1, [1, 5], [1, 3], &[2.0, 6.0, 4.0]);
        assert_eq!(grad, [1.0, 3.0, 2.0, 4.0, 2.0]);
    }

    #[test]
    fn to_one_cell_is_the_mean_of_each_plane_and_to_more_repeats_cells() {
        let x = [1.0, 2.0, 3.0, 6.0, -1.0, -2.0, -3.0, -6.0];
        assert_eq!(adaptive_avg_pool2d(1, 2, [2, 2], [1, 1], &x), [3.0, -3.0]);
        assert_eq!(adaptive_avg_pool2d(2, 1, [2, 2], [2, 2], &x), x);
        // Three outputs of two cells: regions 0..1, 0..2 and 1..2.
        assert_eq!(adaptive_avg_pool2d(1, 1, [1, 2], [1, 3], &[1.0, 2.0]), [1.0, 1.5, 2.0]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(5);
        for case in 0..80 {
            let [n, channels] = [0; 2].map(|_: usize| sample.usize_in(1..=3));
            let [h, w, oh, ow] = [0; 4].map(|_: usize| sample.usize_in(1..=8));
            let x = widen(&sample.normal_vec(n * channels * h * w));
            let grad_output = widen(&sample.normal_vec(n * channels * oh * ow));
            let forward = |x: &[f64]| adaptive_avg_pool2d(n, channels, [h, w], [oh, ow], x);
            let grad_input = adaptive_avg_pool2d_vjp(n, channels, [h, w], [oh, ow], &grad_output);
            let what = format!("case {case}: [{n}, {channels}, {h}, {w}] to [{oh}, {ow}]");
            assert_vjp(forward, &x, &grad_output, &grad_input, 1e-8, &what);
        }
    }
}
