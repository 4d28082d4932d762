//! Can an attribution map be trusted? Every method is tested on the given network.
//!
//! | question | experiment |
//! | --- | --- |
//! | does it sum to the logit? | the completeness gap: the sum of its values compared with what it should be, on test images |
//! | does it follow the weights? | layers are randomized from the last down, from the first up, and each alone: a map that does not change says nothing about the network |
//! | does it follow the labels? | two copies learn the same images, one with shuffled labels: what their maps have in common has nothing to do with the classes |
//! | does it find evidence? | a copy learns images in which the evidence was planted at a known place |
//!
//! Two controls that never look at the network, the edges of the image and a random map, are rows like the methods: a method
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

/// All that was found out about the maps of one network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trust {
    /// Name of the data set.
    pub data: String,
    /// Numbers of the test images that were explained.
    pub images: Vec<usize>,
    /// How many of them the network knows; where it is wrong, its own answer is explained. `None`: the classes of the data set
    /// are not its own.
    pub right: Option<usize>,
    /// Seeds of the random layers.
    pub seeds: Vec<u64>,
    /// The layers, or blocks, that learn, in the order of use.
    pub layers: Vec<String>,
    /// The twins with true and shuffled labels, if any were trained.
    pub label_twins: Option<LabelTwins>,
    /// The twin with planted evidence, if one was trained.
    pub planted_twin: Option<PlantedTwin>,
    /// A row a method, then the controls.
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
    /// Whether it never looks at the network.
    pub is_control: bool,
    /// Does it sum to the logit?
    pub sum: Sum,
    /// Does it follow the weights?
    pub weights: Weights,
    /// Does it follow the labels?
    pub labels: Labels,
    /// Does it find planted evidence?
    pub planted: Location,
    /// Its maps of one image, a column each: `[H, W]` and values.
    #[serde(skip)]
    strip: Vec<([usize; 2], Vec<f32>)>,
    #[serde(skip)]
    is_signed: bool,
}

/// Does it sum to the logit?
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sum {
    /// In a word.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The largest gap, as a share of the logit.
    pub gap: Option<f64>,
}

/// Does it follow the weights?
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weights {
    /// In a word.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// To the maps of the trained network, on average over the upper half of the cascade from the last layer down.
    pub likeness: Option<Likeness>,
    /// Every way to lose layers.
    pub steps: Vec<RandomizationStep>,
    /// How much more entropy the maps have once all layers are random, as a share of what they had.
    pub entropy_rise: Option<f64>,
}

/// Does it follow the labels?
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Labels {
    /// In a word.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The figures.
    #[serde(flatten)]
    pub alike: Option<Alike>,
}

/// Does it find planted evidence?
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Location {
    /// In a word.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Shapes at random places.
    pub shapes: Option<Found>,
    /// The watermark of one class.
    pub watermark: Option<Found>,
}
