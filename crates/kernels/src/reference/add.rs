//! Elementwise sum of two tensors of the same shape: the residual connection.

use super::check_len;

/// `y = a + b`
///
/// # PyTorch
/// `torch.add` without broadcasting
pub fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    check_len("add, second operand", b.len(), a.len());
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// `grad_a = grad_output`, `grad_b = grad_output`
pub fn add_vjp(grad_output: &[f64]) -> (Vec<f64>, Vec<f64>) {
    (grad_output.to_vec(), grad_output.to_vec())
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(add(&[1.0, 2.0], &[10.0, -2.0]), [11.0, 0.0]);
        assert_eq!(add_vjp(&[3.0, 4.0]), (vec![3.0, 4.0], vec![3.0, 4.0]));
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(10);
        for len in 1..20 {
            let [a, b, g] = [0; 3].map(|_: usize| widen(&sample.normal_vec(len)));
            let (grad_a, grad_b) = add_vjp(&g);
            assert_vjp(|a| add(a, &b), &a, &g, &grad_a, 1e-8, "first operand");
            assert_vjp(|b| add(&a, b), &b, &g, &grad_b, 1e-8, "second operand");
        }
    }

    #[test]
    #[should_panic(expected = "add, second operand has 3 elements, but the shape needs 2")]
    fn shapes_must_agree() {
        add(&[0.0; 2], &[0.0; 3]);
    }
}
