//! Feature maps of an image, and pages that show them.
//!
//! [`select`] finds the layers. A [`FeatureMaps`] holds the values of one layer, ranks its maps, finds the silent ones, and draws
//! itself as a [`Scene`](striate_report::chart::Scene). All maps of a layer share one [`Scale`]. A [`MapsReport`] is the same in
//! numbers.

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

/// What one layer makes of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMaps {
    /// The name of the value.
    pub name: String,
    /// The operation, in the words of PyTorch's functional API.
    pub op: &'static str,
    /// `[C, H, W]`, or `[F]` for a vector.
    pub shape: Vec<usize>,
    /// The values, row by row.
    pub values: Vec<f32>,
    /// Their colors.
    pub scale: Scale,
}

/// One map, or one value of a vector, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MapStats {
    /// Its channel.
    pub map: usize,
    /// `sqrt(mean(v^2))`: what maps are ordered by.
    pub rms: f32,
    /// Its smallest finite value.
    pub min: f32,
    /// Its largest finite value.
    pub max: f32,
    /// Mean of the finite values.
    pub mean: f32,
    /// Share of the values that are not 0.
    pub active: f32,
    /// Row and column of the largest value, the first in scan order.
    pub at: [usize; 2],
    /// Values that are infinite or NaN.
    pub not_finite: usize,
}

impl MapStats {
    /// Whether every value is exactly 0: silent on this image. (Whether it is dead, only a data set can tell.)
    pub fn is_silent(&self) -> bool {
        self.active == 0.0
    }
}

impl FeatureMaps {
    /// The value of node `id` for one image.
    ///
    /// # Panics
    /// When `values` are not as many as the node's shape says.
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

    /// Channels, rows, columns; a vector has one row and column a channel.
    pub fn dimensions(&self) -> [usize; 3] {
        match self.shape[..] {
            [c, h, w] => [c, h, w],
            _ => [self.values.len(), 1, 1],
        }
    }

    /// Whether there are maps, not a vector.
    pub fn is_image(&self) -> bool {
        self.shape.len() == 3
    }

    /// The values `[H, W]` of a map.
    ///
    /// # Panics
    /// When there is no such map.
    pub fn map(&self, map: usize) -> &[f32] {
        let [_, h, w] = self.dimensions();
        &self.values[map * h * w..(map + 1) * h * w]
    }

    /// Every map in numbers, the strongest (by [`MapStats::rms`]) first; of equals the lower channel first, those that
    /// hold no finite value last.
    pub fn ranked(&self) -> Vec<MapStats> {
        let [channels, _, width] = self.dimensions();
        let mut all: Vec<MapStats> = (0..channels).map(|map| stats(map, self.map(map), width)).collect();
        all.sort_by(|a, b| b.rms.total_cmp(&a.rms).then(a.map.cmp(&b.map)));
        all
    }

    /// A map in the colors of the layer, one pixel a value.
    ///
    /// # Panics
    /// When there is no such map.
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
