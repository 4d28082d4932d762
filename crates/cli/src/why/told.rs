//! The output of `why`, as text and as JSON.

use std::path::PathBuf;

use serde::Serialize;
use striate::Prediction;
use striate::explain::attribution::{Attribution, Completeness, Method, Refinement};
use striate::report::scale::Scale;

use crate::look::{Looked, says};

/// The attributions, and what they are about.
pub(super) struct Told<'a> {
    pub(super) looked: &'a Looked,
    pub(super) prediction: &'a Prediction,
    pub(super) found: &'a [Attribution],
    pub(super) files: &'a [PathBuf],
}

#[derive(Serialize)]
struct Head<'a> {
    model: &'a str,
    image: &'a str,
    predicted: &'a str,
    probability: f32,
    method: Method,
    warning: Option<&'static str>,
    layer: Option<&'a str>,
    shape: [usize; 3],
    /// The smoothing of the drawing in pixels; the values are not smoothed.
    smoothing_px: Option<f64>,
    files: &'a [PathBuf],
}

/// The attribution of one class.
#[derive(Serialize)]
pub(super) struct OfClass<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    class: &'a str,
    versus: Option<&'a str>,
    logit: f32,
    completeness: Option<Completeness>,
    refinement: Option<Refinement>,
    parts: Vec<Sum<'a>>,
    scale: Scale,
}

/// The contribution of a part of an exact sum.
#[derive(Serialize)]
struct Sum<'a> {
    name: &'a str,
    shape: &'a [usize],
    sum: f64,
}

/// The attributions of several classes, whose values are stacked in the .npy.
#[derive(Serialize)]
pub(super) struct OfClasses<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    classes: Vec<Logit<'a>>,
}

#[derive(Serialize)]
struct Logit<'a> {
    class: &'a str,
    logit: f32,
    completeness: Option<Completeness>,
    refinement: Option<Refinement>,
}

impl<'a> Told<'a> {
    fn name(&self, class: usize) -> &'a str {
        &self.looked.model.classes()[class]
    }

    fn head(&self) -> Head<'a> {
        let first = &self.found[0];
        Head {
            model: &self.looked.name,
            image: &self.looked.source,
            predicted: self.prediction.class(),
            probability: self.prediction.probability(),
            method: first.method,
            warning: first.method.warning(),
            layer: first.layer.as_deref(),
            shape: first.shape,
            smoothing_px: first.smoothing_px(),
            files: self.files,
        }
    }

    pub(super) fn class(&self, evidence: &'a Attribution) -> OfClass<'a> {
        let part = |part: &'a striate::explain::attribution::Part| Sum {
            name: &part.name,
            shape: &part.shape,
            sum: part.sum,
        };
        OfClass {
            head: self.head(),
            class: self.name(evidence.class),
            versus: evidence.versus.map(|other| self.name(other)),
            logit: evidence.logit,
            completeness: evidence.completeness,
            refinement: evidence.refinement,
            parts: evidence.parts.iter().map(part).collect(),
            scale: evidence.scale(),
        }
    }

    pub(super) fn classes(&self) -> OfClasses<'a> {
        let of = |evidence: &Attribution| Logit {
            class: self.name(evidence.class),
            logit: evidence.logit,
            completeness: evidence.completeness,
            refinement: evidence.refinement,
        };
        OfClasses { head: self.head(), classes: self.found.iter().map(of).collect() }
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}: {}\n", self.looked.shown(), says(self.prediction));
        for evidence in self.found {
            let of = evidence.layer.as_ref().map(|layer| format!(" of {layer}")).unwrap_or_default();
            let (class, method, logit) = (self.name(evidence.class), evidence.method.name(), evidence.logit);
            text.push_str(&match evidence.versus.map(|other| self.name(other)) {
                Some(other) => {
                    format!("why {class} rather than {other}: {method}{of}, logit difference {logit:.4}\n")
                }
                None => format!("why {class}: {method}{of}, logit {logit:.4}\n"),
            });
            let lines = evidence.account().into_iter().chain(evidence.notes());
            lines.for_each(|line| text.push_str(&format!("  {line}\n")));
        }
        if let Some(warning) = self.found[0].method.warning() {
            text.push_str(&format!("caution: {warning}\n"));
        }
        self.files.iter().for_each(|path| text.push_str(&format!("{}\n", path.display())));
        text
    }
}
