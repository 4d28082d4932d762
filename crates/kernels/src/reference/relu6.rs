//! ReLU clipped at 6, element by element.

use super::{check_len, relu};

/// `y = min(max(x, 0), 6)`; NaN stays NaN.
///
/// # Source
/// Howard et al. 2017 (MobileNets).
///
/// # PyTorch
/// `torch.nn.functional.relu6`
pub fn relu6(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.clamp(0.0, 6.0)).collect()
}

/// `grad_input = grad_output` where `0 < x < 6`, else 0: the derivative at both kinks is 0. A NaN in `x` passes the gradient,
/// as it does through ReLU. PyTorch itself is not consistent here: in whole vectors a NaN stops the gradient, and in the
/// remaining values it passes.
pub fn relu6_vjp(x: &[f64], grad_output: &[f64]) -> Vec<f64> {
    check_len("relu6 grad_output", grad_output.len(), x.len());
    x.iter().zip(grad_output).map(|(&x, &g)| if x <= 0.0 || x >= 6.0 { 0.0 } else { g }).collect()
}

/// The guided rule: `grad_input = grad_output` where `0 < x < 6` and `grad_output > 0`, else 0.
///
/// # Source
/// Springenberg 2015, for ReLU.
pub fn relu6_guided_vjp(x: &[f64], grad_output: &[f64]) -> Vec<f64> {
    relu6_vjp(x, &relu(grad_output))
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        let x = [-1.0, 0.0, 1e-9, 5.5, 6.0, 7.0, f64::INFINITY];
        assert_eq!(relu6(&x), [0.0, 0.0, 1e-9, 5.5, 6.0, 6.0, 6.0]);
        assert_eq!(relu6_vjp(&x, &[5.0; 7]), [0.0, 0.0, 5.0, 5.0, 0.0, 0.0, 0.0]);
        assert!(relu6(&[f64::NAN])[0].is_nan());
        assert_eq!(relu6_vjp(&[f64::NAN], &[5.0]), [5.0]);
        assert_eq!(relu6_guided_vjp(&[0.0, 1.0, 1.0, 6.0], &[5.0, 5.0, -5.0, 5.0]), [0.0, 5.0, 0.0, 0.0]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(9);
        for len in 1..50 {
            // Odd multiples of 0.35 hit neither 0 nor 6 and reach beyond both.
            let x = widen(&sample.distinct_vec(len, 0.7));
            let g = widen(&sample.normal_vec(len));
            assert_vjp(relu6, &x, &g, &relu6_vjp(&x, &g), 1e-8, &format!("{len} values"));
        }
    }
}
