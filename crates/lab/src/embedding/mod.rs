//! Maps of a data set: where its images lie in pixel space, after the first layer of a network, and before its last.
//!
//! [`embed`] runs some test images through a network and examines three spaces: how the images spread ([`pca`]), which are
//! near each other ([`tsne`]), and whether neighbors share a class ([`knn`]: the fraction of images that their five nearest
//! neighbors classify correctly). [`Embedding::page`] draws the three side by side.
//!
//! Where to start reading: `spaces.rs` for what the spaces are, `gram.rs` for the one matrix from which everything follows.

mod affinities;
mod draw_map;
mod gram;
mod knn;
mod page;
mod pca;
mod report;
mod spaces;
#[cfg(test)]
mod tests;
mod tsne;

pub use affinities::{affinities, conditional};
pub use gram::Gram;
pub use knn::{Knn, knn};
pub use pca::{Pca, pca};
pub use report::EmbeddingReport;
pub use spaces::{MOST_VALUES, Space, spaces};
use tsne::STEPS;
pub use tsne::{Tsne, divergence, gradient, tsne};

use serde::Serialize;
use striate_data::Split;
use striate_formats::ModelFile;
use striate_graph::Engine;

use crate::LabError;
use striate_base::random::below;

/// Neighbors that vote.
pub const NEIGHBORS: usize = 5;
/// Most images of one map: the time grows with the square of their number.
pub const MOST_IMAGES: usize = 3000;

/// What a map is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EmbedConfig {
    /// Images of the split, drawn without repetition; all of them if it has fewer.
    pub images: usize,
    /// How many neighbors an image of t-SNE counts, softly.
    pub perplexity: f64,
    /// Which images are drawn, and the faint noise that t-SNE starts with.
    pub seed: u64,
}

impl Default for EmbedConfig {
    fn default() -> Self {
        Self { images: 2000, perplexity: 30.0, seed: 0 }
    }
}

/// Images in three spaces.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embedding {
    /// What was asked for.
    pub config: EmbedConfig,
    /// Indices in the split, in order.
    pub images: Vec<u32>,
    /// The class of each.
    pub labels: Vec<u32>,
    /// Pixels, behind the first layer, in front of the last.
    pub spaces: Vec<Mapped>,
}

/// Images in one space.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mapped {
    /// `pixels`, or the name of the layer.
    pub name: String,
    /// What the values are, for people.
    pub what: String,
    /// Values of one image.
    pub dimensions: usize,
    /// The directions in which they spread most.
    pub pca: Pca,
    /// A map that keeps neighbors together.
    pub tsne: Tsne,
    /// Whether neighbors are of one class.
    pub knn: Knn,
}

/// Maps images of a split as a network sees them. `tell` is told how many steps of how many are done.
///
/// # Numerics
/// Distances, PCA and t-SNE in f64; sums in an order that does not depend on the threads.
///
/// # Errors
/// [`LabError::Embedding`] for more than 3000 images, or too few for the perplexity; [`LabError::NoHead`]; images that the
/// network cannot take.
///
/// # Example
/// ```
/// use striate_data::{Images, Preprocess, Split};
/// use striate_formats::{ModelFile, Provenance};
/// use striate_graph::{Engine, Mode, Params, trace};
/// use striate_lab::embedding::{EmbedConfig, embed};
/// use striate_nn::{Conv2d, Flatten, Linear, ReLU, Sequential};
///
/// let net = Sequential::new().append(Conv2d::new(1, 3, 3)).append(ReLU::new());
/// let net = net.append(Flatten::new()).append(Linear::new(3 * 4 * 4, 2));
/// let graph = trace(&net, Mode::Eval, [1, 6, 6])?;
/// let (params, engine) = (Params::init(&graph, 0), Engine::new(Some(2))?);
/// let preprocess = Preprocess::new([1, 6, 6], &[0.5], &[0.5])?;
/// let names = vec!["dark".into(), "bright".into()];
/// let model = ModelFile::new(graph, params, preprocess, names, Provenance::default(), &engine)?;
///
/// let pixels = (0..40 * 36).map(|i| (i * 37 % 100 + i / 36 % 2 * 150) as u8).collect();
/// let split = Split::from(Images::new([1, 6, 6], pixels, (0..40).map(|i| i % 2).collect())?);
/// let config = EmbedConfig { perplexity: 5.0, ..EmbedConfig::default() };
/// let maps = embed(&model, &split, &engine, &config, &mut |_, _| ())?;
/// assert_eq!((maps.images.len(), maps.spaces.len()), (40, 3));
/// assert_eq!(maps.spaces[0].knn.right, 40, "dark is near dark");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn embed(
    model: &ModelFile,
    split: &Split,
    engine: &Engine,
    config: &EmbedConfig,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<Embedding, LabError> {
    if config.images > MOST_IMAGES {
        return Err(LabError::Embedding {
            what: "images",
            expected: format!("at most {MOST_IMAGES}"),
            got: config.images.to_string(),
            hint: "the time grows with the square of their number",
        });
    }
    let images = drawn(split.len(), config.images, config.seed);
    let most = (images.len() as f64 - 1.0) / 3.0;
    if !(config.perplexity >= 1.0 && config.perplexity <= most) {
        return Err(LabError::Embedding {
            what: "perplexity",
            expected: format!("1 to a third of the other images, {most:.1}"),
            got: config.perplexity.to_string(),
            hint: "take more images, or a smaller one",
        });
    }
    let labels: Vec<u32> = images.iter().map(|&i| split.label(i as usize)).collect();
    let mut mapped = Vec::new();
    let spaces = spaces(model, split, engine, &images)?;
    let total = spaces.len() * STEPS;
    for (i, space) in spaces.into_iter().enumerate() {
        let mut told = |step: usize| tell(i * STEPS + step, total);
        let gram = Gram::of(&space.values, space.dimensions, engine);
        let pca = pca(&gram, config.seed);
        let knn = knn(&gram, &labels, NEIGHBORS);
        let tsne = tsne(&gram, &pca, config.perplexity, config.seed, engine, &mut told);
        let Space { name, what, dimensions, .. } = space;
        mapped.push(Mapped { name, what, dimensions, pca, tsne, knn });
    }
    Ok(Embedding { config: *config, images, labels, spaces: mapped })
}

/// `count` of the numbers below `n`, every choice equally likely, in order; all of them if there are fewer.
fn drawn(n: usize, count: usize, seed: u64) -> Vec<u32> {
    let mut all: Vec<u32> = (0..n as u32).collect();
    for i in 0..count.min(n) {
        all.swap(i, i + below((n - i) as u64, seed, i as u64) as usize);
    }
    all.truncate(count);
    all.sort_unstable();
    all
}
