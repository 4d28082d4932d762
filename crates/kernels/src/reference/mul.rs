//! Product of two tensors, the second of which may have one value per channel.

use super::check_len;

/// `y[n, c, …] = a[n, c, …] · b[n, c, …]`, or `· b[n, c]` if `b` has one value per channel.
///
/// # PyTorch
/// `a * b`, with `b [N, C, H, W]` or `[N, C, 1, 1]`.
pub fn mul(a: &[f64], b: &[f64]) -> Vec<f64> {
    let shared = shared(a, b);
    a.iter().enumerate().map(|(i, a)| a * b[i / shared]).collect()
}

/// `grad_a = grad_output · b`, `grad_b = Σ grad_output · a`, over the values that share a factor.
pub fn mul_vjp(a: &[f64], b: &[f64], grad_output: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let shared = shared(a, b);
    let mut grad_b = vec![0.0; b.len()];
    for (i, (a, g)) in a.iter().zip(grad_output).enumerate() {
        grad_b[i / shared] += a * g;
    }
    (mul(grad_output, b), grad_b)
}

/// The number of values of `a` that share one of `b`.
fn shared(a: &[f64], b: &[f64]) -> usize {
    let shared = (a.len() / b.len().max(1)).max(1);
    check_len("mul, first operand", a.len(), b.len() * shared);
    shared
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(mul(&[1.0, 2.0], &[10.0, -2.0]), [10.0, -4.0]);
        assert_eq!(mul(&[1.0, 2.0, 3.0, 4.0], &[10.0, -2.0]), [10.0, 20.0, -6.0, -8.0]);
        let (a, b) = mul_vjp(&[1.0, 2.0, 3.0, 4.0], &[10.0, -2.0], &[1.0, 1.0, 0.0, 2.0]);
        assert_eq!((a, b), (vec![10.0, 10.0, 0.0, -4.0], vec![3.0, 8.0]));
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(11);
        for (len, shared) in [(1, 1), (6, 1), (12, 4), (5, 5)] {
            let [a, g] = [0; 2].map(|_: usize| widen(&sample.normal_vec(len)));
            let b = widen(&sample.normal_vec(len / shared));
            let (grad_a, grad_b) = mul_vjp(&a, &b, &g);
            assert_vjp(|a| mul(a, &b), &a, &g, &grad_a, 1e-8, "first operand");
            assert_vjp(|b| mul(&a, b), &b, &g, &grad_b, 1e-8, "second operand");
        }
    }

    #[test]
    #[should_panic(expected = "mul, first operand has 3 elements, but the shape needs 2")]
    fn shapes_must_agree() {
        mul(&[0.0; 3], &[0.0; 2]);
    }
}
