//! The features of labeled images.

use crate::error::FitError;
use ndarray::{Array2, Axis};

/// The features of labeled images.
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
    /// One row per image, `[N, D]`.
    pub rows: Array2<f32>,
    /// The class of each image.
    pub labels: Vec<u32>,
    /// The number of classes.
    pub classes: usize,
}

impl Features {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Appends the features of other images, from the same network and with the same classes.
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

    /// A copy of the features of these images, in this order.
    ///
    /// # Panics
    /// When an index is out of range.
    #[must_use]
    pub fn select(&self, images: &[usize]) -> Self {
        let labels = images.iter().map(|&i| self.labels[i]).collect();
        Self { rows: self.rows.select(Axis(0), images), labels, classes: self.classes }
    }

    /// Whether heads can be judged in so many folds; gives the folds, at most one an image.
    pub(super) fn check(&self, folds: usize) -> Result<usize, FitError> {
        assert_eq!(self.rows.nrows(), self.labels.len(), "one row and one label an image");
        let mut counts = vec![0_usize; self.classes];
        self.labels.iter().for_each(|&label| counts[label as usize] += 1);
        check_counts(&counts, folds)?;
        Ok(folds.min(self.len()))
    }
}

/// Whether heads can be evaluated by cross-validation on these numbers of images per class.
pub(crate) fn check_counts(counts: &[usize], folds: usize) -> Result<(), FitError> {
    let refuse = |what, expected: &str, got: usize| {
        Err(FitError::Setting { what, expected: expected.into(), got: got.to_string() })
    };
    if folds < 2 {
        return refuse("folds", "at least 2", folds);
    }
    if counts.len() < 2 {
        return refuse("classes", "at least 2", counts.len());
    }
    let few: Vec<(usize, usize)> =
        counts.iter().copied().enumerate().filter(|&(_, count)| count < 2).collect();
    if few.is_empty() { Ok(()) } else { Err(FitError::TooFewImages { classes: few }) }
}
