//! Numerical gradients by central differences, and the check of a backward pass against its forward pass.

use crate::assert_close;

/// The step that [`assert_vjp`] uses: for it, rounding (1e-16 / eps) and truncation (eps²) are both near 1e-10.
const EPS: f64 = 1e-5;

/// Gradient of a scalar function by central differences, accurate to about `eps²`.
///
/// `grad[i] = (f(x + h·e_i) − f(x − h·e_i)) / 2h`, `h = eps · max(1, |x[i]|)`
///
/// `f` is called twice per element. With f64 arithmetic inside `f`, `eps = 1e-5` leaves a relative error of about 1e-9 for
/// smooth functions of moderate magnitude. At a kink (ReLU at 0, a tie in max pooling) the result is the mean of the
/// derivatives on both sides: keep `x` away from kinks, for instance with
/// [`Sample::distinct_vec`](crate::Sample::distinct_vec).
///
/// # Panics
/// If `eps` is not a positive finite number.
///
/// # Example
/// ```
/// # use striate_testkit::{assert_close, finite_difference};
/// let grad = finite_difference(|x| x[0] * x[0] * x[1], &[3.0, 2.0], 1e-5);
/// assert_close(&grad, &[12.0, 9.0], 1e-9, 0.0, "x²y");
/// ```
pub fn finite_difference(mut f: impl FnMut(&[f64]) -> f64, x: &[f64], eps: f64) -> Vec<f64> {
    assert!(eps > 0.0 && eps.is_finite(), "finite_difference: eps must be positive and finite, got {eps}");
    let mut point = x.to_vec();
    (0..x.len())
        .map(|i| {
            let step = eps * x[i].abs().max(1.0);
            let (above, below) = (x[i] + step, x[i] - step);
            point[i] = above;
            let f_above = f(&point);
            point[i] = below;
            let f_below = f(&point);
            point[i] = x[i];
            // The difference of the rounded points, which is not exactly 2 · step.
            (f_above - f_below) / (above - below)
        })
        .collect()
}

/// Checks a vector-Jacobian product: that `grad_input` is `grad_output` passed back through `forward`.
///
/// `grad_input[i] = Σ_o grad_output[o] · ∂forward(x)[o] / ∂x[i]`, with the right side computed by central differences.
///
/// Use it once for each argument of an operation, with the others held fixed inside `forward`. `rel` is relative to the
/// RMS of the numerical gradient, with an absolute floor of `rel` times 1e-3 for gradients that are zero everywhere.
///
/// # Panics
/// If the two disagree, as in [`assert_close`], or if `forward` returns another number of values than `grad_output` has.
///
/// # Example
/// ```
/// # use striate_testkit::assert_vjp;
/// let softplus = |x: &[f64]| x.iter().map(|v| v.exp().ln_1p()).collect::<Vec<_>>();
/// assert_vjp(softplus, &[0.0], &[2.0], &[1.0], 1e-8, "softplus");
/// ```
#[track_caller]
pub fn assert_vjp(
    mut forward: impl FnMut(&[f64]) -> Vec<f64>,
    x: &[f64],
    grad_output: &[f64],
    grad_input: &[f64],
    rel: f64,
    what: &str,
) {
    let outputs = forward(x).len();
    assert!(
        outputs == grad_output.len(),
        "{what}: the forward gives {outputs} values, but grad_output has {}",
        grad_output.len()
    );
    let scalar = |x: &[f64]| forward(x).iter().zip(grad_output).map(|(y, g)| y * g).sum();
    let numerical = finite_difference(scalar, x, EPS);
    assert_close(grad_input, &numerical, rel, 1e-3 * rel, &format!("{what}: gradient"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_of_known_functions() {
        let x = [0.3, -1.2, 40.0];
        let grad = finite_difference(|x| x[0].sin() * x[1].exp() + x[2].ln(), &x, 1e-5);
        let want = [0.3f64.cos() * (-1.2f64).exp(), 0.3f64.sin() * (-1.2f64).exp(), 1.0 / 40.0];
        assert_close(&grad, &want, 1e-8, 0.0, "sin x · exp y + ln z");
    }

    #[test]
    fn only_one_element_moves_at_a_time_and_it_is_put_back() {
        let x = [1.0, 2.0, 3.0];
        let mut calls = 0;
        finite_difference(
            |p| {
                assert_eq!(p.iter().zip(&x).filter(|(a, b)| a != b).count(), 1, "{p:?}");
                calls += 1;
                0.0
            },
            &x,
            1e-3,
        );
        assert_eq!(calls, 6);
    }

    #[test]
    fn a_large_argument_still_moves() {
        // 1e12 + 1e-5 rounds to a step far from 1e-5; a step relative to x does not.
        let grad = finite_difference(|x| 2.0 * x[0], &[1e12], 1e-5);
        assert_close(&grad, &[2.0], 1e-9, 0.0, "2x at 1e12");
    }

    #[test]
    #[should_panic(expected = "eps must be positive and finite, got 0")]
    fn eps_zero_is_refused() {
        finite_difference(|x| x[0], &[1.0], 0.0);
    }

    fn squares(x: &[f64]) -> Vec<f64> {
        x.iter().map(|v| v * v).collect()
    }

    #[test]
    fn a_right_vjp_passes() {
        assert_vjp(squares, &[1.0, -2.0], &[0.5, 3.0], &[1.0, -12.0], 1e-8, "squares");
    }

    #[test]
    #[should_panic(expected = "squares: gradient: 1 of 2 elements out of tolerance; worst at index 1")]
    fn a_vjp_wrong_in_one_element_fails() {
        assert_vjp(squares, &[1.0, -2.0], &[0.5, 3.0], &[1.0, -12.0001], 1e-8, "squares");
    }

    #[test]
    #[should_panic(expected = "squares: the forward gives 2 values, but grad_output has 3")]
    fn grad_output_of_another_shape_fails() {
        assert_vjp(squares, &[1.0, -2.0], &[0.5, 3.0, 1.0], &[1.0, -12.0], 1e-8, "squares");
    }

    #[test]
    fn a_gradient_of_zero_is_no_division_by_zero() {
        assert_vjp(|_| vec![5.0], &[1.0, 2.0], &[1.0], &[0.0, 0.0], 1e-8, "constant");
    }
}
