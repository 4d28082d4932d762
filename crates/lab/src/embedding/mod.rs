//! Embeddings of a data set in the plane: its images in pixel space, after the first layer of a network, and before its last
//! layer.
//!
//! [`embed`] runs some test images through a network and examines three spaces: the directions of largest variance ([`pca`]),
//! the neighborhoods of images ([`tsne`]), and whether neighbors share a class ([`knn`]: the fraction of images that their five
//! nearest neighbors classify correctly). [`Embedding::page`] draws the three side by side.
//!
//! Where to start reading: `spaces.rs` for the definition of the spaces, then `gram.rs` for the matrix from which everything
//! else follows.

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

/// The number of neighbors that vote.
pub const NEIGHBORS: usize = 5;
/// The maximum number of images of one embedding; the time grows with the square of their number.
pub const MOST_IMAGES: usize = 3000;

/// The settings of an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EmbedConfig {
    /// The number of images, drawn from the split without repetition; if the split has fewer, all are used.
    pub images: usize,
    /// The perplexity of t-SNE: the effective number of neighbors of an image.
    pub perplexity: f64,
    /// The random seed of the draw of images and of the small noise with which t-SNE starts.
    pub seed: u64,
}

impl Default for EmbedConfig {
    fn default() -> Self {
        Self { images: 2000, perplexity: 30.0, seed: 0 }
    }
}

/// The images of a data set in three spaces.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embedding {
    /// The settings of the embedding.
    pub config: EmbedConfig,
    /// The indices of the images in the split, in ascending order.
    pub images: Vec<u32>,
    /// The class of each image.
    pub labels: Vec<u32>,
    /// The three spaces: pixels, the output of the first layer, and the input of the last.
    pub spaces: Vec<Mapped>,
}

/// The images in one space.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mapped {
    /// `pixels`, or the name of the layer.
    pub name: String,
    /// A description of the values, for people.
    pub what: String,
    /// The number of values of one image.
    pub dimensions: usize,
    /// The first two principal components.
    pub pca: Pca,
    /// The t-SNE embedding, which keeps neighbors together.
    pub tsne: Tsne,
    /// The accuracy of nearest neighbors.
    pub knn: Knn,
}

/// Embeds images of a split as a network represents them. `tell` receives the number of steps done and the total.
///
/// # Numerics
/// Distances, PCA and t-SNE are computed in f64; sums have an order that does not depend on the threads.
///
/// # Errors
/// [`LabError::Embedding`] for more than 3000 images, or too few for the perplexity; [`LabError::NoHead`] when the network does
/// not end in a fully connected layer; also when the network cannot take the images.
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
            hint: "take more images, or a smaller perplexity",
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
