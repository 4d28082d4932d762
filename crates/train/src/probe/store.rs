//! Features on disk: one file a network, one record a picture.
//!
//! ```text
//! "STRFEAT1"  D: u32  N: u32  N records: SHA-256 of the picture, D features: f32  SHA-256 of all before     (little-endian)
//! ```
//!
//! It is written whole or not at all. What is damaged, or not there, costs the time to compute it again, and nothing else.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use striate_formats::write_atomically;

const MAGIC: &[u8; 8] = b"STRFEAT1";
const HEADER_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// The largest file; beyond it, only the pictures of the last call are kept.
const MOST_BYTES: u64 = 512 << 20;

/// What is known of pictures.
pub(super) struct Store {
    path: Option<PathBuf>,
    features: usize,
    records: BTreeMap<[u8; HASH_BYTES], Vec<f32>>,
    fresh: Vec<[u8; HASH_BYTES]>,
}

impl Store {
    /// The records of the network `key` in a folder.
    pub(super) fn open(folder: Option<&Path>, key: &[u8; HASH_BYTES], features: usize) -> Self {
        let name: String = key[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let path = folder.map(|folder| folder.join(name + ".features"));
        let records = path.as_deref().and_then(|path| read(path, features)).unwrap_or_default();
        Self { path, features, records, fresh: Vec::new() }
    }

    pub(super) fn get(&self, picture: &[u8; HASH_BYTES]) -> Option<&[f32]> {
        self.records.get(picture).map(Vec::as_slice)
    }

    pub(super) fn insert(&mut self, picture: [u8; HASH_BYTES], features: &[f32]) {
        self.records.insert(picture, features.to_vec());
        self.fresh.push(picture);
    }

    /// Writes what is new, with what was there.
    pub(super) fn save(mut self) {
        let Some(path) = self.path.as_deref().filter(|_| !self.fresh.is_empty()) else { return };
        let bytes = |records: usize| (records * (HASH_BYTES + 4 * self.features)) as u64;
        if bytes(self.records.len()) > MOST_BYTES {
            self.fresh.sort_unstable();
            self.records.retain(|picture, _| self.fresh.binary_search(picture).is_ok());
        }
        let (Ok(features), Ok(count)) = (u32::try_from(self.features), u32::try_from(self.records.len()))
        else {
            return;
        };
        if bytes(self.records.len()) > MOST_BYTES {
            return;
        }
        let mut out = MAGIC.to_vec();
        out.extend([features, count].iter().flat_map(|n| n.to_le_bytes()));
        for (picture, features) in &self.records {
            out.extend(picture);
            out.extend(features.iter().flat_map(|value| value.to_le_bytes()));
        }
        let hash = Sha256::digest(&out);
        out.extend(hash);
        // A cache that cannot be written is none: the features themselves are at hand.
        let folder = path.parent().map(fs::create_dir_all);
        if let Some(Ok(())) = folder {
            let _ = write_atomically(path, &out);
        }
    }
}

/// The records of a file; `None` when it is not one, whole, of so many features.
fn read(path: &Path, features: usize) -> Option<BTreeMap<[u8; HASH_BYTES], Vec<f32>>> {
    if fs::metadata(path).ok()?.len() > MOST_BYTES + 4096 {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let number = |at: usize| -> Option<usize> {
        Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
    };
    let record = HASH_BYTES + 4 * features;
    let expected = number(12)?.checked_mul(record)?.checked_add(HEADER_BYTES + HASH_BYTES)?;
    let is_whole = bytes.starts_with(MAGIC) && number(8)? == features && bytes.len() == expected;
    let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH_BYTES)?)?;
    if !is_whole || Sha256::digest(body)[..] != *hash {
        return None;
    }
    let one = |record: &[u8]| -> Option<([u8; HASH_BYTES], Vec<f32>)> {
        let (picture, values) = record.split_at_checked(HASH_BYTES)?;
        let values = values.chunks_exact(4).filter_map(|v| Some(f32::from_le_bytes(v.try_into().ok()?)));
        Some((picture.try_into().ok()?, values.collect()))
    };
    body[HEADER_BYTES..].chunks_exact(record).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn filled(folder: &Path) -> PathBuf {
        let mut store = Store::open(Some(folder), &KEY, 3);
        store.insert([1; 32], &[1.0, -2.5, 1e-30]);
        store.insert([2; 32], &[4.0, 5.0, 6.0]);
        store.save();
        folder.join("07070707070707070707070707070707.features")
    }

    #[test]
    fn what_was_kept_is_found_to_the_bit_and_grows() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("deep/features");
        assert!(filled(&folder).is_file());
        let mut store = Store::open(Some(&folder), &KEY, 3);
        assert_eq!(store.get(&[1; 32]), Some(&[1.0, -2.5, 1e-30][..]));
        assert_eq!(store.get(&[3; 32]), None);
        store.insert([3; 32], &[7.0; 3]);
        store.save();
        let store = Store::open(Some(&folder), &KEY, 3);
        assert!(store.get(&[2; 32]).is_some() && store.get(&[3; 32]).is_some());
        assert!(Store::open(Some(&folder), &[8; 32], 3).get(&[1; 32]).is_none(), "another network");
    }

    #[test]
    fn what_is_damaged_is_not_there() {
        let place = tempfile::tempdir().unwrap();
        let path = filled(place.path());
        let whole = fs::read(&path).unwrap();
        assert!(read(&path, 3).is_some() && read(&path, 4).is_none());
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            fs::write(&path, &bytes).unwrap();
            assert!(read(&path, 3).is_none(), "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert!(read(&path, 3).is_none(), "cut at {at}");
        }
        fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
        assert!(read(&path, 3).is_none());
        // Lies about its size: refused before anything of that size is made.
        fs::write(&path, [&MAGIC[..], &3_u32.to_le_bytes(), &u32::MAX.to_le_bytes(), &[0; 32]].concat())
            .unwrap();
        assert!(read(&path, 3).is_none());
    }

    #[test]
    fn without_a_folder_nothing_is_kept_and_nothing_fails() {
        let mut store = Store::open(None, &KEY, 1);
        store.insert([1; 32], &[1.0]);
        assert!(store.get(&[1; 32]).is_some());
        store.save();
        let mut store = Store::open(Some(Path::new("/dev/null/no")), &KEY, 1);
        store.insert([1; 32], &[1.0]);
        store.save();
    }
}
