//! PReLU of `[N, C, …]`: a ReLU whose slope below 0 is learned.

use super::check_len;

/// `y = x` where it is above 0, else `weight[c] · x`.
///
/// `weight` has one value, or one per channel.
///
/// # Shapes
/// `x [N, C, …]` with `plane` values per channel; the result has the shape of `x`.
///
/// # Source
/// He et al. 2015, section 2.1.
///
/// # PyTorch
/// `torch.nn.functional.prelu`
pub fn prelu(n: usize, channels: usize, plane: usize, x: &[f64], weight: &[f64]) -> Vec<f64> {
    check_len("prelu x [N, C, …]", x.len(), n * channels * plane);
    let slope = |index: usize| weight[index / plane % channels % weight.len()];
    x.iter().enumerate().map(|(index, &x)| if x > 0.0 { x } else { slope(index) * x }).collect()
}

/// Backward pass of [`prelu`]: `(grad_input, grad_weight)`.
///
/// `grad_input = grad_output · (1 where x > 0, else weight[c])`, `grad_weight = Σ grad_output · min(0, x)` over the values that
/// the weight applies to. At 0 the derivative is the weight.
pub fn prelu_vjp(
    n: usize,
    channels: usize,
    plane: usize,
    x: &[f64],
    weight: &[f64],
    grad_output: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    check_len("prelu grad_output [N, C, …]", grad_output.len(), n * channels * plane);
    let (mut grad_input, mut grad_weight) = (Vec::new(), vec![0.0; weight.len()]);
    for (index, (&x, g)) in x.iter().zip(grad_output).enumerate() {
        let at = index / plane % channels % weight.len();
        grad_input.push(if x > 0.0 { *g } else { g * weight[at] });
        grad_weight[at] += if x > 0.0 { 0.0 } else { g * x };
    }
    (grad_input, grad_weight)
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        let x = [1.0, -2.0, 0.0, -4.0];
        assert_eq!(prelu(1, 2, 2, &x, &[0.25]), [1.0, -0.5, 0.0, -1.0]);
        assert_eq!(prelu(1, 2, 2, &x, &[0.25, 2.0]), [1.0, -0.5, 0.0, -8.0]);
        // torch.nn.functional.prelu: at 0 the derivative is the weight.
        let (dx, dw) = prelu_vjp(1, 2, 2, &x, &[0.25, 2.0], &[1.0, 1.0, 1.0, 10.0]);
        assert_eq!((dx, dw), (vec![1.0, 0.25, 2.0, 20.0], vec![-2.0, -40.0]));
        assert_eq!(prelu_vjp(1, 2, 2, &x, &[0.25], &[1.0; 4]).1, [-6.0]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(8);
        for case in 0..40 {
            let [n, channels, plane] = [0; 3].map(|_: usize| sample.usize_in(1..=4));
            let len = n * channels * plane;
            // Away from the kink.
            let x: Vec<f64> = widen(&sample.distinct_vec(len, 0.125)).iter().map(|v| v + 0.03).collect();
            let weight = widen(&sample.normal_vec(if case % 2 == 0 { 1 } else { channels }));
            let g = widen(&sample.normal_vec(len));
            let (dx, dw) = prelu_vjp(n, channels, plane, &x, &weight, &g);
            let what = format!("case {case}: [{n}, {channels}, {plane}]");
            assert_vjp(|x| prelu(n, channels, plane, x, &weight), &x, &g, &dx, 1e-7, &what);
            assert_vjp(|w| prelu(n, channels, plane, &x, w), &weight, &g, &dw, 1e-7, &what);
        }
    }
}
