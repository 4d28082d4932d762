//! Can an attribution map be trusted? Every method is tested on the given network.
//!
//! | question | experiment |
//! | --- | --- |
//! | does it sum to the logit? | the completeness gap: the sum of its values compared with what it should be, on test images |
//! | does it follow the weights? | layers are randomized from the last down, from the first up, and each alone: a map that does not change says nothing about the network |
//! | does it follow the labels? | two copies are trained on the same images, one with shuffled labels: what their maps have in common does not depend on the classes |
//! | does it find evidence? | a copy is trained on images in which the evidence was planted at a known place |
//!
//! Two controls that do not depend on the network, the edges of the image and a random map, are rows like the methods: a method
//! that does no better than these shows nothing. [`verdict`] holds the thresholds that turn figures into words.
//!
//! # Source
//! Adebayo 2018 (random layers, shuffled labels); Hedström 2024 (entropy); Zhang 2016 (pointing game); Arras 2022 (masks).
//!
//! # Example
//! ```no_run
//! use striate_graph::Engine;
//! use striate_lab::trust::trust;
//! use striate_models::shipped;
//!
//! let model = shipped::find("convnet").expect("it is shipped").load()?;
//! let digits = striate_data::load("digits")?;
//! let found = trust(&model, &digits, &Engine::new(None)?, &mut |stage| eprintln!("{stage}"))?;
//! for row in &found.rows {
//!     println!("{}: follows the weights: {}", row.name, row.weights.verdict.word());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budget;
mod check;
mod control;
mod explain;
mod found;
mod images;
mod labels;
mod location;
mod networks;
mod page;
mod planted;
mod report;
mod similarity;
#[cfg(test)]
mod tests;
mod text;
mod twin;
pub mod verdict;
mod weights;

pub use check::trust;
pub use explain::Explainer;
pub use found::{Found, PlantedTwin};
pub use labels::{Alike, LabelTwins};
pub use location::{auc, points_inside, share_inside};
pub use networks::Order;
pub use report::TrustReport;
pub use similarity::{entropy, spearman, ssim};
pub use verdict::Verdict;
pub use weights::{Likeness, RandomizationStep};

use serde::Serialize;
use striate_report::Thumbnail;

/// The results of all tests on one network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trust {
    /// The name of the data set.
    pub data: String,
    /// The indices of the test images that were explained.
    pub images: Vec<usize>,
    /// The number of these images that the network classifies correctly; for the others, the predicted class is explained.
    /// `None` if the classes of the data set are not those of the network.
    pub right: Option<usize>,
    /// The seeds of the random layers.
    pub seeds: Vec<u64>,
    /// The layers, or blocks, with trainable parameters, in the order in which they run.
    pub layers: Vec<String>,
    /// The twins with true and shuffled labels, if they were trained.
    pub label_twins: Option<LabelTwins>,
    /// The twin with planted evidence, if one was trained.
    pub planted_twin: Option<PlantedTwin>,
    /// The scores of each method, followed by those of the controls.
    pub rows: Vec<MethodScores>,
    /// For the page.
    #[serde(skip)]
    strip: Strip,
}

/// The image that the page shows maps of.
#[derive(Debug, Clone, PartialEq)]
struct Strip {
    image: Thumbnail,
    title: String,
    /// What is random in each column.
    columns: Vec<String>,
}

/// The scores of one attribution method, or of one control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodScores {
    /// The name of the method, for people.
    pub name: &'static str,
    /// The name of the method on the command line.
    pub key: &'static str,
    /// Whether this is a control, which does not depend on the network.
    pub is_control: bool,
    /// The answer to "does it sum to the logit?".
    pub sum: Sum,
    /// The answer to "does it follow the weights?".
    pub weights: Weights,
    /// The answer to "does it follow the labels?".
    pub labels: Labels,
    /// The answer to "does it find planted evidence?".
    pub planted: Location,
    /// Its maps of one image, a column each: `[H, W]` and values.
    #[serde(skip)]
    strip: Vec<([usize; 2], Vec<f32>)>,
    #[serde(skip)]
    is_signed: bool,
}

/// The answer to "does it sum to the logit?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sum {
    /// The answer in one word.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The largest gap, as a share of the logit.
    pub gap: Option<f64>,
}

/// The answer to "does it follow the weights?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weights {
    /// The answer in one word.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The similarity to the maps of the trained network, on average over the upper half of the cascade from the last layer
    /// down.
    pub likeness: Option<Likeness>,
    /// All randomizations of layers, with the similarity for each.
    pub steps: Vec<RandomizationStep>,
    /// The rise of the entropy of the maps when all layers are random, relative to that of the trained network.
    pub entropy_rise: Option<f64>,
}

/// The answer to "does it follow the labels?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Labels {
    /// The answer in one word.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The similarities behind the answer.
    #[serde(flatten)]
    pub alike: Option<Alike>,
}

/// The answer to "does it find planted evidence?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Location {
    /// The answer in one word.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The results on shapes at random places.
    pub shapes: Option<Found>,
    /// The results on the watermark of one class.
    pub watermark: Option<Found>,
}
