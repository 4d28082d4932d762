//! Batch normalization of `[N, C, H, W]` over `N`, `H` and `W`, for training and for inference.

use super::{LayerGrads, check_len};

/// The result of [`batch_norm2d_train`].
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNormTrain {
    /// The normalized, scaled and shifted input, `[N, C, H, W]`.
    pub y: Vec<f64>,
    /// The mean of each channel over the batch, `[C]`.
    pub mean: Vec<f64>,
    /// The biased variance of each channel over the batch (divided by the count), `[C]`.
    pub var: Vec<f64>,
}

/// Batch normalization by the batch's own statistics.
///
/// `y = (x − mean[c]) / sqrt(var[c] + eps) · weight[c] + bias[c]`
///
/// `mean[c] = (1/M) Σ x`, `var[c] = (1/M) Σ (x − mean[c])²` over the `M = N·H·W` values of channel `c`: the *biased*
/// variance, as in PyTorch.
///
/// # Shapes
/// `x [N, C, H, W]` with `plane = H·W`; `weight` and `bias [C]`.
///
/// # Source
/// Ioffe and Szegedy 2015, algorithm 1.
///
/// # PyTorch
/// `torch.nn.functional.batch_norm(…, training=True)`, which rejects `M = 1`; here that gives `y = bias`.
pub fn batch_norm2d_train(
    n: usize,
    channels: usize,
    plane: usize,
    x: &[f64],
    weight: &[f64],
    bias: &[f64],
    eps: f64,
) -> BatchNormTrain {
    check_len("batch_norm2d x [N, C, H, W]", x.len(), n * channels * plane);
    let count = (n * plane) as f64;
    let (mut mean, mut var) = (vec![0.0; channels], vec![0.0; channels]);
    for (index, x) in x.iter().enumerate() {
        mean[index / plane % channels] += x / count;
    }
    for (index, x) in x.iter().enumerate() {
        let c = index / plane % channels;
        var[c] += (x - mean[c]) * (x - mean[c]) / count;
    }
    let y = batch_norm2d_eval(n, channels, plane, x, weight, bias, &mean, &var, eps);
    BatchNormTrain { y, mean, var }
}

/// Computes the running statistics after a training step: `(running_mean, running_var)`.
///
/// `running = (1 − momentum) · running + momentum · batch`
///
/// with the batch's mean and its *unbiased* variance `var · M / (M − 1)`, where `M = count` is the number of values per
/// channel.
///
/// # Panics
/// If `count < 2`: one value has no unbiased variance.
pub fn batch_norm2d_running(
    running_mean: &[f64],
    running_var: &[f64],
    mean: &[f64],
    var: &[f64],
    count: usize,
    momentum: f64,
) -> (Vec<f64>, Vec<f64>) {
    assert!(count > 1, "reference: the unbiased variance needs 2 values a channel, got N·H·W = {count}");
    let unbiased = count as f64 / (count as f64 - 1.0);
    for (what, slice) in [("running_var", running_var), ("mean", mean), ("var", var)] {
        check_len(&format!("batch_norm2d {what} [C]"), slice.len(), running_mean.len());
    }
    let new_mean = running_mean.iter().zip(mean).map(|(r, m)| (1.0 - momentum) * r + momentum * m);
    let new_var = running_var.iter().zip(var).map(|(r, v)| (1.0 - momentum) * r + momentum * v * unbiased);
    (new_mean.collect(), new_var.collect())
}

/// Backward pass of [`batch_norm2d_train`], including the path through the statistics.
///
/// `grad_input = weight[c] / (M · s) · (M·g − Σ g − x̂ · Σ (g · x̂))`, `grad_weight[c] = Σ g · x̂`, `grad_bias[c] = Σ g`
///
/// with `g = grad_output`, `s = sqrt(var[c] + eps)`, `x̂ = (x − mean[c]) / s` and sums over the `M = N·H·W` values of a
/// channel.
///
/// # Shapes
/// `grad_output [N, C, H, W]`; results as `x`, `[C]` and `[C]`.
pub fn batch_norm2d_train_vjp(
    n: usize,
    channels: usize,
    plane: usize,
    x: &[f64],
    weight: &[f64],
    eps: f64,
    grad_output: &[f64],
) -> LayerGrads {
    let ones = vec![1.0; channels];
    let zeros = vec![0.0; channels];
    let BatchNormTrain { y: normalized, mean, var } =
        batch_norm2d_train(n, channels, plane, x, &ones, &zeros, eps);
    // With the statistics held fixed, weight and bias have the same gradients as in inference.
    let fixed = batch_norm2d_eval_vjp(n, channels, plane, x, weight, &mean, &var, eps, grad_output);
    let count = (n * plane) as f64;
    let mut grad_input = vec![0.0; x.len()];
    for index in 0..x.len() {
        let c = index / plane % channels;
        let centered =
            count * grad_output[index] - fixed.grad_bias[c] - normalized[index] * fixed.grad_weight[c];
        grad_input[index] = weight[c] / (count * (var[c] + eps).sqrt()) * centered;
    }
    LayerGrads { grad_input, ..fixed }
}

/// Batch normalization by given statistics: an affine map of each channel.
///
/// `y = (x − mean[c]) / sqrt(var[c] + eps) · weight[c] + bias[c]`
///
/// # Shapes
/// `x [N, C, H, W]` with `plane = H·W`; `weight`, `bias`, `mean` and `var [C]`.
///
/// # PyTorch
/// `torch.nn.functional.batch_norm(…, training=False)` with the running mean and variance
pub fn batch_norm2d_eval(
    n: usize,
    channels: usize,
    plane: usize,
    x: &[f64],
    weight: &[f64],
    bias: &[f64],
    mean: &[f64],
    var: &[f64],
    eps: f64,
) -> Vec<f64> {
    check_len("batch_norm2d x [N, C, H, W]", x.len(), n * channels * plane);
    for (what, slice) in [("weight", weight), ("bias", bias), ("mean", mean), ("var", var)] {
        check_len(&format!("batch_norm2d {what} [C]"), slice.len(), channels);
    }
    let mut y = vec![0.0; x.len()];
    for index in 0..x.len() {
        let c = index / plane % channels;
        y[index] = (x[index] - mean[c]) / (var[c] + eps).sqrt() * weight[c] + bias[c];
    }
    y
}

/// Backward pass of [`batch_norm2d_eval`] with respect to input, weight and bias; the statistics are constants.
///
/// `grad_input = g · weight[c] / s`, `grad_weight[c] = Σ g · (x − mean[c]) / s`, `grad_bias[c] = Σ g`
///
/// with `g = grad_output` and `s = sqrt(var[c] + eps)`.
pub fn batch_norm2d_eval_vjp(
    n: usize,
    channels: usize,
    plane: usize,
    x: &[f64],
    weight: &[f64],
    mean: &[f64],
    var: &[f64],
    eps: f64,
    grad_output: &[f64],
) -> LayerGrads {
    check_len("batch_norm2d x [N, C, H, W]", x.len(), n * channels * plane);
    check_len("batch_norm2d grad_output [N, C, H, W]", grad_output.len(), x.len());
    for (what, slice) in [("weight", weight), ("mean", mean), ("var", var)] {
        check_len(&format!("batch_norm2d {what} [C]"), slice.len(), channels);
    }
    let mut grads = LayerGrads {
        grad_input: vec![0.0; x.len()],
        grad_weight: vec![0.0; channels],
        grad_bias: vec![0.0; channels],
    };
    for index in 0..x.len() {
        let c = index / plane % channels;
        let (g, deviation) = (grad_output[index], (var[c] + eps).sqrt());
        grads.grad_input[index] = g * weight[c] / deviation;
        grads.grad_weight[c] += g * (x[index] - mean[c]) / deviation;
        grads.grad_bias[c] += g;
    }
    grads
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_close, assert_vjp, widen};

    use super::*;

    /// Two samples, two channels, planes of two: channel 0 holds 1 3 5 7, channel 1 holds 10 10 10 10.
    const X: [f64; 8] = [1.0, 3.0, 10.0, 10.0, 5.0, 7.0, 10.0, 10.0];

    #[test]
    fn train_by_hand() {
        // Channel 0: mean 4, variance (9 + 1 + 1 + 9) / 4 = 5; with eps 4 the deviation is 3.
        let BatchNormTrain { y, mean, var } = batch_norm2d_train(2, 2, 2, &X, &[6.0, 1.0], &[1.0, 2.0], 4.0);
        assert_close(&mean, &[4.0, 10.0], 1e-15, 0.0, "mean");
        assert_close(&var, &[5.0, 0.0], 1e-15, 0.0, "biased variance");
        assert_close(&y, &[-5.0, -1.0, 2.0, 2.0, 3.0, 7.0, 2.0, 2.0], 1e-15, 0.0, "y");
    }

    #[test]
    fn running_statistics_take_the_unbiased_variance() {
        let (mean, var) = batch_norm2d_running(&[0.0, 1.0], &[1.0, 1.0], &[4.0, 10.0], &[6.0, 0.0], 4, 0.1);
        assert_close(&mean, &[0.4, 1.9], 1e-15, 0.0, "running mean");
        assert_close(&var, &[0.9 + 0.1 * 8.0, 0.9], 1e-15, 0.0, "running variance");
    }

    #[test]
    #[should_panic(expected = "the unbiased variance needs 2 values a channel, got N·H·W = 1")]
    fn one_value_has_no_unbiased_variance() {
        batch_norm2d_running(&[0.0], &[1.0], &[4.0], &[0.0], 1, 0.1);
    }

    #[test]
    fn eval_by_hand() {
        let (weight, bias, mean, var) = ([6.0, 1.0], [1.0, 2.0], [1.0, 8.0], [5.0, 0.0]);
        let y = batch_norm2d_eval(2, 2, 2, &X, &weight, &bias, &mean, &var, 4.0);
        assert_eq!(y, [1.0, 5.0, 3.0, 3.0, 9.0, 13.0, 3.0, 3.0]);
        let g = [1.0, 1.0, 0.0, 0.0, 1.0, 2.0, 0.0, -1.0];
        let grads = batch_norm2d_eval_vjp(2, 2, 2, &X, &weight, &mean, &var, 4.0, &g);
        assert_eq!(grads.grad_input, [2.0, 2.0, 0.0, 0.0, 2.0, 4.0, 0.0, -0.5]);
        assert_close(&grads.grad_weight, &[(0.0 + 2.0 + 4.0 + 12.0) / 3.0, -1.0], 1e-15, 0.0, "weight");
        assert_eq!(grads.grad_bias, [5.0, -1.0]);
    }

    #[test]
    fn a_shift_of_the_whole_channel_changes_nothing() {
        // So the gradient of each channel sums to 0.
        let mut sample = Sample::new(6);
        let (x, g) = (widen(&sample.normal_vec(60)), widen(&sample.normal_vec(60)));
        let grads = batch_norm2d_train_vjp(4, 3, 5, &x, &[1.0, -2.0, 0.5], 1e-5, &g);
        let mut sums = [0.0; 3];
        grads.grad_input.iter().enumerate().for_each(|(index, g)| sums[index / 5 % 3] += g);
        assert_close(&sums, &[0.0; 3], 0.0, 1e-14, "sum of grad_input by channel");
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(7);
        for case in 0..60 {
            let [n, channels] = [0; 2].map(|_: usize| sample.usize_in(1..=4));
            // At least two values per channel: with one, y does not depend on x.
            let plane = sample.usize_in(if n == 1 { 2..=9 } else { 1..=9 });
            let eps = sample.choose(&[1e-5, 1e-3, 0.1]);
            let len = n * channels * plane;
            // Values that differ: no channel's variance is near 0, where the curvature would blow up.
            let x = widen(&sample.distinct_vec(len, 0.25));
            let [weight, bias, mean] = [0; 3].map(|_: usize| widen(&sample.normal_vec(channels)));
            let var = widen(&sample.uniform_vec(channels, 0.1, 2.0));
            let g = widen(&sample.normal_vec(len));
            let check = |forward: &dyn Fn(&[f64]) -> Vec<f64>, at: &[f64], grad: &[f64], of: &str| {
                let what = format!("case {case}, {of}: [{n}, {channels}, {plane}], eps {eps}");
                assert_vjp(forward, at, &g, grad, 1e-6, &what);
            };

            let train =
                |x: &[f64], w: &[f64], b: &[f64]| batch_norm2d_train(n, channels, plane, x, w, b, eps).y;
            let grads = batch_norm2d_train_vjp(n, channels, plane, &x, &weight, eps, &g);
            check(&|x| train(x, &weight, &bias), &x, &grads.grad_input, "train x");
            check(&|w| train(&x, w, &bias), &weight, &grads.grad_weight, "train weight");
            check(&|b| train(&x, &weight, b), &bias, &grads.grad_bias, "train bias");

            let eval = |x: &[f64], w: &[f64], b: &[f64]| {
                batch_norm2d_eval(n, channels, plane, x, w, b, &mean, &var, eps)
            };
            let grads = batch_norm2d_eval_vjp(n, channels, plane, &x, &weight, &mean, &var, eps, &g);
            check(&|x| eval(x, &weight, &bias), &x, &grads.grad_input, "eval x");
            check(&|w| eval(&x, w, &bias), &weight, &grads.grad_weight, "eval weight");
            check(&|b| eval(&x, &weight, b), &bias, &grads.grad_bias, "eval bias");
        }
    }
}
