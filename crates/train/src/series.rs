//! The loss and the accuracy of a run, epoch by epoch.

use std::path::Path;

use striate_report::chart::Curves;

use crate::row::EpochRow;

/// The columns of `results.csv` that are plotted.
const COLUMNS: [&str; 4] = ["train_loss", "val_loss", "train_accuracy", "val_accuracy"];

/// The loss and the accuracy of each epoch of a run, for training and for validation, as the charts need them.
///
/// # Example
/// ```
/// use striate_train::{EpochRow, Series};
///
/// let rows: Vec<EpochRow> = Vec::new();
/// let series = Series::new("convnet on digits", &rows, 0);
/// assert_eq!(series.epochs(), 0);
/// assert!(series.curves().is_none(), "without an epoch there is nothing to draw");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    title: String,
    of: [Vec<f64>; 4],
    /// The epoch, from 1, whose network was kept.
    kept: usize,
}

impl Series {
    /// Creates the series of a run from the rows of its epochs. `kept` is the epoch, from 1, whose network was kept; `title` is
    /// that of the charts.
    pub fn new(title: &str, rows: &[EpochRow], kept: usize) -> Self {
        let series = |of: fn(&EpochRow) -> f64| rows.iter().map(of).collect();
        let of = [
            series(|r| r.train_loss),
            series(|r| r.val_loss),
            series(|r| r.train_accuracy),
            series(|r| r.val_accuracy),
        ];
        Self { title: title.to_owned(), of, kept }
    }

    /// Reads the `results.csv` of a run; the series is empty if the file is missing or is something else.
    pub fn read(title: &str, path: &Path, kept: usize) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap_or_default();
        let places = COLUMNS.map(|name| header.iter().position(|column| *column == name));
        let mut of: [Vec<f64>; 4] = Default::default();
        for line in lines {
            for (series, place) in of.iter_mut().zip(places) {
                // An unreadable value becomes a gap in the curve.
                let value = place.and_then(|place| line.get(place)?.parse().ok());
                series.extend(place.map(|_| value.unwrap_or(f64::NAN)));
            }
        }
        Self { title: title.to_owned(), of, kept }
    }

    /// The number of epochs.
    pub fn epochs(&self) -> usize {
        self.of.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// The curves to draw; `None` without any epoch.
    pub fn curves(&self) -> Option<Curves<'_>> {
        let [train_loss, val_loss, train_accuracy, val_accuracy] = self.of.each_ref().map(Vec::as_slice);
        let (title, kept) = (&self.title, Some(self.kept));
        let curves = Curves { title, train_loss, val_loss, train_accuracy, val_accuracy, kept };
        (self.epochs() > 0).then_some(curves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_read_by_the_names_of_their_columns() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("results.csv");
        let text = "epoch,val_loss,train_loss,other,train_accuracy,val_accuracy\n1,0.5,0.25,x,0.75,0.5\n2,oops,0.125\n";
        std::fs::write(&path, text).unwrap();
        let series = Series::read("it", &path, 2);
        let curves = series.curves().unwrap();
        assert_eq!((curves.train_loss, curves.train_accuracy[0]), (&[0.25, 0.125][..], 0.75));
        assert!(curves.val_loss[0] == 0.5 && curves.val_loss[1].is_nan() && curves.val_accuracy[1].is_nan());
        std::fs::write(&path, "something else").unwrap();
        assert!(Series::read("it", &path, 2).curves().is_none());
        assert!(Series::read("it", &place.path().join("absent"), 2).curves().is_none());
    }
}
