//! A head for a frozen backbone: features computed once, a linear classifier fitted to them in seconds, and an honest figure
//! of how good it is.
//!
//! A network that was trained on a million photographs has learned features that serve other photographs too. What
//! is left to learn is one linear layer, a convex problem: it has one solution, found to the end, with no learning rate,
//! epoch or luck.
//!
//! Start reading at [`Features`], then `logistic.rs` (what is fitted), then `cross_validate.rs` (how it is judged), then
//! `choose.rs` (how strongly it is held back) and `suspicious.rs` (which labels look wrong).
//!
//! # Source
//! Kornblith 2019: logistic regression on frozen features, and when fine-tuning all of the network pays.

mod backbone;
mod baselines;
mod choose;
mod cross_validate;
mod folds;
mod head;
mod lbfgs;
mod logistic;
mod scale;
mod store;
mod suspicious;
mod table;

pub use backbone::Backbone;
pub use baselines::{nearest_mean, raw_pixels};
pub use cross_validate::{CrossValidation, cross_validate, fit_head};
pub use head::Head;
pub use suspicious::{Suspicion, suspicious};

use crate::error::FitError;
use ndarray::{Array2, Axis};
use striate_inspect::{Answer, Calibration, Confusion, InspectError};

/// The features of labelled pictures.
///
/// # Example
/// ```
/// use ndarray::array;
/// use striate_graph::Engine;
/// use striate_train::probe::{Features, cross_validate};
///
/// let rows = array![[1.0, 0.1], [0.9, 0.0], [1.1, 0.2], [-1.0, 0.1], [-0.8, 0.3], [-1.2, 0.0]];
/// let features = Features { rows, labels: vec![0, 0, 0, 1, 1, 1], classes: 2 };
/// let judged = cross_validate(&features, 3, 0, &Engine::new(Some(1))?, &mut |_, _| ())?;
/// assert_eq!(judged.confusion(&features.labels)?.accuracy(), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// One row a picture, `[N, D]`.
    pub rows: Array2<f32>,
    /// The class of each picture.
    pub labels: Vec<u32>,
    /// How many classes there are.
    pub classes: usize,
}

impl Features {
    /// Pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// These pictures and then others, of the same network and classes.
    ///
    /// # Panics
    /// When the others have another number of features or classes.
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        assert_eq!(self.classes, others.classes, "classes");
        self.rows.append(Axis(0), others.rows.view()).expect("as many features each");
        self.labels.extend(&others.labels);
        self
    }

    /// These pictures, copied, in this order.
    ///
    /// # Panics
    /// When one is past the end.
    #[must_use]
    pub fn select(&self, pictures: &[usize]) -> Self {
        let labels = pictures.iter().map(|&i| self.labels[i]).collect();
        Self { rows: self.rows.select(Axis(0), pictures), labels, classes: self.classes }
    }

    /// Whether heads can be judged in so many folds; gives the folds, at most one a picture.
    fn check(&self, folds: usize) -> Result<usize, FitError> {
        assert_eq!(self.rows.nrows(), self.labels.len(), "one row and one label a picture");
        let refuse = |what, expected: &str, got: usize| {
            Err(FitError::Setting { what, expected: expected.into(), got: got.to_string() })
        };
        if folds < 2 {
            return refuse("folds", "at least 2", folds);
        }
        if self.classes < 2 {
            return refuse("classes", "at least 2: there is nothing to tell apart", self.classes);
        }
        let mut counts = vec![0_usize; self.classes];
        self.labels.iter().for_each(|&label| counts[label as usize] += 1);
        let few: Vec<(usize, usize)> =
            counts.into_iter().enumerate().filter(|&(_, count)| count < 2).collect();
        if few.is_empty() {
            Ok(folds.min(self.len()))
        } else {
            Err(FitError::TooFewPictures { classes: few })
        }
    }
}

impl CrossValidation {
    /// What was taken for what.
    ///
    /// # Errors
    /// [`InspectError::ClassOutOfRange`] when a label is none of the classes.
    ///
    /// # Panics
    /// When there is not one label a picture.
    pub fn confusion(&self, labels: &[u32]) -> Result<Confusion, InspectError> {
        let mut confusion = Confusion::new(self.probabilities.ncols());
        for answer in self.answers(labels) {
            confusion.add(answer.label as usize, answer.predicted as usize)?;
        }
        Ok(confusion)
    }

    /// What was said of each picture.
    ///
    /// # Panics
    /// When there is not one label a picture, or one is none of the classes.
    pub fn answers(&self, labels: &[u32]) -> Vec<Answer> {
        assert_eq!(self.probabilities.nrows(), labels.len(), "one label a picture");
        let rows = self.probabilities.rows();
        rows.into_iter().zip(labels).map(|(row, &label)| Answer::new(&row.to_vec(), label as usize)).collect()
    }

    /// Whether the probabilities mean what they say.
    ///
    /// # Errors
    /// Those of [`Calibration::add`].
    pub fn calibration(&self, labels: &[u32]) -> Result<Calibration, InspectError> {
        let mut calibration = Calibration::default();
        for (row, &label) in self.probabilities.rows().into_iter().zip(labels) {
            calibration.add(&row.to_vec(), label as usize)?;
        }
        Ok(calibration)
    }
}

#[cfg(test)]
mod tests;
