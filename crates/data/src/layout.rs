//! The meaning of the folders in a folder of images: classes, or the splits `train`, `val` and `test` with one folder per
//! class.
//!
//! A split is recognized by a word, in any case: `train`, `training`; `val`, `valid`, `validation`, `dev`; `test`, `testing`. A
//! word with others around it (`seg_train`, `seg_test`) counts if two folders differ only in that word. A single folder around
//! everything, as in archives, is opened. When folders are ambiguous, there is no guess: the error shows both interpretations.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::walk::{Entry, files_in, subfolders};

/// The name of a split of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitName {
    /// The training split.
    Train,
    /// The validation split, which selects the best epoch and the settings.
    Val,
    /// The test split, for the final evaluation.
    Test,
}

impl SplitName {
    /// The three names, in the order train, val, test.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// The name as text: `train`, `val` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        match word {
            "train" | "training" | "trn" | "trainset" => Some(Self::Train),
            "val" | "valid" | "validation" | "dev" | "valset" => Some(Self::Val),
            "test" | "testing" | "tst" | "testset" => Some(Self::Test),
            _ => None,
        }
    }
}

/// The meaning of the folders in a folder of images, where the user specifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// The folders are splits: `FOLDER/{train,val,test}/CLASS/...`
    Parts,
    /// The folders are classes: `FOLDER/CLASS/...`
    Classes,
}

/// What the folders of a folder mean.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Folders {
    /// Where the classes or the parts lie: the folder itself, or the only one in it.
    pub(crate) root: PathBuf,
    /// The folder of each part that is there; without any, the folders are classes.
    pub(crate) parts: Vec<(SplitName, PathBuf)>,
    /// How unclear names were interpreted, and what was skipped.
    pub(crate) notes: Vec<String>,
}

/// A folder in the folder that is being read.
struct Sub {
    name: String,
    path: PathBuf,
    part: Option<SplitName>,
    has_images: bool,
    has_folders: bool,
}

/// Reads what the folders below `root` mean, as `asked`, or as they say themselves.
///
/// # Errors
/// [`DataError::Layout`] with both readings when they could mean either, and [`DataError::Folder`] when they cannot mean what was
/// asked for.
pub(crate) fn read(root: &Path, asked: Option<Layout>) -> Result<Folders, DataError> {
    let mut notes = Vec::new();
    let mut root = root.to_path_buf();
    let mut subs = subs_of(&root)?;
    if let [only] = &subs[..]
        && only.part.is_none()
        && only.has_folders
        && !only.has_images
        && !has_images(&root)?
        && asked != Some(Layout::Classes)
    {
        notes.push(format!("{}: everything is in {}, which was opened instead", root.display(), only.name));
        root = only.path.clone();
        subs = subs_of(&root)?;
    }
    let named: Vec<&Sub> = subs.iter().filter(|sub| sub.part.is_some()).collect();
    if asked == Some(Layout::Classes) || (named.is_empty() && asked.is_none()) {
        notes.extend(stray(&root)?);
        return Ok(Folders { root, parts: Vec::new(), notes });
    }
    let twice =
        SplitName::ALL.iter().find(|&&part| named.iter().filter(|sub| sub.part == Some(part)).count() > 1);
    let flat = named.iter().filter(|sub| !sub.has_folders).count();
    let others = subs.iter().filter(|sub| sub.part.is_none());
    let is_sure = twice.is_none() && flat == 0 && !others.clone().any(|sub| sub.has_images);
    // A class of vehicles may be called `train`: then it holds images and no folders.
    let is_class = |sub: &Sub| {
        sub.part == Some(SplitName::Train) && sub.name.eq_ignore_ascii_case("train") && !sub.has_folders
    };
    if asked.is_none() && !is_sure {
        return match named[..] {
            [train] if is_class(train) && subs.len() > 1 => {
                notes.extend(stray(&root)?);
                Ok(Folders { root, parts: Vec::new(), notes })
            }
            _ => Err(unsure(&root, &subs)),
        };
    }
    let refuse = |place: &Path, why: String| Err(DataError::Folder { place: place.to_path_buf(), why });
    if named.is_empty() {
        return refuse(
            &root,
            "no folder here is called train, val or test; expected FOLDER/train/CLASS/...".into(),
        );
    }
    if let Some(part) = twice {
        let names: Vec<&str> =
            named.iter().filter(|sub| sub.part == Some(*part)).map(|sub| sub.name.as_str()).collect();
        let why = format!(
            "{} could each be the {} part; rename or remove all but one",
            names.join(" and "),
            part.name()
        );
        return refuse(&root, why);
    }
    if let Some(sub) = named.iter().find(|sub| !sub.has_folders) {
        let why = "expected a folder for each class here, got none; put the images into folders named after their classes";
        return refuse(&sub.path, why.into());
    }
    let mut parts = Vec::new();
    for part in SplitName::ALL {
        let Some(sub) = named.iter().find(|sub| sub.part == Some(part)) else { continue };
        let mut path = sub.path.clone();
        // Some archives have each part twice, one in the other: seg_train/seg_train/CLASS.
        if let [inner] = &subs_of(&path)?[..]
            && inner.name.eq_ignore_ascii_case(&sub.name)
            && inner.has_folders
        {
            path = inner.path.clone();
        }
        if sub.name != part.name() {
            let taken = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
            notes.push(format!("{}: {taken} is used as the {} part", root.display(), part.name()));
        }
        notes.extend(stray(&path)?);
        parts.push((part, path));
    }
    for other in others {
        notes.push(format!("{}: {} is not a part and was skipped", root.display(), other.name));
    }
    Ok(Folders { root, parts, notes })
}

/// True when this could be a folder of images: it has folders in it.
pub(crate) fn is_likely(folder: &Path) -> bool {
    subfolders(folder).is_ok_and(|folders| !folders.is_empty())
}

fn has_images(folder: &Path) -> Result<bool, DataError> {
    Ok(files_in(folder)?.iter().any(|path| Entry::of(path) != Entry::Other))
}

/// What is said of images beside the folders of classes.
fn stray(folder: &Path) -> Result<Option<String>, DataError> {
    let count = files_in(folder)?.iter().filter(|path| Entry::of(path) != Entry::Other).count();
    Ok((count > 0).then(|| {
        format!(
            "{}: images next to the class folders belong to no class and were skipped: {count}",
            folder.display()
        )
    }))
}

fn subs_of(root: &Path) -> Result<Vec<Sub>, DataError> {
    let mut subs = Vec::new();
    for name in subfolders(root)? {
        let path = root.join(&name);
        let (has_images, has_folders) = (has_images(&path)?, is_likely(&path));
        let name = name.to_string_lossy().into_owned();
        subs.push(Sub { name, path, part: None, has_images, has_folders });
    }
    let words: Vec<Option<(SplitName, String)>> = subs.iter().map(|sub| split_name_of(&sub.name)).collect();
    for i in 0..subs.len() {
        let Some((part, rest)) = &words[i] else { continue };
        let has_partner =
            words.iter().flatten().any(|(other, other_rest)| other != part && other_rest == rest);
        if rest.is_empty() || has_partner {
            subs[i].part = Some(*part);
        }
    }
    Ok(subs)
}

/// The split that a name contains, and the other words in it: `seg_train` is the training split of `seg`.
fn split_name_of(name: &str) -> Option<(SplitName, String)> {
    let name = name.to_lowercase();
    let words: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut found = words.iter().filter_map(|word| SplitName::of_word(word));
    let part = found.next().filter(|_| found.next().is_none())?;
    let rest: Vec<&str> = words.into_iter().filter(|word| SplitName::of_word(word).is_none()).collect();
    Some((part, rest.join(" ")))
}

fn unsure(root: &Path, subs: &[Sub]) -> DataError {
    let mut parts = String::new();
    for sub in subs {
        let inside = match (sub.has_folders, sub.has_images) {
            (true, true) => "folders and images",
            (true, false) => "folders",
            (false, true) => "images and no folders",
            (false, false) => "neither images nor folders",
        };
        let taken = match sub.part {
            Some(part) => format!("the {} part", part.name()),
            None => "not a part, so it is skipped".into(),
        };
        let _ = write!(parts, "\n    {}: {taken} (it holds {inside})", sub.name);
    }
    let classes = subs.iter().map(|sub| sub.name.as_str()).collect::<Vec<_>>().join(", ");
    DataError::Layout { place: root.to_path_buf(), parts, classes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_a_word_in_any_case() {
        let cases = [
            ("train", Some((SplitName::Train, ""))),
            ("Training", Some((SplitName::Train, ""))),
            ("VALID", Some((SplitName::Val, ""))),
            ("dev", Some((SplitName::Val, ""))),
            ("TEST", Some((SplitName::Test, ""))),
            ("seg_train", Some((SplitName::Train, "seg"))),
            ("my-test-images", Some((SplitName::Test, "my images"))),
            ("train_test", None),
            ("trains", None),
            ("cat", None),
            ("", None),
        ];
        for (name, want) in cases {
            let want = want.map(|(part, rest): (SplitName, &str)| (part, rest.to_string()));
            assert_eq!(split_name_of(name), want, "{name}");
        }
    }
}
