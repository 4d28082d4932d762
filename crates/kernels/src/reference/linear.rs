//! A fully connected layer: `[N, IN]` to `[N, OUT]`.

use super::{LayerGrads, check_len};

/// Applies a linear map to each row.
///
/// `y[n,o] = bias[o] + Σ_i weight[o,i] · x[n,i]`
///
/// # Shapes
/// `x [N, IN]`, `weight [OUT, IN]`, `bias [OUT]`, result `[N, OUT]`.
///
/// # PyTorch
/// `torch.nn.functional.linear`
pub fn linear(
    n: usize,
    in_features: usize,
    out_features: usize,
    x: &[f64],
    weight: &[f64],
    bias: Option<&[f64]>,
) -> Vec<f64> {
    check_len("linear x [N, IN]", x.len(), n * in_features);
    check_len("linear weight [OUT, IN]", weight.len(), out_features * in_features);
    let mut y = vec![0.0; n * out_features];
    if let Some(bias) = bias {
        check_len("linear bias [OUT]", bias.len(), out_features);
    }
    for sample in 0..n {
        for o in 0..out_features {
            let mut sum = bias.map_or(0.0, |bias| bias[o]);
            for i in 0..in_features {
                sum += weight[o * in_features + i] * x[sample * in_features + i];
            }
            y[sample * out_features + o] = sum;
        }
    }
    y
}

/// Backward pass of [`linear`] with respect to input, weight and bias.
///
/// `grad_input[n,i] = Σ_o weight[o,i] · g[n,o]`, `grad_weight[o,i] = Σ_n x[n,i] · g[n,o]`, `grad_bias[o] = Σ_n g[n,o]`
///
/// with `g = grad_output [N, OUT]`.
pub fn linear_vjp(
    n: usize,
    in_features: usize,
    out_features: usize,
    x: &[f64],
    weight: &[f64],
    grad_output: &[f64],
) -> LayerGrads {
    check_len("linear x [N, IN]", x.len(), n * in_features);
    check_len("linear weight [OUT, IN]", weight.len(), out_features * in_features);
    check_len("linear grad_output [N, OUT]", grad_output.len(), n * out_features);
    let mut grads = LayerGrads {
        grad_input: vec![0.0; x.len()],
        grad_weight: vec![0.0; weight.len()],
        grad_bias: vec![0.0; out_features],
    };
    for sample in 0..n {
        for o in 0..out_features {
            let g = grad_output[sample * out_features + o];
            for i in 0..in_features {
                grads.grad_input[sample * in_features + i] += weight[o * in_features + i] * g;
                grads.grad_weight[o * in_features + i] += x[sample * in_features + i] * g;
            }
            grads.grad_bias[o] += g;
        }
    }
    grads
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        let (x, weight) = ([1.0, 2.0, 3.0, 4.0], [1.0, 10.0, 100.0, 1000.0, 0.5, 0.25]);
        assert_eq!(linear(2, 2, 3, &x, &weight, None), [21.0, 2100.0, 1.0, 43.0, 4300.0, 2.5]);
        assert_eq!(linear(1, 2, 1, &x[..2], &weight[..2], Some(&[0.5])), [21.5]);

        let grads = linear_vjp(2, 2, 1, &x, &weight[..2], &[1.0, -2.0]);
        assert_eq!(grads.grad_input, [1.0, 10.0, -2.0, -20.0]);
        assert_eq!(grads.grad_weight, [1.0 - 6.0, 2.0 - 8.0]);
        assert_eq!(grads.grad_bias, [-1.0]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(2);
        for case in 0..50 {
            let [n, inputs, outputs] = [5, 9, 9].map(|most| sample.usize_in(1..=most));
            let x = widen(&sample.normal_vec(n * inputs));
            let weight = widen(&sample.normal_vec(outputs * inputs));
            let bias = widen(&sample.normal_vec(outputs));
            let grad_output = widen(&sample.normal_vec(n * outputs));
            let grads = linear_vjp(n, inputs, outputs, &x, &weight, &grad_output);

            let check = |forward: &dyn Fn(&[f64]) -> Vec<f64>, at: &[f64], grad: &[f64], of: &str| {
                let what = format!("case {case}, {of}: [{n}, {inputs}] to {outputs}");
                assert_vjp(forward, at, &grad_output, grad, 1e-8, &what);
            };
            check(&|x| linear(n, inputs, outputs, x, &weight, Some(&bias)), &x, &grads.grad_input, "x");
            check(&|w| linear(n, inputs, outputs, &x, w, Some(&bias)), &weight, &grads.grad_weight, "weight");
            check(&|b| linear(n, inputs, outputs, &x, &weight, Some(b)), &bias, &grads.grad_bias, "bias");
        }
    }
}
