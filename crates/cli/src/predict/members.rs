//! `DATA:INDEX`, an image of a data set: `digits:7`, `mnist:train:7`, `FOLDER:7`.

use std::path::Path;
use std::sync::Arc;

use striate::data::{DataError, Dataset, Known, Picture, Preprocess, Split, load};
use striate::inspect::text::grouped;

use crate::exit::Usage;

/// One image of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    data: Arc<Dataset>,
    is_train: bool,
    index: usize,
    /// As it was typed.
    pub(super) typed: String,
}

/// What was typed, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    data: String,
    is_train: bool,
    index: usize,
}

impl Member {
    fn split(&self) -> &Split {
        if self.is_train { &self.data.train } else { &self.data.test }
    }

    /// The name of its class.
    pub(super) fn label(&self) -> String {
        self.data.classes[self.split().label(self.index) as usize].clone()
    }

    /// Decodes it, if it is a photo.
    pub(super) fn open(&self, preprocess: &Preprocess) -> Result<Picture, DataError> {
        match self.split() {
            Split::Images(images) => Ok(images.picture(self.index)),
            Split::Photos(photos) => preprocess.open(&photos.path(self.index)),
        }
    }
}

/// The place that `typed`, which is no file, names; `None` when it is not of this form.
pub(super) fn parse(typed: &str) -> Result<Option<Place>, Usage> {
    let Some((head, index)) = typed.rsplit_once(':').filter(|(head, _)| !head.is_empty()) else {
        return Ok(None);
    };
    let (data, is_train) = match head.rsplit_once(':') {
        Some((data, "train")) => (data, true),
        Some((data, "test")) => (data, false),
        _ => (head, false),
    };
    match index.parse() {
        Ok(index) => Ok(Some(Place { data: data.into(), is_train, index })),
        Err(_) if Known::get(data).is_some() || Path::new(data).is_dir() => Err(Usage(format!(
            "{typed}: expected the number of an image of {data}, got {index:?}; try {data}:0, or {data}:train:0 for one of \
             its training images"
        ))),
        Err(_) => Ok(None),
    }
}

/// The image there. Each data set is loaded once.
pub(super) fn find(
    typed: &str,
    place: &Place,
    loaded: &mut Vec<(String, Arc<Dataset>)>,
) -> anyhow::Result<Member> {
    let data = match loaded.iter().find(|(name, _)| *name == place.data) {
        Some((_, data)) => Arc::clone(data),
        None => {
            let data = Arc::new(load(&place.data)?);
            loaded.push((place.data.clone(), Arc::clone(&data)));
            data
        }
    };
    let member = Member { data, is_train: place.is_train, index: place.index, typed: typed.into() };
    let n = member.split().len();
    if place.index >= n {
        let split = if place.is_train { "training" } else { "test" };
        let (n, last) = (grouped(n as u64), n.saturating_sub(1));
        return Err(Usage(format!(
            "{typed}: {} has {n} {split} images, 0 to {last}; {}:train:INDEX and {0}:test:INDEX name the split",
            place.data, place.data
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
        let place = |data: &str, is_train, index| Some(Place { data: data.into(), is_train, index });
        for (typed, want) in [
            ("digits:7", place("digits", false, 7)),
            ("mnist:train:60", place("mnist", true, 60)),
            ("mnist:test:0", place("mnist", false, 0)),
            ("C:\\photos:3", place("C:\\photos", false, 3)),
            ("a:b:train:3", place("a:b", true, 3)),
            ("picture.png", None),
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
