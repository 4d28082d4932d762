//! Logits: the outputs of a classifier, one per class. The class with the highest logit is the prediction.

/// A logit is infinite or NaN, so there is no highest one.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "the logit of class {class} is {got}, so there is no prediction; the weights are damaged, the training diverged, or \
     the values overflow 32-bit floats"
)]
pub struct LogitError {
    /// The first class with such a logit, from 0.
    pub class: usize,
    /// The logit of this class.
    pub got: f32,
}

/// Checks that every logit is finite; if one is infinite or NaN, there is no prediction.
///
/// # Errors
/// [`LogitError`] with the first logit that is not finite.
///
/// # PyTorch
/// `logits.argmax()` returns a class nevertheless: the first whose logit is NaN.
pub fn check_logits(logits: &[f32]) -> Result<(), LogitError> {
    match logits.iter().position(|logit| !logit.is_finite()) {
        None => Ok(()),
        Some(class) => Err(LogitError { class, got: logits[class] }),
    }
}

/// Computes the probabilities `softmax(logits)`.
///
/// # Numerics
/// The computation is in f64, relative to the highest logit, so that nothing overflows.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let odds: Vec<f64> = logits.iter().map(|&l| f64::from(l - highest).exp()).collect();
    let sum: f64 = odds.iter().sum();
    odds.into_iter().map(|o| (o / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_that_are_no_numbers() {
        assert_eq!(check_logits(&[f32::MAX, f32::MIN, 0.0]), Ok(()));
        for got in [f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(check_logits(&[1.0, got]), Err(LogitError { class: 1, got }));
        }
        assert!(check_logits(&[f32::NAN]).is_err());
    }

    #[test]
    fn softmax_does_not_overflow() {
        assert_eq!(softmax(&[1000.0, 1000.0]), [0.5, 0.5]);
        let p = softmax(&[0.0, f32::ln(3.0)]);
        assert!((p[0] - 0.25).abs() < 1e-7 && (p[1] - 0.75).abs() < 1e-7, "{p:?}");
    }
}
