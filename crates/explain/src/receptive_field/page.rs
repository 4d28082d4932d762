//! Draws the nested receptive fields of the middle values over the image.

use super::layers::{LayerField, Layers, sides};
use striate_report::chart::{Anchor, Scene, Shape, fit_text};
use striate_report::color::{Rgb, viridis};
use striate_report::hatched;
use striate_report::text::percent;

const MARGIN: f64 = 20.0;
const TOP: f64 = 74.0;
/// Longest side of the drawing.
const SIDE: f64 = 520.0;
const GAP: f64 = 30.0;
const LIST: f64 = 430.0;
const PITCH: f64 = 19.0;
const SIZE: f64 = 12.0;
const INK: Rgb = Rgb::hex(0x1a1a1a);
const SOFT_INK: Rgb = Rgb::hex(0x555555);
const GRID: Rgb = Rgb::hex(0xdddddd);
const PAPER: Rgb = Rgb::hex(0xf4f4f4);
/// Lines of the grid that can still be told apart.
const LINES: usize = 64;

impl Layers {
    /// A page with the image as a grid of pixels, hatched outside, and the box of the middle value of every layer that sees more
    /// than the one before.
    pub fn page(&self, subject: &str) -> Scene {
        let shown = self.growing();
        let [height, width] = self.image_px;
        // What is to be seen: the image and every box.
        let span = |axis: usize, size: usize| {
            let of = |layer: &&LayerField| if axis == 0 { layer.middle.rows } else { layer.middle.columns };
            let from = shown.iter().map(|(l, _)| of(l)[0]).min().unwrap_or(0).min(0);
            let to = shown.iter().map(|(l, _)| of(l)[1]).max().unwrap_or(0).max(size as isize);
            (from as f64, to as f64)
        };
        let (rows, columns) = (span(0, height), span(1, width));
        let pixel = SIDE / (rows.1 - rows.0).max(columns.1 - columns.0);
        let body = ((columns.1 - columns.0) * pixel, (rows.1 - rows.0) * pixel);
        let list = PITCH * (shown.len() as f64 + 1.0);
        let title = format!("{subject}: what one value sees of an image of {height} x {width} pixels");
        let scene_width = 2.0 * MARGIN + body.0.max(SIDE) + GAP + LIST;
        let mut scene = Scene::new(scene_width, TOP + body.1.max(list) + MARGIN, title.clone());
        scene.text(
            (MARGIN, MARGIN + 14.0),
            17.0,
            Anchor::Start,
            INK,
            fit_text(&title, 17.0, scene_width - 2.0 * MARGIN),
        );
        let note = "the box of each layer's middle value; hatched: outside the image, where all is padding";
        scene.text((MARGIN, MARGIN + 36.0), SIZE, Anchor::Start, SOFT_INK, note);

        let place = |y: f64, x: f64| (MARGIN + (x - columns.0) * pixel, TOP + (y - rows.0) * pixel);
        let (left, top) = place(0.0, 0.0);
        let whole = (MARGIN, TOP, body.0, body.1);
        hatched(&mut scene, whole, (left, top, width as f64 * pixel, height as f64 * pixel), GRID);
        scene.rect(left, top, width as f64 * pixel, height as f64 * pixel, PAPER);
        let step = height.max(width).div_ceil(LINES);
        for y in (0..=height).step_by(step) {
            scene.line(place(y as f64, 0.0), place(y as f64, width as f64), GRID);
        }
        for x in (0..=width).step_by(step) {
            scene.line(place(0.0, x as f64), place(height as f64, x as f64), GRID);
        }
        let x = MARGIN + body.0.max(SIDE) + GAP;
        let columns_at = [x + 24.0, x + 250.0, x + 310.0, x + LIST];
        for (at, text) in columns_at.into_iter().zip(["layer", "sees (px)", "jump", "of the image"]) {
            let anchor = if at == columns_at[0] { Anchor::Start } else { Anchor::End };
            scene.text((at, TOP + 10.0), SIZE, anchor, SOFT_INK, text);
        }
        for (i, (layer, names)) in shown.iter().enumerate().rev() {
            let color = color(i, shown.len());
            let corner = |y: isize, x: isize| place(y as f64, x as f64);
            let ([y0, y1], [x0, x1]) = (layer.middle.rows, layer.middle.columns);
            let points = vec![corner(y0, x0), corner(y0, x1), corner(y1, x1), corner(y1, x0), corner(y0, x0)];
            scene.shapes.push(Shape::Polyline { points, width: 2.0, stroke: color, dash: None });
            let y = TOP + PITCH * (i as f64 + 1.0) + 10.0;
            scene.rect(x, y - 9.0, 14.0, 10.0, color);
            let cells = [
                fit_text(names, SIZE, 165.0),
                sides(layer.field_px),
                layer.jump_px.map(sides).unwrap_or_default(),
                percent(Some(layer.seen_share)),
            ];
            for (n, (at, text)) in columns_at.into_iter().zip(cells).enumerate() {
                let anchor = if n == 0 { Anchor::Start } else { Anchor::End };
                scene.text((at, y), SIZE, anchor, INK, text);
            }
        }
        scene
    }

    /// The layers whose middle value sees another box than that of the layers before, with the names of those that see
    /// the same.
    fn growing(&self) -> Vec<(&LayerField, String)> {
        let mut shown: Vec<(&LayerField, Vec<&str>)> = Vec::new();
        for (layer, _) in self.rows() {
            let same = |other: &LayerField| {
                (other.middle.rows, other.middle.columns) == (layer.middle.rows, layer.middle.columns)
            };
            match shown.last_mut() {
                Some((other, names)) if same(other) => names.push(&layer.name),
                _ => shown.push((layer, vec![&layer.name])),
            }
        }
        let name = |names: &[&str]| match names {
            [one] => (*one).to_owned(),
            [first, .., last] => format!("{first} … {last}"),
            [] => String::new(),
        };
        shown.into_iter().map(|(layer, names)| (layer, name(&names))).collect()
    }
}

/// From dark at the image to light at the end, without the yellow that white swallows.
fn color(i: usize, all: usize) -> Rgb {
    viridis(0.85 * i as f64 / (all.max(2) - 1) as f64)
}
