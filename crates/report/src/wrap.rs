//! Wraps text in a terminal.

use unicode_width::UnicodeWidthStr;

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
}
