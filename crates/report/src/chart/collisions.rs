//! Finds the texts of a drawing that cannot be read: those that overlap a text or an image, or leave the drawing.

use super::font;
use super::scene::{Anchor, Scene, Shape};

/// The corners of a rectangle, which may be rotated, in order.
type Corners = [(f64, f64); 4];

/// Rectangles that touch within this many pixels do not overlap.
const SLACK_PX: f64 = 0.01;

impl Scene {
    /// Lists the texts that overlap another text or an image, the texts and images that leave the drawing, and the texts that leave
    /// the [block](crate::layout::Block) for which they were drawn, one sentence each. The list is empty for a legible drawing.
    ///
    /// A text occupies the rectangle of its line: as wide as its characters, and as high as the font reaches above and below
    /// the baseline.
    ///
    /// # Example
    /// ```
    /// use striate_report::chart::{Anchor, Scene};
    /// use striate_report::color::Rgb;
    ///
    /// let mut scene = Scene::new(60.0, 40.0, "");
    /// scene.text((5.0, 15.0), 12.0, Anchor::Start, Rgb::BLACK, "one");
    /// assert!(scene.collisions().is_empty());
    /// scene.text((5.0, 20.0), 12.0, Anchor::Start, Rgb::BLACK, "two");
    /// assert_eq!(scene.collisions(), ["\"one\" overlaps \"two\""]);
    /// ```
    pub fn collisions(&self) -> Vec<String> {
        let texts: Vec<(String, Corners)> = self.shapes.iter().filter_map(text_corners).collect();
        let images: Vec<(String, Corners)> = self.shapes.iter().filter_map(image_corners).collect();
        let mut found = Vec::new();
        for (name, corners) in texts.iter().chain(&images) {
            if !is_inside(corners, (0.0, 0.0), (self.width_px, self.height_px)) {
                found.push(format!("{name} leaves the drawing"));
            }
        }
        for block in &self.boxes {
            let texts =
                self.shapes.get(block.shapes.clone()).unwrap_or_default().iter().filter_map(text_corners);
            let left =
                texts.filter(|(_, corners)| !is_inside(corners, block.at, (block.width, block.height)));
            found.extend(left.map(|(name, _)| format!("{name} leaves its block")));
        }
        for (i, (name, corners)) in texts.iter().enumerate() {
            let others = texts[i + 1..].iter().chain(&images);
            let hit = others.filter(|(_, other)| overlap(corners, other));
            found.extend(hit.map(|(other, _)| format!("{name} overlaps {other}")));
        }
        found
    }
}

/// Whether all corners are in the rectangle at `at`.
fn is_inside(corners: &Corners, at: (f64, f64), (width, height): (f64, f64)) -> bool {
    let within = |v: f64, size: f64| (-SLACK_PX..=size + SLACK_PX).contains(&v);
    corners.iter().all(|&(x, y)| within(x - at.0, width) && within(y - at.1, height))
}

/// A text without visible characters takes no room.
fn text_corners(shape: &Shape) -> Option<(String, Corners)> {
    let Shape::Text { at, size, anchor, rotate, text, .. } = shape else { return None };
    let width = font::width_px(text, *size);
    let left = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -0.5 * width,
        Anchor::End => -width,
    };
    let [above, below] = font::reach().map(|share| share * size);
    let (sin, cos) = rotate.to_radians().sin_cos();
    let turned = |(x, y): (f64, f64)| (at.0 + x * cos - y * sin, at.1 + x * sin + y * cos);
    let corners = rectangle(left, -above, width, above + below).map(turned);
    (!text.trim().is_empty()).then(|| (format!("{text:?}"), corners))
}

fn image_corners(shape: &Shape) -> Option<(String, Corners)> {
    let Shape::Image { x, y, width, height, .. } = shape else { return None };
    Some((format!("the image at ({x}, {y})"), rectangle(*x, *y, *width, *height)))
}

fn rectangle(x: f64, y: f64, width: f64, height: f64) -> Corners {
    [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
}

/// Two rectangles overlap unless a line parallel to a side of one of them separates them.
fn overlap(a: &Corners, b: &Corners) -> bool {
    [a, b].into_iter().all(|of| {
        [(of[0], of[1]), (of[1], of[2])].into_iter().all(|(from, to)| {
            let (x, y) = (to.0 - from.0, to.1 - from.1);
            let length = x.hypot(y).max(f64::MIN_POSITIVE);
            let range = |corners: &Corners| {
                let along = corners.map(|corner| (corner.0 * x + corner.1 * y) / length);
                (
                    along.into_iter().fold(f64::INFINITY, f64::min),
                    along.into_iter().fold(f64::NEG_INFINITY, f64::max),
                )
            };
            let ((a0, a1), (b0, b1)) = (range(a), range(b));
            a1.min(b1) - a0.max(b0) > SLACK_PX
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Thumbnail;
    use crate::color::Rgb;

    fn found(draw: impl FnOnce(&mut Scene)) -> Vec<String> {
        let mut scene = Scene::new(100.0, 100.0, "");
        draw(&mut scene);
        scene.collisions()
    }

    fn rotated(x: f64, text: &str) -> Shape {
        let (at, size, anchor, rotate, fill) = ((x, 80.0), 10.0, Anchor::Start, -45.0, Rgb::BLACK);
        Shape::Text { at, size, anchor, rotate, fill, text: text.into(), tooltip: None }
    }

    #[test]
    fn texts_need_the_height_of_the_font() {
        let two = |pitch: f64| {
            found(|scene| {
                scene.text((10.0, 20.0), 10.0, Anchor::Start, Rgb::BLACK, "first");
                scene.text((10.0, 20.0 + pitch), 10.0, Anchor::Start, Rgb::BLACK, "second");
            })
        };
        assert_eq!(two(11.0), ["\"first\" overlaps \"second\""]);
        assert!(two(12.0).is_empty(), "1.164 em");
    }

    #[test]
    fn rotated_texts_may_be_close_side_by_side() {
        assert!(
            found(|scene| scene.shapes.extend([rotated(10.0, "slanted"), rotated(28.0, "slanted")]))
                .is_empty()
        );
        let close =
            found(|scene| scene.shapes.extend([rotated(10.0, "a slanted"), rotated(20.0, "a slanted")]));
        assert_eq!(close, ["\"a slanted\" overlaps \"a slanted\""]);
    }

    #[test]
    fn what_leaves_the_drawing_or_covers_an_image_is_found() {
        let cut = found(|scene| scene.text((99.0, 50.0), 10.0, Anchor::Start, Rgb::BLACK, "cut"));
        assert_eq!(cut, ["\"cut\" leaves the drawing"]);
        let image = Thumbnail::new(1, 1, 1, &[9], 1).unwrap();
        let over = found(|scene| {
            scene.text((50.0, 50.0), 10.0, Anchor::Middle, Rgb::BLACK, "over");
            scene.shapes.push(Shape::Image { x: 40.0, y: 40.0, width: 20.0, height: 70.0, image });
        });
        assert_eq!(
            over,
            ["the image at (40, 40) leaves the drawing", "\"over\" overlaps the image at (40, 40)"]
        );
    }
}
