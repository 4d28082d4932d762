//! The files of the book.

use anyhow::Result;
use std::fs;
use std::path::Path;

pub(super) const BOOK: &str = "docs/book";
pub(super) const LARGEST_IMAGE: u64 = 61_440;

/// Files below `dir` of `base`, as paths from `base` with forward slashes; none where there is no such folder.
pub(super) fn files_below(base: &Path, dir: &str) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(base.join(dir)) else { return Ok(files) };
    for entry in entries {
        let entry = entry?;
        let path = format!("{dir}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files.append(&mut files_below(base, &path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
