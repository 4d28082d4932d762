//! The evidence for several classes side by side, in the colours of one scale.

use super::Evidence;
use super::page::{class_name, layer_of};
use crate::chart::{Anchor, Scene, fit_text};
use crate::maps::page::{
    About, CAPTION_SIZE, INK, Legend, MARGIN, SOFT_INK, TOP, enlargement, page, push_tile,
};
use crate::maps::scale::number;
use crate::maps::{Scale, coloured};

/// Longest side of a map on the page.
const SIDE: f64 = 168.0;
const GAP: f64 = 16.0;
const COLUMNS: usize = 5;

/// A page with the evidence for each of some classes, in the order given, and one scale for all of them: a class for which
/// little speaks looks so.
///
/// # Panics
/// When there is no evidence.
pub fn class_page(all: &[Evidence], about: &About) -> Scene {
    let first = all.first().unwrap_or_else(|| panic!("a page of evidence shows at least one class"));
    let values: Vec<Vec<f32>> = all.iter().map(Evidence::per_pixel).collect();
    let scale = Scale::of(&values.concat(), first.method.is_signed());
    let [_, height, width] = first.shape;
    let tile = enlargement(width as f64, height as f64, SIDE);
    let side = |pixels: usize| pixels as f64 * tile;
    let columns = COLUMNS.min(all.len());
    let pitch = (side(width).max(120.0) + GAP, side(height) + 34.0 + GAP);
    let body = (
        pitch.0 * columns as f64 - GAP,
        pitch.1 * all.len().div_ceil(columns) as f64 - GAP
            + if first.method.warning().is_some() { 16.0 } else { 0.0 },
    );
    let title = format!("Why each class? {}{}", first.method.name(), layer_of(first));
    let line = format!("{}; the {} highest logits, one scale", first.method.unit(), all.len());
    let lines = [about.subject.as_str(), &line];
    let mut scene = page(&title, lines, about.picture.as_ref(), &Legend::Scale(&scale), body);
    for (i, (evidence, values)) in all.iter().zip(&values).enumerate() {
        let x = MARGIN + (i % columns) as f64 * pitch.0;
        let y = TOP + (i / columns) as f64 * pitch.1;
        push_tile(&mut scene, &coloured(values, [height, width], |v| scale.colour(v)), x, y, SIDE);
        let below = y + side(height);
        let name = fit_text(&class_name(about, evidence.class), CAPTION_SIZE + 1.0, pitch.0 - GAP);
        scene.text((x, below + 15.0), CAPTION_SIZE + 1.0, Anchor::Start, INK, name);
        let logit = format!("logit {}", number(evidence.logit));
        scene.text((x, below + 29.0), CAPTION_SIZE, Anchor::Start, SOFT_INK, logit);
    }
    if let Some(warning) = first.method.warning() {
        let at = (MARGIN, scene.height_px - MARGIN);
        scene.text(at, CAPTION_SIZE, Anchor::Start, INK, format!("Mind: {warning}"));
    }
    scene
}
