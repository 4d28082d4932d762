//! Draws the accuracy of a classifier over its predicted probability.

use super::scene::{Anchor, Scene, Shape};
use super::{GRID, INK, SOFT_INK};
use crate::calibration::{BINS, Calibration};
use crate::color::Rgb;
use crate::text::grouped;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 436.0;
const LEFT: f64 = 58.0;
const TOP: f64 = 34.0;
const SIDE: f64 = 320.0;
/// The top of the strip below, which shows the number of predictions behind each bar.
const STRIP_TOP: f64 = TOP + SIDE + 26.0;
const STRIP: f64 = 34.0;
const SIZE: f64 = 11.0;

const RIGHT: Rgb = Rgb::hex(0x1f77b4);
/// The gap where the accuracy is below the probability.
const SURER: Rgb = Rgb::hex(0xe8a87c);
/// The top of a bar where the accuracy is above the probability.
const RIGHTER: Rgb = Rgb::hex(0x9cc4e4);

/// Draws a reliability diagram: for each bin of probability, the accuracy as a blue bar (pale above the mean probability of the
/// bin), and in orange the shortfall to that probability, which lies on the diagonal; below it, the number of predictions in each
/// bin.
///
/// # Units
/// The image is 420 x 436 CSS pixels; both axes are in per cent.
///
/// # Source
/// Guo 2017, figure 1.
pub fn reliability(calibration: &Calibration) -> Scene {
    let images = grouped(calibration.images());
    let description = format!("reliability diagram of {images} predictions: accuracy over probability");
    let mut scene = Scene::new(WIDTH, HEIGHT, description);
    scene.text((LEFT, TOP - 14.0), 13.0, Anchor::Start, INK, "accuracy (%)");
    for per_cent in [0, 25, 50, 75, 100] {
        let share = f64::from(per_cent) / 100.0;
        let (x, y) = ((LEFT + share * SIDE).floor() + 0.5, (TOP + (1.0 - share) * SIDE).floor() + 0.5);
        scene.line((LEFT, y), (LEFT + SIDE, y), GRID);
        scene.text((LEFT - 8.0, y + 0.36 * SIZE), SIZE, Anchor::End, SOFT_INK, per_cent.to_string());
        scene.text((x, TOP + SIDE + 16.0), SIZE, Anchor::Middle, SOFT_INK, per_cent.to_string());
    }
    let most = calibration.bins().iter().map(|bin| bin.images).max().unwrap_or(0).max(1);
    let width = SIDE / BINS as f64;
    for (i, bin) in calibration.bins().iter().enumerate() {
        let (Some(accuracy), Some(confidence)) = (bin.accuracy(), bin.confidence()) else { continue };
        let x = LEFT + i as f64 * width;
        let mut bar = |low: f64, high: f64, fill: Rgb, tooltip: String| {
            let (y, height) = (TOP + (1.0 - high) * SIDE, (high - low) * SIDE);
            let (x, width, tooltip) = (x + 1.0, width - 2.0, Some(tooltip));
            scene.shapes.push(Shape::Rect { x, y, width, height, fill, tooltip });
        };
        let said = format!(
            "{} predictions, mean probability {:.1} %, accuracy {:.1} %",
            grouped(bin.images),
            100.0 * confidence,
            100.0 * accuracy
        );
        bar(0.0, accuracy.min(confidence), RIGHT, said.clone());
        let (low, high) = (accuracy.min(confidence), accuracy.max(confidence));
        bar(low, high, if confidence > accuracy { SURER } else { RIGHTER }, said.clone());
        let height = (STRIP * bin.images as f64 / most as f64).max(1.0);
        let (x, y, width, fill) = (x + 1.0, STRIP_TOP + STRIP - height, width - 2.0, SOFT_INK);
        scene.shapes.push(Shape::Rect { x, y, width, height, fill, tooltip: Some(said) });
    }
    scene.shapes.push(Shape::Polyline {
        points: vec![(LEFT, TOP + SIDE), (LEFT + SIDE, TOP)],
        width: 1.5,
        stroke: INK,
        dash: Some((5.0, 4.0)),
    });
    let bottom = TOP + SIDE + 0.5;
    scene.line((LEFT, bottom), (LEFT + SIDE, bottom), SOFT_INK);
    let middle = LEFT + SIDE / 2.0;
    scene.text((LEFT - 8.0, STRIP_TOP + 0.6 * STRIP), SIZE, Anchor::End, SOFT_INK, "answers");
    let below = (middle, STRIP_TOP + STRIP + 16.0);
    scene.text(below, 12.0, Anchor::Middle, SOFT_INK, "predicted probability (%)");
    scene
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(scene: &Scene, color: Rgb) -> Vec<(f64, f64, f64)> {
        let of = |shape: &Shape| match shape {
            Shape::Rect { x, y, height, fill, .. } if *fill == color => Some((*x, *y, *height)),
            _ => None,
        };
        scene.shapes.iter().filter_map(of).collect()
    }

    #[test]
    fn a_bar_is_as_high_as_the_answers_were_right() {
        let mut calibration = Calibration::default();
        for i in 0..4 {
            calibration.add(&[0.75, 0.25], usize::from(i >= 2)).unwrap();
        }
        let scene = reliability(&calibration);
        let [(x, y, height)] = bars(&scene, RIGHT)[..] else { panic!("one bar") };
        assert_eq!((y, height), (TOP + 0.5 * SIDE, 0.5 * SIDE));
        // 0.75 lies in the twelfth bin, (11/15, 12/15].
        assert!((x - (LEFT + 11.0 * SIDE / 15.0 + 1.0)).abs() < 1e-9);
        let [(_, y, height)] = bars(&scene, SURER)[..] else { panic!("one gap") };
        assert!((y - (TOP + 0.25 * SIDE)).abs() < 1e-9 && (height - 0.25 * SIDE).abs() < 1e-9);
        assert!(bars(&scene, RIGHTER).is_empty());
        assert!(scene.to_svg().contains("4 predictions, mean probability 75.0 %, accuracy 50.0 %"));
    }

    #[test]
    fn nothing_to_show_is_an_empty_diagram() {
        let scene = reliability(&Calibration::default());
        assert!(bars(&scene, RIGHT).is_empty());
        assert!(scene.to_png(1.0).is_ok());
    }
}
