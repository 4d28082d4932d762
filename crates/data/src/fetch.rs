//! Downloads a known data set. The only code here that touches a network, and only when it is called.
//!
//! Each file is tried at each mirror in turn. What arrives goes into a temporary file beside its final place,
//! is cut off at the size it has to have, and is checked by SHA-256; only then it is synced to the disk and
//! renamed. So a file in the cache is whole, whenever the machine was switched off.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::dataset::hex;
use crate::error::DataError;
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
        /// Size that the file has to have.
        bytes: u64,
    },
    /// So much of the file has arrived.
    Received {
        /// Bytes so far.
        bytes: u64,
        /// Size that the file has to have.
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
            fetch_one(file, mirrors, folder, path, tell)?;
            tell(FetchEvent::Stored { path });
        }
    }
    Ok(paths)
}

fn is_whole(file: &KnownFile, path: &Path) -> bool {
    let Ok(mut stored) = File::open(path) else { return false };
    if !stored.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == file.gz_bytes) {
        return false;
    }
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match stored.read(&mut block) {
            Ok(0) => return hex(&hasher.finalize()) == file.gz_sha256,
            Ok(count) => hasher.update(&block[..count]),
            Err(_) => return false,
        }
    }
}

/// Why one mirror did not give a file: its own fault, or this machine's disk.
enum Failure {
    Mirror(String),
    Disk(DataError),
}

fn fetch_one(
    file: &KnownFile,
    mirrors: &[&str],
    folder: &Path,
    path: &Path,
    tell: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<(), DataError> {
    let agent = ureq::Agent::config_builder()
        .timeout_resolve(Some(Duration::from_secs(10)))
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .timeout_recv_body(Some(Duration::from_secs(1800)))
        .max_redirects(5)
        .user_agent(concat!("striate/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let mut tries = Vec::new();
    for mirror in mirrors {
        let url = format!("{mirror}{}.gz", file.name);
        tell(FetchEvent::Asking { url: &url, bytes: file.gz_bytes });
        match fetch_from(&agent, &url, file, folder, path, tell) {
            Ok(()) => return Ok(()),
            Err(Failure::Disk(error)) => return Err(error),
            Err(Failure::Mirror(why)) => {
                tell(FetchEvent::Failed { url: &url, why: &why });
                tries.push((url, why));
            }
        }
    }
    Err(DataError::Fetch { file: format!("{}.gz", file.name), folder: folder.into(), tries })
}

fn fetch_from(
    agent: &ureq::Agent,
    url: &str,
    file: &KnownFile,
    folder: &Path,
    path: &Path,
    tell: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<(), Failure> {
    let disk = |what: &'static str| move |error: io::Error| Failure::Disk(DataError::io(folder, what, error));
    let mut response = agent.get(url).call().map_err(|error| Failure::Mirror(error.to_string()))?;
    // One byte more than allowed tells a file that is too long from one that is just right.
    let mut body = response.body_mut().as_reader().take(file.gz_bytes + 1);
    let mut part = NamedTempFile::with_prefix_in(".part-", folder).map_err(disk("write into this folder"))?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    let mut received = 0;
    loop {
        let count = match body.read(&mut block) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Failure::Mirror(format!(
                    "the connection broke after {received} of {} bytes: {error}",
                    file.gz_bytes
                )));
            }
        };
        hasher.update(&block[..count]);
        part.write_all(&block[..count]).map_err(disk("write into this folder"))?;
        received += count as u64;
        tell(FetchEvent::Received { bytes: received, of: file.gz_bytes });
    }
    if received != file.gz_bytes {
        let more = if received > file.gz_bytes { "or more" } else { "bytes" };
        return Err(Failure::Mirror(format!("expected {} bytes, got {received} {more}", file.gz_bytes)));
    }
    let got = hex(&hasher.finalize());
    if got != file.gz_sha256 {
        return Err(Failure::Mirror(format!("sha256: expected {}, got {got}", file.gz_sha256)));
    }
    part.as_file().sync_all().map_err(disk("sync a file in this folder"))?;
    part.persist(path).map_err(|failed| disk("rename a file in this folder")(failed.error))?;
    sync_folder(folder).map_err(disk("sync this folder"))
}

/// Makes a rename last through a power cut; only Unix lets a folder be opened for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
