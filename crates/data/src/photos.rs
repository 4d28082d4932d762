//! Photos in files: any size, decoded on demand.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cache::{Cache, Form};
use crate::error::DataError;
use striate_image::{Image, InputError, WHITE, Wholeness, decode_as, read_file};

/// A photo file with its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// The path of the file, relative to the folder of the data set.
    pub path: PathBuf,
    /// The index of its class.
    pub label: u32,
    /// The SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// Labeled photos in files.
///
/// Files are identified by their content: a file that changes after the data set was read is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photos {
    root: PathBuf,
    files: Vec<Photo>,
    cache: Option<Cache>,
}

impl Photos {
    /// Creates photos from files below `root`. With a folder for `pixels`, decoded photos are stored there and read from there.
    pub fn new(root: &Path, files: Vec<Photo>, pixels: Option<&Path>) -> Self {
        Self { root: root.to_path_buf(), files, cache: pixels.map(Cache::new) }
    }

    /// Returns photos with other files below the same folder.
    #[must_use]
    pub fn with_files(&self, files: Vec<Photo>) -> Self {
        Self { files, ..self.clone() }
    }

    /// The number of photos.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are no photos.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The folder of the data set.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The files, in order.
    pub fn files(&self) -> &[Photo] {
        &self.files
    }

    /// Returns the full path of photo `i`.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn path(&self, i: usize) -> PathBuf {
        self.root.join(&self.files[i].path)
    }

    /// Decodes photo `i` from its file, with transparent pixels on white.
    ///
    /// # Errors
    /// [`DataError::Input`] when the file cannot be decoded, [`DataError::Changed`] when its content has changed.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn image(&self, i: usize) -> Result<Image, DataError> {
        self.decode(i, WHITE, Wholeness::Check)
    }

    /// Makes sure that photo `i` can be decoded. With a cache this is done once for each content.
    pub(crate) fn verify(&self, i: usize) -> Result<(), DataError> {
        let sha256 = &self.files[i].sha256;
        if self.cache.as_ref().is_some_and(|cache| cache.is_sound(sha256)) {
            return Ok(());
        }
        self.image(i)?;
        if let Some(cache) = &self.cache {
            cache.note_sound(sha256);
        }
        Ok(())
    }

    /// Photo `i` in a form that the network needs: from the cache, or decoded, and then into the cache.
    pub(crate) fn load(&self, i: usize, form: &Form<'_>) -> Result<Image, DataError> {
        let key = form.key();
        let sha256 = &self.files[i].sha256;
        if let Some(image) = self.cache.as_ref().and_then(|cache| cache.read(sha256, &key)) {
            return Ok(image);
        }
        // Whoever learns from photos has verified them.
        let image = form.of(self.decode(i, form.background(), Wholeness::Known)?);
        if let Some(cache) = &self.cache
            && Cache::has_room(i, &image)
        {
            cache.write(sha256, &key, &image);
        }
        Ok(image)
    }

    /// These photos, in this order.
    pub(crate) fn select(&self, indices: &[usize]) -> Self {
        self.with_files(indices.iter().map(|&i| self.files[i].clone()).collect())
    }

    /// The photos of which `keep` says true.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let mut i = 0;
        self.files.retain(|_| {
            i += 1;
            keep(i - 1)
        });
    }

    pub(crate) fn hash_into(&self, hasher: &mut Sha256) {
        hasher.update((self.len() as u64).to_le_bytes());
        for photo in &self.files {
            hasher.update(photo.sha256);
            hasher.update(photo.label.to_le_bytes());
        }
    }

    fn decode(&self, i: usize, background: [u8; 3], wholeness: Wholeness) -> Result<Image, DataError> {
        let path = self.path(i);
        let place = path.display().to_string();
        let bytes = match read_file(&path) {
            Ok(bytes) => bytes,
            Err(problem) => return Err(InputError::Image { place, problem }.into()),
        };
        if Sha256::digest(&bytes)[..] != self.files[i].sha256 {
            return Err(DataError::Changed { place: path });
        }
        let image = decode_as(&bytes, background, wholeness);
        image.map_err(|problem| InputError::Image { place, problem }.into())
    }
}
