//! The legend of a page: color bars with numbers.

use super::block::{Block, column, row};
use super::style::{CAPTION, INK, SOFT_INK};
use super::text::paragraph;
use crate::chart::{Anchor, Scene, width_px};
use crate::color::{Rgb, blue_orange, viridis};
use crate::scale::{Scale, Table, number};

/// Width and height of the bar in a [`Legend`].
const BAR: (f64, f64) = (254.0, 10.0);
/// The least distance between two numbers.
const APART: f64 = 10.0;

/// The colors of a page.
#[derive(Debug, Clone, Copy)]
pub enum Legend<'a> {
    /// A color table.
    Scale(&'a Scale),
    /// A color table with an explanation.
    Told(&'a Scale, &'a str),
    /// Red, green and blue weights as one color.
    Rgb(&'a Scale),
}

impl Legend<'_> {
    /// The color bar, and what there is to say about it in the room beside it.
    pub(super) fn block(&self, room: f64) -> Block {
        let (scale, what) = match *self {
            Self::Scale(scale) | Self::Rgb(scale) => (scale, None),
            Self::Told(scale, what) => (scale, Some(what.to_owned())),
        };
        let bar = match self {
            Self::Rgb(_) => bar(scale, BAR.0, gray),
            Self::Scale(_) | Self::Told(..) => color_bar(scale, BAR.0),
        };
        let room = room - bar.width_px() - 14.0;
        let notes = what.into_iter().chain([scale.note()]).filter(|note| !note.is_empty());
        let notes = column(1.0, notes.map(|note| paragraph(&note, CAPTION, SOFT_INK, room, 2)));
        row(14.0, Anchor::Start, [bar, notes])
    }
}

/// Draws a color bar with the values at its ends and at zero below it, of this width, or as wide as the numbers need.
pub fn color_bar(scale: &Scale, width: f64) -> Block {
    // The position, not the value: a layer of zeros has a legend all the same.
    match scale.table {
        Table::Viridis => bar(scale, width, viridis),
        Table::BlueOrange => bar(scale, width, blue_orange),
    }
}

fn bar(scale: &Scale, width: f64, color: impl Fn(f64) -> Rgb) -> Block {
    let is_signed = scale.table == Table::BlueOrange;
    let labels = match scale.limit {
        limit if limit > 0.0 && is_signed => [-limit, 0.0, limit].map(number).to_vec(),
        limit if limit > 0.0 => [0.0, limit].map(number).to_vec(),
        _ if is_signed => vec![String::new(), number(0.0), String::new()],
        _ => vec![number(0.0), String::new()],
    };
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    labeled_bar(width, &labels, |unit| color(if is_signed { 2.0 * unit - 1.0 } else { unit }))
}

/// Draws a color bar with texts below it, spread evenly from its left to its right end; `color` takes 0 at the left to 1 at the
/// right. The bar is wider than `width` if the texts need more.
pub fn labeled_bar(width: f64, labels: &[&str], color: impl Fn(f64) -> Rgb) -> Block {
    let widths: Vec<f64> = labels.iter().map(|label| width_px(label, CAPTION)).collect();
    let gaps = labels.len().saturating_sub(1).max(1);
    // What a text takes of the way to its neighbor: all of it at the ends, half of it between them.
    let takes = |i: usize| if i == 0 || i == gaps { widths[i] } else { widths[i] / 2.0 };
    let needed = (1..labels.len()).map(|i| takes(i - 1) + takes(i) + APART).fold(0.0, f64::max);
    // Two pixels a step: without seams.
    let steps = (width.max(needed * gaps as f64) / 2.0).ceil();
    let width = 2.0 * steps;
    let height = BAR.1 + 4.0 + (1.35 * CAPTION).ceil();
    Block::drawn(width, height, |scene: &mut Scene| {
        for step in 0..steps as usize {
            scene.rect(2.0 * step as f64, 0.0, 2.0, BAR.1, color(step as f64 / (steps - 1.0)));
        }
        for (i, &label) in labels.iter().enumerate().filter(|(_, label)| !label.is_empty()) {
            let anchor = match i {
                0 => Anchor::Start,
                i if i == gaps => Anchor::End,
                _ => Anchor::Middle,
            };
            let at = (width * i as f64 / gaps as f64, BAR.1 + 4.0 + CAPTION);
            scene.text(at, CAPTION, anchor, INK, label);
        }
    })
}

/// Returns the gray level of a weight, -1 to 1.
pub fn gray(unit: f64) -> Rgb {
    let level = (127.5 + 127.5 * unit).round() as u8;
    Rgb { r: level, g: level, b: level }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_room() {
        for values in [[0.0, 0.0], [-1.23e-8, 4.56e-9], [0.5, 1.0]] {
            for is_signed in [false, true] {
                let scale = Scale::of(&values, is_signed);
                let bar = color_bar(&scale, 40.0);
                assert!(bar.width_px() >= 40.0);
                let collisions = bar.alone().collisions();
                assert!(collisions.is_empty(), "{collisions:?}");
            }
        }
    }

    #[test]
    fn the_ends_of_a_bar_are_the_ends_of_its_table() {
        use crate::chart::Shape;
        let scene = color_bar(&Scale::of(&[-2.0], true), 120.0).alone();
        let colors: Vec<Rgb> = scene
            .shapes
            .iter()
            .filter_map(|s| if let Shape::Rect { fill, .. } = s { Some(*fill) } else { None })
            .collect();
        assert_eq!((colors[0], colors[colors.len() - 1]), (blue_orange(-1.0), blue_orange(1.0)));
        assert_eq!(colors.len(), 60, "two pixels a step");
    }
}
