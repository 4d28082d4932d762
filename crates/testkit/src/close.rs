//! Comparison of two arrays within a tolerance, with a helpful message.

/// Checks that every element of `got` is within a tolerance of `want`.
///
/// `|got[i] − want[i]| ≤ abs + rel · rms(want)`, with `rms(want) = sqrt(mean(want²))` over its finite elements.
///
/// A NaN must correspond to a NaN and an infinity to the same infinity. `got` may be `f32` or `f64`.
///
/// # Panics
/// If an element is out of tolerance: the message names `what`, the number of elements that fail, the worst of them with its
/// index and both values, and the error relative to the RMS. Also if the lengths differ, or if a tolerance is negative or not
/// finite.
///
/// # Example
/// ```
/// # use striate_testkit::assert_close;
/// assert_close(&[1.0f32, 2.0001], &[1.0, 2.0], 1e-4, 0.0, "two numbers");
/// ```
#[track_caller]
pub fn assert_close<T: Copy + Into<f64>>(got: &[T], want: &[f64], rel: f64, abs: f64, what: &str) {
    if let Err(message) = compare(got, want, rel, abs) {
        panic!("{what}: {message}");
    }
}

fn compare<T: Copy + Into<f64>>(got: &[T], want: &[f64], rel: f64, abs: f64) -> Result<(), String> {
    if !(rel >= 0.0 && rel.is_finite() && abs >= 0.0 && abs.is_finite()) {
        return Err(format!("tolerances must be finite and not negative, got rel {rel:e} and abs {abs:e}"));
    }
    if got.len() != want.len() {
        return Err(format!("got {} elements, expected {}", got.len(), want.len()));
    }
    let rms = rms(want);
    let tolerance = abs + rel * rms;
    let mut failures = 0;
    let mut worst: Option<(usize, f64)> = None;
    for (index, (&got, &want)) in got.iter().zip(want).enumerate() {
        let error = error(got.into(), want);
        if error > tolerance {
            failures += 1;
            if worst.is_none_or(|(_, largest)| error > largest) {
                worst = Some((index, error));
            }
        }
    }
    let Some((index, error)) = worst else { return Ok(()) };
    let (got, want, count) = (got[index].into(), want[index], want.len());
    Err(format!(
        "{failures} of {count} elements out of tolerance; worst at index {index}: got {got:e}, expected {want:e}, \
         error {error:.3e} = {:.3e} of the RMS {rms:.3e}; allowed {tolerance:.3e} (rel {rel:e}, abs {abs:e})",
        error / rms
    ))
}

/// `|got − want|`; zero for the same non-finite value, infinite if only one is NaN or infinite.
fn error(got: f64, want: f64) -> f64 {
    if got == want || (got.is_nan() && want.is_nan()) {
        0.0
    } else if got.is_finite() && want.is_finite() {
        (got - want).abs()
    } else {
        f64::INFINITY
    }
}

/// Root mean square of the finite elements; 0 if there are none.
fn rms(values: &[f64]) -> f64 {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let largest = finite.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    // Divided by the largest first: squares that overflow would make the tolerance infinite.
    let mean_square = finite.iter().map(|v| (v / largest).powi(2)).sum::<f64>() / finite.len() as f64;
    largest * mean_square.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(got: &[f32], want: &[f64], rel: f64, abs: f64) -> String {
        compare(got, want, rel, abs).expect_err("out of tolerance")
    }

    #[test]
    fn tolerance_is_relative_to_the_rms_of_the_whole_array() {
        // RMS of [3, 4, 0, 0] is 2.5, so 1 % allows 0.025 on every element, also on the zeros.
        let want = [3.0, 4.0, 0.0, 0.0];
        assert_close(&[3.0f32, 4.0, 0.024, -0.024], &want, 0.01, 0.0, "inside");
        assert!(compare(&[3.0f32, 4.0, 0.026, 0.0], &want, 0.01, 0.0).is_err());
        assert_close(&[3.0f32, 4.0, 0.026, 0.0], &want, 0.01, 0.01, "rel and abs add up");
    }

    #[test]
    fn the_message_names_the_worst_element() {
        assert_eq!(
            message(&[3.0, 4.5, -0.5, 2.0], &[3.0, 4.0, 0.0, 0.0], 0.01, 0.0),
            "3 of 4 elements out of tolerance; worst at index 3: got 2e0, expected 0e0, error 2.000e0 = 8.000e-1 of \
             the RMS 2.500e0; allowed 2.500e-2 (rel 1e-2, abs 0e0)"
        );
    }

    #[test]
    #[should_panic(expected = "conv1 bias: got 1 elements, expected 2")]
    fn lengths_must_agree_and_the_panic_says_what_was_compared() {
        assert_close(&[1.0f32], &[1.0, 2.0], 1.0, 1.0, "conv1 bias");
    }

    #[test]
    fn non_finite_values_meet_only_their_like() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let want = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0];
        assert_close(&[nan, inf, -inf, 1.0], &want, 1e-6, 0.0, "same");
        for bad in [[0.0, inf, -inf, 1.0], [nan, nan, -inf, 1.0], [nan, inf, inf, 1.0], [nan, inf, -inf, nan]]
        {
            assert!(compare(&bad, &want, 1e6, 1e6).is_err(), "{bad:?}");
        }
        // The finite error of index 0 must not hide the infinite one of index 1.
        assert!(message(&[9.0, nan], &[0.0, 0.0], 0.0, 0.0).contains("worst at index 1: got NaN"));
    }

    #[test]
    fn f64_works_too_and_empty_arrays_agree() {
        assert!(compare(&[1.0 + 1e-12], &[1.0], 1e-13, 0.0).is_err());
        assert_close(&[1.0 + 1e-12], &[1.0], 1e-11, 0.0, "f64");
        assert_close::<f32>(&[], &[], 0.0, 0.0, "nothing");
        assert!(compare(&[1e300], &[2e300], 0.1, 0.0).is_err(), "the RMS must not overflow");
    }

    #[test]
    fn a_tolerance_that_would_pass_anything_is_refused() {
        for (rel, abs) in [(f64::NAN, 0.0), (0.0, f64::NAN), (f64::INFINITY, 0.0), (-1.0, 2.0), (0.0, -1.0)] {
            assert!(message(&[1.0], &[1.0], rel, abs).starts_with("tolerances must be finite"));
        }
    }
}
