//! The calibration of a classifier's probabilities.

use serde::Serialize;

use crate::error::{ReportError, Role};

/// The number of bins, of equal width, over the probabilities 0 to 1.
pub const BINS: usize = 15;

/// The calibration of a classifier: of the predictions made with probability p, a share p should be correct.
///
/// Expected calibration error over bins B_m by the probability of the prediction: ECE = Σ_m |B_m| / N · |acc(B_m) − conf(B_m)|.
/// Brier score: mean over images of Σ_k (p_k − y_k)², 0 to 2. Negative log-likelihood: mean of −ln p_label.
///
/// # Source
/// Naeini 2015 (ECE), Guo 2017 (15 bins, networks), Brier 1950.
///
/// # Example
/// ```
/// use striate_report::Calibration;
///
/// let mut calibration = Calibration::default();
/// calibration.add(&[0.75, 0.25], 0)?; // correct, with probability 0.75
/// calibration.add(&[0.75, 0.25], 1)?; // wrong, with probability 0.75
/// assert_eq!(calibration.ece(), Some(0.25));
/// assert_eq!(calibration.brier(), Some((2.0 * 0.0625 + 2.0 * 0.5625) / 2.0));
/// # Ok::<(), striate_report::ReportError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    bins: [Bin; BINS],
    images: u64,
    log_likelihood: f64,
    squares: f64,
}

/// The counts of the predictions whose probability is in one bin.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Bin {
    /// The number of predictions.
    pub images: u64,
    /// The number of correct predictions.
    pub hits: u64,
    /// Sum of their probabilities.
    confidence_sum: f64,
}

impl Bin {
    /// The mean probability of the predictions; `None` if there are none.
    pub fn confidence(&self) -> Option<f64> {
        (self.images > 0).then(|| self.confidence_sum / self.images as f64)
    }

    /// The share of correct predictions; `None` if there are none.
    pub fn accuracy(&self) -> Option<f64> {
        (self.images > 0).then(|| self.hits as f64 / self.images as f64)
    }
}

impl Calibration {
    /// Counts one image, with the probabilities of all classes. The prediction is the first class with the highest probability.
    ///
    /// # Errors
    /// [`ReportError::ClassOutOfRange`] when the label is out of range, [`ReportError::Probability`] when a value is not a
    /// probability; in both cases nothing is counted.
    pub fn add(&mut self, probabilities: &[f32], label: usize) -> Result<(), ReportError> {
        let classes = probabilities.len();
        let Some(&own) = probabilities.get(label) else {
            return Err(ReportError::ClassOutOfRange { role: Role::Label, got: label, classes });
        };
        // A sum of f32 softmax values may pass 1 by rounding.
        if let Some(class) = probabilities.iter().position(|p| !(0.0..=1.0 + 1e-6).contains(p)) {
            return Err(ReportError::Probability { class, got: probabilities[class] });
        }
        let larger = |best: usize, i: usize| if probabilities[i] > probabilities[best] { i } else { best };
        let answer = (0..classes).fold(0, larger);
        let confidence = f64::from(probabilities[answer]).min(1.0);
        // Bins are open below and closed above, so that a certain answer is in the last.
        let bin = &mut self.bins[((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1];
        bin.images += 1;
        bin.hits += u64::from(answer == label);
        bin.confidence_sum += confidence;
        self.images += 1;
        let own = f64::from(own);
        self.log_likelihood += own.max(f64::from(f32::MIN_POSITIVE)).ln();
        let squares: f64 = probabilities.iter().map(|&p| f64::from(p) * f64::from(p)).sum();
        self.squares += squares - 2.0 * own + 1.0;
        Ok(())
    }

    /// The bins, from probability 0 up; bin m is over (m / 15, (m + 1) / 15].
    pub fn bins(&self) -> &[Bin; BINS] {
        &self.bins
    }

    /// The number of counted images.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// The expected calibration error, 0 ..= 1; `None` before the first image, like the other figures.
    pub fn ece(&self) -> Option<f64> {
        let gap = |bin: &Bin| (bin.hits as f64 - bin.confidence_sum).abs();
        self.mean(self.bins.iter().map(gap).sum())
    }

    /// The negative log-likelihood, the mean of −ln p_label.
    pub fn negative_log_likelihood(&self) -> Option<f64> {
        self.mean(-self.log_likelihood)
    }

    /// The Brier score, 0 ..= 2.
    pub fn brier(&self) -> Option<f64> {
        self.mean(self.squares)
    }

    /// The mean probability of the predictions minus the accuracy; above 0 means overconfident.
    pub fn overconfidence(&self) -> Option<f64> {
        self.mean(self.bins.iter().map(|bin| bin.confidence_sum - bin.hits as f64).sum())
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.images > 0).then(|| sum / self.images as f64)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn who_is_as_often_right_as_sure_has_no_error() {
        let mut calibration = Calibration::default();
        for i in 0..100 {
            let label = usize::from(i >= 80);
            calibration.add(&[0.8, 0.2], label).unwrap();
        }
        assert!(calibration.ece().unwrap() < 1e-7, "{:?}", calibration.ece());
        assert!(calibration.overconfidence().unwrap().abs() < 1e-7);
        let entropy = -(0.8 * f64::ln(0.8) + 0.2 * f64::ln(0.2));
        assert!((calibration.negative_log_likelihood().unwrap() - entropy).abs() < 1e-7);
        assert!((calibration.brier().unwrap() - (0.8 * 0.08 + 0.2 * 1.28)).abs() < 1e-7);
    }

    #[test]
    fn errors_of_opposite_sign_do_not_cancel_across_bins() {
        let mut calibration = Calibration::default();
        calibration.add(&[0.9, 0.1], 1).unwrap(); // sure and wrong
        calibration.add(&[0.6, 0.4], 0).unwrap(); // unsure and right
        assert!((calibration.ece().unwrap() - (0.9 + 0.4) / 2.0).abs() < 1e-7);
        assert!((calibration.overconfidence().unwrap() - 0.25).abs() < 1e-7);
    }

    #[test]
    fn bins_are_closed_above() {
        for (p, want) in [(0.0, 0), (0.05, 0), (0.07, 1), (0.5, 7), (0.95, 14), (1.0, 14)] {
            let mut calibration = Calibration::default();
            calibration.add(&[p], 0).unwrap();
            assert_eq!(calibration.bins().iter().position(|bin| bin.images == 1), Some(want), "{p}");
            assert_eq!(calibration.bins()[want].accuracy(), Some(1.0));
            assert_eq!(calibration.bins()[(want + 1) % BINS].confidence(), None);
        }
    }

    #[test]
    fn nothing_is_not_perfect_and_certain_and_wrong_is_not_infinite() {
        let mut calibration = Calibration::default();
        assert_eq!((calibration.ece(), calibration.brier()), (None, None));
        calibration.add(&[1.0, 0.0], 1).unwrap();
        assert_eq!((calibration.ece(), calibration.brier()), (Some(1.0), Some(2.0)));
        assert!(calibration.negative_log_likelihood().unwrap().is_finite());
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let mut calibration = Calibration::default();
        let label = calibration.add(&[0.5, 0.5], 2).unwrap_err().to_string();
        expect!["confusion matrix: label 2 is not one of its 2 classes (0 to 1); use a data set and a model with the same classes"].assert_eq(&label);
        let nan = calibration.add(&[0.5, f32::NAN], 0).unwrap_err().to_string();
        expect!["class 1: expected a probability from 0 to 1, got NaN; the network's values are not finite, so train it again with a lower learning rate"].assert_eq(&nan);
        assert!(calibration.add(&[1.5], 0).is_err());
        assert_eq!(calibration, Calibration::default(), "nothing was counted");
    }
}
