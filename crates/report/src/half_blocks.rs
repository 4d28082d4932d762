//! Images in a terminal: `▀`, whose upper half has one color and whose lower half another.

use std::fmt::Write;

use crate::color::Rgb;
use crate::text::printable;
use crate::thumbnail::Thumbnail;

/// The color depth of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 16 million colors, as with `COLORTERM=truecolor`.
    True,
    /// The 6 x 6 x 6 cube of the 256-color palette.
    Indexed,
}

/// Draws images side by side with a title above each, as many as fit into `columns`; the others are omitted.
///
/// A character is one pixel wide and two high. Images are reduced until neither side is longer than `side`, but never
/// enlarged.
///
/// # Example
/// ```
/// use striate_report::{Depth, Thumbnail, half_blocks};
///
/// let two = Thumbnail::new(1, 2, 3, &[255, 0, 0, 0, 0, 255], 2)?;
/// let text = half_blocks(&[("x".into(), two)], 80, 20, Depth::True);
/// assert_eq!(text, "x\n\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[0m\n");
/// # Ok::<(), striate_report::ReportError>(())
/// ```
pub fn half_blocks(images: &[(String, Thumbnail)], columns: usize, side: u32, depth: Depth) -> String {
    let mut shown = Vec::new();
    let mut used = 0;
    for (title, image) in images {
        let image = image.reduced(side);
        let title: String = printable(title.clone()).chars().take(side as usize).collect();
        let width = title.chars().count().max(image.width_px() as usize);
        if used + width > columns {
            break;
        }
        used += width + 2;
        shown.push((title, image, width));
    }
    let mut out = String::new();
    let titles = shown.iter().map(|(title, _, width)| format!("{title:<width$}"));
    let line = titles.collect::<Vec<_>>().join("  ");
    if shown.is_empty() {
        return out;
    }
    out.push_str(line.trim_end());
    out.push('\n');
    let high = shown.iter().map(|(_, image, _)| image.height_px()).max().unwrap_or(0);
    for y in (0..high).step_by(2) {
        for (i, (_, image, width)) in shown.iter().enumerate() {
            let gap = if i + 1 < shown.len() { width + 2 - image.width_px() as usize } else { 0 };
            push_row(&mut out, image, y, depth);
            out.extend(std::iter::repeat_n(' ', gap));
        }
        out.push('\n');
    }
    out
}

/// Rows y and y + 1 of an image; blank below its end.
fn push_row(out: &mut String, image: &Thumbnail, y: u32, depth: Depth) {
    if y >= image.height_px() {
        out.extend(std::iter::repeat_n(' ', image.width_px() as usize));
        return;
    }
    let mut last = String::new();
    for x in 0..image.width_px() {
        let mut style = color(38, image.pixel(x, y), depth);
        if y + 1 < image.height_px() {
            write!(style, ";{}", color(48, image.pixel(x, y + 1), depth))
                .unwrap_or_else(|_| unreachable!("strings grow"));
        }
        if style != last {
            out.push_str(&format!("\x1b[{style}m"));
            last = style;
        }
        out.push('▀');
    }
    out.push_str("\x1b[0m");
}

/// The parameters of a color; `layer` is 38 in front, 48 behind.
fn color(layer: u8, [r, g, b]: [u8; 3], depth: Depth) -> String {
    match depth {
        Depth::True => format!("{layer};2;{r};{g};{b}"),
        Depth::Indexed => {
            // The cube's levels are 0, 95, 135, 175, 215 and 255.
            let level = |v: u8| {
                if v < 48 {
                    0
                } else if v < 115 {
                    1
                } else {
                    (u16::from(v) - 35) / 40
                }
            };
            format!("{layer};5;{}", 16 + 36 * level(r) + 6 * level(g) + level(b))
        }
    }
}

impl Thumbnail {
    /// Made smaller until neither side is longer than `side_px`.
    pub(crate) fn reduced(&self, side_px: u32) -> Self {
        let all = (0..self.height_px()).flat_map(|y| (0..self.width_px()).map(move |x| (x, y)));
        let rgb: Vec<u8> = all.flat_map(|(x, y)| self.pixel(x, y)).collect();
        let (width, height) = (self.width_px() as usize, self.height_px() as usize);
        Self::new(width, height, 3, &rgb, side_px.max(1) as usize)
            .unwrap_or_else(|e| unreachable!("it was an image: {e}"))
    }

    /// Creates an image with one pixel per color, row by row.
    ///
    /// # Panics
    /// When there are not `width * height` colors.
    pub fn of_colors(width: usize, height: usize, colors: impl Iterator<Item = Rgb>) -> Self {
        let rgb: Vec<u8> = colors.flat_map(|c| [c.r, c.g, c.b]).collect();
        Self::new(width, height, 3, &rgb, width.max(height))
            .unwrap_or_else(|e| unreachable!("three bytes a pixel: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: usize, height: usize) -> Thumbnail {
        Thumbnail::of_colors(width, height, (0..width * height).map(|_| Rgb::hex(0x5f87af)))
    }

    #[test]
    fn images_stand_in_a_row_as_long_as_there_is_room() {
        let three = ["one", "two", "three"].map(|title| (title.to_owned(), plain(8, 6)));
        let text = half_blocks(&three, 18, 20, Depth::Indexed);
        let bare = text.replace("\x1b[38;5;67;48;5;67m", "").replace("\x1b[0m", "");
        assert_eq!(bare, format!("one       two\n{}", "▀▀▀▀▀▀▀▀  ▀▀▀▀▀▀▀▀\n".repeat(3)));
    }

    #[test]
    fn large_images_shrink_and_odd_rows_end_half_way() {
        let text = half_blocks(&[("wide map".into(), plain(100, 50))], 80, 10, Depth::True);
        assert_eq!(text.lines().count(), 1 + 3, "{text}");
        let last = text.lines().last().unwrap();
        assert_eq!(last.matches('▀').count(), 10);
        assert!(!last.contains("48;2"), "nothing behind the lower half of the last row");
        assert_eq!(half_blocks(&[("x".into(), plain(4, 4))], 3, 20, Depth::True), "");
    }
}
