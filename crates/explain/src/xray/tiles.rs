//! The tiles of a page: the image with the receptive field, the gradient per pixel, and the map with the position of the value.

use super::Xray;
use super::grid::push_frame;
use crate::maps::colored;
use striate_report::Thumbnail;
use striate_report::chart::{Anchor, Shape};
use striate_report::color::Rgb;
use striate_report::layout::{Block, CAPTION, INK, SOFT_INK, enlargement, framed, grid, paragraph};
use striate_report::scale::Scale;
use striate_report::scale::number;
use striate_report::{Area, hatched};

/// Longest side of a tile.
const TILE: f64 = 236.0;
/// Between tiles, and above and below them.
const GAP: (f64, f64) = (40.0, 6.0);
/// The most lines above and below a tile.
const LINES: usize = 3;
const FRAME: Rgb = Rgb::hex(0xd9480f);
const HATCH: Rgb = Rgb::hex(0x9a9a9a);

/// Where pixels of the image lie in a tile.
struct Raster {
    size: (f64, f64),
    origin: (f64, f64),
    scale: f64,
}

impl Raster {
    /// Image and box fit into a tile.
    fn new(xray: &Xray) -> Self {
        let [height, width] = xray.image.map(|side| side as isize);
        let (rows, columns) = (xray.field.rows, xray.field.columns);
        let (y0, x0) = (rows[0].min(0), columns[0].min(0));
        let (y1, x1) = (rows[1].max(height), columns[1].max(width));
        let size = ((x1 - x0) as f64, (y1 - y0) as f64);
        let scale = enlargement(size.0, size.1, TILE);
        let origin = (-x0 as f64 * scale, -y0 as f64 * scale);
        Self { size: (size.0 * scale, size.1 * scale), origin, scale }
    }

    fn area(&self, rows: [isize; 2], columns: [isize; 2]) -> Area {
        let side = |[from, to]: [isize; 2]| (to - from) as f64 * self.scale;
        let at =
            (self.origin.0 + columns[0] as f64 * self.scale, self.origin.1 + rows[0] as f64 * self.scale);
        (at.0, at.1, side(columns), side(rows))
    }
}

/// The tiles side by side, each with a title above and a note below.
pub(super) fn tiles(xray: &Xray, image: Option<&Thumbnail>) -> Block {
    let first = &xray.steps[0].name;
    let slope = Scale::of(&xray.slope, false);
    let slope_image = colored(&xray.slope, xray.image, |v| slope.color(v));
    let [height, width] = xray.image.map(|side| side as isize);
    let [rows, columns] = [xray.field.rows, xray.field.columns];
    let is_padded = rows[0] < 0 || columns[0] < 0 || rows[1] > height || columns[1] > width;
    let hatching = if is_padded { "hatched: padding" } else { "" };
    let mut tiles = Vec::new();
    if let Some(image) = image {
        tiles.push((
            "the image with the receptive field".to_owned(),
            field(xray, image),
            hatching.to_owned(),
        ));
    }
    tiles.push((
        format!("gradient of {first} with respect to each pixel"),
        field(xray, &slope_image),
        format!("magnitude: 0 dark, {} and above light", number(slope.limit)),
    ));
    if xray.shape[1] * xray.shape[2] > 1 {
        let last = &xray.steps[xray.steps.len() - 1].name;
        let (all, limit) = (xray.shape[0], number(xray.map_scale.limit));
        tiles.push((
            format!("map {} of {last}, and the position", xray.map),
            map(xray),
            format!("one color scale for all {all} maps, up to {limit}"),
        ));
    }
    let titles = tiles.iter().map(|tile| paragraph(&tile.0, CAPTION + 1.0, INK, TILE, LINES));
    let notes = tiles.iter().map(|tile| paragraph(&tile.2, CAPTION, SOFT_INK, TILE, LINES));
    let images = tiles.iter().map(|tile| tile.1.clone());
    let cells = titles.chain(images).chain(notes).map(|cell| cell.in_width(TILE, Anchor::Start));
    grid(&vec![Anchor::Start; tiles.len()], GAP, cells)
}

/// An image with the receptive field, which is hatched where it leaves the image.
fn field(xray: &Xray, image: &Thumbnail) -> Block {
    let raster = Raster::new(xray);
    let [height, width] = xray.image;
    let whole = raster.area([0, height as isize], [0, width as isize]);
    let field = raster.area(xray.field.rows, xray.field.columns);
    Block::drawn(raster.size.0, raster.size.1, |scene| {
        hatched(scene, field, whole, HATCH);
        let (image, (x, y, width, height)) = (image.clone(), whole);
        scene.shapes.push(Shape::Image { x, y, width, height, image });
        push_frame(scene, whole, HATCH, 1.0);
        push_frame(scene, field, Rgb::WHITE, 4.0);
        push_frame(scene, field, FRAME, 2.0);
    })
}

/// The map with the position of the value.
fn map(xray: &Xray) -> Block {
    let [_, rows, columns] = xray.shape;
    let map = colored(&xray.map_values, [rows, columns], |v| xray.map_scale.color(v));
    let scale = enlargement(columns as f64, rows as f64, TILE);
    let place = (xray.at[1] as f64 * scale, xray.at[0] as f64 * scale, scale, scale);
    framed(&map, TILE).with_overlay(|scene| {
        push_frame(scene, place, Rgb::WHITE, 4.0);
        push_frame(scene, place, FRAME, 2.0);
    })
}
