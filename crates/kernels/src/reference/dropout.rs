//! Inverted dropout with a given mask; the caller draws the mask.

use super::check_len;

/// `y = x · mask / (1 − p)`: the kept values are scaled up so that the expectation stays the same.
///
/// `mask` is true where a value is kept, which happens with probability `1 − p`. With `p = 1` the result is all 0.
///
/// # Source
/// Srivastava et al. 2014, in the inverted form that leaves inference unchanged.
///
/// # PyTorch
/// `torch.nn.functional.dropout(…, training=True)`
///
/// # Panics
/// If `p` is outside `[0, 1]`.
pub fn dropout(x: &[f64], mask: &[bool], p: f64) -> Vec<f64> {
    check_len("dropout mask", mask.len(), x.len());
    assert!((0.0..=1.0).contains(&p), "reference: dropout probability must be in [0, 1], got {p}");
    let scale = if p == 1.0 { 0.0 } else { 1.0 / (1.0 - p) };
    x.iter().zip(mask).map(|(x, &keep)| x * f64::from(keep) * scale).collect()
}

/// `grad_input = grad_output · mask / (1 − p)`: the map is its own transpose.
pub fn dropout_vjp(grad_output: &[f64], mask: &[bool], p: f64) -> Vec<f64> {
    dropout(grad_output, mask, p)
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;

    #[test]
    fn by_hand() {
        let (x, mask) = ([1.0, 2.0, -3.0], [true, false, true]);
        assert_eq!(dropout(&x, &mask, 0.5), [2.0, 0.0, -6.0]);
        assert_eq!(dropout(&x, &mask, 0.75), [4.0, 0.0, -12.0]);
        assert_eq!(dropout(&x, &[true; 3], 0.0), x);
        assert_eq!(dropout(&x, &[false; 3], 1.0), [0.0; 3]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(11);
        for len in 1..30 {
            let p = f64::from(sample.uniform(0.0, 0.9));
            let mask: Vec<bool> = (0..len).map(|_| sample.chance(1.0 - p)).collect();
            let [x, g] = [0; 2].map(|_: usize| widen(&sample.normal_vec(len)));
            assert_vjp(|x| dropout(x, &mask, p), &x, &g, &dropout_vjp(&g, &mask, p), 1e-8, &format!("p {p}"));
        }
    }

    #[test]
    #[should_panic(expected = "dropout probability must be in [0, 1], got 1.5")]
    fn a_probability_above_one_is_refused() {
        dropout(&[1.0], &[true], 1.5);
    }
}
