//! Metrics and confusion matrices as text for a terminal.

use crate::metrics::{Confusion, Report};
use crate::text::{Align, Table, grouped, percent, printable};

/// The most characters of a class name beside the matrix.
const NAME: usize = 12;

impl Report {
    /// The precision, recall and F1 of each class.
    pub fn class_table(&self) -> Table<5> {
        let mut table = Table::new([
            ("class", Align::Left),
            ("images", Align::Right),
            ("precision", Align::Right),
            ("recall", Align::Right),
            ("F1", Align::Right),
        ]);
        for class in &self.per_class {
            let m = &class.metrics;
            let numbers = [m.precision, m.recall, m.f1].map(percent);
            let [precision, recall, f1] = numbers;
            table.row([class.class.clone(), grouped(m.support), precision, recall, f1]);
        }
        table
    }

    /// The accuracy with its interval, such as `98.05 % (95 % interval 97.35 to 98.57 %)`; without images, `–`.
    ///
    /// # Example
    /// ```
    /// use striate_report::{Confusion, Report};
    ///
    /// let mut confusion = Confusion::new(2);
    /// for (label, predicted) in [(0, 0), (0, 1), (1, 1), (1, 1)] {
    ///     confusion.add(label, predicted)?;
    /// }
    /// let report = Report::new(&confusion, &["cat", "dog"], None)?;
    /// assert_eq!(report.accuracy_text(), "75.00 % (95 % interval 30.06 to 95.44 %)");
    /// # Ok::<(), striate_report::ReportError>(())
    /// ```
    pub fn accuracy_text(&self) -> String {
        let mut text = percent(self.accuracy_top1);
        if let Some((low, high)) = self.accuracy_top1_interval_95 {
            text += &format!(" (95 % interval {:.2} to {:.2} %)", 100.0 * low, 100.0 * high);
        }
        text
    }
}

impl Confusion {
    /// The matrix with one row per label and one column per prediction, where `·` is 0; names are shortened to fit. `classes` are the
    /// names of the classes.
    pub fn to_text(&self, classes: &[String]) -> String {
        let cell = |label: usize, predicted: usize| match self.count(label, predicted) {
            0 => "·".to_owned(),
            count => count.to_string(),
        };
        let rows: Vec<Vec<String>> =
            (0..classes.len()).map(|label| (0..classes.len()).map(|p| cell(label, p)).collect()).collect();
        let classes: Vec<String> = classes.iter().cloned().map(printable).collect();
        let name_width = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(NAME);
        let width = rows.iter().flatten().map(|c| c.chars().count()).max().unwrap_or(1).max(3);
        let short = |name: &str, width: usize| -> String { name.chars().take(width).collect() };
        let mut text = " ".repeat(name_width);
        for name in &classes {
            text += &format!("  {:>width$}", short(name, width));
        }
        text.push('\n');
        for (name, row) in classes.iter().zip(rows) {
            text += &format!("{:name_width$}", short(name, name_width));
            for cell in row {
                text += &format!("  {cell:>width$}");
            }
            text.push('\n');
        }
        text
    }
}
