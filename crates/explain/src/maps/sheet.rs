//! The maps of a layer side by side.

use super::{FeatureMaps, MapStats};
use striate_report::chart::{Anchor, Scene};
use striate_report::layout::{
    About, CAPTION, Head, INK, LEAST_WIDTH, Legend, MARGIN, SOFT_INK, column, enlargement, framed, grid, line,
};
use striate_report::scale::number;

/// Longest side of a map on the page.
const TILE: f64 = 112.0;
const GAP: f64 = 12.0;
const COLUMNS: usize = 8;
/// The minimum width of a map, with room for its range.
const LEAST: f64 = 108.0;

impl FeatureMaps {
    /// Draws a page with the `most` strongest maps, the strongest first; for a vector, a bar chart of its values, sorted by
    /// value for the classes and by magnitude otherwise.
    ///
    /// All maps share the [`Scale`](super::Scale) of the layer, which the legend shows in numbers. The header shows the number
    /// of maps and of silent maps.
    ///
    /// # Example
    /// See [`filters::Filters::sheet`](crate::filters::Filters::sheet), which is called the same way.
    pub fn sheet(&self, about: &About, most: usize) -> Scene {
        let mut ranked = self.ranked();
        if self.is_output(about) {
            let value = |map: &MapStats| if map.not_finite > 0 { f32::NEG_INFINITY } else { map.max };
            ranked.sort_by(|a, b| value(b).total_cmp(&value(a)).then(a.map.cmp(&b.map)));
        }
        let shown = &ranked[..ranked.len().min(most)];
        if self.is_image() { self.tiles(about, &ranked, shown) } else { self.bars(about, &ranked, shown) }
    }

    fn tiles(&self, about: &About, ranked: &[MapStats], shown: &[MapStats]) -> Scene {
        let [_, height, width] = self.dimensions();
        let across = (width as f64 * enlargement(width as f64, height as f64, TILE)).max(LEAST);
        let fitting = ((LEAST_WIDTH - 2.0 * MARGIN + GAP) / (across + GAP)) as usize;
        let columns = COLUMNS.max(fitting).min(shown.len().max(1));
        let tile = |map: &MapStats| {
            let name = line(format!("map {}", map.map), CAPTION, INK);
            let range = line(range(map), CAPTION - 1.0, SOFT_INK);
            let caption = column(0.0, [name, range]);
            column(3.0, [framed(&self.image(map.map), TILE), caption]).in_width(across, Anchor::Start)
        };
        let tiles = grid(&vec![Anchor::Start; columns], (GAP, GAP), shown.iter().map(tile));
        let head = Head {
            title: &format!("{} · {} · {} of {height} x {width}", self.name, self.op, maps(ranked.len())),
            lines: &[&about.subject, &self.counts(ranked, shown.len(), "maps")],
            image: about.image.as_ref(),
            legend: Some(Legend::Scale(&self.scale)),
        };
        head.page(tiles)
    }

    /// Whether these are the values of the classes.
    pub(super) fn is_output(&self, about: &About) -> bool {
        !self.is_image() && about.classes.len() == self.values.len()
    }

    /// The number of maps and of silent maps, in words.
    pub(super) fn counts(&self, ranked: &[MapStats], shown: usize, what: &str) -> String {
        let silent = ranked.iter().filter(|map| map.is_silent()).count();
        let all = ranked.len();
        if all == 1 {
            return if silent == 1 { "silent (all zero on this image)".into() } else { "not silent".into() };
        }
        let part = if shown < all { format!("the {shown} strongest of {all}") } else { format!("all {all}") };
        let by = if self.is_image() { "root mean square" } else { "magnitude" };
        let silent = match silent {
            0 => "none silent".into(),
            n => format!("{n} silent (all zero on this image)"),
        };
        format!("{part} {what} by {by}, strongest first; {silent}")
    }
}

fn maps(count: usize) -> String {
    if count == 1 { "1 map".into() } else { format!("{count} maps") }
}

fn range(map: &MapStats) -> String {
    match map {
        _ if map.is_silent() => "all zero".into(),
        _ if map.not_finite > 0 => format!("{} not finite", map.not_finite),
        _ => format!("{} … {}", number(map.min), number(map.max)),
    }
}
