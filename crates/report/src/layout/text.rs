//! Text blocks, which are measured before they are placed, and shortened or wrapped to the available width.

use super::block::{Block, column};
use super::wrap::wrap_text;
use crate::chart::{Anchor, Shape, fit_text, width_px};
use crate::color::Rgb;

/// The height of a line of text, as a multiple of its size; the font itself takes 1.164.
const LINE_HEIGHT: f64 = 1.35;
/// Where its baseline is: half of what is left over lies above the font.
const BASELINE: f64 = 1.02;

/// Creates a line of text, as wide as its characters.
pub fn line(text: impl Into<String>, size: f64, ink: Rgb) -> Block {
    let text = text.into();
    shown(text.clone(), &text, size, ink)
}

/// Creates a line of text, shortened in the middle to `room` pixels; a shortened text has the complete text as a tooltip.
pub fn fitted(text: &str, size: f64, ink: Rgb, room: f64) -> Block {
    shown(fit_text(text, size, room), text, size, ink)
}

/// Creates a text of at most `most` lines, wrapped to `room` pixels as by [`wrap_text`]; a shortened line has the complete text
/// as a tooltip.
///
/// # Panics
/// When `most` is 0.
///
/// # Example
/// ```
/// use striate_report::layout::{INK, line, paragraph};
///
/// let name = paragraph("soft-coated wheaten terrier", 11.0, INK, 100.0, 2);
/// assert!(name.width_px() <= 100.0);
/// assert_eq!(name.height_px(), 2.0 * line("cat", 11.0, INK).height_px());
/// ```
pub fn paragraph(text: &str, size: f64, ink: Rgb, room: f64, most: usize) -> Block {
    let lines = wrap_text(text, size, room, most);
    let whole = |line: &String| if text.contains(line.as_str()) { line.clone() } else { text.to_owned() };
    column(0.0, lines.into_iter().map(|line| shown(line.clone(), &whole(&line), size, ink)))
}

fn shown(text: String, whole: &str, size: f64, fill: Rgb) -> Block {
    let (width, height) = (width_px(&text, size).ceil(), (LINE_HEIGHT * size).ceil());
    let tooltip = (text != whole).then(|| whole.to_owned());
    let (at, anchor, rotate) = ((0.0, (BASELINE * size).round()), Anchor::Start, 0.0);
    Block::drawn(width, height, |scene| {
        scene.shapes.push(Shape::Text { at, size, anchor, rotate, fill, text, tooltip });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_has_room_for_the_font(text in "[A-Za-zÄgÅj ]{1,60}", size in 5.0_f64..40.0, room in 60.0_f64..400.0) {
            let all = [line(text.clone(), size, Rgb::BLACK), fitted(&text, size, Rgb::BLACK, room.max(4.0 * size)),
                paragraph(&text, size, Rgb::BLACK, room.max(4.0 * size), 3)];
            for block in &all[1..] {
                prop_assert!(block.width_px() <= room.max(4.0 * size).ceil());
            }
            for block in all {
                let collisions = block.alone().collisions();
                prop_assert!(collisions.is_empty(), "{:?}", collisions);
            }
        }
    }

    #[test]
    fn what_is_shortened_has_the_whole_text_as_a_tooltip() {
        let tooltips = |block: Block| {
            let tooltip = |shape: &Shape| match shape {
                Shape::Text { tooltip, .. } => tooltip.clone(),
                other => panic!("{other:?}"),
            };
            block.alone().shapes.iter().map(tooltip).collect::<Vec<_>>()
        };
        let name = "flat-coated retriever of the hills and dales";
        assert_eq!(tooltips(fitted(name, 11.0, Rgb::BLACK, 90.0)), [Some(name.to_owned())]);
        assert_eq!(tooltips(paragraph(name, 11.0, Rgb::BLACK, 90.0, 2)), [None, Some(name.to_owned())]);
        assert_eq!(tooltips(line(name, 11.0, Rgb::BLACK)), [None]);
    }
}
