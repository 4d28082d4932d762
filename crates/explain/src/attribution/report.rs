//! Attributions in numbers: the method, what it explains, and whether its values sum to the logit. The values themselves are left
//! out; they are written as arrays.

use std::path::PathBuf;

use serde::Serialize;
use striate_report::scale::Scale;

use super::page::{class_name, layer_of};
use super::{Attribution, Completeness, Method, Refinement};
use crate::Subject;

/// The common part of the attributions of one image by one method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributionHead {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The name of the image, such as its path, or `digits:7`.
    pub image: String,
    /// The name of the class with the highest logit, which need not be the one that is explained.
    pub predicted: String,
    /// The probability of that class, 0 to 1.
    pub probability: f32,
    /// The method.
    pub method: Method,
    /// A caveat about the method, if any.
    pub warning: Option<&'static str>,
    /// The layer whose feature maps were used, if any.
    pub layer: Option<String>,
    /// The shape of the values, `[C, H, W]`: that of the image, or one channel with the size of the layer's maps.
    pub shape: [usize; 3],
    /// The smoothing of the drawing in pixels, if any; the values are not smoothed.
    pub smoothing_px: Option<f64>,
    /// The files with the drawing and the values; empty where none was written.
    pub files: Vec<PathBuf>,
}

/// The attribution of one class, as `striate why --json` prints it; made by [`Attribution::report`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributionReport {
    /// The image, the method and the files.
    #[serde(flatten)]
    pub head: AttributionHead,
    /// The name of the explained class.
    pub class: String,
    /// The name of the class that it is compared with, if the difference of two logits was explained.
    pub versus: Option<String>,
    /// The logit of the class, or with `versus` its difference from the logit of the other class.
    pub logit: f32,
    /// The expected and the actual sum of the values; `None` for methods without an expected sum.
    pub completeness: Option<Completeness>,
    /// The precision of single pixels, for integrated gradients with more than one panel.
    pub refinement: Option<Refinement>,
    /// For the exact sum, the contributions of the image and of each operation; empty for other methods.
    pub parts: Vec<LogitTermSum>,
    /// The color scale of the drawing.
    pub scale: Scale,
}

/// The contribution of one operation to an exact sum: a [`LogitTerm`](super::LogitTerm) without its values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogitTermSum {
    /// The name of the operation's value; `input` for the image itself.
    pub name: String,
    /// The shape `[C, H, W]`, or `[F]` where the values have no position in the image.
    pub shape: Vec<usize>,
    /// The sum of the values, in units of the logit.
    pub sum: f64,
}

/// The attributions of several classes by one method, as `striate why --all-classes --json` prints them; the file with the values
/// has them in the same order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassesReport {
    /// The image, the method and the files.
    #[serde(flatten)]
    pub head: AttributionHead,
    /// The explained classes, in the order of the request.
    pub classes: Vec<ClassLogit>,
}

/// One of several explained classes, with its logit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassLogit {
    /// The name of the class.
    pub class: String,
    /// The logit of the class.
    pub logit: f32,
    /// The expected and the actual sum of the values; `None` for methods without an expected sum.
    pub completeness: Option<Completeness>,
    /// The precision of single pixels, for integrated gradients with more than one panel.
    pub refinement: Option<Refinement>,
}

impl Attribution {
    /// Converts the attribution into numbers. `classes` are the names of the network's classes, and `files` the files that were
    /// written about it.
    pub fn report(&self, subject: &Subject, classes: &[String], files: Vec<PathBuf>) -> AttributionReport {
        let sum = |part: &super::LogitTerm| LogitTermSum {
            name: part.name.clone(),
            shape: part.shape.clone(),
            sum: part.sum,
        };
        AttributionReport {
            head: self.head(subject, files),
            class: class_name(classes, self.class),
            versus: self.versus.map(|other| class_name(classes, other)),
            logit: self.logit,
            completeness: self.completeness,
            refinement: self.refinement,
            parts: self.parts.iter().map(sum).collect(),
            scale: self.scale(),
        }
    }

    /// Formats the attribution as text: the question with the logit, then the sum of the values and the notes for the reader,
    /// each on an indented line of its own. `classes` are the names of the network's classes.
    pub fn text(&self, classes: &[String]) -> String {
        let (class, method, layer) = (class_name(classes, self.class), self.method.name(), layer_of(self));
        let mut text = match self.versus {
            Some(other) => format!(
                "why {class} rather than {}: {method}{layer}, logit difference {:.4}\n",
                class_name(classes, other),
                self.logit
            ),
            None => format!("why {class}: {method}{layer}, logit {:.4}\n", self.logit),
        };
        let lines = self.account().into_iter().chain(self.notes());
        lines.for_each(|line| text.push_str(&format!("  {line}\n")));
        text
    }

    fn head(&self, subject: &Subject, files: Vec<PathBuf>) -> AttributionHead {
        AttributionHead {
            model: subject.model.clone(),
            image: subject.image.clone(),
            predicted: subject.class.clone(),
            probability: subject.probability,
            method: self.method,
            warning: self.method.warning(),
            layer: self.layer.clone(),
            shape: self.shape,
            smoothing_px: self.smoothing_px(),
            files,
        }
    }
}

impl ClassesReport {
    /// Collects the attributions of several classes of one image, all by one method and in the given order.
    ///
    /// # Panics
    /// When `all` is empty.
    pub fn new(all: &[Attribution], subject: &Subject, classes: &[String], files: Vec<PathBuf>) -> Self {
        let first = all.first().unwrap_or_else(|| panic!("a report of attributions has at least one class"));
        let logit = |one: &Attribution| ClassLogit {
            class: class_name(classes, one.class),
            logit: one.logit,
            completeness: one.completeness,
            refinement: one.refinement,
        };
        Self { head: first.head(subject, files), classes: all.iter().map(logit).collect() }
    }
}
