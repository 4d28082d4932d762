//! Draws the nested receptive fields of the middle values over the image.

use super::layers::{LayerField, Layers, sides};
use striate_report::chart::{Anchor, Scene, Shape};
use striate_report::color::{Rgb, viridis};
use striate_report::hatched;
use striate_report::layout::{Block, Head, INK, SOFT_INK, TEXT, fitted, grid, line, row};
use striate_report::text::percent;

/// Longest side of the drawing.
const SIDE: f64 = 520.0;
/// Between the drawing and the list, and between the columns and rows of the list.
const GAP: f64 = 30.0;
const LIST_GAP: (f64, f64) = (18.0, 3.0);
/// The most room of the names of layers.
const NAMES: f64 = 260.0;
const GRID: Rgb = Rgb::hex(0xdddddd);
const PAPER: Rgb = Rgb::hex(0xf4f4f4);
/// Lines of the grid that can still be told apart.
const LINES: usize = 64;

impl Layers {
    /// Draws a page with the image as a grid of pixels, with hatching outside of it, and the box of the middle value of every
    /// layer whose box is larger than that of the layer before.
    pub fn page(&self, subject: &str) -> Scene {
        let shown = self.growing();
        let [height, width] = self.image_px;
        let title = format!("{subject}: what one value sees of an image of {height} x {width} pixels");
        let note = "the box of each layer's middle value; hatched: outside the image, where all is padding";
        let drawing = self.boxes(&shown).in_width(SIDE, Anchor::Start);
        let body = row(GAP, Anchor::Start, [drawing, list(&shown)]);
        Head { title: &title, lines: &[note], ..Head::default() }.page(body)
    }

    /// The image and the boxes.
    fn boxes(&self, shown: &[(&LayerField, String)]) -> Block {
        let [height, width] = self.image_px;
        // What is to be seen: the image and every box.
        let span = |axis: usize, size: usize| {
            let of = |layer: &LayerField| if axis == 0 { layer.middle.rows } else { layer.middle.columns };
            let from = shown.iter().map(|(l, _)| of(l)[0]).min().unwrap_or(0).min(0);
            let to = shown.iter().map(|(l, _)| of(l)[1]).max().unwrap_or(0).max(size as isize);
            (from as f64, to as f64)
        };
        let (rows, columns) = (span(0, height), span(1, width));
        let pixel = SIDE / (rows.1 - rows.0).max(columns.1 - columns.0);
        let size = ((columns.1 - columns.0) * pixel, (rows.1 - rows.0) * pixel);
        let place = |y: f64, x: f64| ((x - columns.0) * pixel, (y - rows.0) * pixel);
        Block::drawn(size.0, size.1, |scene| {
            let (left, top) = place(0.0, 0.0);
            let image = (left, top, width as f64 * pixel, height as f64 * pixel);
            hatched(scene, (0.0, 0.0, size.0, size.1), image, GRID);
            scene.rect(image.0, image.1, image.2, image.3, PAPER);
            let step = height.max(width).div_ceil(LINES);
            for y in (0..=height).step_by(step) {
                scene.line(place(y as f64, 0.0), place(y as f64, width as f64), GRID);
            }
            for x in (0..=width).step_by(step) {
                scene.line(place(0.0, x as f64), place(height as f64, x as f64), GRID);
            }
            for (i, (layer, _)) in shown.iter().enumerate().rev() {
                let corner = |y: isize, x: isize| place(y as f64, x as f64);
                let ([y0, y1], [x0, x1]) = (layer.middle.rows, layer.middle.columns);
                let points =
                    vec![corner(y0, x0), corner(y0, x1), corner(y1, x1), corner(y1, x0), corner(y0, x0)];
                let stroke = color(i, shown.len());
                scene.shapes.push(Shape::Polyline { points, width: 2.0, stroke, dash: None });
            }
        })
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

/// The table of the layers, each with the color of its box.
fn list(shown: &[(&LayerField, String)]) -> Block {
    let head = ["", "layer", "sees (px)", "jump", "of the image"];
    let mut cells: Vec<Block> = head.map(|text| line(text, TEXT, SOFT_INK)).into();
    for (i, (layer, names)) in shown.iter().enumerate() {
        cells.push(Block::drawn(14.0, 14.0, |scene| scene.rect(0.0, 4.0, 14.0, 10.0, color(i, shown.len()))));
        cells.push(fitted(names, TEXT, INK, NAMES));
        let numbers = [
            sides(layer.field_px),
            layer.jump_px.map(sides).unwrap_or_default(),
            percent(Some(layer.seen_share)),
        ];
        cells.extend(numbers.map(|text| line(text, TEXT, INK)));
    }
    let (start, end) = (Anchor::Start, Anchor::End);
    grid(&[start, start, end, end, end], LIST_GAP, cells)
}

/// From dark at the image to light at the end, without the yellow that white swallows.
fn color(i: usize, all: usize) -> Rgb {
    viridis(0.85 * i as f64 / (all.max(2) - 1) as f64)
}
