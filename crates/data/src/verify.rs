//! Decodes every photo of a data set before training, so that a bad file does not stop the run hours later.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use crate::error::BadImage;

use crate::dataset::{Dataset, content_sha256};
use crate::error::DataError;
use crate::photos::Photos;
use crate::split::Split;
use striate_image::InputError;
use striate_kernels::map_on_all_cores;

/// What to do with photos that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadFiles {
    /// Any such photo is an error, which lists all of them.
    Refuse,
    /// Such photos are left out of the data set.
    Skip,
}

impl Dataset {
    /// Decodes every photo, on all cores, and returns the photos that were left out. Images in memory are not checked again.
    ///
    /// A photo that was decoded once is recognized by its content afterwards, if there is a folder to store the result.
    ///
    /// `progress` is called with the number of photos done and the total, from any thread. When photos are left out, the data
    /// set is a different one, and its [`sha256`](Self::sha256) changes.
    ///
    /// # Errors
    /// [`DataError::BadImages`] with every photo that cannot be decoded, unless they are to be skipped; [`DataError::Folder`]
    /// when skipping them leaves a class, or the test split, without any images.
    pub fn verify(
        &mut self,
        bad_files: BadFiles,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<BadImage>, DataError> {
        let splits = [Some(&self.train), self.val.as_ref(), Some(&self.test)].into_iter().flatten();
        let total = splits.filter_map(|split| split.photos()).map(Photos::len).sum();
        let done = AtomicUsize::new(0);
        let mut bad = Vec::new();
        let mut root = PathBuf::new();
        for split in [Some(&mut self.train), self.val.as_mut(), Some(&mut self.test)].into_iter().flatten() {
            let Split::Photos(photos) = split else { continue };
            root = photos.root().to_path_buf();
            let why = map_on_all_cores(photos.len(), |i| {
                let why = photos.verify(i).err().map(|error| match error {
                    DataError::Input(InputError::Image { problem, .. }) => problem.to_string(),
                    other => other.to_string(),
                });
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                why
            });
            let named = why.iter().enumerate().filter_map(|(i, why)| {
                Some(BadImage { path: photos.files()[i].path.clone(), why: why.clone()? })
            });
            bad.extend(named);
            if bad_files == BadFiles::Skip {
                photos.retain(|i| why[i].is_none());
            }
        }
        match bad_files {
            _ if bad.is_empty() => return Ok(bad),
            BadFiles::Refuse => return Err(DataError::BadImages { folder: root, total, bad }),
            BadFiles::Skip => {}
        }
        let counts = self.train.class_counts(self.classes.len());
        let empty = counts.iter().position(|&count| count == 0).map(|class| self.classes[class].clone());
        let what = match empty {
            Some(class) => format!("the class {class}"),
            None if self.test.is_empty() => "the split to evaluate on".into(),
            None => {
                self.sha256 = content_sha256(&self.train, self.val.as_ref(), &self.test);
                return Ok(bad);
            }
        };
        let why =
            format!("without the {} images that cannot be used, {what} has no images; add some", bad.len());
        Err(DataError::Folder { place: root, why })
    }
}
