//! One page of HTML that says how good a classifier is, and loads nothing: it can be mailed, printed, and opened in ten
//! years.
//!
//! Every name on it comes from users, so every name is escaped, and the page's own policy forbids scripts and any address
//! but those inside it. Charts are the [`Scene`]s of the run folder, as SVG.

mod classes;
mod mistakes;
mod numbers;

use std::fmt::Write;

use crate::calibration::Calibration;
use crate::chart::{self, Curves, Escaped, Scene};
use crate::error::InspectError;
use crate::metrics::Confusion;
use crate::text::{self, grouped};
use crate::thumbnail::Thumbnail;

/// A wrong answer, with the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// The picture.
    pub picture: Thumbnail,
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
/// use striate_inspect::{Confusion, report::Page};
///
/// let mut confusion = Confusion::new(2);
/// confusion.add(0, 0)?;
/// confusion.add(1, 0)?;
/// let classes = ["cat".to_string(), "<script>".to_string()];
/// let html = Page::new("pets", &classes, &confusion).to_html()?;
/// assert!(html.starts_with("<!doctype html>") && html.contains("50.00 %"));
/// assert!(!html.contains("<script>"));
/// # Ok::<(), striate_inspect::InspectError>(())
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

    /// The page.
    ///
    /// # Errors
    /// [`InspectError::ClassNames`] if there is not one name a class, [`InspectError::ClassOutOfRange`] if a mistake is of a
    /// class that is none.
    pub fn to_html(&self) -> Result<String, InspectError> {
        let mut out = String::with_capacity(1 << 16);
        let title = Escaped(self.title);
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n{}\
             <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n",
            id_line(&self.id),
            include_str!("style.css")
        );
        if !self.subtitle.is_empty() {
            let _ = writeln!(out, "<p class=\"soft\">{}</p>", Escaped(&self.subtitle));
        }
        if let Some((file, what)) = &self.beside {
            // `./`, so that no name of a file can be taken for an address.
            let _ = writeln!(out, "<p><a href=\"./{}\">{what}</a></p>", Escaped(&encoded(file)));
        }
        numbers::figures(self, &mut out);
        if !self.notes.is_empty() {
            out.push_str("<ul class=\"notes small\">\n");
            for note in &self.notes {
                let _ = writeln!(out, "<li>{}</li>", Escaped(note));
            }
            out.push_str("</ul>\n");
        }
        out.push_str("</header>\n<main>\n");
        numbers::comparisons(self, &mut out);
        if let Some(curves) = &self.curves {
            section(&mut out, "Training");
            out.push_str("<div class=\"pair\">\n");
            chart::curve_panels(curves).iter().for_each(|panel| figure(&mut out, panel, "chart"));
            out.push_str("</div>\n");
        }
        mistakes::mistakes(self, &mut out)?;
        section(&mut out, "What was taken for what");
        figure(&mut out, &chart::confusion("", self.confusion, self.classes)?, "chart matrix");
        mistakes::confusions(self, &mut out);
        classes::table(self, &mut out);
        if let Some(calibration) = self.calibration.filter(|calibration| calibration.images() > 0) {
            section(&mut out, "Do the probabilities mean what they say?");
            out.push_str("<div class=\"pair\">\n");
            figure(&mut out, &chart::reliability(calibration), "chart");
            numbers::calibration(calibration, &mut out);
            out.push_str("</div>\n");
        }
        self.provenance(&mut out);
        out.push_str("</main>\n</body>\n</html>\n");
        Ok(out)
    }

    fn provenance(&self, out: &mut String) {
        if self.facts.is_empty() && self.commands.is_empty() {
            return;
        }
        section(out, "Where this comes from");
        out.push_str("<dl class=\"facts\">\n");
        for (name, value) in &self.facts {
            let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", Escaped(name), Escaped(value));
        }
        out.push_str("</dl>\n");
        for command in &self.commands {
            let _ = writeln!(out, "<pre>{}</pre>", Escaped(command));
        }
    }

    /// The name of a class; direction and length of names are theirs alone.
    fn name(&self, class: usize) -> String {
        let name = self.classes.get(class).map_or("", String::as_str);
        format!("<bdi>{}</bdi>", Escaped(name))
    }
}

/// The line of a page's head that says what was measured; by it one tells whether a page is of the same measurement.
pub fn id_line(id: &str) -> String {
    let content = Escaped(id);
    if id.is_empty() { String::new() } else { format!("<meta name=\"measurement\" content=\"{content}\">\n") }
}

/// The name of a file as a part of an address: all but letters, digits and `-_.` as percent and two digits.
fn encoded(file: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    file.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn section(out: &mut String, title: &str) {
    let _ = writeln!(out, "<h2>{}</h2>", Escaped(title));
}

fn figure(out: &mut String, scene: &Scene, class: &str) {
    let _ = writeln!(out, "<figure class=\"{class}\">\n{}</figure>", scene.to_svg());
}

/// [`text::percent`] for a page, where `<0.01 %` would be half a tag.
fn percent(fraction: Option<f64>) -> String {
    Escaped(&text::percent(fraction)).to_string()
}

/// `93.41 % (156 of 167)`.
fn share(hits: u64, images: u64) -> String {
    let accuracy = (images > 0).then(|| hits as f64 / images as f64);
    format!("{} ({} of {})", percent(accuracy), grouped(hits), grouped(images))
}

#[cfg(test)]
mod tests;
