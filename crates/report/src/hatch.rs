//! Hatching, which marks the area outside an image.

use crate::chart::{Scene, Shape};
use crate::color::Rgb;

/// Distance between the lines.
const STEP: f64 = 7.0;

/// A rectangle: left, top, width, height.
pub type Area = (f64, f64, f64, f64);

/// Hatches `area` except for `hole`.
pub fn hatched(scene: &mut Scene, area: Area, hole: Area, ink: Rgb) {
    let (left, top, width, height) = area;
    let (right, bottom) = (left + width, top + height);
    let (hole_right, hole_bottom) = (hole.0 + hole.2, hole.1 + hole.3);
    let (x0, x1) = (hole.0.clamp(left, right), hole_right.clamp(left, right));
    let (y0, y1) = (hole.1.clamp(top, bottom), hole_bottom.clamp(top, bottom));
    if x0 >= x1 || y0 >= y1 {
        return lines(scene, area, ink);
    }
    // Above, below, left and right of the hole.
    for part in [
        (left, top, width, y0 - top),
        (left, y1, width, bottom - y1),
        (left, y0, x0 - left, y1 - y0),
        (x1, y0, right - x1, y1 - y0),
    ] {
        lines(scene, part, ink);
    }
}

/// Lines from lower left to upper right, on one raster for the whole page, so that neighbors join.
fn lines(scene: &mut Scene, (left, top, width, height): Area, ink: Rgb) {
    if width <= 0.0 || height <= 0.0 {
        return;
    }
    let (right, bottom) = (left + width, top + height);
    let first = ((left + top) / STEP).ceil() as i64;
    let last = ((right + bottom) / STEP).floor() as i64;
    for n in first..=last {
        let sum = n as f64 * STEP;
        let from = if sum - left <= bottom { (left, sum - left) } else { (sum - bottom, bottom) };
        let to = if sum - top <= right { (sum - top, top) } else { (right, sum - right) };
        let stroke = Shape::Polyline { points: vec![from, to], width: 1.0, stroke: ink, dash: None };
        scene.shapes.push(stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_in_the_area_and_out_of_the_hole() {
        let mut scene = Scene::new(100.0, 100.0, "");
        let (area, hole) = ((10.0, 20.0, 60.0, 50.0), (30.0, 5.0, 25.0, 40.0));
        hatched(&mut scene, area, hole, Rgb::BLACK);
        assert!(scene.shapes.len() > 20, "{}", scene.shapes.len());
        for shape in &scene.shapes {
            let Shape::Polyline { points, .. } = shape else { panic!("{shape:?}") };
            for step in 0..=20 {
                let t = f64::from(step) / 20.0;
                let at = |a: f64, b: f64| a + (b - a) * t;
                let (x, y) = (at(points[0].0, points[1].0), at(points[0].1, points[1].1));
                assert!((10.0..=70.0).contains(&x) && (20.0..=70.0).contains(&y), "({x}, {y})");
                let (e, inside) = (1e-9, |v: f64, from: f64, size: f64| v > from && v < from + size);
                assert!(!(inside(x, 30.0 + e, 25.0 - e) && inside(y, 5.0 + e, 40.0 - e)), "({x}, {y})");
            }
        }
    }
}
