//! Downloads a known data set, or any other file. The only code here that touches a network, and only when it is called.
//!
//! Each file is tried at each mirror in turn ([`download()`]), and is in its place only when it is whole and has the right
//! SHA-256. So a file in the cache is whole, whenever the machine was switched off; and a download that broke goes on where
//! it broke.

mod address;
mod download;

pub use address::check_address;
use download::each_block;
pub use download::{Download, Size, download};

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::hex::hex;
use crate::registry::{Known, KnownFile};

/// How the download is getting on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchEvent<'a> {
    /// A file was there already, with the right content.
    Present {
        /// The file.
        path: &'a Path,
    },
    /// A mirror is asked for a file.
    Asking {
        /// The address.
        url: &'a str,
        /// Size that the file has to have; 0 when that is not known.
        bytes: u64,
    },
    /// The server goes on where an earlier download broke.
    Continuing {
        /// Bytes that are here already.
        bytes: u64,
    },
    /// So much of the file has arrived.
    Received {
        /// Bytes so far.
        bytes: u64,
        /// Size of the file; 0 when nobody said.
        of: u64,
    },
    /// A mirror failed; the next one is tried.
    Failed {
        /// The address.
        url: &'a str,
        /// What went wrong.
        why: &'a str,
    },
    /// A file is whole and in its place.
    Stored {
        /// The file.
        path: &'a Path,
    },
}

/// Downloads the files of a data set into `folder`, from its own mirrors; gives the folder's files.
///
/// Files that are there already and have the right content are left alone.
///
/// # Errors
/// [`DataError::Fetch`] when no mirror gave a file, with what went wrong at each; [`DataError::Io`] when the
/// folder cannot be written. What was stored before stays and is not fetched again.
///
/// # Panics
/// When the data set is embedded: there is nothing to download.
pub fn fetch(
    known: &Known,
    folder: &Path,
    tell: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<[PathBuf; 4], DataError> {
    let files =
        known.files.unwrap_or_else(|| panic!("{} is embedded, there is nothing to fetch", known.name));
    fetch_files(files, known.mirrors, folder, tell)
}

/// [`fetch`] for any four files and mirrors (addresses that end in a slash).
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
