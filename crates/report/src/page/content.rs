//! The content of a page, and the helpers that its parts share.

use std::fmt::Write;

use crate::calibration::Calibration;
use crate::chart::{Curves, Escaped};
use crate::comparison::Comparison;
use crate::metrics::Confusion;
use crate::text::{self, grouped};
use crate::thumbnail::Thumbnail;

/// A wrong prediction, with the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// A small version of the image.
    pub image: Thumbnail,
    /// The name of the image: a path, or its index in the data set.
    pub name: String,
    /// The true class.
    pub label: usize,
    /// The predicted class.
    pub predicted: usize,
    /// The probability of the predicted class, 0 ..= 1.
    pub probability: f64,
    /// The probability of the true class, 0 ..= 1.
    pub label_probability: f64,
}

/// The content of a page. Parts that are empty or `None` are omitted.
///
/// # Example
/// ```
/// use striate_report::{Confusion, page::Page};
///
/// let mut confusion = Confusion::new(2);
/// confusion.add(0, 0)?;
/// confusion.add(1, 0)?;
/// let classes = ["cat".to_string(), "<script>".to_string()];
/// let html = Page::new("pets", &classes, &confusion).to_html()?;
/// assert!(html.starts_with("<!doctype html>") && html.contains("50.00 %"));
/// assert!(!html.contains("<script>"));
/// # Ok::<(), striate_report::ReportError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The title of the page: the model and the data set, such as `resnet18 on pets`.
    pub title: &'a str,
    /// A sentence about the measurement.
    pub subtitle: String,
    /// The names of the classes, one per class.
    pub classes: &'a [String],
    /// The confusion matrix.
    pub confusion: &'a Confusion,
    /// The number of images whose label is among the five highest logits.
    pub top5_hits: Option<u64>,
    /// The calibration of the probabilities.
    pub calibration: Option<&'a Calibration>,
    /// Loss and accuracy over the epochs.
    pub curves: Option<Curves<'a>>,
    /// Other classifiers on the same images.
    pub comparisons: Vec<Comparison>,
    /// The mistakes to show, the worst first.
    pub mistakes: Vec<Mistake>,
    /// Notes and caveats, one sentence each.
    pub notes: Vec<String>,
    /// The provenance, as names and values.
    pub facts: Vec<(&'static str, String)>,
    /// The commands that led to the result, in order.
    pub commands: Vec<String>,
    /// A machine-readable id of the measurement: a repeated measurement has the same id.
    pub id: String,
    /// A related page in the same folder: its file name, and a description for the link.
    pub beside: Option<(String, &'static str)>,
}

impl<'a> Page<'a> {
    /// Creates a page with the numbers that follow from a confusion matrix.
    pub fn new(title: &'a str, classes: &'a [String], confusion: &'a Confusion) -> Self {
        Self {
            title,
            subtitle: String::new(),
            classes,
            confusion,
            top5_hits: None,
            calibration: None,
            curves: None,
            comparisons: Vec::new(),
            mistakes: Vec::new(),
            notes: Vec::new(),
            facts: Vec::new(),
            commands: Vec::new(),
            id: String::new(),
            beside: None,
        }
    }

    /// The name of a class; direction and length of names are theirs alone.
    pub(super) fn name(&self, class: usize) -> String {
        let name = self.classes.get(class).map_or("", String::as_str);
        format!("<bdi>{}</bdi>", Escaped(name))
    }
}

pub(super) fn section(out: &mut String, title: &str) {
    let _ = writeln!(out, "<h2>{}</h2>", Escaped(title));
}

/// [`text::percent`] for a page, where `<0.01 %` would be half a tag.
pub(super) fn percent(fraction: Option<f64>) -> String {
    Escaped(&text::percent(fraction)).to_string()
}

/// `93.41 % (156 of 167)`.
pub(super) fn share(hits: u64, images: u64) -> String {
    let accuracy = (images > 0).then(|| hits as f64 / images as f64);
    format!("{} ({} of {})", percent(accuracy), grouped(hits), grouped(images))
}
