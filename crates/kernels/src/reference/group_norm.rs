//! Group normalization of `[N, C, …]`: separately for each sample, over groups of channels.

use super::{LayerGrads, check_len};

/// Group normalization.
///
/// `y = (x − mean) / sqrt(var + eps) · weight[c] + bias[c]`
///
/// `mean = (1/M) Σ x` and `var = (1/M) Σ (x − mean)²` over the `M = C / groups · plane` values of the group of a sample that
/// contains channel `c`: the *biased* variance, as in PyTorch. Without parameters, `weight` is 1 and `bias` is 0.
///
/// # Shapes
/// `x [N, C, …]` with `plane` values per channel; `weight` and `bias [C]`, or none.
///
/// # Source
/// Wu and He 2018, equations 1, 2 and 7.
///
/// # PyTorch
/// `torch.nn.functional.group_norm`; with as many groups as channels `torch.nn.functional.instance_norm`.
pub fn group_norm(
    [n, channels, plane]: [usize; 3],
    groups: usize,
    x: &[f64],
    parameters: Option<[&[f64]; 2]>,
    eps: f64,
) -> Vec<f64> {
    check_len("group_norm x [N, C, …]", x.len(), n * channels * plane);
    let mut y = Vec::new();
    for (index, group) in x.chunks_exact(channels / groups * plane).enumerate() {
        let (mean, inv_std) = moments(group, eps);
        for (i, x) in group.iter().enumerate() {
            let c = index % groups * (channels / groups) + i / plane;
            let [weight, bias] = parameters.map_or([1.0, 0.0], |all| all.map(|values| values[c]));
            y.push((x - mean) * inv_std * weight + bias);
        }
    }
    y
}

/// Mean and `1 / sqrt(var + eps)`.
fn moments(group: &[f64], eps: f64) -> (f64, f64) {
    let count = group.len() as f64;
    let mean = group.iter().sum::<f64>() / count;
    let var = group.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    (mean, 1.0 / (var + eps).sqrt())
}

/// Backward pass of [`group_norm`].
///
/// With `x̂ = (x − mean) · inv_std` and `g = weight[c] · grad_output`:
/// `grad_input = inv_std · (g − (1/M) Σ g − x̂ · (1/M) Σ g·x̂)` over the group, `grad_weight[c] = Σ grad_output · x̂` and
/// `grad_bias[c] = Σ grad_output` over samples and pixels.
pub fn group_norm_vjp(
    [n, channels, plane]: [usize; 3],
    groups: usize,
    x: &[f64],
    weight: Option<&[f64]>,
    eps: f64,
    grad_output: &[f64],
) -> LayerGrads {
    check_len("group_norm grad_output [N, C, …]", grad_output.len(), n * channels * plane);
    let mut grads = LayerGrads {
        grad_input: Vec::new(),
        grad_weight: vec![0.0; channels],
        grad_bias: vec![0.0; channels],
    };
    let len = channels / groups * plane;
    for (index, (group, grad)) in x.chunks_exact(len).zip(grad_output.chunks_exact(len)).enumerate() {
        let (mean, inv_std) = moments(group, eps);
        let channel = |i: usize| index % groups * (channels / groups) + i / plane;
        let normal = |i: usize| (group[i] - mean) * inv_std;
        let scaled = |i: usize| weight.map_or(1.0, |weight| weight[channel(i)]) * grad[i];
        let sum = (0..len).map(scaled).sum::<f64>() / len as f64;
        let product = (0..len).map(|i| scaled(i) * normal(i)).sum::<f64>() / len as f64;
        for (i, g) in grad.iter().enumerate() {
            grads.grad_input.push(inv_std * (scaled(i) - sum - normal(i) * product));
            grads.grad_weight[channel(i)] += g * normal(i);
            grads.grad_bias[channel(i)] += g;
        }
    }
    grads
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_close, assert_vjp, widen};

    use super::*;

    #[test]
    fn pytorchs_numbers() {
        // torch.nn.functional.group_norm(x.view(1, 4, 2), 2, weight, bias, eps=0.5), and instance_norm.
        let x = [1.0, 2.0, 4.0, -3.0, 0.0, 0.5, -1.0, 7.0];
        let (weight, bias) = ([1.0, 2.0, -1.0, 0.5], [0.0, 0.25, 0.0, -1.0]);
        let y = group_norm([1, 4, 2], 2, &x, Some([&weight, &bias]), 0.5);
        assert_close(
            &[
                0.000_000_000,
                0.377_964_473,
                2.517_786_838,
                -2.773_715_784,
                0.503_362_010,
                0.348_481_392,
                -1.406_561_624,
                -0.167_516_675,
            ]
            .map(|v: f64| v as f32),
            &y,
            1e-6,
            0.0,
            "two groups",
        );
        let y = group_norm([1, 4, 2], 4, &x, None, 1e-5);
        assert_close(
            &[
                -0.999_980_001,
                0.999_980_001,
                0.999_999_592,
                -0.999_999_592,
                -0.999_920_010,
                0.999_920_010,
                -0.999_999_688,
                0.999_999_688,
            ]
            .map(|v: f64| v as f32),
            &y,
            1e-6,
            0.0,
            "each channel",
        );
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(13);
        for case in 0..40 {
            let [n, groups, per, plane] = [0; 4].map(|_: usize| sample.usize_in(1..=3));
            let shape = [n, groups * per, plane];
            let len: usize = shape.iter().product();
            let [x, g] = [0; 2].map(|_: usize| widen(&sample.normal_vec(len)));
            let [w, b] = [0; 2].map(|_: usize| widen(&sample.normal_vec(groups * per)));
            // A group of one value has no variance to divide by.
            let eps = 0.1;
            let what = format!("case {case}: {shape:?} in {groups} groups");
            let grads = group_norm_vjp(shape, groups, &x, Some(&w), eps, &g);
            let of = |x: &[f64], w: &[f64], b: &[f64]| group_norm(shape, groups, x, Some([w, b]), eps);
            assert_vjp(|x| of(x, &w, &b), &x, &g, &grads.grad_input, 1e-6, &what);
            assert_vjp(|w| of(&x, w, &b), &w, &g, &grads.grad_weight, 1e-6, &what);
            assert_vjp(|b| of(&x, &w, b), &b, &g, &grads.grad_bias, 1e-6, &what);
            let grads = group_norm_vjp(shape, groups, &x, None, eps, &g);
            assert_vjp(|x| group_norm(shape, groups, x, None, eps), &x, &g, &grads.grad_input, 1e-6, &what);
        }
    }
}
