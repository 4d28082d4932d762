//! Classification metrics from (label, prediction) pairs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::{ReportError, Role};

/// The quantile z of the two-sided 95 % interval of a normal distribution.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// The most classes for which [`Report`] writes out the whole matrix.
const MATRIX_CLASSES: usize = 1000;

/// A confusion matrix: the number of images for each pair of true and predicted class.
///
/// Only non-zero cells take memory, so the size depends on the data, even with a hundred thousand classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    support: Vec<u64>,
    predicted: Vec<u64>,
    cells: BTreeMap<(usize, usize), u64>,
    total: u64,
}

impl Confusion {
    /// Creates an empty matrix for `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { support: vec![0; classes], predicted: vec![0; classes], cells: BTreeMap::new(), total: 0 }
    }

    /// Counts one image.
    ///
    /// # Errors
    /// [`ReportError::ClassOutOfRange`] if either index is not below the number of classes; nothing is counted.
    pub fn add(&mut self, label: usize, predicted: usize) -> Result<(), ReportError> {
        let classes = self.classes();
        for (role, got) in [(Role::Label, label), (Role::Prediction, predicted)] {
            if got >= classes {
                return Err(ReportError::ClassOutOfRange { role, got, classes });
            }
        }
        self.support[label] += 1;
        self.predicted[predicted] += 1;
        *self.cells.entry((label, predicted)).or_default() += 1;
        self.total += 1;
        Ok(())
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.support.len()
    }

    /// The number of images counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The number of images of class `label` that were predicted as `predicted`; 0 outside the matrix.
    pub fn count(&self, label: usize, predicted: usize) -> u64 {
        self.cells.get(&(label, predicted)).copied().unwrap_or(0)
    }

    /// The non-zero cells as (label, predicted, count), in row order.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, u64)> + '_ {
        self.cells.iter().map(|(&(label, predicted), &count)| (label, predicted, count))
    }

    /// The number of images of the class; 0 outside the matrix.
    pub fn support(&self, class: usize) -> u64 {
        self.support.get(class).copied().unwrap_or(0)
    }

    /// The number of images whose prediction is their label.
    pub fn hits(&self) -> u64 {
        (0..self.classes()).map(|class| self.count(class, class)).sum()
    }

    /// Hits over images, a fraction in 0 ..= 1; `None` before the first image.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.hits(), self.total)
    }

    /// Computes precision, recall and F1 of one class.
    ///
    /// With true positives TP, false positives FP and false negatives FN:
    /// precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN).
    /// Each is `None` when its denominator is 0: there is nothing to measure.
    pub fn class_metrics(&self, class: usize) -> ClassMetrics {
        let hits = self.count(class, class);
        let support = self.support(class);
        let predicted = self.predicted.get(class).copied().unwrap_or(0);
        ClassMetrics {
            precision: ratio(hits, predicted),
            recall: ratio(hits, support),
            f1: ratio(2 * hits, predicted + support),
            support,
        }
    }

    /// Computes the unweighted means of precision, recall and F1 over the classes that occur, as labels or as predictions.
    ///
    /// An occurring class whose precision or recall is undefined counts as 0 there, as in scikit-learn:
    /// leaving out a class that was never predicted would make the model look better. The first three fields are `None`
    /// before the first image; `support` is the number of images.
    pub fn macro_average(&self) -> ClassMetrics {
        let occurring: Vec<ClassMetrics> =
            (0..self.classes()).map(|class| self.class_metrics(class)).filter(|m| m.f1.is_some()).collect();
        let mean = |field: fn(&ClassMetrics) -> Option<f64>| {
            let sum: f64 = occurring.iter().map(|m| field(m).unwrap_or(0.0)).sum();
            (!occurring.is_empty()).then(|| sum / occurring.len() as f64)
        };
        ClassMetrics {
            precision: mean(|m| m.precision),
            recall: mean(|m| m.recall),
            f1: mean(|m| m.f1),
            support: self.total,
        }
    }
}

fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

/// Precision, recall and F1 as fractions in 0 ..= 1, and the number of images behind them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassMetrics {
    /// The fraction of the images predicted as this class that belong to it.
    pub precision: Option<f64>,
    /// The fraction of the images of this class that were predicted as it.
    pub recall: Option<f64>,
    /// The harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// The number of images of this class.
    pub support: u64,
}

/// The metrics of one class of a [`Report`], with its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedMetrics {
    /// The class name.
    pub class: String,
    /// The metrics of the class.
    #[serde(flatten)]
    pub metrics: ClassMetrics,
}

/// All metrics that `val` reports about a model, for JSON: fractions in 0 ..= 1, undefined values as `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The number of images.
    pub images: u64,
    /// The fraction of images whose label has the highest logit.
    pub accuracy_top1: Option<f64>,
    /// The Wilson 95 % interval of `accuracy_top1`: (low, high).
    pub accuracy_top1_interval_95: Option<(f64, f64)>,
    /// The fraction of images whose label is among the five highest logits; `None` if it was not counted.
    pub accuracy_top5: Option<f64>,
    /// The mean precision over the classes; see [`Confusion::macro_average`].
    pub precision_macro: Option<f64>,
    /// The mean recall over the classes.
    pub recall_macro: Option<f64>,
    /// The mean F1 over the classes.
    pub f1_macro: Option<f64>,
    /// One entry per class, in class order.
    pub per_class: Vec<NamedMetrics>,
    /// `confusion_matrix[label][predicted]`, in images; left out above 1000 classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confusion_matrix: Option<Vec<Vec<u64>>>,
}

impl Report {
    /// Computes all metrics from a confusion matrix and, if counted, the number of images that are [`in_top_k`] with k = 5.
    ///
    /// # Errors
    /// [`ReportError::ClassNames`] if there is not one name per class.
    pub fn new<S: AsRef<str>>(
        confusion: &Confusion,
        class_names: &[S],
        top5_hits: Option<u64>,
    ) -> Result<Self, ReportError> {
        let classes = confusion.classes();
        if class_names.len() != classes {
            return Err(ReportError::ClassNames { expected: classes, got: class_names.len() });
        }
        let average = confusion.macro_average();
        let row = |label| (0..classes).map(|predicted| confusion.count(label, predicted)).collect();
        let named = |(class, name): (usize, &S)| NamedMetrics {
            class: name.as_ref().to_owned(),
            metrics: confusion.class_metrics(class),
        };
        Ok(Self {
            images: confusion.total(),
            accuracy_top1: confusion.accuracy(),
            accuracy_top1_interval_95: wilson_interval(confusion.hits(), confusion.total(), Z_95),
            accuracy_top5: top5_hits.and_then(|hits| ratio(hits, confusion.total())),
            precision_macro: average.precision,
            recall_macro: average.recall,
            f1_macro: average.f1,
            per_class: class_names.iter().enumerate().map(named).collect(),
            confusion_matrix: (classes <= MATRIX_CLASSES).then(|| (0..classes).map(row).collect()),
        })
    }
}

/// Whether the label's logit is among the `k` highest; ties go to the lower class, as in argmax.
///
/// A label that is out of range or whose logit is NaN is never a hit; a NaN logit of another class counts as
/// higher, so a broken network does not score.
///
/// # Example
/// ```
/// use striate_report::in_top_k;
/// assert!(in_top_k(&[0.1, 0.7, 0.2], 2, 2));
/// assert!(!in_top_k(&[0.1, 0.7, 0.2], 0, 2));
/// ```
pub fn in_top_k(logits: &[f32], label: usize, k: usize) -> bool {
    let Some(&own) = logits.get(label) else { return false };
    if own.is_nan() {
        return false;
    }
    let ahead = logits
        .iter()
        .enumerate()
        .filter(|&(class, &logit)| logit.is_nan() || logit > own || (logit == own && class < label));
    ahead.count() < k
}

/// Computes the Wilson score interval of a proportion: (low, high) in 0 ..= 1.
///
/// With p = hits / n: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n). Unlike p ± z sqrt(p(1-p)/n) it
/// stays within 0 ..= 1 and is accurate near 100 %. Use z = 1.96 for 95 %.
///
/// `None` if `n` is 0, `hits` exceeds `n`, or `z` is negative or not finite.
///
/// # Source
/// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
pub fn wilson_interval(hits: u64, n: u64, z: f64) -> Option<(f64, f64)> {
    if n == 0 || hits > n || !z.is_finite() || z < 0.0 {
        return None;
    }
    let (p, n, z2) = (hits as f64 / n as f64, n as f64, z * z);
    let center = p + z2 / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let bound = |x: f64| (x / (1.0 + z2 / n)).clamp(0.0, 1.0);
    Some((bound(center - half), bound(center + half)))
}

#[cfg(test)]
mod tests;
