//! The attributions of several classes side by side, on one color scale.

use super::Attribution;
use super::page::{class_name, layer_of};
use crate::maps::colored;
use striate_report::chart::{Anchor, Scene};
use striate_report::layout::{About, CAPTION, INK, Legend, MARGIN, SOFT_INK, TOP, enlargement, page, tile};
use striate_report::scale::Scale;
use striate_report::wrap_text;

/// Longest side of a map on the page.
const SIDE: f64 = 168.0;
const GAP: f64 = 16.0;
const COLUMNS: usize = 5;
/// From line to line, and most lines of a name.
const LINE: f64 = 14.0;
const NAME_LINES: usize = 2;

/// A page with the attributions of several classes, in the given order and on one color scale, so that a class with little
/// support looks pale.
///
/// # Panics
/// When `all` is empty.
pub fn class_page(all: &[Attribution], about: &About) -> Scene {
    let first = all.first().unwrap_or_else(|| panic!("a page of attribution shows at least one class"));
    let values: Vec<Vec<f32>> = all.iter().map(Attribution::shown).collect();
    let scale = Scale::of(&values.concat(), first.method.is_signed());
    let [_, height, width] = first.shape;
    let factor = enlargement(width as f64, height as f64, SIDE);
    let side = |pixels: usize| pixels as f64 * factor;
    let columns = COLUMNS.min(all.len());
    let across = side(width).max(120.0);
    let name = |attribution: &Attribution| {
        wrap_text(&class_name(&about.classes, attribution.class), CAPTION + 1.0, across, NAME_LINES)
    };
    let names: Vec<Vec<String>> = all.iter().map(name).collect();
    let lines_of_names = names.iter().map(Vec::len).max().unwrap_or(1) as f64;
    let pitch = (across + GAP, side(height) + 20.0 + LINE * lines_of_names + GAP);
    let rows = pitch.1 * all.len().div_ceil(columns) as f64 - GAP;
    let wide = pitch.0 * columns as f64 - GAP;
    // The least precise one is reported for all.
    let change = |attribution: &Attribution| attribution.refinement.map_or(0.0, |found| found.change);
    let least = all.iter().max_by(|a, b| change(a).total_cmp(&change(b))).unwrap_or(first);
    let warning = first.method.warning().map(|warning| format!("Caution: {warning}"));
    let notes = least.notes().into_iter().chain(warning);
    let notes: Vec<String> = notes.flat_map(|note| wrap_text(&note, CAPTION, wide, 4)).collect();
    let body = (wide, rows + (LINE + 2.0) * notes.len() as f64);
    let title = format!("Why each class? {}{}", first.method.name(), layer_of(first));
    let line = format!("{}; the {} highest logits, on one scale", first.method.unit(), all.len());
    let lines = [about.subject.as_str(), &line];
    let colors = first.colors("the class", None);
    let legend = Legend::Told(&scale, &colors);
    let mut scene = page(&title, lines, about.image.as_ref(), &legend, body);
    for (i, ((attribution, values), name)) in all.iter().zip(&values).zip(names).enumerate() {
        let x = MARGIN + (i % columns) as f64 * pitch.0;
        let y = TOP + (i / columns) as f64 * pitch.1;
        tile(&mut scene, &colored(values, [height, width], |v| scale.color(v)), (x, y), SIDE);
        let mut below = y + side(height) + 1.0;
        for line in name {
            below += LINE;
            scene.text((x, below), CAPTION + 1.0, Anchor::Start, INK, line);
        }
        let logit = logit(attribution.logit);
        scene.text((x, below + LINE), CAPTION, Anchor::Start, SOFT_INK, logit);
    }
    for (i, note) in notes.into_iter().enumerate() {
        let at = (MARGIN, TOP + rows + (LINE + 2.0) * (i as f64 + 1.0));
        scene.text(at, CAPTION, Anchor::Start, INK, note);
    }
    scene
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
