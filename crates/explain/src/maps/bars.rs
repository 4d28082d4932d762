//! The values of a vector as bars.

use super::{FeatureMaps, MapStats};
use striate_report::chart::{Anchor, Scene};
use striate_report::layout::{About, Block, CAPTION, Head, INK, Legend, SOFT_INK, fitted, grid, line};
use striate_report::scale::{Table, number};

/// From bar to bar, and the height of a bar.
const PITCH: f64 = 18.0;
const HEIGHT: f64 = 13.0;
/// The most room of a name.
const LABEL: f64 = 260.0;
const LENGTH: f64 = 380.0;
const GAP: f64 = 8.0;

impl FeatureMaps {
    pub(super) fn bars(&self, about: &About, ranked: &[MapStats], shown: &[MapStats]) -> Scene {
        let title = format!("{} · {} · a vector of {} values, no maps", self.name, self.op, ranked.len());
        let is_output = self.is_output(about);
        let counts = match is_output {
            true if shown.len() == ranked.len() => format!("all {} classes, the largest first", ranked.len()),
            true => format!("the {} largest of {} classes", shown.len(), ranked.len()),
            false => self.counts(ranked, shown.len(), "values"),
        };
        let cells = shown.iter().flat_map(|value| {
            let (map, v) = (value.map, self.values[value.map]);
            let name = if is_output { about.classes[map].clone() } else { format!("value {map}") };
            let cells = [fitted(&name, CAPTION, INK, LABEL), self.bar(v), line(number(v), CAPTION, SOFT_INK)];
            cells.map(|cell| cell.in_height(PITCH, Anchor::Middle))
        });
        let head = Head {
            title: &title,
            lines: &[&about.subject, &counts],
            image: about.image.as_ref(),
            legend: Some(Legend::Scale(&self.scale)),
        };
        head.page(grid(&[Anchor::End, Anchor::Start, Anchor::End], (GAP, 0.0), cells))
    }

    /// The bar of a value, with the part of the line at zero that is beside it.
    fn bar(&self, value: f32) -> Block {
        let (zero, reach) = match self.scale.table {
            Table::Viridis => (0.0, LENGTH),
            Table::BlueOrange => (LENGTH / 2.0, LENGTH / 2.0),
        };
        Block::drawn(LENGTH, PITCH, |scene| {
            let end = zero + reach * if value.is_finite() { self.scale.position(value) } else { 0.0 };
            scene.line((zero, 0.0), (zero, PITCH), SOFT_INK);
            let top = (PITCH - HEIGHT) / 2.0;
            scene.rect(zero.min(end), top, (end - zero).abs(), HEIGHT, self.scale.color(value));
        })
    }
}
