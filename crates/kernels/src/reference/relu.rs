//! Rectified linear unit, element by element.

use super::check_len;

/// `y = max(x, 0)`; NaN stays NaN.
///
/// # PyTorch
/// `torch.nn.functional.relu`
pub fn relu(x: &[f64]) -> Vec<f64> {
    // Not `f64::max`, which prefers a number to NaN.
    x.iter().map(|&x| if x <= 0.0 { 0.0 } else { x }).collect()
}

/// `grad_input = grad_output` where `x > 0`, else 0: the derivative at 0 is 0. A NaN in `x` passes the gradient, as in PyTorch.
pub fn relu_vjp(x: &[f64], grad_output: &[f64]) -> Vec<f64> {
    check_len("relu grad_output", grad_output.len(), x.len());
    x.iter().zip(grad_output).map(|(&x, &g)| if x <= 0.0 { 0.0 } else { g }).collect()
}

/// The guided rule: `grad_input = grad_output` where `x > 0` and `grad_output > 0`, else 0. This is not the gradient of any
/// function.
///
/// # Source
/// Springenberg 2015.
pub fn relu_guided_vjp(x: &[f64], grad_output: &[f64]) -> Vec<f64> {
    relu_vjp(x, &relu(grad_output))
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        let x = [-1.0, -0.0, 0.0, 2.0, f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(relu(&x), [0.0, 0.0, 0.0, 2.0, 0.0, f64::INFINITY]);
        assert_eq!(relu_vjp(&x, &[5.0; 6]), [0.0, 0.0, 0.0, 5.0, 0.0, 5.0]);
        assert!(relu(&[f64::NAN])[0].is_nan());
        assert_eq!(relu_vjp(&[f64::NAN], &[5.0]), [5.0]);
        assert_eq!(
            relu_guided_vjp(&[-1.0, 0.0, 2.0, 2.0, 2.0], &[5.0, 5.0, 5.0, -5.0, 0.0]),
            [0.0, 0.0, 5.0, 0.0, 0.0]
        );
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(8);
        for len in 1..50 {
            let x = widen(&sample.distinct_vec(len, 0.1)); // never on the kink
            let g = widen(&sample.normal_vec(len));
            assert_vjp(relu, &x, &g, &relu_vjp(&x, &g), 1e-8, &format!("{len} values"));
        }
    }
}
