//! The classes of the labels in idx files, and the names of the classes.
//!
//! Without `classes.txt`, the classes are the labels that occur in the training images, named by their numbers: labels from 1
//! to 26, as in EMNIST's letters, are 26 classes and not 27 of which the first is empty. With `classes.txt`, label i is line i,
//! counted from 0, or from 1 when the labels are 1 to the number of lines.

use std::fs;
use std::path::Path;

use crate::error::DataError;
use crate::idx::IdxError;
use crate::names::{composed, without_mark};

/// 256 classes with names of a thousand letters.
const MAX_BYTES: u64 = 256 * 1024;

/// The classes of a folder of idx files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Classes {
    /// Their names.
    pub(crate) names: Vec<String>,
    /// The label in the files of each; ascending.
    labels: Vec<u8>,
}

impl Classes {
    /// Classes of these names, whose labels count from 0.
    pub(crate) fn from_zero(names: Vec<String>) -> Self {
        Self { labels: (0..=255).take(names.len()).collect(), names }
    }

    /// The classes of a folder with these training labels.
    pub(crate) fn of(folder: &Path, labels: &[u8]) -> Result<Self, DataError> {
        let mut occurs = [false; 256];
        labels.iter().for_each(|&label| occurs[usize::from(label)] = true);
        let labels: Vec<u8> = (0..=255).filter(|&label| occurs[usize::from(label)]).collect();
        let Some(names) = listed(&folder.join("classes.txt"))? else {
            return Ok(Self { names: labels.iter().map(|label| label.to_string()).collect(), labels });
        };
        let counts_from_one =
            labels.first() == Some(&1) && labels.last().copied().map(usize::from) == Some(names.len());
        let labels = (u8::from(counts_from_one)..=255).take(names.len()).collect();
        Ok(Self { names, labels })
    }

    /// The class of each label.
    pub(crate) fn index(&self, mut labels: Vec<u8>) -> Result<Vec<u8>, IdxError> {
        for (index, label) in labels.iter_mut().enumerate() {
            let Ok(class) = self.labels.binary_search(label) else {
                return Err(self.unknown(index, *label));
            };
            *label = class as u8;
        }
        Ok(labels)
    }

    fn unknown(&self, index: usize, label: u8) -> IdxError {
        let classes = self.names.len();
        let from_zero = self.labels.first() == Some(&0)
            && self.labels.last().map(|&l| usize::from(l) + 1) == Some(classes);
        if from_zero {
            return IdxError::LabelPastClasses { index, label, classes };
        }
        let known: Vec<String> = self.labels.iter().map(u8::to_string).collect();
        IdxError::UnknownLabel { index, label, known: known.join(", ") }
    }
}

/// The lines of `classes.txt`, if it is there.
fn listed(path: &Path) -> Result<Option<Vec<String>>, DataError> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    let wrong = |why: String| DataError::Classes { place: path.to_path_buf(), why };
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        let got = metadata.len();
        return Err(wrong(format!("expected a text file of at most {MAX_BYTES} bytes, got {got}")));
    }
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    if matches!(bytes[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(wrong("is text in UTF-16; save it as UTF-8".into()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line =
            error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&b| b == b'\n').count() + 1;
        wrong(format!("line {line} is not UTF-8; save the file as UTF-8"))
    })?;
    let names: Vec<String> =
        without_mark(&text).trim_end().lines().map(|line| composed(line.trim()).into_owned()).collect();
    if names.is_empty() || names.len() > 256 || names.iter().any(String::is_empty) {
        let got = names.len();
        return Err(wrong(format!(
            "expected 1 to 256 class names, one per line and none empty, got {got} lines"
        )));
    }
    for (i, name) in names.iter().enumerate() {
        if let Some(first) = names[..i].iter().position(|other| other == name) {
            let (first, second) = (first + 1, i + 1);
            return Err(wrong(format!(
                "lines {first} and {second} are both {name:?}; every class needs a name of its own"
            )));
        }
    }
    Ok(Some(names))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn of(text: Option<&[u8]>, labels: &[u8]) -> Result<Classes, String> {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = text {
            fs::write(folder.path().join("classes.txt"), text).unwrap();
        }
        let place = folder.path().display().to_string();
        Classes::of(folder.path(), labels).map_err(|error| error.to_string().replace(&place, "DIR"))
    }

    fn names(text: &[u8]) -> Vec<String> {
        of(Some(text), &[0, 1]).unwrap().names
    }

    #[test]
    fn a_class_that_no_image_has_is_none() {
        let letters = of(None, &[3, 1, 2, 3]).unwrap();
        assert_eq!(letters.names, ["1", "2", "3"]);
        assert_eq!(letters.index(vec![1, 2, 3, 1]), Ok(vec![0, 1, 2, 0]));
        assert_eq!(
            letters.index(vec![1, 0]),
            Err(IdxError::UnknownLabel { index: 1, label: 0, known: "1, 2, 3".into() })
        );
        assert_eq!(of(None, &[8, 3]).unwrap().names, ["3", "8"]);
        let digits = of(None, &[0, 1, 2]).unwrap();
        assert_eq!(digits.index(vec![2, 0]), Ok(vec![2, 0]));
        assert_eq!(digits.index(vec![3]), Err(IdxError::LabelPastClasses { index: 0, label: 3, classes: 3 }));
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(of(None, &all).unwrap().index(all.clone()), Ok(all));
    }

    #[test]
    fn names_count_from_where_the_labels_do() {
        let classes = of(Some(b"a\nb\nc\n"), &[1, 2, 3]).unwrap();
        assert_eq!(classes.index(vec![1, 3]), Ok(vec![0, 2]));
        // The class of line 0 has no image, or the labels count from 1: three lines and a label 2 at most say the former.
        let classes = of(Some(b"a\nb\nc\n"), &[1, 2]).unwrap();
        assert_eq!(classes.index(vec![1, 2]), Ok(vec![1, 2]));
        assert!(classes.index(vec![3]).is_err());
    }

    #[test]
    fn lists_of_other_programs_are_read() {
        assert_eq!(names(b"\xef\xbb\xbfcat\r\ndog\r\n"), ["cat", "dog"], "Windows");
        assert_eq!(names(b"cat\ndog\n\n\n"), ["cat", "dog"], "lines left empty at the end");
        assert_eq!(names("cafe\u{301}\n\u{732b}".as_bytes()), ["caf\u{e9}", "\u{732b}"], "macOS");
    }

    #[test]
    fn lists_that_cannot_be_meant_are_refused() {
        let error = |text: &[u8]| of(Some(text), &[0, 1]).unwrap_err();
        expect![[r#"DIR/classes.txt: lines 1 and 3 are both "cat"; every class needs a name of its own"#]]
            .assert_eq(&error(b"cat\ndog\n cat\n"));
        assert!(error("caf\u{e9}\ncafe\u{301}\n".as_bytes()).contains("lines 1 and 2 are both"));
        expect!["DIR/classes.txt: is text in UTF-16; save it as UTF-8"]
            .assert_eq(&error(b"\xff\xfec\0a\0t\0"));
        expect!["DIR/classes.txt: line 2 is not UTF-8; save the file as UTF-8"]
            .assert_eq(&error(b"cat\nd\xf6g\n"));
        expect!["DIR/classes.txt: expected 1 to 256 class names, one per line and none empty, got 3 lines"]
            .assert_eq(&error(b"cat\n\ndog"));
        assert!(error(b"").contains("got 0 lines"));
    }
}
