//! Softmax over the last axis of `[N, C]`.

use super::check_len;

/// Converts each row of logits into probabilities.
///
/// `y[n,c] = exp(x[n,c] − m) / Σ_k exp(x[n,k] − m)` with `m = max_k x[n,k]`, which prevents overflow without changing the
/// result.
///
/// # Shapes
/// `x [N, C]`, result `[N, C]`, in which every row sums to 1.
///
/// # PyTorch
/// `torch.nn.functional.softmax(x, dim=-1)`
pub fn softmax(n: usize, classes: usize, x: &[f64]) -> Vec<f64> {
    check_len("softmax x [N, C]", x.len(), n * classes);
    let mut y = Vec::with_capacity(x.len());
    for sample in 0..n {
        let row = &x[sample * classes..][..classes];
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|x| (x - max).exp()).sum();
        y.extend(row.iter().map(|x| (x - max).exp() / sum));
    }
    y
}

/// Backward pass of [`softmax`].
///
/// `grad_input[n,c] = y[n,c] · (g[n,c] − Σ_k g[n,k] · y[n,k])` with `y = softmax(x)` and `g = grad_output [N, C]`.
pub fn softmax_vjp(n: usize, classes: usize, x: &[f64], grad_output: &[f64]) -> Vec<f64> {
    check_len("softmax grad_output [N, C]", grad_output.len(), n * classes);
    let y = softmax(n, classes, x);
    let mut grad_input = Vec::with_capacity(x.len());
    for sample in 0..n {
        let (y, g) = (&y[sample * classes..][..classes], &grad_output[sample * classes..][..classes]);
        let dot: f64 = g.iter().zip(y).map(|(g, y)| g * y).sum();
        grad_input.extend(g.iter().zip(y).map(|(g, y)| y * (g - dot)));
    }
    grad_input
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_close, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        let log = f64::ln;
        let y = softmax(2, 3, &[log(1.0), log(2.0), log(5.0), 7.0, 7.0, 7.0]);
        assert_close(&y, &[0.125, 0.25, 0.625, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], 1e-15, 0.0, "softmax");
        // Two equal classes: y (1 − y) = 1/4.
        assert_eq!(softmax_vjp(1, 2, &[3.0, 3.0], &[1.0, 0.0]), [0.25, -0.25]);
    }

    #[test]
    fn huge_logits_do_not_overflow_and_nan_is_not_hidden() {
        assert_eq!(softmax(1, 3, &[1e6, 1e6, -1e6]), [0.5, 0.5, 0.0]);
        assert_eq!(softmax(1, 2, &[f64::NEG_INFINITY, 0.0]), [0.0, 1.0]);
        assert!(softmax(1, 2, &[f64::NAN, 0.0]).iter().all(|y| y.is_nan()));
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(12);
        for case in 0..50 {
            let (n, classes) = (sample.usize_in(1..=4), sample.usize_in(1..=12));
            let [x, g] = [0; 2].map(|_: usize| widen(&sample.normal_vec(n * classes)));
            let grad = softmax_vjp(n, classes, &x, &g);
            assert_vjp(|x| softmax(n, classes, x), &x, &g, &grad, 1e-7, &format!("case {case}"));
        }
    }
}
