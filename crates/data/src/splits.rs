//! A data set as it is stored, with its splits, and the rules by which commands choose images from it.
//!
//! Every command follows one of two rules. **Evaluation** ([`Splits::measured`]) uses all images of one split: the requested
//! one, or by default the test split of a data set with splits, or else its validation split; of a folder of classes it uses
//! all images. **Training** ([`Splits::to_learn`]) needs held-out images, and draws a fifth of each class if the folder has no
//! split for evaluation.

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::holdout::HoldOut;
use crate::layout::SplitName;
use crate::photos::Photos;
use crate::split::Split;

/// The images of a data set that a command uses: those of one split, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitChoice {
    /// The images of one split.
    One(SplitName),
    /// The images of every split.
    All,
}

impl SplitChoice {
    /// Every choice, in the order train, val, test, all.
    pub const ALL: [Self; 4] =
        [Self::One(SplitName::Train), Self::One(SplitName::Val), Self::One(SplitName::Test), Self::All];

    /// `train`, `val`, `test` or `all`.
    pub fn name(self) -> &'static str {
        match self {
            Self::One(part) => part.name(),
            Self::All => "all",
        }
    }

    /// The choice with this [`name`](Self::name), or `None`.
    pub fn get(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

/// A data set with the splits that it has.
///
/// # Example
/// ```
/// use striate_data::{Splits, SplitChoice, SplitName};
///
/// let digits = Splits::open("digits", None)?;
/// assert_eq!(digits.clone().measured(Some(SplitChoice::One(SplitName::Train)))?.data.test.len(), 10_000);
/// assert_eq!(digits.clone().measured(None)?.what, "the 2,000 test images of digits");
/// assert!(digits.measured(Some(SplitChoice::One(SplitName::Val))).is_err());
/// # Ok::<(), striate_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splits {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the folder that the images come from.
    pub name: String,
    /// The names of the classes; a label is an index into them.
    pub classes: Vec<String>,
    /// Sentences to show to the user: how unclear folders were interpreted, and which files were skipped.
    pub notes: Vec<String>,
    images: Members,
    /// Of train and test, where it was computed already.
    sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Members {
    /// A folder of classes.
    Undivided(Photos),
    /// What there is of train, val and test.
    Divided([Option<Split>; 3]),
}

/// The images of a data set that are used for evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The data set, with the images for evaluation as its `test` split. The `train` split is that of the data set if it has
    /// one and no split was requested; otherwise it has the same images as `test`.
    pub data: Dataset,
    /// The name of the split, or `all`; `test` if the images were drawn because there is no split for evaluation.
    pub part: &'static str,
    /// A description of the images, such as `all 60 images of stamps` or `the 2,000 test images of digits`.
    pub what: String,
}

impl Splits {
    /// Creates a data set with a training and a test split.
    pub(crate) fn of(data: Dataset) -> Self {
        let Dataset { name, train, val, test, classes, sha256, .. } = data;
        let images = Members::Divided([Some(train), val, Some(test)]);
        Self { name, classes, notes: Vec::new(), images, sha256: Some(sha256) }
    }

    pub(crate) fn divided(
        name: String,
        classes: Vec<String>,
        notes: Vec<String>,
        splits: [Option<Split>; 3],
    ) -> Self {
        Self { name, classes, notes, images: Members::Divided(splits), sha256: None }
    }

    pub(crate) fn undivided(name: String, classes: Vec<String>, notes: Vec<String>, photos: Photos) -> Self {
        Self { name, classes, notes, images: Members::Undivided(photos), sha256: None }
    }

    /// The splits that are there, in the order train, val, test; empty for a folder of classes.
    pub fn split_names(&self) -> Vec<SplitName> {
        match &self.images {
            Members::Undivided(_) => Vec::new(),
            Members::Divided(splits) => SplitName::ALL
                .into_iter()
                .zip(splits)
                .filter(|(_, split)| split.is_some())
                .map(|(name, _)| name)
                .collect(),
        }
    }

    /// Returns the images for evaluation: those that `choice` names. By default they are the test split, or without one the
    /// validation split; of a folder of classes they are all images.
    ///
    /// # Errors
    /// [`DataError::NoPart`] when the data set does not have this split, or when the split is empty.
    pub fn measured(self, choice: Option<SplitChoice>) -> Result<Measured, DataError> {
        let there = self.split_names();
        let Self { name, classes, images, sha256, .. } = self;
        let missing = |part: SplitChoice, there: String| {
            Err(DataError::NoPart { place: name.clone(), part: part.name(), there })
        };
        let (train, split, chosen) = match (images, choice) {
            (Members::Undivided(photos), None | Some(SplitChoice::All)) => {
                (None, Split::Photos(photos), SplitChoice::All)
            }
            (Members::Undivided(_), Some(part)) => {
                return missing(
                    part,
                    "its folders are classes; leave the part out to take every image".into(),
                );
            }
            (Members::Divided(splits), Some(SplitChoice::All)) => (None, all(splits)?, SplitChoice::All),
            (Members::Divided(mut splits), choice) => {
                let usual = || {
                    [SplitName::Test, SplitName::Val, SplitName::Train]
                        .into_iter()
                        .find(|part| there.contains(part))
                };
                let part = match choice {
                    Some(SplitChoice::One(part)) => part,
                    _ => usual().unwrap_or(SplitName::Test),
                };
                let Some(split) = splits[part as usize].take() else {
                    let names: Vec<&str> = there.iter().map(|part| part.name()).collect();
                    return missing(SplitChoice::One(part), format!("there is {}", names.join(", ")));
                };
                let [train, ..] = splits;
                (train.filter(|_| choice.is_none()), split, SplitChoice::One(part))
            }
        };
        if split.is_empty() {
            return missing(chosen, "no image was found; expected FOLDER/CLASS/IMAGE".into());
        }
        let (count, kind) = counted(&split);
        let what = match chosen {
            SplitChoice::All => format!("all {count} {kind} of {name}"),
            SplitChoice::One(part) => format!("the {count} {} {kind} of {name}", part.name()),
        };
        let data = match (train, sha256) {
            (Some(train), Some(sha256)) => {
                Dataset { name, train, val: None, test: split, is_drawn: false, classes, sha256 }
            }
            (train, _) => Dataset::new(&name, train.unwrap_or_else(|| split.clone()), split, classes)?,
        };
        Ok(Measured { data, part: chosen.name(), what })
    }

    /// Returns the images on which a network that was trained on this data set is evaluated: those that
    /// [`to_learn`](Self::to_learn) holds out.
    ///
    /// # Errors
    /// Those of [`to_learn`](Self::to_learn).
    pub fn kept_apart(self) -> Result<Measured, DataError> {
        let part =
            if self.split_names().contains(&SplitName::Test) { SplitName::Test } else { SplitName::Val };
        let data = self.to_learn()?;
        let ((count, kind), name) = (counted(&data.test), &data.name);
        let what = match data.is_drawn {
            true => format!("the {count} held-out {kind} of {name}"),
            false => format!("the {count} {} {kind} of {name}", part.name()),
        };
        let part = if data.is_drawn { SplitName::Test } else { part };
        Ok(Measured { data, part: part.name(), what })
    }

    /// Returns the images for training and for evaluation. A data set with a `test` split is evaluated on it, and its `val`
    /// split, if it has one, is [`Dataset::val`]; without `test`, the `val` split is used for evaluation. If there is neither,
    /// a fifth of each class is held out, always the same images, drawn by seed 0.
    ///
    /// # Errors
    /// [`DataError::Folder`] when a class is empty or is the only one, when another split has classes that `train` does not
    /// have, and when nothing can be held out.
    pub fn to_learn(self) -> Result<Dataset, DataError> {
        let has_train = self.split_names().first().is_none_or(|&part| part == SplitName::Train);
        let data = self.to_look_at()?;
        let refuse = |why: &str| {
            let place = data.test.photos().map(|photos| photos.root().to_path_buf()).unwrap_or_default();
            Err(DataError::Folder { place, why: why.into() })
        };
        if !has_train {
            return refuse("there are no training images: no train part; expected FOLDER/train/CLASS/IMAGE");
        }
        if let Some(photos) = data.train.photos() {
            check_classes(photos, &data.classes)?;
        }
        if data.test.is_empty() {
            return refuse(match data.is_drawn {
                true => "every class has only one image, so none can be held out for evaluation; add images",
                false => "there are no images for evaluation; expected FOLDER/val/CLASS/IMAGE",
            });
        }
        Ok(data)
    }

    /// Returns the same as [`to_learn`](Self::to_learn), but accepts empty splits and classes, for a look at the data set.
    ///
    /// # Errors
    /// Those of [`Dataset::new`].
    pub fn to_look_at(self) -> Result<Dataset, DataError> {
        let Self { name, classes, images, sha256, .. } = self;
        let (train, val, test) = match images {
            Members::Undivided(photos) => (Some(Split::Photos(photos)), None, None),
            Members::Divided([train, val, test]) => (train, val, test),
        };
        match (train, val, test) {
            (Some(train), None, Some(test)) => match sha256 {
                Some(sha256) => {
                    Ok(Dataset { name, train, val: None, test, is_drawn: false, classes, sha256 })
                }
                None => Dataset::new(&name, train, test, classes),
            },
            (Some(train), Some(val), Some(test)) => {
                Ok(Dataset::new(&name, train, test, classes)?.with_val(val))
            }
            (Some(train), Some(val), None) => Dataset::new(&name, train, val, classes),
            (Some(all), None, None) => {
                let [train, test] = all.hold_out(HoldOut::to_test_by()).map(|places| all.select(&places));
                Ok(Dataset { is_drawn: true, ..Dataset::new(&name, train, test, classes)? })
            }
            (None, val, test) => {
                let measured = test.or(val).expect("a data set has a part");
                Dataset::new(&name, measured.select(&[]), measured, classes)
            }
        }
    }
}

/// The minimum for training: two classes or more, each with images.
fn check_classes(photos: &Photos, classes: &[String]) -> Result<(), DataError> {
    let refuse = |why: String| Err(DataError::Folder { place: photos.root().to_path_buf(), why });
    if let [only] = classes {
        let why = format!(
            "{only} is the only class; a classifier needs two or more, with a folder of images for each: ROOT/CLASS/... or \
             ROOT/train/CLASS/..."
        );
        return refuse(why);
    }
    let mut counts = vec![0_usize; classes.len()];
    photos.files().iter().for_each(|photo| counts[photo.label as usize] += 1);
    match counts.iter().position(|&count| count == 0) {
        Some(empty) => {
            let why = format!(
                "there is no image to learn from in the class {}; put some images there, or remove its folder",
                classes[empty]
            );
            refuse(why)
        }
        None => Ok(()),
    }
}

/// All the images of these splits.
fn all(splits: [Option<Split>; 3]) -> Result<Split, DataError> {
    let mut splits = splits.into_iter().flatten();
    let first = splits.next().expect("a data set has a part");
    splits.try_fold(first, Split::and)
}

/// `2,000` and `images`.
fn counted(split: &Split) -> (String, &'static str) {
    let kind = match (split.photos().is_some(), split.len()) {
        (true, 1) => "image",
        (true, _) => "images",
        (false, 1) => "image",
        (false, _) => "images",
    };
    (grouped(split.len()), kind)
}

/// `2,000`.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
