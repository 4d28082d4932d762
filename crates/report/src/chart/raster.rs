//! Renders a scene to pixels.

use tiny_skia::{
    Color, FillRule, FilterQuality, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Rect, Stroke,
    StrokeDash, Transform,
};
use ttf_parser::OutlineBuilder;

use super::encode::png;
use super::font;
use super::scene::{Anchor, Scene, Shape};
use crate::color::Rgb;
use crate::error::ReportError;
use crate::thumbnail::Thumbnail;

/// The most pixels of a PNG: 4 bytes each, so 256 MB.
const PIXEL_LIMIT: u64 = 64_000_000;

impl Scene {
    /// Renders the scene as PNG, with `scale` pixels per CSS pixel; 2 is sharp on screens and in print.
    ///
    /// # Errors
    /// [`ReportError::ImageSize`] if the image has no pixels or more than 64 million.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>, ReportError> {
        let pixmap = self.render(scale)?;
        png(pixmap.width(), pixmap.height(), pixmap.data()).map_err(|error| ReportError::Png {
            width_px: pixmap.width(),
            height_px: pixmap.height(),
            reason: error.to_string(),
        })
    }

    pub(super) fn render(&self, scale: f64) -> Result<Pixmap, ReportError> {
        let (width_px, height_px) = ((self.width_px * scale).round(), (self.height_px * scale).round());
        let wrong_size = ReportError::ImageSize { width_px, height_px, limit: PIXEL_LIMIT };
        let fits = width_px >= 1.0 && height_px >= 1.0 && width_px * height_px <= PIXEL_LIMIT as f64;
        if !fits {
            return Err(wrong_size);
        }
        let mut pixmap = Pixmap::new(width_px as u32, height_px as u32).ok_or(wrong_size)?;
        pixmap.fill(Color::WHITE);
        let to_pixels = Transform::from_scale(scale as f32, scale as f32);
        for shape in &self.shapes {
            draw(&mut pixmap, shape, to_pixels);
        }
        Ok(pixmap)
    }
}

/// Draws one shape; one with a coordinate that is not finite has no path and is skipped.
fn draw(pixmap: &mut Pixmap, shape: &Shape, to_pixels: Transform) {
    match shape {
        Shape::Rect { x, y, width, height, fill, .. } => {
            if let Some(rect) = Rect::from_xywh(*x as f32, *y as f32, *width as f32, *height as f32) {
                pixmap.fill_rect(rect, &paint(*fill), to_pixels, None);
            }
        }
        Shape::Polyline { points, width, stroke, dash } => {
            let mut path = PathBuilder::new();
            for (i, &(x, y)) in points.iter().enumerate() {
                if i == 0 { path.move_to(x as f32, y as f32) } else { path.line_to(x as f32, y as f32) }
            }
            let stroke_style = Stroke {
                width: *width as f32,
                line_join: LineJoin::Round,
                dash: dash.and_then(|(on, off)| StrokeDash::new(vec![on as f32, off as f32], 0.0)),
                ..Stroke::default()
            };
            if let Some(path) = path.finish() {
                pixmap.stroke_path(&path, &paint(*stroke), &stroke_style, to_pixels, None);
            }
        }
        Shape::Dot { center: (x, y), radius, fill } => {
            if let Some(path) = PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32) {
                pixmap.fill_path(&path, &paint(*fill), FillRule::Winding, to_pixels, None);
            }
        }
        Shape::Image { x, y, width, height, image } => {
            let (wide, high) = (width / f64::from(image.width_px()), height / f64::from(image.height_px()));
            if [*x, *y, wide, high].iter().all(|v| v.is_finite()) {
                let place = Transform::from_row(wide as f32, 0.0, 0.0, high as f32, *x as f32, *y as f32);
                // Enlarged pixels stay squares, as of handwritten digits; reduced ones are blended.
                let enlarged = wide * f64::from(to_pixels.sx) >= 2.0;
                let edges = [*x, *y, x + width, y + height].map(|edge| edge * f64::from(to_pixels.sx));
                if enlarged && copy_squares(pixmap, edges, image) {
                    return;
                }
                let quality = if enlarged { FilterQuality::Nearest } else { FilterQuality::Bilinear };
                let paint = PixmapPaint { quality, ..PixmapPaint::default() };
                let source = image.pixmap();
                pixmap.draw_pixmap(0, 0, source.as_ref(), &paint, to_pixels.pre_concat(place), None);
            }
        }
        Shape::Text { at: (x, y), size, anchor, rotate, fill, text, .. } => {
            let offset = font::width_px(text, *size)
                * match anchor {
                    Anchor::Start => 0.0,
                    Anchor::Middle => -0.5,
                    Anchor::End => -1.0,
                };
            let transform = to_pixels
                .pre_translate(*x as f32, *y as f32)
                .pre_concat(Transform::from_rotate(*rotate as f32))
                .pre_translate(offset as f32, 0.0);
            if let Some(path) = text_path(text, *size) {
                pixmap.fill_path(&path, &paint(*fill), FillRule::Winding, transform, None);
            }
        }
    }
}

/// Copies an enlarged image to the pixels between `[left, top, right, bottom]`, square by square: a hundred times as fast
/// as to paint it. False, and nothing done, unless these are the edges of pixels, inside the page.
fn copy_squares(pixmap: &mut Pixmap, edges: [f64; 4], image: &Thumbnail) -> bool {
    let [left, top, right, bottom] = edges.map(|edge| edge.round() as usize);
    let (width, height) = (pixmap.width() as usize, pixmap.height() as usize);
    let on_pixels = edges.iter().all(|edge| (edge - edge.round()).abs() < 1e-6 && *edge >= 0.0);
    if !on_pixels || right > width || bottom > height || left >= right || top >= bottom {
        return false;
    }
    let (columns, rows) = (image.width_px() as usize, image.height_px() as usize);
    // The source pixel under the middle of each pixel of the page.
    let under = |i: usize, all: usize, from: usize| ((2 * i + 1) * from / (2 * all)).min(from - 1) as u32;
    let source: Vec<u32> = (0..right - left).map(|x| under(x, right - left, columns)).collect();
    let to = pixmap.data_mut().as_chunks_mut::<4>().0;
    let mut done: Option<(u32, usize)> = None;
    for line in top..bottom {
        let row = under(line - top, bottom - top, rows);
        let start = line * width + left;
        match done.filter(|&(same, _)| same == row) {
            Some((_, above)) => to.copy_within(above..above + source.len(), start),
            None => {
                for (to, &column) in to[start..].iter_mut().zip(&source) {
                    let [r, g, b] = image.pixel(column, row);
                    *to = [r, g, b, 255];
                }
            }
        }
        done = Some((row, start));
    }
    true
}

fn paint(color: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color.r, color.g, color.b, 255);
    paint
}

/// The outlines of a text whose baseline starts at the origin.
fn text_path(text: &str, size: f64) -> Option<Path> {
    let scale = (size / f64::from(font::face().units_per_em())) as f32;
    let mut pen = Pen { path: PathBuilder::new(), x: 0.0, scale };
    for c in text.chars() {
        let (glyph, advance) = font::glyph(c);
        font::face().outline_glyph(glyph, &mut pen);
        pen.x += (size * advance) as f32;
    }
    pen.path.finish()
}

/// Font outlines have y upwards and font units; the path has y downwards and pixels.
struct Pen {
    path: PathBuilder,
    x: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, -y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    /// Darkness of a pixel: 0 white, 255 black.
    fn ink(pixmap: &Pixmap, x: u32, y: u32) -> u8 {
        let pixel = pixmap.pixel(x, y).expect("inside the image");
        255 - pixel.green()
    }

    /// The smallest box (x0, y0, x1, y1) that holds everything drawn.
    fn drawn_box(pixmap: &Pixmap) -> Option<(u32, u32, u32, u32)> {
        let all = (0..pixmap.height()).flat_map(|y| (0..pixmap.width()).map(move |x| (x, y)));
        all.filter(|&(x, y)| ink(pixmap, x, y) > 64).fold(None, |acc, (x, y)| {
            let (x0, y0, x1, y1) = acc.unwrap_or((x, y, x, y));
            Some((x0.min(x), y0.min(y), x1.max(x), y1.max(y)))
        })
    }

    #[test]
    fn shapes_land_where_the_scene_says() {
        let mut scene = Scene::new(40.0, 20.0, "");
        scene.rect(10.0, 5.0, 4.0, 2.0, Rgb::BLACK);
        assert_eq!(drawn_box(&scene.render(1.0).unwrap()), Some((10, 5, 13, 6)));
        assert_eq!(drawn_box(&scene.render(2.0).unwrap()), Some((20, 10, 27, 13)));

        let mut scene = Scene::new(40.0, 20.0, "");
        scene.line((5.0, 3.5), (15.0, 3.5), Rgb::BLACK);
        assert_eq!(drawn_box(&scene.render(1.0).unwrap()), Some((5, 3, 14, 3)));
    }

    #[test]
    fn text_stands_on_its_baseline_and_obeys_anchor_and_rotation() {
        let bounds = |anchor, rotate| {
            let mut scene = Scene::new(100.0, 100.0, "");
            let text = Shape::Text {
                at: (50.0, 50.0),
                size: 20.0,
                anchor,
                rotate,
                fill: Rgb::BLACK,
                text: "HHH".into(),
                tooltip: None,
            };
            scene.shapes.push(text);
            drawn_box(&scene.render(1.0).unwrap()).unwrap()
        };
        // Capitals of DejaVu Sans are 0.729 em high; "HHH" is 45 px wide here.
        let (x0, y0, x1, y1) = bounds(Anchor::Start, 0.0);
        assert!(
            x0 >= 50 && x1 <= 95 && x1 > 88 && y1 == 49 && (34..=36).contains(&y0),
            "{x0} {y0} {x1} {y1}"
        );
        let (x0, _, x1, _) = bounds(Anchor::Middle, 0.0);
        assert!(x0.abs_diff(99 - x1) <= 1, "{x0} {x1}");
        let (_, _, x1, _) = bounds(Anchor::End, 0.0);
        assert!(x1 < 50);
        let (x0, y0, x1, y1) = bounds(Anchor::Start, -90.0);
        assert!(x1 == 49 && (34..=36).contains(&x0) && y1 < 50 && y0 < 12, "{x0} {y0} {x1} {y1}");
    }

    #[test]
    fn a_missing_glyph_is_a_box_and_bad_coordinates_draw_nothing() {
        let mut scene = Scene::new(40.0, 40.0, "");
        scene.text((5.0, 35.0), 30.0, Anchor::Start, Rgb::BLACK, "猫");
        assert!(drawn_box(&scene.render(1.0).unwrap()).is_some());

        let mut scene = Scene::new(40.0, 40.0, "");
        scene.rect(f64::NAN, 0.0, 1.0, 1.0, Rgb::BLACK);
        scene.line((0.0, f64::INFINITY), (1.0, 1.0), Rgb::BLACK);
        scene.text((f64::NAN, 0.0), 10.0, Anchor::Start, Rgb::BLACK, "x");
        assert_eq!(drawn_box(&scene.render(1.0).unwrap()), None);
    }

    /// The quick way and the painter's agree on every pixel, and the quick one is taken where pixels begin and end.
    #[test]
    fn copied_squares_are_those_that_would_be_painted() {
        let image = Thumbnail::of_colors(7, 5, (0..35).map(|i| Rgb::hex(0x010305 * i)));
        for (left, top, wide, high, scale, quick) in [
            (3.0, 4.0, 14.0, 10.0, 2.0, true),
            (3.5, 4.0, 10.5, 7.5, 2.0, true),
            (0.0, 0.0, 16.0, 11.0, 1.0, true),
            (3.25, 4.0, 14.0, 10.0, 2.0, false),
            (90.0, 4.0, 14.0, 10.0, 2.0, false),
            (-2.0, 4.0, 14.0, 10.0, 2.0, false),
        ] {
            let mut scene = Scene::new(100.0, 40.0, "");
            let place = Shape::Image { x: left, y: top, width: wide, height: high, image: image.clone() };
            scene.shapes.push(place);
            let edges = [left, top, left + wide, top + high].map(|edge| edge * scale);
            let mut copied = Scene::new(100.0, 40.0, "").render(scale).unwrap();
            assert_eq!(copy_squares(&mut copied, edges, &image), quick, "{edges:?}");
            let drawn = scene.render(scale).unwrap();
            assert_eq!(drawn == copied, quick);
            if quick && (2.0 * wide) % 7.0 == 0.0 {
                // As painted: shifted by a millionth, the painter has to do it.
                let Shape::Image { x, .. } = &mut scene.shapes[0] else { unreachable!() };
                *x += 2e-6;
                assert!(scene.render(scale).unwrap() == copied, "{edges:?}");
            }
        }
    }

    #[test]
    fn impossible_sizes_are_errors() {
        let scene = Scene::new(1000.0, 1000.0, "");
        let message = scene.to_png(100.0).unwrap_err().to_string();
        expect!["image: expected between 1 and 64000000 pixels, got 100000 x 100000; choose another scale, or write SVG"].assert_eq(&message);
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(scene.to_png(scale).is_err(), "scale {scale}");
        }
    }
}
