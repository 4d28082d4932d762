//! The three spaces: the pixels of an image, the output of the first layer, and the input of the last.

use striate_data::{Augment, Loader, Split};
use striate_formats::ModelFile;
use striate_graph::op::Role;
use striate_graph::{Engine, NodeId, Session};
use striate_train::Batch;

use crate::LabError;
use crate::neurons::layers;

/// The maximum number of values of an image in a space; larger maps are averaged down.
pub const MOST_VALUES: usize = 16_384;
/// Bytes that the values of a batch may take, and most images in one.
const BATCH_BYTES: usize = 64 << 20;
const MOST: usize = 128;

/// Images as points in one space.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    /// `pixels`, or the name of the layer, or the name of the value if it does not belong to a layer.
    pub name: String,
    /// A description of the values, for people.
    pub what: String,
    /// The number of values of one image, D.
    pub dimensions: usize,
    /// The points, `[N, D]`.
    pub values: Vec<f32>,
}

/// Computes the three representations of these images of a split: their normalized pixels, the feature maps of the first layer
/// after its activation, and the features that the last fully connected layer reads.
///
/// Maps with more than 16,384 values (of large photos) are replaced by the means of windows, the smallest that reduce them to
/// that number.
///
/// # Errors
/// [`LabError::NoHead`] for a network that does not end in a fully connected layer, and [`LabError::NotFinite`] for values that
/// are infinite or NaN; also when images have another shape than the network's input, or photos cannot be decoded.
pub fn spaces(
    model: &ModelFile,
    split: &Split,
    engine: &Engine,
    images: &[u32],
) -> Result<Vec<Space>, LabError> {
    let (graph, preprocess) = (&model.graph, &model.preprocess);
    let Some(head) = graph.head() else {
        return Err(LabError::NoHead { last: graph.nodes[graph.output].operation().name() });
    };
    let all = layers(graph);
    let is_conv = |id: NodeId| graph.nodes[id].operation().role() == Role::Convolution;
    let first = all.iter().find(|layer| is_conv(layer.id)).or(all.first()).expect("the head is a layer");
    let last = &graph.nodes[head.linear].name;
    let maker = all.iter().find(|layer| layer.value == head.input).map(|layer| layer.name.clone());
    let penultimate = maker.unwrap_or_else(|| graph.nodes[head.input].name.clone());
    let nodes = [
        (0, "pixels".to_owned(), "normalized pixels".to_owned()),
        (first.value, first.name.clone(), format!("values of {}", first.value_name)),
        (head.input, penultimate, format!("features that {last} reads")),
    ];
    let mut session = Session::with_engine(graph.clone(), model.params.clone(), engine.clone())?;
    let mut spaces = Vec::new();
    let mut taps = Vec::new();
    for (id, name, what) in nodes {
        let shape = &graph.nodes[id].shape;
        taps.push((session.tap(&graph.nodes[id].name)?, Pooling::of(shape)));
        let pooling = &taps[taps.len() - 1].1;
        let what = match pooling.window {
            1 => what,
            window => format!("{what}, means of {window} x {window}"),
        };
        let dimensions = pooling.len();
        spaces.push(Space { name, what, dimensions, values: Vec::with_capacity(images.len() * dimensions) });
    }
    let values: usize = graph.nodes.iter().map(|node| node.shape.iter().product::<usize>()).sum();
    let batch_size = (BATCH_BYTES / (4 * values)).clamp(1, MOST).min(images.len().max(1));
    let loader = Loader::new(split, preprocess, Augment::default(), batch_size, 0, false)?;
    let mut batch = Batch::new(batch_size, preprocess.sample_len());
    for samples in images.chunks(batch_size) {
        let (pixels, _) = batch.fetch(engine, &loader, 0, samples)?;
        session.run_slice(pixels, samples.len())?;
        for (space, (tap, pooling)) in spaces.iter_mut().zip(&taps) {
            for (value, &image) in session.get(*tap).outer_iter().zip(samples) {
                let value = value.as_standard_layout();
                let value = value.as_slice().expect("standard layout");
                if !value.iter().all(|v| v.is_finite()) {
                    let image = split.name(image as usize);
                    return Err(LabError::NotFinite { image, space: space.name.clone() });
                }
                pooling.push(value, &mut space.values);
            }
        }
    }
    Ok(spaces)
}

/// Means of square windows, those at the far edges smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pooling {
    shape: [usize; 3],
    window: usize,
}

impl Pooling {
    /// The smallest windows that leave few enough values.
    fn of(shape: &[usize]) -> Self {
        let shape = match *shape {
            [c, h, w] => [c, h, w],
            _ => [shape.iter().product(), 1, 1],
        };
        let mut pooling = Self { shape, window: 1 };
        while pooling.len() > MOST_VALUES && pooling.window < shape[1].max(shape[2]) {
            pooling.window += 1;
        }
        pooling
    }

    fn len(&self) -> usize {
        let [c, h, w] = self.shape;
        c * h.div_ceil(self.window) * w.div_ceil(self.window)
    }

    fn push(&self, value: &[f32], out: &mut Vec<f32>) {
        if self.window == 1 {
            return out.extend(value);
        }
        let [_, h, w] = self.shape;
        for map in value.chunks_exact(h * w) {
            for top in (0..h).step_by(self.window) {
                for left in (0..w).step_by(self.window) {
                    let (rows, columns) = (top..h.min(top + self.window), left..w.min(left + self.window));
                    let count = rows.len() * columns.len();
                    let sum: f64 = rows
                        .flat_map(|y| columns.clone().map(move |x| y * w + x))
                        .map(|at| f64::from(map[at]))
                        .sum();
                    out.push((sum / count as f64) as f32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_maps_are_averaged_and_small_ones_kept() {
        assert_eq!(Pooling::of(&[16, 28, 28]).window, 1, "12,544 values");
        let photo = Pooling::of(&[3, 224, 224]);
        assert_eq!((photo.window, photo.len()), (4, 3 * 56 * 56));
        let finer = Pooling { window: 3, ..photo };
        assert!(finer.len() > MOST_VALUES, "no smaller window would do");
        assert_eq!(Pooling::of(&[512]).len(), 512);
        let pooling = Pooling { shape: [2, 3, 3], window: 2 };
        let mut out = Vec::new();
        pooling.push(&(0..18).map(|i| i as f32).collect::<Vec<_>>(), &mut out);
        assert_eq!(out, [2.0, 3.5, 6.5, 8.0, 11.0, 12.5, 15.5, 17.0]);
        assert_eq!(out.len(), pooling.len());
    }
}
