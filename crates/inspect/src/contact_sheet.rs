//! Many small pictures with captions on one sheet.

use crate::chart::{Anchor, Scene, Shape, fit_text};
use crate::colour::Rgb;
use crate::thumbnail::Thumbnail;

/// One picture of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// The picture.
    pub picture: Thumbnail,
    /// Lines under it; what is too long is cut in the middle.
    pub captions: Vec<String>,
}

/// Longest side of a picture on the sheet, in CSS pixels.
const TILE_PX: f64 = 128.0;

const GAP: f64 = 14.0;
const MARGIN: f64 = 20.0;
const TITLE_SIZE: f64 = 16.0;
const CAPTION_SIZE: f64 = 11.0;
const CAPTION_PITCH: f64 = 15.0;
const COLUMNS: usize = 8;
const INK: Rgb = Rgb::hex(0x1a1a1a);
const SOFT_INK: Rgb = Rgb::hex(0x555555);
const PAPER: Rgb = Rgb::hex(0xf2f2f2);

/// Lays pictures out row by row under a title, at most eight in a row, each in a square of 128 pixels.
///
/// The first caption of a picture is in full ink, the others are softer. Small pictures are drawn larger, pixel by pixel.
///
/// # Example
/// ```
/// use striate_inspect::{Thumbnail, Tile, contact_sheet};
///
/// let picture = Thumbnail::new(2, 2, 1, &[0, 255, 255, 0], 128)?;
/// let sheet = contact_sheet("two by two", &[Tile { picture, captions: vec!["checkers".into()] }]);
/// assert!(sheet.to_png(2.0)?.starts_with(b"\x89PNG"));
/// # Ok::<(), striate_inspect::InspectError>(())
/// ```
pub fn contact_sheet(title: &str, tiles: &[Tile]) -> Scene {
    let columns = tiles.len().clamp(1, COLUMNS);
    let lines = tiles.iter().map(|tile| tile.captions.len()).max().unwrap_or(0);
    let row_height = TILE_PX + 6.0 + lines as f64 * CAPTION_PITCH + GAP;
    let top = MARGIN + TITLE_SIZE + 14.0;
    let rows = tiles.len().div_ceil(columns);
    // A sheet of one picture still has room for its title.
    let width = (2.0 * MARGIN + columns as f64 * (TILE_PX + GAP) - GAP).max(420.0);
    let height = top + rows as f64 * row_height + MARGIN - GAP;
    let mut scene = Scene::new(width, height, format!("{title}: {} pictures", tiles.len()));
    let shown = fit_text(title, TITLE_SIZE, width - 2.0 * MARGIN);
    scene.text((MARGIN, MARGIN + TITLE_SIZE), TITLE_SIZE, Anchor::Start, INK, shown);
    for (i, tile) in tiles.iter().enumerate() {
        let x = MARGIN + (i % columns) as f64 * (TILE_PX + GAP);
        let y = top + (i / columns) as f64 * row_height;
        scene.rect(x, y, TILE_PX, TILE_PX, PAPER);
        scene.shapes.push(centred(&tile.picture, x, y));
        for (line, caption) in tile.captions.iter().enumerate() {
            let at = (x, y + TILE_PX + 6.0 + CAPTION_SIZE + line as f64 * CAPTION_PITCH);
            let text = fit_text(caption, CAPTION_SIZE, TILE_PX);
            let tooltip = (text != *caption).then(|| caption.clone());
            let fill = if line == 0 { INK } else { SOFT_INK };
            let (size, anchor, rotate) = (CAPTION_SIZE, Anchor::Start, 0.0);
            scene.shapes.push(Shape::Text { at, size, anchor, rotate, fill, text, tooltip });
        }
    }
    scene
}

/// The picture as large as its square allows, in the middle of it.
fn centred(picture: &Thumbnail, x: f64, y: f64) -> Shape {
    let (w, h) = (f64::from(picture.width_px()), f64::from(picture.height_px()));
    let scale = TILE_PX / w.max(h);
    let (width, height) = (w * scale, h * scale);
    Shape::Picture {
        x: x + (TILE_PX - width) / 2.0,
        y: y + (TILE_PX - height) / 2.0,
        width,
        height,
        picture: picture.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(caption: &str) -> Tile {
        let picture = Thumbnail::new(4, 2, 3, &[200; 24], 128).unwrap();
        Tile { picture, captions: vec![caption.into(), "second".into()] }
    }

    #[test]
    fn pictures_fill_rows_of_eight_and_stay_on_the_sheet() {
        let sheet = contact_sheet("mistakes", &vec![tile("a"); 19]);
        let places: Vec<(f64, f64)> = sheet
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Picture { x, y, width, height, .. } => {
                    assert!(x + width <= sheet.width_px && y + height <= sheet.height_px);
                    assert_eq!((*width, *height), (128.0, 64.0), "as wide as its square, aspect kept");
                    Some((*x, *y))
                }
                _ => None,
            })
            .collect();
        assert_eq!(places.len(), 19);
        assert!(places[..8].iter().all(|at| at.1 == places[0].1), "a row of eight");
        assert!(places[8].1 > places[7].1 && places[8].0 == places[0].0, "then the next");
    }

    #[test]
    fn long_names_are_cut_and_hostile_ones_escaped() {
        let sheet = contact_sheet("<b>", &[tile(&"<img onerror=x>".repeat(9))]);
        let svg = sheet.to_svg();
        assert!(!svg.contains("<img") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("&lt;img onerror=x&gt;") && svg.contains('…'));
        assert!(svg.contains("<image ") && svg.contains("href=\"data:image/png;base64,"));
    }

    #[test]
    fn no_picture_is_a_sheet_too() {
        assert!(contact_sheet("nothing", &[]).to_png(1.0).is_ok());
    }
}
