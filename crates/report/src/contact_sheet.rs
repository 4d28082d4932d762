//! Many small images with captions on one sheet.

use crate::chart::{Anchor, Scene, Shape, fit_text, width_px};
use crate::color::Rgb;
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
const MARGIN: f64 = 20.0;
const TITLE_SIZE: f64 = 16.0;
const CAPTION_SIZE: f64 = 11.0;
const CAPTION_PITCH: f64 = 15.0;
const COLUMNS: usize = 8;
const INK: Rgb = Rgb::hex(0x1a1a1a);
const SOFT_INK: Rgb = Rgb::hex(0x555555);
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
    let captions: Vec<Vec<Line<'_>>> = tiles.iter().map(lines).collect();
    let lines = captions.iter().map(Vec::len).max().unwrap_or(0);
    let row_height = TILE_PX + 6.0 + lines as f64 * CAPTION_PITCH + GAP;
    let top = MARGIN + TITLE_SIZE + 14.0;
    let rows = tiles.len().div_ceil(columns);
    // A sheet of one image still has room for its title.
    let width = (2.0 * MARGIN + columns as f64 * (TILE_PX + GAP) - GAP).max(420.0);
    let height = top + rows as f64 * row_height + MARGIN - GAP;
    let mut scene = Scene::new(width, height, format!("{title}: {} images", tiles.len()));
    let shown = fit_text(title, TITLE_SIZE, width - 2.0 * MARGIN);
    scene.text((MARGIN, MARGIN + TITLE_SIZE), TITLE_SIZE, Anchor::Start, INK, shown);
    for (i, (tile, lines)) in tiles.iter().zip(captions).enumerate() {
        let x = MARGIN + (i % columns) as f64 * (TILE_PX + GAP);
        let y = top + (i / columns) as f64 * row_height;
        scene.rect(x, y, TILE_PX, TILE_PX, PAPER);
        scene.shapes.push(centered(&tile.image, x, y));
        for (line, Line { text, caption, fill }) in lines.into_iter().enumerate() {
            let at = (x, y + TILE_PX + 6.0 + CAPTION_SIZE + line as f64 * CAPTION_PITCH);
            let tooltip = (!caption.contains(&text)).then(|| caption.to_owned());
            let (size, anchor, rotate) = (CAPTION_SIZE, Anchor::Start, 0.0);
            scene.shapes.push(Shape::Text { at, size, anchor, rotate, fill, text, tooltip });
        }
    }
    scene
}

/// One line under an image.
struct Line<'a> {
    text: String,
    /// Of which it is a part.
    caption: &'a str,
    fill: Rgb,
}

/// The captions of an image, line by line.
fn lines(tile: &Tile) -> Vec<Line<'_>> {
    let last = tile.captions.len().saturating_sub(1);
    let mut lines = Vec::new();
    for (i, caption) in tile.captions.iter().enumerate() {
        let fill = if i > 0 && i == last { SOFT_INK } else { INK };
        lines.extend(wrapped(caption).into_iter().map(|text| Line { text, caption, fill }));
    }
    lines
}

/// A caption in one line, or in two, of which the second is cut if it has to be.
fn wrapped(caption: &str) -> Vec<String> {
    let fits = |text: &str| width_px(text, CAPTION_SIZE) <= TILE_PX;
    if fits(caption) {
        return vec![caption.to_owned()];
    }
    // Behind the last blank that leaves a first line which fits; a single long word is cut as it is.
    let blanks = caption.char_indices().filter(|(_, c)| *c == ' ').map(|(at, _)| at);
    match blanks.take_while(|&at| fits(&caption[..at])).last() {
        Some(at) if at > 0 => {
            vec![caption[..at].to_owned(), fit_text(&caption[at + 1..], CAPTION_SIZE, TILE_PX)]
        }
        _ => vec![fit_text(caption, CAPTION_SIZE, TILE_PX)],
    }
}

/// The image as large as its square allows, in the middle of it.
fn centered(image: &Thumbnail, x: f64, y: f64) -> Shape {
    let (w, h) = (f64::from(image.width_px()), f64::from(image.height_px()));
    let scale = TILE_PX / w.max(h);
    let (width, height) = (w * scale, h * scale);
    Shape::Image {
        x: x + (TILE_PX - width) / 2.0,
        y: y + (TILE_PX - height) / 2.0,
        width,
        height,
        image: image.clone(),
    }
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
    fn captions_are_read_before_the_name_of_the_image() {
        let image = tile("").image;
        let captions =
            ["dog 98.00 %", "is West Highland white terrier 1.20 %", "dogs/1.jpg"].map(String::from).to_vec();
        let sheet = contact_sheet("mistakes", &[Tile { image, captions }]);
        let texts: Vec<(&str, Rgb, f64)> = sheet
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text { text, fill, size: CAPTION_SIZE, at, .. } => Some((text.as_str(), *fill, at.1)),
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
        assert!(texts.windows(2).all(|two| two[1].2 - two[0].2 == CAPTION_PITCH));
        assert!(texts[3].2 < sheet.height_px);
    }

    #[test]
    fn no_image_is_a_sheet_too() {
        assert!(contact_sheet("nothing", &[]).to_png(1.0).is_ok());
    }
}
