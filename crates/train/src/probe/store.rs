//! Features on disk: one file per network, one record per image.
//!
//! ```text
//! "STRFEAT2"  D: u32  then for each image  its SHA-256, D features: f32, the first 8 bytes of the SHA-256 of these     (little-endian)
//! ```
//!
//! Records are appended while images are processed, so that features computed before an interruption are kept. Memory holds
//! only the position of each image in the file. Damaged or missing records cost only the time to compute them again.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use striate_base::hex;
use striate_formats::write_atomically;

/// The name of the cache folder for features, beside the downloads.
pub const FEATURES: &str = "features";

const MAGIC: &[u8; 8] = b"STRFEAT2";
const HEADER_BYTES: usize = 12;
const HASH_BYTES: usize = 32;
const CHECK_BYTES: usize = 8;
/// The maximum file size; a file that would become larger is started anew.
const MOST_BYTES: u64 = 512 << 20;

/// What is known of images.
pub(super) struct Store {
    features: usize,
    /// `None` where nothing can be kept.
    file: Option<File>,
    /// Where the features of an image begin in the file.
    places: BTreeMap<[u8; HASH_BYTES], u64>,
    /// Records on their way into the file.
    waiting: Vec<u8>,
}

impl Store {
    /// The records of the network `key` in a folder.
    pub(super) fn open(folder: Option<&Path>, key: &[u8; HASH_BYTES], features: usize) -> Self {
        let name = hex(&key[..16]);
        let path = folder.map(|folder| folder.join(name + ".features"));
        // A cache that cannot be read or written is none: the features themselves can be computed.
        let opened = path.and_then(|path| open(&path, features).ok());
        let (file, places) = opened.map_or((None, BTreeMap::new()), |(file, places)| (Some(file), places));
        Self { features, file, places, waiting: Vec::new() }
    }

    /// Writes the features of an image to `row`, if they are known.
    pub(super) fn get(&mut self, image: &[u8; HASH_BYTES], row: &mut [f32]) -> bool {
        let (Some(&place), Some(file)) = (self.places.get(image), &mut self.file) else { return false };
        let mut bytes = vec![0; 4 * self.features];
        let read = file.seek(SeekFrom::Start(place)).and_then(|_| file.read_exact(&mut bytes));
        let values = bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value));
        row.iter_mut().zip(values).for_each(|(to, value)| *to = value);
        read.is_ok()
    }

    /// So many will be inserted: where they have no room, what was there goes.
    pub(super) fn make_room(&mut self, more: usize) {
        let Some(file) = &self.file else { return };
        let more = (more as u64).saturating_mul(record_bytes(self.features));
        if file.metadata().is_ok_and(|file| file.len().saturating_add(more) > MOST_BYTES) {
            self.places.clear();
            let is_empty = file.set_len(HEADER_BYTES as u64).is_ok();
            if !is_empty || HEADER_BYTES as u64 + more > MOST_BYTES {
                self.file = None;
            }
        }
    }

    /// Keeps the features of an image.
    pub(super) fn insert(&mut self, image: [u8; HASH_BYTES], features: &[f32]) {
        if self.file.is_some() {
            self.waiting.extend(record(image, features));
        }
    }

    /// What was inserted is in the file from now on.
    pub(super) fn flush(&mut self) {
        if let Some(file) = &mut self.file {
            // In one piece: another process may do the same. What fails is computed again another time.
            let _ = file.write_all(&self.waiting);
        }
        self.waiting.clear();
    }
}

fn record_bytes(features: usize) -> u64 {
    (HASH_BYTES + 4 * features + CHECK_BYTES) as u64
}

fn record(image: [u8; HASH_BYTES], features: &[f32]) -> Vec<u8> {
    let mut bytes = image.to_vec();
    bytes.extend(features.iter().flat_map(|value| value.to_le_bytes()));
    let check = Sha256::digest(&bytes);
    bytes.extend(&check[..CHECK_BYTES]);
    bytes
}

/// The file, ready to be added to, and what is in it.
fn open(path: &Path, features: usize) -> std::io::Result<(File, BTreeMap<[u8; HASH_BYTES], u64>)> {
    let header = [&MAGIC[..], &(features as u32).to_le_bytes()].concat();
    let places = match read(path, &header, features) {
        Some(places) => places,
        None => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            write_atomically(path, &header).map_err(std::io::Error::other)?;
            BTreeMap::new()
        }
    };
    let file = OpenOptions::new().read(true).append(true).open(path)?;
    // The rest of a record that was not written to its end would move all that follow it.
    let rest = (file.metadata()?.len() - HEADER_BYTES as u64) % record_bytes(features);
    if rest > 0 {
        file.set_len(file.metadata()?.len() - rest)?;
    }
    Ok((file, places))
}

/// Where the whole records of a file are; `None` when it is another kind of file, or of other features.
fn read(path: &Path, header: &[u8], features: usize) -> Option<BTreeMap<[u8; HASH_BYTES], u64>> {
    let file = File::open(path).ok()?;
    if file.metadata().ok()?.len() > MOST_BYTES {
        return None;
    }
    let mut file = BufReader::new(file);
    let mut found = vec![0; header.len()];
    file.read_exact(&mut found).ok().filter(|()| found == header)?;
    let mut places = BTreeMap::new();
    let mut record = vec![0; record_bytes(features) as usize];
    let mut at = HEADER_BYTES as u64;
    while file.read_exact(&mut record).is_ok() {
        let (body, check) = record.split_at(record.len() - CHECK_BYTES);
        if let (true, Ok(image)) =
            (Sha256::digest(body)[..CHECK_BYTES] == *check, body[..HASH_BYTES].try_into())
        {
            places.insert(image, at + HASH_BYTES as u64);
        }
        at += record.len() as u64;
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const KEY: [u8; 32] = [7; 32];

    /// A folder with the features of two images, and their file.
    fn filled() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let mut store = Store::open(Some(place.path()), &KEY, 3);
        store.insert([1; 32], &[1.0, -2.5, 1e-30]);
        store.insert([2; 32], &[0.5; 3]);
        store.flush();
        let path = fs::read_dir(place.path()).unwrap().next().unwrap().unwrap().path();
        (place, path)
    }

    fn known(folder: &Path, image: u8, features: usize) -> Option<Vec<f32>> {
        let mut row = vec![0.0; features];
        let mut store = Store::open(Some(folder), &KEY, features);
        store.get(&[image; 32], &mut row).then_some(row)
    }

    #[test]
    fn what_was_kept_is_found_again_and_added_to() {
        let (place, _) = filled();
        assert_eq!(known(place.path(), 1, 3), Some(vec![1.0, -2.5, 1e-30]));
        assert_eq!(known(place.path(), 3, 3), None);
        let mut store = Store::open(Some(place.path()), &KEY, 3);
        store.insert([3; 32], &[7.0; 3]);
        store.flush();
        for (image, first) in [(1, 1.0), (2, 0.5), (3, 7.0)] {
            assert_eq!(known(place.path(), image, 3).unwrap()[0], first);
        }
        assert!(
            !Store::open(Some(place.path()), &[8; 32], 3).get(&[1; 32], &mut [0.0; 3]),
            "another network"
        );
        assert_eq!(known(place.path(), 1, 4), None, "other features");
    }

    #[test]
    fn what_is_damaged_is_not_there_and_takes_nothing_with_it() {
        let (place, path) = filled();
        let whole = fs::read(&path).unwrap();
        let record = 32 + 12 + 8;
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            fs::write(&path, &bytes).unwrap();
            let left = [1, 2].map(|image| known(place.path(), image, 3).is_some());
            let hit = at.checked_sub(HEADER_BYTES).map(|at| at / record);
            assert_eq!(left, [0, 1].map(|i| hit.is_some_and(|hit| hit != i)), "byte {at}");
        }
        // Cut short, as by a power failure: the next record is whole all the same.
        for at in HEADER_BYTES + record..whole.len() {
            fs::write(&path, &whole[..at]).unwrap();
            let mut store = Store::open(Some(place.path()), &KEY, 3);
            store.insert([3; 32], &[7.0; 3]);
            store.flush();
            let left = [1, 2, 3].map(|image| known(place.path(), image, 3).is_some());
            assert_eq!(left, [true, false, true], "cut at {at}");
        }
    }

    #[test]
    fn a_file_that_would_become_too_large_begins_anew() {
        let (place, path) = filled();
        let length = || fs::metadata(&path).unwrap().len();
        let most = usize::try_from((MOST_BYTES - HEADER_BYTES as u64) / record_bytes(3)).unwrap();
        let before = length();
        Store::open(Some(place.path()), &KEY, 3).make_room(most - 2);
        assert_eq!(length(), before);
        Store::open(Some(place.path()), &KEY, 3).make_room(most - 1);
        assert_eq!(length(), HEADER_BYTES as u64);
        // More than any file holds: nothing is kept.
        let mut store = Store::open(Some(place.path()), &KEY, 3);
        store.make_room(most + 1);
        store.insert([1; 32], &[1.0; 3]);
        store.flush();
        assert_eq!(length(), HEADER_BYTES as u64);
    }

    #[test]
    fn without_a_folder_nothing_is_kept_and_nothing_fails() {
        for folder in [None, Some(Path::new("/dev/null/no"))] {
            let mut store = Store::open(folder, &KEY, 1);
            store.insert([1; 32], &[1.0]);
            store.flush();
            assert!(!store.get(&[1; 32], &mut [0.0]));
        }
    }
}
