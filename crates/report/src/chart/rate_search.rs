//! The loss over rising learning rates.

use super::axis::{Axis, label_size};
use super::font;
use super::scene::{Anchor, Scene, Shape};
use super::{GRID, INK, SOFT_INK};
use crate::color::Rgb;

/// The data of [`rate_search`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateChart<'a> {
    /// The network and the data, such as `convnet on mnist`.
    pub title: &'a str,
    /// The learning rates above 0, in ascending order.
    pub rates: &'a [f32],
    /// The loss at each rate; values that are not finite are skipped.
    pub losses: &'a [f64],
    /// The suggested rate, which is marked.
    pub suggestion: Option<f32>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 372.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 610.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 316.0;
const TICK_SIZE: f64 = 11.0;
/// Between the losses and the plot.
const LABEL_GAP: f64 = 8.0;
/// The most powers of ten with a label beside each other.
const DECADES: usize = 12;
const LABEL_SIZE: f64 = 12.0;
const LINE: Rgb = Rgb::hex(0x1f77b4);
const MARK: Rgb = Rgb::hex(0xc65102);

/// Draws the loss over the learning rate, on a logarithmic axis, and marks the suggested rate.
///
/// # Units
/// The image is 640 x 372 CSS pixels.
pub fn rate_search(chart: &RateChart<'_>) -> Scene {
    let points: Vec<(f64, f64)> = chart
        .rates
        .iter()
        .zip(chart.losses)
        .map(|(&rate, &loss)| (f64::from(rate).log10(), loss))
        .filter(|(rate, loss)| rate.is_finite() && loss.is_finite())
        .collect();
    let mut scene = Scene::new(WIDTH, HEIGHT, format!("{}: loss over the learning rate", chart.title));
    let title = font::fit(chart.title, 16.0, RIGHT - LEFT);
    scene.text((LEFT, 30.0), 16.0, Anchor::Start, INK, title);
    scene.text((LEFT, TOP - 12.0), LABEL_SIZE, Anchor::Start, INK, "loss");
    let middle = (LEFT + RIGHT) / 2.0;
    scene.text((middle, BOTTOM + 40.0), LABEL_SIZE, Anchor::Middle, SOFT_INK, "learning rate");
    let range = |of: fn(&(f64, f64)) -> f64| {
        let values = || points.iter().map(of);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    if points.is_empty() {
        scene.text((middle, (TOP + BOTTOM) / 2.0), LABEL_SIZE, Anchor::Middle, SOFT_INK, "no finite values");
        return scene;
    }
    let ((first, last), (low, high)) = (range(|p| p.0), range(|p| p.1));
    let (first, last) = (first.floor(), last.ceil().max(first.floor() + 1.0));
    let losses = Axis::new(low, high, 5);
    let x_of = |rate: f64| LEFT + (rate - first) / (last - first) * (RIGHT - LEFT);
    let y_of = |loss: f64| BOTTOM - losses.position(loss) * (BOTTOM - TOP);
    let ticks = losses.ticks();
    let size = label_size(&ticks, TICK_SIZE, LEFT - LABEL_GAP);
    for (value, label) in ticks {
        let y = y_of(value).floor() + 0.5;
        scene.line((LEFT, y), (RIGHT, y), GRID);
        scene.text((LEFT - LABEL_GAP, y + 0.36 * size), size, Anchor::End, SOFT_INK, label);
    }
    let every = ((last - first) as usize).div_ceil(DECADES).max(1);
    for decade in (first as i32..=last as i32).step_by(every) {
        let x = x_of(decade.into()).floor() + 0.5;
        scene.line((x, BOTTOM), (x, BOTTOM + 4.0), SOFT_INK);
        let at = (x, BOTTOM + 8.0 + TICK_SIZE);
        scene.text(at, TICK_SIZE, Anchor::Middle, SOFT_INK, format!("1e{decade}"));
    }
    scene.line((LEFT, BOTTOM + 0.5), (RIGHT, BOTTOM + 0.5), SOFT_INK);
    let points = points.into_iter().map(|(rate, loss)| (x_of(rate), y_of(loss))).collect();
    scene.shapes.push(Shape::Polyline { points, width: 2.0, stroke: LINE, dash: None });
    if let Some(rate) = chart.suggestion {
        let x = x_of(f64::from(rate).log10());
        let points = vec![(x, TOP), (x, BOTTOM)];
        scene.shapes.push(Shape::Polyline { points, width: 1.5, stroke: MARK, dash: Some((5.0, 3.0)) });
        // On the side that has room.
        let (anchor, at) = if x > middle { (Anchor::End, x - 6.0) } else { (Anchor::Start, x + 6.0) };
        scene.text((at, TOP + TICK_SIZE), LABEL_SIZE, anchor, MARK, format!("{rate:.1e}: falls fastest"));
    }
    scene
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_are_ticks_and_the_suggestion_is_named() {
        let (rates, losses) = ([1e-4, 1e-3, 1e-2, 0.1], [2.0, 1.9, 1.0, f64::NAN]);
        let chart =
            RateChart { title: "net on data", rates: &rates, losses: &losses, suggestion: Some(5e-3) };
        let svg = rate_search(&chart).to_svg();
        for text in ["net on data", "1e-4", "1e-2", "5.0e-3: falls fastest"] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let chart = RateChart { title: "t", rates: &[], losses: &[], suggestion: None };
        assert!(rate_search(&chart).to_svg().contains("no finite values"));
    }
}
