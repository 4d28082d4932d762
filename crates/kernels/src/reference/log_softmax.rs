//! Logarithm of the softmax over the last axis of `[N, C]`, without the underflow of computing it in two steps.

use super::{check_len, softmax};

/// Converts each row of logits into log-probabilities.
///
/// `y[n,c] = x[n,c] − m − ln Σ_k exp(x[n,k] − m)` with `m = max_k x[n,k]`
///
/// # Shapes
/// `x [N, C]`, result `[N, C]`.
///
/// # PyTorch
/// `torch.nn.functional.log_softmax(x, dim=-1)`
pub fn log_softmax(n: usize, classes: usize, x: &[f64]) -> Vec<f64> {
    check_len("log_softmax x [N, C]", x.len(), n * classes);
    let mut y = Vec::with_capacity(x.len());
    for sample in 0..n {
        let row = &x[sample * classes..][..classes];
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = row.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
        y.extend(row.iter().map(|x| x - max - log_sum));
    }
    y
}

/// Backward pass of [`log_softmax`].
///
/// `grad_input[n,c] = g[n,c] − softmax(x)[n,c] · Σ_k g[n,k]` with `g = grad_output [N, C]`.
pub fn log_softmax_vjp(n: usize, classes: usize, x: &[f64], grad_output: &[f64]) -> Vec<f64> {
    check_len("log_softmax grad_output [N, C]", grad_output.len(), n * classes);
    let p = softmax(n, classes, x);
    let mut grad_input = Vec::with_capacity(x.len());
    for sample in 0..n {
        let (p, g) = (&p[sample * classes..][..classes], &grad_output[sample * classes..][..classes]);
        let sum: f64 = g.iter().sum();
        grad_input.extend(g.iter().zip(p).map(|(g, p)| g - p * sum));
    }
    grad_input
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_close, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        let y = log_softmax(1, 3, &[0.0, 2.0f64.ln(), 5.0f64.ln()]);
        assert_close(&y, &[0.125f64.ln(), 0.25f64.ln(), 0.625f64.ln()], 1e-15, 0.0, "log_softmax");
        assert_eq!(log_softmax_vjp(1, 2, &[3.0, 3.0], &[1.0, 0.0]), [0.5, -0.5]);
        // The probability itself underflows; its logarithm does not.
        assert_eq!(log_softmax(1, 2, &[0.0, -1e6]), [0.0, -1e6]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(13);
        for case in 0..50 {
            let (n, classes) = (sample.usize_in(1..=4), sample.usize_in(1..=12));
            let [x, g] = [0; 2].map(|_: usize| widen(&sample.normal_vec(n * classes)));
            let grad = log_softmax_vjp(n, classes, &x, &g);
            assert_vjp(|x| log_softmax(n, classes, x), &x, &g, &grad, 1e-7, &format!("case {case}"));
        }
    }
}
