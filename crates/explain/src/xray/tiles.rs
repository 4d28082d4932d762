//! The tiles of a page: the image with the receptive field, the gradient per pixel, and the map with the position of the value.

use super::Xray;
use super::grid::push_frame;
use crate::maps::colored;
use striate_report::Thumbnail;
use striate_report::chart::{Anchor, Scene, Shape, fit_text};
use striate_report::color::Rgb;
use striate_report::layout::{CAPTION, INK, SOFT_INK, enlargement, tile};
use striate_report::scale::Scale;
use striate_report::scale::number;
use striate_report::{Area, hatched};

/// Longest side of a tile.
const TILE: f64 = 236.0;
const GAP: f64 = 40.0;
/// Room for what a tile shows, above it.
const HEAD: f64 = 20.0;
const FRAME: Rgb = Rgb::hex(0xd9480f);
const HATCH: Rgb = Rgb::hex(0x9a9a9a);

/// How high the tiles are, with what stands above and below.
pub(super) const HEIGHT: f64 = HEAD + TILE + 20.0;

/// Where pixels of the image lie on the page.
struct Raster {
    left: f64,
    top: f64,
    scale: f64,
}

impl Raster {
    /// Image and box fit into a tile.
    fn new(xray: &Xray, left: f64, top: f64) -> Self {
        let [height, width] = xray.image.map(|side| side as isize);
        let (rows, columns) = (xray.field.rows, xray.field.columns);
        let (y0, x0) = (rows[0].min(0), columns[0].min(0));
        let (y1, x1) = (rows[1].max(height), columns[1].max(width));
        let scale = enlargement((x1 - x0) as f64, (y1 - y0) as f64, TILE);
        Self { left: left - x0 as f64 * scale, top: top - y0 as f64 * scale, scale }
    }

    fn area(&self, rows: [isize; 2], columns: [isize; 2]) -> Area {
        let side = |[from, to]: [isize; 2]| (to - from) as f64 * self.scale;
        let at = (self.left + columns[0] as f64 * self.scale, self.top + rows[0] as f64 * self.scale);
        (at.0, at.1, side(columns), side(rows))
    }
}

/// Draws the tiles from (left, top) on; they are [`HEIGHT`] high.
pub(super) fn push_tiles(scene: &mut Scene, xray: &Xray, image: Option<&Thumbnail>, (left, top): (f64, f64)) {
    let [height, width] = xray.image;
    let first = &xray.steps[0].name;
    let slope = Scale::of(&xray.slope, false);
    let slope_image = colored(&xray.slope, xray.image, |v| slope.color(v));
    let head = |scene: &mut Scene, x: f64, text: &str| {
        let text = fit_text(text, CAPTION + 1.0, TILE + GAP - 10.0);
        scene.text((x, top + 10.0), CAPTION + 1.0, Anchor::Start, INK, text);
    };
    let top_of_tile = top + HEAD;
    let below = top_of_tile + TILE + 15.0;
    let mut x = left;
    let tiles = [
        (image, "the image with the receptive field".to_owned(), String::new()),
        (
            Some(&slope_image),
            format!("gradient of {first} with respect to each pixel"),
            format!("magnitude: 0 dark, {} and above light", number(slope.limit)),
        ),
    ];
    for (image, title, note) in tiles {
        let Some(image) = image else { continue };
        head(scene, x, &title);
        let raster = Raster::new(xray, x, top_of_tile);
        let whole = raster.area([0, height as isize], [0, width as isize]);
        let field = raster.area(xray.field.rows, xray.field.columns);
        hatched(scene, field, whole, HATCH);
        let (image, (at, up, wide, high)) = (image.clone(), whole);
        scene.shapes.push(Shape::Image { x: at, y: up, width: wide, height: high, image });
        push_frame(scene, whole, HATCH, 1.0);
        push_frame(scene, field, Rgb::WHITE, 4.0);
        push_frame(scene, field, FRAME, 2.0);
        let outside = field.0 < whole.0 || field.1 < whole.1 || {
            field.0 + field.2 > whole.0 + whole.2 + 0.01 || field.1 + field.3 > whole.1 + whole.3 + 0.01
        };
        let note = if note.is_empty() && outside { "hatched: padding".to_owned() } else { note };
        scene.text((x, below), CAPTION, Anchor::Start, SOFT_INK, note);
        x += TILE + GAP;
    }
    let [_, rows, columns] = xray.shape;
    if rows * columns > 1 {
        let last = &xray.steps[xray.steps.len() - 1].name;
        head(scene, x, &format!("map {} of {last}, and the position", xray.map));
        let map = colored(&xray.map_values, [rows, columns], |v| xray.map_scale.color(v));
        tile(scene, &map, (x, top_of_tile), TILE);
        let scale = enlargement(columns as f64, rows as f64, TILE);
        let place = (x + xray.at[1] as f64 * scale, top_of_tile + xray.at[0] as f64 * scale, scale, scale);
        push_frame(scene, place, Rgb::WHITE, 4.0);
        push_frame(scene, place, FRAME, 2.0);
        let note =
            format!("one color scale for all {} maps, up to {}", xray.shape[0], number(xray.map_scale.limit));
        scene.text((x, below), CAPTION, Anchor::Start, SOFT_INK, note);
    }
}
