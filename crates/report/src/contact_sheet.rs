//! Many small images with captions on one sheet.

use crate::chart::{Anchor, Scene, Shape};
use crate::color::Rgb;
use crate::layout::{Block, CAPTION, INK, SOFT_INK, TITLE, column, grid, paragraph};
use crate::thumbnail::Thumbnail;

/// One image of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// The image.
    pub image: Thumbnail,
    /// The captions below it. Each may take two lines, and longer ones are shortened in the middle.
    pub captions: Vec<String>,
}

/// Longest side of an image on the sheet, in CSS pixels.
const TILE_PX: f64 = 128.0;

const GAP: f64 = 14.0;
const COLUMNS: usize = 8;
/// A sheet of one image still has room for its title.
const LEAST_WIDTH: f64 = 380.0;
/// The most lines of the title, and of a caption.
const LINES: usize = 2;
const PAPER: Rgb = Rgb::hex(0xf2f2f2);

/// Lays images out row by row under a title, at most eight in a row, each in a square of 128 pixels.
///
/// Captions are black, except the last of several, which is gray, such as the name of the image. Small images are enlarged pixel
/// by pixel.
///
/// # Example
/// ```
/// use striate_report::{Thumbnail, Tile, contact_sheet};
///
/// let image = Thumbnail::new(2, 2, 1, &[0, 255, 255, 0], 128)?;
/// let sheet = contact_sheet("two by two", &[Tile { image, captions: vec!["checkers".into()] }]);
/// assert!(sheet.to_png(2.0)?.starts_with(b"\x89PNG"));
/// # Ok::<(), striate_report::ReportError>(())
/// ```
pub fn contact_sheet(title: &str, tiles: &[Tile]) -> Scene {
    let columns = tiles.len().clamp(1, COLUMNS);
    let cells = tiles.iter().map(|tile| column(6.0, [centered(&tile.image), captions(tile)]));
    let images = grid(&vec![Anchor::Start; columns], (GAP, GAP), cells);
    let title_block = paragraph(title, TITLE, INK, images.width_px().max(LEAST_WIDTH), LINES);
    let sheet = column(10.0, [title_block, images]).in_width(LEAST_WIDTH, Anchor::Start);
    sheet.page(format!("{title}: {} images", tiles.len()))
}

/// The captions of an image, one below another.
fn captions(tile: &Tile) -> Block {
    let last = tile.captions.len().saturating_sub(1);
    let captions = tile.captions.iter().enumerate().map(|(i, caption)| {
        let ink = if i > 0 && i == last { SOFT_INK } else { INK };
        paragraph(caption, CAPTION, ink, TILE_PX, LINES)
    });
    column(0.0, captions)
}

/// The image as large as its square allows, in the middle of it.
fn centered(image: &Thumbnail) -> Block {
    let (w, h) = (f64::from(image.width_px()), f64::from(image.height_px()));
    let scale = TILE_PX / w.max(h);
    let (width, height) = (w * scale, h * scale);
    Block::drawn(TILE_PX, TILE_PX, |scene| {
        scene.rect(0.0, 0.0, TILE_PX, TILE_PX, PAPER);
        let (x, y) = ((TILE_PX - width) / 2.0, (TILE_PX - height) / 2.0);
        scene.shapes.push(Shape::Image { x, y, width, height, image: image.clone() });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(caption: &str) -> Tile {
        let image = Thumbnail::new(4, 2, 3, &[200; 24], 128).unwrap();
        Tile { image, captions: vec![caption.into(), "second".into()] }
    }

    #[test]
    fn images_fill_rows_of_eight_and_stay_on_the_sheet() {
        let sheet = contact_sheet("mistakes", &vec![tile("a"); 19]);
        let places: Vec<(f64, f64)> = sheet
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Image { x, y, width, height, .. } => {
                    assert_eq!((*width, *height), (128.0, 64.0), "as wide as its square, aspect kept");
                    Some((*x, *y))
                }
                _ => None,
            })
            .collect();
        assert_eq!(places.len(), 19);
        assert!(sheet.collisions().is_empty(), "{:?}", sheet.collisions());
        assert!(places[..8].iter().all(|at| at.1 == places[0].1), "a row of eight");
        assert!(places[8].1 > places[7].1 && places[8].0 == places[0].0, "then the next");
    }

    #[test]
    fn long_names_are_cut_and_hostile_ones_escaped() {
        let sheet = contact_sheet("<b>", &[tile(&"<img onerror=x>".repeat(9))]);
        assert!(sheet.collisions().is_empty(), "{:?}", sheet.collisions());
        let svg = sheet.to_svg();
        assert!(!svg.contains("<img") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("&lt;img onerror=x&gt;") && svg.contains('…'));
        assert!(svg.contains("<image ") && svg.contains("href=\"data:image/png;base64,"));
    }

    #[test]
    fn captions_are_read_before_the_name_of_the_image() {
        let image = tile("").image;
        let captions =
            ["dog 98.00 %", "is West Highland white terrier 1.20 %", "dogs/1.jpg"].map(String::from).to_vec();
        let sheet = contact_sheet("mistakes", &[Tile { image, captions }]);
        let texts: Vec<(&str, Rgb, f64)> = sheet
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text { text, fill, size: CAPTION, at, .. } => Some((text.as_str(), *fill, at.1)),
                _ => None,
            })
            .collect();
        let words: Vec<(&str, Rgb)> = texts.iter().map(|&(text, fill, _)| (text, fill)).collect();
        let expected = [
            ("dog 98.00 %", INK),
            ("is West Highland white", INK),
            ("terrier 1.20 %", INK),
            ("dogs/1.jpg", SOFT_INK),
        ];
        assert_eq!(words, expected, "the truth is as legible as the answer");
        assert!(texts.windows(2).all(|two| two[1].2 - two[0].2 == 15.0));
        assert!(texts[3].2 < sheet.height_px);
    }

    #[test]
    fn no_image_is_a_sheet_too() {
        assert!(contact_sheet("nothing", &[]).to_png(1.0).is_ok());
    }
}
