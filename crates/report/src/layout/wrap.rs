//! Wraps text on a page.

use crate::chart::{fit_text, width_px};

/// Wraps a text into at most `most` lines of at most `limit_px`, broken between words; a word that is too long, and the rest of
/// the text in the last line, are shortened as by [`fit_text`]. An empty text gives one empty line.
///
/// # Panics
/// When `most` is 0.
///
/// # Example
/// ```
/// use striate_report::layout::wrap_text;
///
/// assert_eq!(wrap_text("soft-coated wheaten terrier", 11.0, 100.0, 2), ["soft-coated", "wheaten terrier"]);
/// assert_eq!(wrap_text("cat", 11.0, 100.0, 2), ["cat"]);
/// ```
pub fn wrap_text(text: &str, size: f64, limit_px: f64, most: usize) -> Vec<String> {
    assert!(most > 0, "a text has at least one line");
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while lines.len() + 1 < most && width_px(rest, size) > limit_px {
        let gaps = rest.char_indices().filter(|(_, c)| *c == ' ').map(|(at, _)| at);
        let fitting = gaps.clone().take_while(|&at| width_px(rest[..at].trim_end(), size) <= limit_px).last();
        let Some(at) = fitting.or_else(|| gaps.clone().next()) else { break };
        lines.push(fit_text(rest[..at].trim_end(), size, limit_px));
        rest = rest[at..].trim_start();
    }
    lines.push(fit_text(rest, size, limit_px));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_between_words_and_nothing_is_lost() {
        let name = "black-and-tan coonhound of the hills";
        let lines = wrap_text(name, 11.0, 110.0, 9);
        assert_eq!(lines.join(" "), name);
        assert!(lines.len() > 1 && lines.iter().all(|line| width_px(line, 11.0) <= 110.0), "{lines:?}");
        let two = wrap_text(name, 11.0, 90.0, 2);
        assert_eq!(two.len(), 2);
        assert!(two[1].contains('…') && two[1].ends_with("hills"), "{two:?}");
        assert_eq!(wrap_text("", 11.0, 90.0, 3), [""]);
    }

    #[test]
    fn a_word_that_does_not_fit_is_cut_and_has_its_line() {
        let lines = wrap_text("supercalifragilisticexpialidocious cat", 11.0, 60.0, 3);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains('…') && lines[1] == "cat", "{lines:?}");
        let alone = wrap_text("supercalifragilisticexpialidocious", 11.0, 60.0, 3);
        assert!(alone.len() == 1 && alone[0].contains('…'), "{alone:?}");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide(text in "[a-zé ]{0,80}", room in 30.0_f64..300.0, most in 1_usize..5) {
            let lines = wrap_text(&text, 11.0, room, most);
            prop_assert!(!lines.is_empty() && lines.len() <= most);
            prop_assert!(lines.iter().all(|line| width_px(line, 11.0) <= room), "{:?}", lines);
        }
    }
}
