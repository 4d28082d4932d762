//! What a page says, and the words and figures that all its parts write alike.

use std::fmt::Write;

use crate::calibration::Calibration;
use crate::chart::{Curves, Escaped};
use crate::metrics::Confusion;
use crate::text::{self, grouped};
use crate::thumbnail::Thumbnail;

/// A wrong answer, with the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// The image.
    pub image: Thumbnail,
    /// Which one it is: a path, or a place in the data set.
    pub name: String,
    /// The true class.
    pub label: usize,
    /// The class that was chosen.
    pub predicted: usize,
    /// The probability of the chosen class, 0 ..= 1.
    pub probability: f64,
    /// The probability of the true class.
    pub label_probability: f64,
}

/// Another classifier on the same images, to compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What it is.
    pub name: String,
    /// Images it got right.
    pub hits: u64,
    /// Images.
    pub images: u64,
}

/// What a page says. What is empty or `None` is left out.
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
    /// What was measured, such as `resnet18 on pets`.
    pub title: &'a str,
    /// How it was measured, in a sentence.
    pub subtitle: String,
    /// One name a class.
    pub classes: &'a [String],
    /// What was said of what.
    pub confusion: &'a Confusion,
    /// Images whose label is among the five highest logits.
    pub top5_hits: Option<u64>,
    /// Whether the probabilities mean what they say.
    pub calibration: Option<&'a Calibration>,
    /// Loss and accuracy over the epochs.
    pub curves: Option<Curves<'a>>,
    /// Other classifiers on the same images.
    pub comparisons: Vec<Comparison>,
    /// The mistakes to look at, the worst first.
    pub mistakes: Vec<Mistake>,
    /// Sentences that a reader has to know.
    pub notes: Vec<String>,
    /// Where it came from: names and values.
    pub facts: Vec<(&'static str, String)>,
    /// What was typed, one command after another.
    pub commands: Vec<String>,
    /// What was measured, for programs: a page of the same measurement, made again, has the same.
    pub id: String,
    /// Another page to look at, beside this one: the name of its file, and what it is.
    pub beside: Option<(String, &'static str)>,
}

impl<'a> Page<'a> {
    /// A page with the numbers that follow from a confusion matrix.
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
