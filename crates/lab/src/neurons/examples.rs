//! Images to which a unit responds strongly, moderately, and not at all.

use std::ops::Range;

use serde::Serialize;
use striate_data::{Dataset, Preprocess, Split};
use striate_explain::receptive_field::{Field, receptive_field};
use striate_graph::Graph;
use striate_report::Thumbnail;

use super::layers::Layer;
use super::record::{Entry, Record};
use crate::LabError;

/// The number of images of each kind.
pub const EXAMPLES: usize = 9;

/// One image, and the position of the unit's largest value in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// The index of the image in the training split.
    pub image: u32,
    /// The class of the image.
    pub label: u32,
    /// The largest value of the unit.
    pub value: f32,
    /// The row and column of that value in the map.
    pub at: [u16; 2],
    /// The receptive field of that value in the image.
    #[serde(flatten)]
    pub field: Field,
}

/// Nine images of each kind; no image appears twice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Examples {
    /// The images with the largest values of the whole training split.
    pub strongest: Vec<Example>,
    /// The images of the sample around the median of the positive maxima (for a unit without a ReLU: of all maxima).
    pub middling: Vec<Example>,
    /// The images of the sample in which the unit is inactive (for a unit without a ReLU: those with the smallest maxima).
    pub silent: Vec<Example>,
}

impl Examples {
    /// Chooses the images from the statistics of the unit.
    pub fn of(graph: &Graph, layer: &Layer, record: &Record, split: &Split) -> Self {
        let example = |entry: &Entry| {
            let field = receptive_field(graph, layer.value, entry.at.map(usize::from));
            let Entry { value, image, at } = *entry;
            Example { image, label: split.label(image as usize), value, at, field }
        };
        let says = |entry: &&Entry| layer.is_signed || entry.value > 0.0;
        let strongest = record.top.iter().filter(says).take(EXAMPLES).map(example).collect();
        let mut sample: Vec<&Entry> = record.sample.iter().filter(|entry| entry.value.is_finite()).collect();
        sample.sort_by(|a, b| a.value.total_cmp(&b.value).then(a.image.cmp(&b.image)));
        let quiet = sample.partition_point(|entry| !says(entry));
        let positive = &sample[quiet..];
        let from = (positive.len() / 2).saturating_sub(EXAMPLES / 2);
        let middling = positive[from..].iter().take(EXAMPLES).map(|entry| example(entry)).collect();
        let silent = if layer.is_signed {
            sample.iter().take(EXAMPLES).map(|entry| example(entry)).collect()
        } else {
            // Spread evenly: the first images of a folder often belong to one class.
            let count = quiet.min(EXAMPLES);
            (0..count).map(|i| example(sample[i * quiet / count])).collect()
        };
        Self { strongest, middling, silent }
    }
}

/// Image `i` as the network is shown it, before it is normalized: `[H, W, C]`.
pub(crate) fn shown(split: &Split, preprocess: &Preprocess, i: usize) -> Result<Vec<u8>, LabError> {
    let [channels, height, width] = preprocess.shape();
    let planar = match split {
        Split::Images(images) => images.sample(i).to_vec(),
        Split::Photos(photos) => {
            // Images of a data set are never inverted.
            let mut plain = preprocess.clone();
            plain.invert = false;
            plain.from_image(&photos.image(i)?)
        }
    };
    let plane = height * width;
    Ok((0..plane).flat_map(|p| (0..channels).map(move |c| c * plane + p)).map(|at| planar[at]).collect())
}

/// A part of an image `[H, W, C]`; none where the part is empty.
pub(super) fn cropped(
    pixels: &[u8],
    [channels, _, width]: [usize; 3],
    rows: Range<usize>,
    columns: Range<usize>,
) -> Result<Option<Thumbnail>, LabError> {
    if rows.is_empty() || columns.is_empty() {
        return Ok(None);
    }
    let row =
        |y: usize| &pixels[(y * width + columns.start) * channels..(y * width + columns.end) * channels];
    let part: Vec<u8> = rows.clone().flat_map(row).copied().collect();
    let side = rows.len().max(columns.len());
    Ok(Some(Thumbnail::new(columns.len(), rows.len(), channels, &part, side)?))
}

/// How many of the 100 strongest images are of each class.
pub(super) fn top_classes(record: &Record, layer: &Layer, data: &Dataset) -> Vec<usize> {
    let mut counts = vec![0; data.classes.len()];
    for entry in record.top.iter().filter(|entry| layer.is_signed || entry.value > 0.0) {
        counts[data.train.label(entry.image as usize) as usize] += 1;
    }
    counts
}
