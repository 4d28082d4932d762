//! The embedded font: widths for layout, outlines for PNG.

use std::sync::LazyLock;

use ttf_parser::{Face, GlyphId};

/// DejaVu Sans, cut down by tools/font/subset.py; its license lies beside it.
static FACE: LazyLock<Face<'static>> = LazyLock::new(|| {
    Face::parse(include_bytes!("../../assets/DejaVuSans-subset.ttf"), 0)
        .unwrap_or_else(|e| unreachable!("the embedded font does not parse: {e}"))
});

/// The face; glyphs it lacks map to glyph 0, an empty box.
pub(super) fn face() -> &'static Face<'static> {
    &FACE
}

/// The glyph of a character, and how far it moves the pen at font size 1.
pub(super) fn glyph(c: char) -> (GlyphId, f64) {
    let id = FACE.glyph_index(c).unwrap_or_default();
    let advance = FACE.glyph_hor_advance(id).unwrap_or(0);
    (id, f64::from(advance) / f64::from(FACE.units_per_em()))
}

/// Returns the width of a text in pixels at a font size.
pub fn width_px(text: &str, size: f64) -> f64 {
    size * text.chars().map(|c| glyph(c).1).sum::<f64>()
}

/// How far the face reaches above and below the baseline, at font size 1.
pub(super) fn reach() -> [f64; 2] {
    [FACE.ascender(), -FACE.descender()].map(|units| f64::from(units) / f64::from(FACE.units_per_em()))
}

/// Returns the text, or its two ends around an ellipsis so that it fits in `limit_px`; at least two characters remain.
///
/// Both ends, because class names often share a beginning (`n02085620-Chihuahua`) or an ending (`… terrier`).
pub fn fit(text: &str, size: f64, limit_px: f64) -> String {
    if width_px(text, size) <= limit_px {
        return text.to_owned();
    }
    let mut room = limit_px - width_px("…", size);
    let mut rest = text.chars();
    let (mut head, mut tail) = (String::new(), Vec::new());
    loop {
        let from_front = head.chars().count() <= tail.len();
        let Some(c) = (if from_front { rest.next() } else { rest.next_back() }) else { break };
        room -= width_px(c.encode_utf8(&mut [0; 4]), size);
        if room < 0.0 && !tail.is_empty() {
            break;
        }
        if from_front { head.push(c) } else { tail.push(c) }
    }
    let tail: String = tail.into_iter().rev().collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_charts_write_and_digits_of_one_width() {
        let signs = "–—…−×·%°µ±≤≥≈→ÄÖÜäöüßéñç".chars();
        for c in (' '..='~').chain(signs) {
            assert_ne!(glyph(c).0, GlyphId(0), "no glyph for {c:?}");
        }
        assert!(('0'..='9').all(|digit| glyph(digit).1 == glyph('0').1));
        assert_eq!(glyph('猫').0, GlyphId(0));
        assert!(glyph('猫').1 > 0.0);
    }

    #[test]
    fn widths_are_the_fonts_own() {
        // DejaVu Sans: units per em 2048, advance of "0" 1303, of "i" 569.
        assert!((width_px("0i", 2048.0) - (1303.0 + 569.0)).abs() < 1e-9);
        assert_eq!(reach().map(|share| share * 2048.0), [1901.0, 483.0]);
    }

    #[test]
    fn long_names_keep_both_ends() {
        let name = "n02096294-Australian terrier";
        let cut = fit(name, 11.0, 80.0);
        let (head, tail) = cut.split_once('…').unwrap();
        assert!(
            name.starts_with(head) && name.ends_with(tail) && head.len().abs_diff(tail.len()) <= 1,
            "{cut}"
        );
        assert!(width_px(&cut, 11.0) <= 80.0);
        assert!(width_px(&cut, 11.0) > 65.0, "{cut} wastes room");
        assert_eq!(fit("cat", 11.0, 80.0), "cat");
        assert_eq!(fit("猫猫猫猫", 11.0, 0.0), "猫…猫");
        assert_eq!(fit("W", 11.0, 0.0), "W…");
        assert_eq!(fit("", 11.0, 0.0), "");
    }
}
