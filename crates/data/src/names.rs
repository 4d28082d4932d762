//! Names from people and file systems: composed and decomposed accents, byte-order marks, names that are not valid text.

use std::borrow::Cow;
use std::path::Path;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The name in the composed form of Unicode, NFC, in which `é` is one character.
///
/// macOS stores it as two, `e` and an accent, and looks the same: names are compared and shown in this form.
pub(crate) fn composed(name: &str) -> Cow<'_, str> {
    if is_nfc(name) { Cow::Borrowed(name) } else { Cow::Owned(name.nfc().collect()) }
}

/// The text without the byte-order mark that editors put at the beginning of a file.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Converts a path to text. Bytes that are not valid UTF-8 are written as `\xNN`, so that two different paths are shown
/// differently. (A backslash in the path stays as it is, so only a name that contains such an escape itself could be confused.)
///
/// # Example
/// ```
/// # #[cfg(unix)] {
/// use std::ffi::OsStr;
/// use std::os::unix::ffi::OsStrExt;
/// use std::path::Path;
///
/// let path = |bytes| Path::new(OsStr::from_bytes(bytes));
/// assert_eq!(striate_data::path_text(path("caf\u{e9}/1.png".as_bytes())), "caf\u{e9}/1.png");
/// assert_eq!(striate_data::path_text(path(b"caf\xe9.png")), "caf\\xe9.png");
/// # }
/// ```
pub fn path_text(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// [`path_text`] in a document.
pub(crate) fn serialize<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path_text(path))
}

/// [`path_text`] of each in a document.
pub(crate) fn serialize_all<S: serde::Serializer>(
    paths: &[std::path::PathBuf],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path_text(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_are_composed() {
        assert_eq!(composed("cafe\u{301}"), "caf\u{e9}");
        assert!(matches!(composed("caf\u{e9} \u{732b}"), Cow::Borrowed("caf\u{e9} \u{732b}")));
        // Hangul is composed by a formula and not by a table.
        assert_eq!(composed("\u{1112}\u{1161}\u{11ab}"), "\u{d55c}");
        assert_eq!(composed("ﬁ"), "ﬁ", "what only looks alike is another character");
    }

    #[test]
    fn a_mark_is_one_only_at_the_beginning() {
        assert_eq!(without_mark("\u{feff}cat"), "cat");
        assert_eq!(without_mark("cat\u{feff}"), "cat\u{feff}");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_are_told_apart() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let text = |bytes: &[u8]| path_text(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(text(b"a/\xff\xfe.png"), "a/\\xff\\xfe.png");
        assert_ne!(text(b"\xff.png"), text(b"\xfe.png"));
        assert_eq!(text("a/\u{1f426}.png".as_bytes()), "a/\u{1f426}.png");
        // Half a character.
        assert_eq!(text(b"\xc3.png"), "\\xc3.png");
    }
}
