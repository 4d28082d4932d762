//! Which pictures were meant: files, folders, standard input, images of a data set.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use striate::data::picture::MAX_BYTES;
use striate::data::{DataError, Known, Picture, PictureError, Preprocess};

use super::members::{self, Member};
use crate::exit::Usage;

/// Names that a picture in a folder may end in; a file that is named itself may be called anything.
const ENDINGS: [&str; 12] =
    ["png", "jpg", "jpeg", "bmp", "gif", "pnm", "pbm", "pgm", "ppm", "webp", "tif", "tiff"];

/// One picture to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    File(PathBuf),
    StandardInput,
    Member(Member),
}

impl Source {
    /// What it is called in the output.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::StandardInput => "-".into(),
            Self::Member(member) => member.typed.clone(),
        }
    }

    /// The class that its data set gives it.
    pub(crate) fn label(&self) -> Option<String> {
        match self {
            Self::Member(member) => Some(member.label()),
            Self::File(_) | Self::StandardInput => None,
        }
    }

    /// Reads and decodes it.
    pub(crate) fn open(&self, preprocess: &Preprocess) -> Result<Picture, DataError> {
        match self {
            Self::File(path) => preprocess.open(path),
            Self::Member(member) => member.open(preprocess),
            Self::StandardInput => {
                let failed = |problem| DataError::Picture { place: "standard input".into(), problem };
                let mut bytes = Vec::new();
                let read = io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes);
                read.map_err(|error| failed(PictureError::Io { why: error.to_string() }))?;
                if bytes.len() as u64 > MAX_BYTES {
                    return Err(failed(PictureError::TooManyBytes { bytes: bytes.len() as u64 }));
                }
                preprocess.decode("standard input", &bytes)
            }
        }
    }
}

/// The pictures that these arguments name, folders in the order of their names.
pub(crate) fn collect(arguments: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut loaded = Vec::new();
    for argument in arguments {
        let text = argument.to_str().filter(|_| !argument.exists()).unwrap_or_default();
        if let Some(place) = members::parse(text)? {
            sources.push(Source::Member(members::find(text, &place, &mut loaded)?));
        } else if Known::get(text).is_some() {
            let why = "a data set, and no picture; name one of its test images by its number";
            return Err(Usage(format!("{text}: {why}: {text}:0")).into());
        } else if argument.as_os_str() == "-" {
            if sources.contains(&Source::StandardInput) {
                return Err(Usage("-: standard input can be read only once".into()).into());
            }
            sources.push(Source::StandardInput);
        } else if argument.is_dir() {
            let before = sources.len();
            walk(argument, &mut sources)?;
            if sources.len() == before {
                let (folder, endings) = (argument.display(), ENDINGS.join(", "));
                return Err(
                    Usage(format!("{folder}: no picture in this folder; looked for {endings}")).into()
                );
            }
        } else {
            sources.push(Source::File(argument.clone()));
        }
    }
    Ok(sources)
}

fn walk(folder: &Path, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    let read = || fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>();
    let mut entries = read().with_context(|| format!("{}: cannot list this folder", folder.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // The kind of the entry itself: a link to a folder above would lead round in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, sources)?;
        } else if path.is_file() && is_picture(&path) {
            sources.push(Source::File(path));
        }
    }
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_order_and_other_files_left_out() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        fs::create_dir_all(root.join("b/deep")).unwrap();
        fs::create_dir(root.join("none")).unwrap();
        for name in ["c.PNG", "a.jpeg", "notes.txt", "b/deep/x.tif", "png"] {
            fs::write(root.join(name), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        let names = |arguments: &[PathBuf]| -> Vec<String> {
            let sources = collect(arguments).unwrap();
            sources.iter().map(|s| s.name().replace(&root.display().to_string(), "")).collect()
        };
        assert_eq!(names(&[root.into()]), ["/a.jpeg", "/b/deep/x.tif", "/c.PNG"]);
        assert_eq!(names(&["-".into(), root.join("notes.txt")]), ["-", "/notes.txt"]);
        assert!(collect(&["-".into(), "-".into()]).unwrap_err().is::<Usage>());
        assert!(collect(&[root.join("none")]).unwrap_err().to_string().contains("no picture"));
    }
}
