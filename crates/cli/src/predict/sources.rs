//! The images to classify: files, folders, standard input, and images of a data set.

use std::io::{self, Read};
use std::path::PathBuf;

use striate::data::{DataError, Known, images_below, path_text};
use striate::image::{Image, ImageError, InputError, MAX_BYTES, Preprocess};

use super::members::{self, Member};
use crate::exit::Usage;
use crate::flags_data::LayoutFlag;
use crate::out;

/// The source of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    File(PathBuf),
    StandardInput,
    Member(Member),
}

impl Source {
    /// The name of the image in the output.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path_text(path),
            Self::StandardInput => "-".into(),
            Self::Member(member) => member.typed.clone(),
        }
    }

    /// The label, for an image of a data set.
    pub(crate) fn label(&self) -> Option<String> {
        match self {
            Self::Member(member) => Some(member.label()),
            Self::File(_) | Self::StandardInput => None,
        }
    }

    /// Reads and decodes the image.
    pub(crate) fn open(&self, preprocess: &Preprocess) -> Result<Image, DataError> {
        match self {
            Self::File(path) => Ok(preprocess.open(path)?),
            Self::Member(member) => member.open(preprocess),
            Self::StandardInput => {
                let failed = |problem| InputError::Image { place: "standard input".into(), problem };
                let mut bytes = Vec::new();
                let read = io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes);
                read.map_err(|error| failed(ImageError::Io { why: error.to_string() }))?;
                if bytes.len() as u64 > MAX_BYTES {
                    return Err(failed(ImageError::TooManyBytes { bytes: bytes.len() as u64 }).into());
                }
                Ok(preprocess.decode("standard input", &bytes)?)
            }
        }
    }
}

/// The images that these arguments name, those of a folder sorted by name. Files that are skipped in a folder are reported.
pub(crate) fn collect(arguments: &[PathBuf], layout: LayoutFlag) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut loaded = Vec::new();
    for argument in arguments {
        let text = argument.to_str().filter(|_| !argument.exists()).unwrap_or_default();
        if let Some(place) = members::parse(text)? {
            sources.push(Source::Member(members::find(text, &place, layout, &mut loaded)?));
        } else if Known::get(text).is_some() {
            let why = "this is a data set, not an image; name one of its test images by its index";
            return Err(Usage(format!("{text}: {why}: {text}:0")).into());
        } else if argument.as_os_str() == "-" {
            if sources.contains(&Source::StandardInput) {
                return Err(Usage("-: standard input can be read only once".into()).into());
            }
            sources.push(Source::StandardInput);
        } else if argument.is_dir() {
            let walked = images_below(argument)?;
            if let Some(note) = walked.note() {
                out::tell(format!("{}: {note}", argument.display()));
            }
            if walked.images.is_empty() {
                return Err(Usage(format!("{}: there is no image in this folder", argument.display())).into());
            }
            sources.extend(walked.images.into_iter().map(Source::File));
        } else {
            sources.push(Source::File(argument.clone()));
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn folders_are_walked_as_the_loader_walks_them() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        fs::create_dir_all(root.join("b/deep")).unwrap();
        fs::create_dir(root.join("none")).unwrap();
        for name in ["c.PNG", "a.jpeg", "notes.txt", "b/deep/x.tif", "png", "._c.PNG"] {
            fs::write(root.join(name), "").unwrap();
        }
        // An image without an ending, and one that is a link.
        fs::write(root.join("plain"), b"\x89PNG\r\n\x1a\n").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.join("plain"), root.join("z.png")).unwrap();
        let collect = |arguments: &[PathBuf]| collect(arguments, LayoutFlag::default());
        let names = |arguments: &[PathBuf]| -> Vec<String> {
            let sources = collect(arguments).unwrap();
            sources.iter().map(|s| s.name().replace(&root.display().to_string(), "")).collect()
        };
        assert_eq!(names(&[root.into()]), ["/a.jpeg", "/b/deep/x.tif", "/c.PNG", "/plain", "/z.png"]);
        assert_eq!(names(&["-".into(), root.join("notes.txt")]), ["-", "/notes.txt"]);
        assert!(collect(&["-".into(), "-".into()]).unwrap_err().is::<Usage>());
        assert!(collect(&[root.join("none")]).unwrap_err().to_string().contains("no image"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
            assert!(
                collect(&[root.into()]).unwrap_err().to_string().contains("links lead here more than once")
            );
        }
    }
}
