//! Wraps text, on a page and in a terminal.

use unicode_width::UnicodeWidthStr;

use crate::chart::{fit_text, width_px};

/// Wraps a text into at most `most` lines of at most `limit_px`, broken between words; a word that is too long, and the rest of
/// the text in the last line, are shortened as by [`fit_text`]. An empty text gives one empty line.
///
/// # Panics
/// When `most` is 0.
///
/// # Example
/// ```
/// use striate_report::wrap_text;
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

/// Wraps the lines of a text to at most `columns` terminal columns: prose is broken between words, and continued with the same
/// indentation. Lines without spaces, lines with a layout (two spaces in a row) and lines with colors stay as they are.
///
/// # Example
/// ```
/// assert_eq!(striate_report::wrap_columns("three blind mice\n", 12), "three blind\nmice\n");
/// assert_eq!(striate_report::wrap_columns("three  blind  mice\n", 12), "three  blind  mice\n");
/// ```
pub fn wrap_columns(text: &str, columns: usize) -> String {
    text.split_inclusive('\n').map(|line| wrap_line(line, columns)).collect()
}

fn wrap_line(line: &str, columns: usize) -> String {
    let (indented, end) = line.split_at(line.trim_end().len());
    let words = indented.trim_start_matches(' ');
    let is_laid_out = words.contains("  ") || words.contains('\x1b');
    if is_laid_out || indented.width() <= columns {
        return line.to_owned();
    }
    let indent = &indented[..indented.len() - words.len()];
    let (mut out, mut filled) = (String::with_capacity(line.len() + indent.len() + 8), 0);
    for word in words.split(' ') {
        let width = word.width();
        if out.is_empty() {
            out += indent;
            filled = indent.width() + width;
        } else if filled + 1 + width <= columns {
            out.push(' ');
            filled += 1 + width;
        } else {
            out.push('\n');
            out += indent;
            filled = indent.width() + width;
        }
        out += word;
    }
    out + end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_terminal_never_breaks_a_word() {
        let text = "  why 9: the values sum to the rise of the logit\n\nlayer   maps\nconv1   16 of 28 x 28 pixels\n";
        expect_test::expect![[r"
              why 9: the
              values sum
              to the rise
              of the
              logit

            layer   maps
            conv1   16 of 28 x 28 pixels
        "]]
        .assert_eq(&wrap_columns(text, 13));
        assert_eq!(wrap_columns("猫猫 猫猫 cat", 9), "猫猫 猫猫\ncat", "by display width");
        assert_eq!(wrap_columns("/a/path/that/is/long and more", 10), "/a/path/that/is/long\nand more");
    }

    proptest! {
        #[test]
        fn nothing_but_spaces_becomes_line_ends(text in "[a-z \n]{0,120}", columns in 1_usize..40) {
            let wrapped = wrap_columns(&text, columns);
            prop_assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
            prop_assert!(wrapped.lines().all(|line| line.trim_end().width() <= columns || !line.trim().contains(' ') || line.trim().contains("  ")), "{:?}", wrapped);
        }
    }

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
