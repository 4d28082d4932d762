//! Each channel times its own factor.

use super::check_len;

/// `y[n, c, …] = factors[c] · x[n, c, …]`, and 0 where the factor is 0, whatever `x` is there. It is its own vector-Jacobian
/// product: `grad_input = scale_channels(grad_output)`.
pub fn scale_channels(n: usize, x: &[f64], factors: &[f64]) -> Vec<f64> {
    let plane = x.len() / (n * factors.len()).max(1);
    check_len("scale_channels x", x.len(), n * factors.len() * plane);
    let factor = |i: usize| factors[i / plane % factors.len()];
    x.iter().enumerate().map(|(i, x)| if factor(i) == 0.0 { 0.0 } else { factor(i) * x }).collect()
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        let x = [1.0, 2.0, f64::NAN, -1.0, 3.0, 4.0, 5.0, 6.0];
        let y = scale_channels(2, &x, &[-2.0, 0.0]);
        assert_eq!(y, [-2.0, -4.0, 0.0, 0.0, -6.0, -8.0, 0.0, 0.0]);
        assert!(y[2..4].iter().all(|v| v.is_sign_positive()), "silent, not −0");
        assert!(scale_channels(1, &[1.0], &[f64::NAN])[0].is_nan());
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(12);
        let [x, factors, g] = [24, 3, 24].map(|len: usize| widen(&sample.normal_vec(len)));
        let grad = scale_channels(2, &g, &factors);
        assert_vjp(|x| scale_channels(2, x, &factors), &x, &g, &grad, 1e-8, "x");
    }
}
