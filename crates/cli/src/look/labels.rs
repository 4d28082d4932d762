//! The names of classes in a text file, for `--labels`.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use striate::data::open_regular;
use striate::formats::FormatError;
use striate::report::text::printable;

use crate::exit::BadData;

/// The first few names.
pub(super) fn first(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).cloned().map(printable).collect();
    if names.len() > SHOWN { format!("{}, ...", shown.join(", ")) } else { shown.join(", ") }
}

/// Reads class names, one per line; empty lines at the end are ignored.
pub(super) fn read_labels(path: &Path) -> anyhow::Result<Vec<String>> {
    let mut text = Vec::new();
    let read = open_regular(path).and_then(|mut file| file.read_to_end(&mut text));
    read.map_err(|source| FormatError::Read { path: path.to_path_buf(), source })?;
    let wrong = |why: String| anyhow::Error::new(BadData(format!("{}: {why}", path.display())));
    let text = String::from_utf8(text)
        .map_err(|_| wrong("expected a UTF-8 text file with one class name per line".into()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_end();
    let names: Vec<String> = text.lines().map(|line| line.trim().to_string()).collect();
    if let Some(i) = names.iter().position(String::is_empty) {
        return Err(wrong(format!("line {}: expected a class name, got an empty line", i + 1)));
    }
    let mut seen = HashMap::new();
    for (i, name) in names.iter().enumerate() {
        if let Some(before) = seen.insert(name, i) {
            let (name, first, second) = (printable(name.clone()), before + 1, i + 1);
            return Err(wrong(format!(
                "lines {first} and {second}: two classes are called {name}; give each class its own name"
            )));
        }
    }
    Ok(names)
}
