//! Feature maps of an image, and pages that show them.
//!
//! [`select`] finds the layers. A [`FeatureMaps`] holds the values of one layer, ranks its maps, finds the silent ones, and
//! draws them as a [`Scene`](striate_report::chart::Scene). All maps of a layer share one [`Scale`]. A [`MapsReport`] has the
//! same results in numbers.

mod bars;
mod index;
mod report;
pub(crate) mod select;
mod sheet;
#[cfg(test)]
mod tests;

pub use index::{Entry, index_page};
pub use report::{LayerMaps, MapsReport};
pub use select::select;

use serde::Serialize;
use striate_graph::{Graph, NodeId};
use striate_report::Thumbnail;
use striate_report::scale::Scale;

/// The feature maps of one layer for one image.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMaps {
    /// The name of the value.
    pub name: String,
    /// The operation, in the words of PyTorch's functional API.
    pub op: &'static str,
    /// The shape `[C, H, W]`, or `[F]` for a vector.
    pub shape: Vec<usize>,
    /// The values, row by row.
    pub values: Vec<f32>,
    /// The color scale that all maps of the layer share.
    pub scale: Scale,
}

/// The statistics of one map, or of one value of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MapStats {
    /// The index of its channel.
    pub map: usize,
    /// The root mean square `sqrt(mean(v^2))`, by which maps are ordered.
    pub rms: f32,
    /// The smallest finite value.
    pub min: f32,
    /// The largest finite value.
    pub max: f32,
    /// The mean of the finite values.
    pub mean: f32,
    /// The share of the values that are not 0.
    pub active: f32,
    /// The row and column of the largest value, the first in scan order.
    pub at: [usize; 2],
    /// The number of values that are infinite or NaN.
    pub not_finite: usize,
}

impl MapStats {
    /// Whether every value is exactly 0, so that the map is silent on this image. (Whether it is dead on all images can only be
    /// seen from a data set.)
    pub fn is_silent(&self) -> bool {
        self.active == 0.0
    }
}

impl FeatureMaps {
    /// Creates the feature maps of node `id` from its values for one image.
    ///
    /// # Panics
    /// When the number of values is not that of the node's shape.
    pub fn new(graph: &Graph, id: NodeId, values: Vec<f32>) -> Self {
        let node = &graph.nodes[id];
        let signed = select::is_signed(graph, id);
        Self::from_values(&node.name, node.operation().name(), &node.shape, signed, values)
    }

    fn from_values(name: &str, op: &'static str, shape: &[usize], signed: bool, values: Vec<f32>) -> Self {
        let expected: usize = shape.iter().product();
        assert_eq!(values.len(), expected, "{name}: one image is {shape:?}");
        let mut scale = Scale::of(&values, signed);
        if shape.len() != 3 {
            // A bar has a length, which is not to be cut off.
            (scale.limit, scale.beyond) = (scale.largest, 0);
        }
        Self { name: name.into(), op, shape: shape.into(), values, scale }
    }

    /// The numbers of channels, rows and columns; a vector has one row and one column per channel.
    pub fn dimensions(&self) -> [usize; 3] {
        match self.shape[..] {
            [c, h, w] => [c, h, w],
            _ => [self.values.len(), 1, 1],
        }
    }

    /// Whether the values are maps and not a vector.
    pub fn is_image(&self) -> bool {
        self.shape.len() == 3
    }

    /// Returns the values `[H, W]` of a map.
    ///
    /// # Panics
    /// When there is no map with this index.
    pub fn map(&self, map: usize) -> &[f32] {
        let [_, h, w] = self.dimensions();
        &self.values[map * h * w..(map + 1) * h * w]
    }

    /// Returns the statistics of every map, the strongest (by [`MapStats::rms`]) first. Of equal maps the lower channel is
    /// first, and maps without a finite value are last.
    pub fn ranked(&self) -> Vec<MapStats> {
        let [channels, _, width] = self.dimensions();
        let mut all: Vec<MapStats> = (0..channels).map(|map| stats(map, self.map(map), width)).collect();
        all.sort_by(|a, b| b.rms.total_cmp(&a.rms).then(a.map.cmp(&b.map)));
        all
    }

    /// Draws a map in the colors of the layer, with one pixel per value.
    ///
    /// # Panics
    /// When there is no map with this index.
    pub fn image(&self, map: usize) -> Thumbnail {
        let [_, height, width] = self.dimensions();
        colored(self.map(map), [height, width], |v| self.scale.color(v))
    }
}

/// Values `[H, W]` as an image.
pub(crate) fn colored(
    values: &[f32],
    [height, width]: [usize; 2],
    color: impl Fn(f32) -> striate_report::color::Rgb,
) -> Thumbnail {
    Thumbnail::of_colors(width, height, values.iter().map(|&v| color(v)))
}

fn stats(map: usize, values: &[f32], width: usize) -> MapStats {
    let mut stats = MapStats {
        map,
        rms: 0.0,
        min: f32::INFINITY,
        max: f32::NEG_INFINITY,
        mean: 0.0,
        active: 0.0,
        at: [0, 0],
        not_finite: 0,
    };
    let (mut sum, mut squares, mut active) = (0.0, 0.0, 0_usize);
    for (i, &value) in values.iter().enumerate() {
        active += usize::from(value != 0.0);
        if !value.is_finite() {
            stats.not_finite += 1;
            continue;
        }
        if value > stats.max {
            (stats.max, stats.at) = (value, [i / width, i % width]);
        }
        stats.min = stats.min.min(value);
        sum += f64::from(value);
        squares += f64::from(value) * f64::from(value);
    }
    let finite = values.len() - stats.not_finite;
    if finite == 0 {
        (stats.min, stats.max) = (0.0, 0.0);
    }
    let of_finite = |sum: f64| (sum / finite.max(1) as f64) as f32;
    (stats.mean, stats.rms) = (of_finite(sum), of_finite(squares).sqrt());
    stats.active = active as f32 / values.len().max(1) as f32;
    stats
}
