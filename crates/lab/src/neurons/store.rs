//! An index on disk.
//!
//! ```text
//! "STRNEUR1"  key: 32 bytes  images, classes, units: u32
//! each unit: exponent: i32  256 counts: u64  values, zeros, not_finite: u64  max, min: f32  sum, squares: f64
//!            sums of the classes: f64  T: u32  T entries  S: u32  S entries        (an entry: f32, u32, u16, u16)
//! SHA-256 of all before                                                             (little-endian)
//! ```
//!
//! A file is written completely or not at all. Files that are damaged, or of another network or data set, are ignored.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use striate_base::floats::each_block;
use striate_base::hex;
use striate_data::Dataset;
use striate_formats::{ModelFile, write_atomically};
use striate_graph::Engine;

use super::histogram::{BINS, Histogram};
use super::index::{Index, SAMPLE};
use super::record::{Entry, Record, TOP};
use crate::LabError;

/// The name of the folder for indices, beside the downloads.
pub const INDICES: &str = "neurons";

const MAGIC: &[u8; 8] = b"STRNEUR1";
const HASH_BYTES: usize = 32;
const ENTRY_BYTES: usize = 12;
const HEADER_BYTES: usize = 8 + 32 + 12;

/// The origin of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The index was read from a file.
    Kept,
    /// The index was just computed from the images.
    Built,
}

impl Index {
    /// Returns the index of this network and this data set: the one stored in `folder`, or a new one, which is stored there.
    ///
    /// The name of the file, `KEY.neurons`, identifies what determines its content: the network with its weights and
    /// preprocessing, and the data set. A file that is damaged or has other content is replaced; a folder that cannot be
    /// written is ignored. `tell` receives the number of images done, and their total.
    ///
    /// # Errors
    /// Those of [`Index::build`].
    pub fn open_or_build(
        folder: Option<&Path>,
        model: &ModelFile,
        data: &Dataset,
        engine: &Engine,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<(Self, Origin), LabError> {
        let key = key(model, data);
        let name = hex(&key[..16]);
        let path = folder.map(|folder| folder.join(name + ".neurons"));
        let empty = Self::empty(model, data);
        if let Some(index) = path.as_deref().and_then(|path| read(path, &key, &empty)) {
            return Ok((index, Origin::Kept));
        }
        let index = Self::build(model, data, engine, tell)?;
        if let Some(path) = path {
            write(&path, &key, &index);
        }
        Ok((index, Origin::Built))
    }
}

/// Everything that decides an index.
fn key(model: &ModelFile, data: &Dataset) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let text = |value: Result<String, _>| value.expect("plain data has a JSON form");
    for part in [text(serde_json::to_string(&model.graph)), text(serde_json::to_string(&model.preprocess))] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    for (name, array) in model.params.iter() {
        hasher.update(name);
        each_block(array, |block| hasher.update(block));
    }
    hasher.update(&data.sha256);
    hasher.finalize().into()
}

/// Writes it; failing is no error, as the index itself is at hand.
fn write(path: &Path, key: &[u8; 32], index: &Index) {
    let Some(Ok(())) = path.parent().map(fs::create_dir_all) else { return };
    let mut out = Vec::with_capacity(most_bytes(index));
    out.extend(MAGIC);
    out.extend(key);
    for number in [index.images, index.class_counts.len(), units(index)] {
        out.extend((number as u32).to_le_bytes());
    }
    for record in index.layers.iter().flat_map(|(_, records)| records) {
        out.extend(record.histogram.exponent().to_le_bytes());
        let counts =
            record.histogram.counts().iter().chain([&record.values, &record.zeros, &record.not_finite]);
        out.extend(counts.flat_map(|count| count.to_le_bytes()));
        out.extend([record.max, record.min].iter().flat_map(|value| value.to_le_bytes()));
        let sums = [record.sum, record.squares];
        out.extend(sums.iter().chain(&record.class_sums).flat_map(|value| value.to_le_bytes()));
        for entries in [&record.top, &record.sample] {
            out.extend((entries.len() as u32).to_le_bytes());
            for entry in entries {
                out.extend(entry.value.to_le_bytes());
                out.extend(entry.image.to_le_bytes());
                out.extend(entry.at.iter().flat_map(|place| place.to_le_bytes()));
            }
        }
    }
    let hash = Sha256::digest(&out);
    out.extend(hash);
    let _ = write_atomically(path, &out);
}

/// The index of that key in a file; `None` when it is not that, whole. `empty` says what units there are.
fn read(path: &Path, key: &[u8; 32], empty: &Index) -> Option<Index> {
    if fs::metadata(path).ok()?.len() > most_bytes(empty) as u64 {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH_BYTES)?)?;
    let mut from = Cursor(body);
    let is_ours = from.take::<8>()? == *MAGIC && from.take::<32>()? == *key;
    if !is_ours || Sha256::digest(body)[..] != *hash {
        return None;
    }
    let numbers = [from.u32()?, from.u32()?, from.u32()?];
    if numbers != [empty.images, empty.class_counts.len(), units(empty)] {
        return None;
    }
    let mut index = empty.clone();
    for (layer, records) in &mut index.layers {
        for record in records {
            *record = from.record(layer.is_signed, record.class_sums.len(), layer.size, empty.images)?;
        }
    }
    from.0.is_empty().then_some(index)
}

fn units(index: &Index) -> usize {
    index.layers.iter().map(|(_, records)| records.len()).sum()
}

/// No file of such an index is larger.
fn most_bytes(index: &Index) -> usize {
    let numbers = 4 + 8 * (BINS + 3) + 8 + 16 + 8 * index.class_counts.len();
    let entries = 8 + ENTRY_BYTES * (TOP.min(index.images) + SAMPLE.min(index.images));
    HEADER_BYTES + HASH_BYTES + units(index) * (numbers + entries)
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn u32(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take()?)).ok()
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take()?))
    }

    fn f32(&mut self) -> Option<f32> {
        Some(f32::from_le_bytes(self.take()?))
    }

    fn f64(&mut self) -> Option<f64> {
        Some(f64::from_le_bytes(self.take()?))
    }

    fn record(&mut self, is_signed: bool, classes: usize, size: [usize; 2], images: usize) -> Option<Record> {
        let exponent = i32::from_le_bytes(self.take()?);
        let counts = (0..BINS).map(|_| self.u64()).collect::<Option<Vec<_>>>()?;
        let histogram = Histogram::from_parts(is_signed, exponent, counts)?;
        let [values, zeros, not_finite] = [self.u64()?, self.u64()?, self.u64()?];
        let [max, min] = [self.f32()?, self.f32()?];
        let [sum, squares] = [self.f64()?, self.f64()?];
        let class_sums = (0..classes).map(|_| self.f64()).collect::<Option<Vec<_>>>()?;
        let top = self.entries(TOP.min(images), size, images)?;
        let sample = self.entries(SAMPLE.min(images), size, images)?;
        Some(Record { histogram, values, zeros, not_finite, max, min, sum, squares, class_sums, top, sample })
    }

    /// At most `most` entries, each of an image and a place that there is.
    fn entries(&mut self, most: usize, [height, width]: [usize; 2], images: usize) -> Option<Vec<Entry>> {
        let count = self.u32()?;
        if count > most {
            return None;
        }
        let one = |_| {
            let value = self.f32()?;
            let image = u32::from_le_bytes(self.take()?);
            let at = [u16::from_le_bytes(self.take()?), u16::from_le_bytes(self.take()?)];
            let is_there =
                (image as usize) < images && usize::from(at[0]) < height && usize::from(at[1]) < width;
            is_there.then_some(Entry { value, image, at })
        };
        (0..count).map(one).collect()
    }
}
