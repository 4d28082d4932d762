//! `DATA:INDEX`, an image of a data set: `digits:7`, `mnist:train:7`, `FOLDER:7`. Without a part, it is one of the images that
//! `val` evaluates on.

use std::path::Path;
use std::sync::Arc;

use striate::data::{DataError, Image, Known, Measured, Preprocess, Split, SplitChoice};

use crate::exit::Usage;
use crate::flags_data::{LayoutFlag, PartFlags};

/// One image of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    data: Arc<Measured>,
    index: usize,
    /// The argument as it was typed.
    pub(super) typed: String,
}

/// A parsed `DATA[:PART]:INDEX`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    data: String,
    part: Option<SplitChoice>,
    index: usize,
}

/// The data sets that were loaded so far, so that none is loaded twice.
pub(super) type Loaded = Vec<(String, Option<SplitChoice>, Arc<Measured>)>;

impl Member {
    fn split(&self) -> &Split {
        &self.data.data.test
    }

    /// The name of its class.
    pub(super) fn label(&self) -> String {
        self.data.data.classes[self.split().label(self.index) as usize].clone()
    }

    /// The image; a photo is decoded.
    pub(super) fn open(&self, preprocess: &Preprocess) -> Result<Image, DataError> {
        match self.split() {
            Split::Images(images) => Ok(images.image(self.index)),
            Split::Photos(photos) => Ok(preprocess.open(&photos.path(self.index))?),
        }
    }
}

/// Parses an argument that is not a file; `None` when it does not have this form.
pub(super) fn parse(typed: &str) -> Result<Option<Place>, Usage> {
    let Some((head, index)) = typed.rsplit_once(':').filter(|(head, _)| !head.is_empty()) else {
        return Ok(None);
    };
    let named = head.rsplit_once(':').and_then(|(data, part)| Some((data, SplitChoice::get(part)?)));
    let (data, part) = match named {
        Some((data, part)) => (data, Some(part)),
        None => (head, None),
    };
    match index.parse() {
        Ok(index) => Ok(Some(Place { data: data.into(), part, index })),
        Err(_) if Known::get(data).is_some() || Path::new(data).is_dir() => Err(Usage(format!(
            "{typed}: expected the index of an image of {data}, got {index:?}; try {data}:0, or {data}:train:0 for a training \
             image"
        ))),
        Err(_) => Ok(None),
    }
}

/// The image at that place. Each data set is loaded once.
pub(super) fn find(
    typed: &str,
    place: &Place,
    layout: LayoutFlag,
    loaded: &mut Loaded,
) -> anyhow::Result<Member> {
    let known = loaded.iter().find(|(name, part, _)| *name == place.data && *part == place.part);
    let data = match known {
        Some((.., data)) => Arc::clone(data),
        None => {
            let flags = PartFlags { split: place.part, layout };
            let data = Arc::new(flags.measured(&place.data)?);
            loaded.push((place.data.clone(), place.part, Arc::clone(&data)));
            data
        }
    };
    let member = Member { data, index: place.index, typed: typed.into() };
    let n = member.split().len();
    if place.index >= n {
        return Err(Usage(format!(
            "{typed}: expected an index from 0 to {}, for one of {}; for another part (train, val, test or all), use {}:train:INDEX",
            n - 1,
            member.data.what,
            place.data
        ))
        .into());
    }
    Ok(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let place =
            |data: &str, part, index| Some(Place { data: data.into(), part: SplitChoice::get(part), index });
        for (typed, want) in [
            ("digits:7", place("digits", "", 7)),
            ("mnist:train:60", place("mnist", "train", 60)),
            ("mnist:test:0", place("mnist", "test", 0)),
            ("C:\\photos:3", place("C:\\photos", "", 3)),
            ("a:b:train:3", place("a:b", "train", 3)),
            ("stamps:val:2", place("stamps", "val", 2)),
            ("stamps:all:2", place("stamps", "all", 2)),
            ("image.png", None),
            ("odd:name.png", None),
            (":7", None),
            ("-", None),
            ("digits:-1x", None),
        ] {
            if let Ok(found) = parse(typed) {
                assert_eq!(found, want, "{typed}");
            } else {
                assert_eq!(typed, "digits:-1x");
            }
        }
    }
}
