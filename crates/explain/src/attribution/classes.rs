//! The attributions of several classes side by side, on one color scale.

use super::Attribution;
use super::page::{class_name, layer_of};
use crate::maps::colored;
use striate_report::chart::{Anchor, Scene};
use striate_report::layout::{
    About, CAPTION, Head, INK, LEAST_WIDTH, Legend, MARGIN, SOFT_INK, column, enlargement, framed, grid,
    line, paragraph,
};
use striate_report::scale::Scale;

/// Longest side of a map on the page.
const SIDE: f64 = 168.0;
const GAP: f64 = 16.0;
const COLUMNS: usize = 5;
/// The minimum width of a map with its name.
const LEAST: f64 = 120.0;
/// The most lines of a name, and of a note.
const LINES: [usize; 2] = [2, 4];

/// Creates a page with the attributions of several classes, in the given order and on one color scale, so that a class with
/// little support looks pale.
///
/// # Panics
/// When `all` is empty.
pub fn class_page(all: &[Attribution], about: &About) -> Scene {
    let first = all.first().unwrap_or_else(|| panic!("a page of attribution shows at least one class"));
    let values: Vec<Vec<f32>> = all.iter().map(Attribution::shown).collect();
    let scale = Scale::of(&values.concat(), first.method.is_signed());
    let [_, height, width] = first.shape;
    let columns = COLUMNS.min(all.len());
    let across = (width as f64 * enlargement(width as f64, height as f64, SIDE)).max(LEAST);
    let tile = |(attribution, values): (&Attribution, &Vec<f32>)| {
        let image = colored(values, [height, width], |v| scale.color(v));
        let name = class_name(&about.classes, attribution.class);
        let name = paragraph(&name, CAPTION + 1.0, INK, across, LINES[0]);
        let logit = line(logit(attribution.logit), CAPTION, SOFT_INK);
        column(3.0, [framed(&image, SIDE), column(0.0, [name, logit])]).in_width(across, Anchor::Start)
    };
    let tiles = grid(&vec![Anchor::Start; columns], (GAP, GAP), all.iter().zip(&values).map(tile));
    // The least precise one is reported for all.
    let change = |attribution: &Attribution| attribution.refinement.map_or(0.0, |found| found.change);
    let least = all.iter().max_by(|a, b| change(a).total_cmp(&change(b))).unwrap_or(first);
    let warning = first.method.warning().map(|warning| format!("Caution: {warning}"));
    let notes = least.notes().into_iter().chain(warning);
    let room = tiles.width_px().max(LEAST_WIDTH - 2.0 * MARGIN);
    let notes = notes.map(|note| paragraph(&note, CAPTION, INK, room, LINES[1]));
    let body = column(GAP, [tiles, column(2.0, notes)]);
    let title = format!("Why each class? {}{}", first.method.name(), layer_of(first));
    let counted = format!("{}; the {} highest logits, on one scale", first.method.unit(), all.len());
    let head = Head {
        title: &title,
        lines: &[&about.subject, &counted],
        image: about.image.as_ref(),
        legend: Some(Legend::Told(&scale, &first.colors("the class", None))),
    };
    head.page(body)
}

/// Two decimals for all logits, however large, so that they can be compared.
fn logit(value: f32) -> String {
    format!("logit {value:.2}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::logit;

    #[test]
    fn logits_of_one_page_have_the_same_decimals() {
        assert_eq!([12.345, 0.4, -0.155].map(logit), ["logit 12.35", "logit 0.40", "logit −0.16"]);
    }
}
