//! Layer normalization over the channels of each pixel.

use super::{LayerGrads, check_len};

/// `y = x̂ · weight[c] + bias[c]`, `x̂ = (x − mean) / √(var + eps)`, with the mean and the biased variance over the channels of
/// each pixel of each sample.
///
/// # Shapes
/// `x [N, C, H, W]` with `plane = H·W`; `weight` and `bias [C]`.
///
/// # Source
/// Ba et al. 2016, section 3, over channels only.
///
/// # PyTorch
/// `torch.nn.functional.layer_norm` applied to `x.permute(0, 2, 3, 1)` and permuted back.
pub fn layer_norm(
    n: usize,
    channels: usize,
    plane: usize,
    x: &[f64],
    weight: &[f64],
    bias: &[f64],
    eps: f64,
) -> Vec<f64> {
    let normal = normalized(n, channels, plane, x, eps).0;
    let of = |i: usize| i / plane % channels;
    normal.iter().enumerate().map(|(i, v)| v * weight[of(i)] + bias[of(i)]).collect()
}

/// With `g = grad_output · weight`: `grad_input = (g − mean(g) − x̂ · mean(g · x̂)) / √(var + eps)`, with means over the
/// channels;
/// `grad_weight = Σ grad_output · x̂`, `grad_bias = Σ grad_output`.
pub fn layer_norm_vjp(
    n: usize,
    channels: usize,
    plane: usize,
    x: &[f64],
    weight: &[f64],
    eps: f64,
    grad_output: &[f64],
) -> LayerGrads {
    check_len("layer_norm grad_output", grad_output.len(), x.len());
    let (normal, inv_std) = normalized(n, channels, plane, x, eps);
    let of = |i: usize| i / plane % channels;
    let pixel = |i: usize| i / (plane * channels) * plane + i % plane;
    let count = channels as f64;
    let (mut mean, mut product) = (vec![0.0; n * plane], vec![0.0; n * plane]);
    let (mut grad_weight, mut grad_bias) = (vec![0.0; channels], vec![0.0; channels]);
    for (i, &dy) in grad_output.iter().enumerate() {
        mean[pixel(i)] += dy * weight[of(i)] / count;
        product[pixel(i)] += dy * weight[of(i)] * normal[i] / count;
        grad_weight[of(i)] += dy * normal[i];
        grad_bias[of(i)] += dy;
    }
    let grad = |(i, &dy): (usize, &f64)| {
        (dy * weight[of(i)] - mean[pixel(i)] - normal[i] * product[pixel(i)]) * inv_std[pixel(i)]
    };
    LayerGrads { grad_input: grad_output.iter().enumerate().map(grad).collect(), grad_weight, grad_bias }
}

/// `x̂`, and `1 / √(var + eps)` of each pixel.
fn normalized(n: usize, channels: usize, plane: usize, x: &[f64], eps: f64) -> (Vec<f64>, Vec<f64>) {
    check_len("layer_norm x [N, C, H, W]", x.len(), n * channels * plane);
    let pixel = |i: usize| i / (plane * channels) * plane + i % plane;
    let (mut mean, mut var) = (vec![0.0; n * plane], vec![0.0; n * plane]);
    x.iter().enumerate().for_each(|(i, x)| mean[pixel(i)] += x / channels as f64);
    x.iter().enumerate().for_each(|(i, x)| var[pixel(i)] += (x - mean[pixel(i)]).powi(2) / channels as f64);
    let inv_std: Vec<f64> = var.iter().map(|var| 1.0 / (var + eps).sqrt()).collect();
    let normal = x.iter().enumerate().map(|(i, x)| (x - mean[pixel(i)]) * inv_std[pixel(i)]).collect();
    (normal, inv_std)
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        // Two pixels of two channels: 1 and 3, mean 2, deviation 1; 5 and 5.
        let y = layer_norm(1, 2, 2, &[1.0, 5.0, 3.0, 5.0], &[2.0, 3.0], &[10.0, 20.0], 1e-30);
        assert_eq!(y, [8.0, 10.0, 23.0, 20.0]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(22);
        for (n, c, plane) in [(1, 2, 1), (2, 3, 4), (3, 5, 2), (1, 1, 3)] {
            let [x, g] = [0; 2].map(|_: usize| widen(&sample.normal_vec(n * c * plane)));
            let [weight, bias] = [0; 2].map(|_: usize| widen(&sample.normal_vec(c)));
            let grads = layer_norm_vjp(n, c, plane, &x, &weight, 0.1, &g);
            let f = |x: &[f64], w: &[f64], b: &[f64]| layer_norm(n, c, plane, x, w, b, 0.1);
            assert_vjp(|x| f(x, &weight, &bias), &x, &g, &grads.grad_input, 1e-7, "x");
            assert_vjp(|w| f(&x, w, &bias), &weight, &g, &grads.grad_weight, 1e-7, "weight");
            assert_vjp(|b| f(&x, &weight, b), &bias, &g, &grads.grad_bias, 1e-7, "bias");
        }
    }
}
