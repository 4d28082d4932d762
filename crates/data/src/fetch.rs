//! Downloads known data sets and other files. This is the only module that uses the internet, and only when it is called.
//!
//! The mirrors of a file are tried in turn ([`download()`]), and the file is moved to its place only when it is complete and
//! has the right SHA-256. A file in the cache is therefore always complete, even after a crash, and an interrupted download
//! resumes where it stopped.

mod address;
mod download;
mod event;

pub use address::check_address;
use download::each_block;
pub use download::{Download, Size, download};
pub use event::FetchEvent;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::registry::{Known, KnownFile};
use striate_base::hex;

/// Downloads the files of a data set into `folder`, from its own mirrors, and returns their paths.
///
/// Files that already exist with the right content are kept.
///
/// # Errors
/// [`DataError::Fetch`] when no mirror served a file, with the reason for each mirror; [`DataError::Io`] when the folder cannot
/// be written. Files that are already stored are kept and not downloaded again.
///
/// # Panics
/// When the data set is embedded, so that there is nothing to download.
pub fn fetch(
    known: &Known,
    folder: &Path,
    tell: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<[PathBuf; 4], DataError> {
    let files =
        known.files.unwrap_or_else(|| panic!("{} is embedded, there is nothing to fetch", known.name));
    fetch_files(files, known.mirrors, folder, tell)
}

/// Downloads like [`fetch`], for any four files and mirrors (addresses that end in a slash).
///
/// # Errors
/// Those of [`fetch`].
pub fn fetch_files(
    files: &[KnownFile; 4],
    mirrors: &[&str],
    folder: &Path,
    tell: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<[PathBuf; 4], DataError> {
    fs::create_dir_all(folder).map_err(|e| DataError::io(folder, "create this folder", e))?;
    let paths = files.each_ref().map(|file| folder.join(format!("{}.gz", file.name)));
    for (file, path) in files.iter().zip(&paths) {
        if is_whole(file, path) {
            tell(FetchEvent::Present { path });
        } else {
            let urls: Vec<_> = mirrors.iter().map(|mirror| format!("{mirror}{}.gz", file.name)).collect();
            let (size, sha256) = (Size::Exactly(file.gz_bytes), Some(file.gz_sha256));
            download(&Download { urls: &urls, path, size, sha256 }, tell)?;
            tell(FetchEvent::Stored { path });
        }
    }
    Ok(paths)
}

fn is_whole(file: &KnownFile, path: &Path) -> bool {
    let Ok(stored) = File::open(path) else { return false };
    if !stored.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == file.gz_bytes) {
        return false;
    }
    let mut hasher = Sha256::new();
    let read = each_block(&stored, |block| {
        hasher.update(block);
        Ok(())
    });
    read.is_ok() && hex(&hasher.finalize()) == file.gz_sha256
}
