//! The zip container that torch has written since 1.6, with every array stored uncompressed.
//!
//! A zip describes each entry twice, before its data and in a directory at the end, and readers that believe different
//! descriptions see different files. Here both must agree, entries must follow each other without gap or overlap from the first
//! byte to the directory, and names must be unique. So there is one way to read the file, or an error.
//!
//! ```text
//! [local header, name, padding, data, (descriptor)]...  directory  (zip64 end, zip64 locator)  end
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod error;

pub use error::ZipError;

use super::{PthError, Source};
use std::collections::BTreeMap;

/// Most entries: the arrays and a few notes.
const ENTRIES: u64 = 20_000;
/// Most bytes of a name.
const NAME_BYTES: usize = 512;
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
/// Sizes and CRC come after the data rather than before.
const FOLLOWS: u16 = 1 << 3;
/// Three kinds of encryption, and patches.
const SECRET: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;

/// An entry; its data are the bytes `at..at + bytes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: u64,
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
    /// Compression method; 0 for none.
    method: u16,
}

impl Entry {
    /// Checks that the entry is stored uncompressed, as torch stores its arrays. TorchScript archives keep compressed code
    /// beside them.
    pub(crate) fn check_stored(&self, name: &str) -> Result<(), PthError> {
        match self.method {
            0 => Ok(()),
            method => {
                let how = format!("compressed (method {method}), but torch.save does not compress");
                Err(ZipError::Unsupported { name: name.to_string(), how }.into())
            }
        }
    }
}

/// The directory of a zip, of which everything except the data has been checked.
pub(crate) fn directory(source: &mut Source<'_>) -> Result<BTreeMap<String, Entry>, PthError> {
    let end = find_end(source)?;
    if end.entries > ENTRIES {
        return Err(ZipError::Entries { got: end.entries, limit: ENTRIES }.into());
    }
    let bytes = source.bytes(end.directory, end.directory_end - end.directory)?;
    let mut fields = Fields { bytes: &bytes, at: end.directory };
    let mut listed = Vec::new();
    for _ in 0..end.entries {
        listed.push(Central::read(&mut fields)?);
    }
    if !fields.bytes.is_empty() {
        return Err(ZipError::Record { what: "end of the directory", at: fields.at }.into());
    }
    listed.sort_by_key(|entry| entry.header_at);
    let (mut entries, mut next) = (BTreeMap::new(), 0);
    for central in listed {
        if central.header_at != next {
            return Err(
                ZipError::Layout { name: central.name, expected: next, got: central.header_at }.into()
            );
        }
        let (entry, after) = local(source, &central, end.directory)?;
        next = after;
        if entries.insert(central.name.clone(), entry).is_some() {
            return Err(ZipError::Twice { name: central.name }.into());
        }
    }
    if next != end.directory {
        let name = "(the directory)".to_string();
        return Err(ZipError::Layout { name, expected: next, got: end.directory }.into());
    }
    Ok(entries)
}

struct End {
    entries: u64,
    directory: u64,
    directory_end: u64,
}

/// The record at the end of the file, and its 64-bit form if there is one. With a comment its position would be a guess.
fn find_end(source: &mut Source<'_>) -> Result<End, PthError> {
    let missing = |what, at| PthError::from(ZipError::Record { what, at });
    let end_at = source.file_bytes.saturating_sub(22);
    let bytes = source.bytes(end_at, source.file_bytes - end_at)?;
    let mut f = Fields { bytes: &bytes, at: end_at };
    if f.u32()? != END {
        return Err(missing("end record (cut short, or with a comment)", end_at));
    }
    let disks = (f.u16()?, f.u16()?);
    let (here, entries) = (f.u16()?, f.u16()?);
    let (size, directory, comment) = (f.u32()?, f.u32()?, f.u16()?);
    if disks != (0, 0) || here != entries || comment != 0 {
        return Err(missing("end record of a zip in one part", end_at));
    }
    let mut end = End { entries: entries.into(), directory: directory.into(), directory_end: end_at };
    let mut size = u64::from(size);
    if let Some(locator_at) = end_at.checked_sub(20) {
        let bytes = source.bytes(locator_at, 20)?;
        let mut f = Fields { bytes: &bytes, at: locator_at };
        if f.u32()? == LOCATOR_64 {
            let (disk, at, disks) = (f.u32()?, f.u64()?, f.u32()?);
            if disk != 0 || disks != 1 || at.checked_add(56) != Some(locator_at) {
                return Err(missing("locator of the 64-bit end record", locator_at));
            }
            let bytes = source.bytes(at, 56)?;
            let mut f = Fields { bytes: &bytes, at };
            if f.u32()? != END_64 || f.u64()? != 44 {
                return Err(missing("64-bit end record", at));
            }
            f.skip(12)?; // versions and disks
            let (here, entries) = (f.u64()?, f.u64()?);
            let (size_64, directory_64) = (f.u64()?, f.u64()?);
            let agrees = |short: u64, most: u64, long: u64| short == long.min(most);
            if here != entries
                || !agrees(end.entries, 0xffff, entries)
                || !agrees(size, 0xffff_ffff, size_64)
                || !agrees(end.directory, 0xffff_ffff, directory_64)
            {
                return Err(missing("64-bit end record that agrees with the short one", at));
            }
            (end, size) = (End { entries, directory: directory_64, directory_end: at }, size_64);
        }
    }
    if end.directory.checked_add(size) != Some(end.directory_end) {
        return Err(missing("directory that ends where the end record starts", end.directory));
    }
    Ok(end)
}

/// An entry as the directory describes it.
struct Central {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    bytes: u64,
    header_at: u64,
}

impl Central {
    fn read(f: &mut Fields<'_>) -> Result<Self, PthError> {
        let at = f.at;
        if f.u32()? != CENTRAL {
            return Err(ZipError::Record { what: "entry of the directory", at }.into());
        }
        f.skip(4)?; // versions
        let (flags, method) = (f.u16()?, f.u16()?);
        f.skip(4)?; // time and date
        let crc = f.u32()?;
        let (packed, bytes) = (f.u32()?, f.u32()?);
        let (name, extra, comment) = (f.u16()?, f.u16()?, f.u16()?);
        let disk = f.u16()?;
        f.skip(6)?; // attributes
        let header_at = f.u32()?;
        let name = checked_name(f.take(name.into())?)?;
        let extra = f.take(extra.into())?;
        f.skip(comment.into())?;
        let [bytes, packed, header_at] = wide(extra, [bytes, packed, header_at], &name)?;
        let unsupported = |how: String| Err(ZipError::Unsupported { name: name.clone(), how }.into());
        match method {
            _ if flags & SECRET != 0 => unsupported("encrypted".into()),
            0 if packed != bytes => {
                unsupported(format!("said to have {packed} bytes packed and {bytes} unpacked"))
            }
            _ if disk == 0 => Ok(Self { name, flags, method, crc, packed, bytes, header_at }),
            _ => unsupported(format!("on disk {disk}")),
        }
    }
}

/// Sizes that do not fit into 32 bits are in field 1 of the extra data, in this order.
fn wide(extra: &[u8], short: [u32; 3], name: &str) -> Result<[u64; 3], PthError> {
    let damaged = || ZipError::Name { name: name.to_string(), why: "its extra data are damaged" };
    let mut values = short.map(u64::from);
    let mut f = Fields { bytes: extra, at: 0 };
    while !f.bytes.is_empty() {
        let (id, length) = (f.u16().map_err(|_| damaged())?, f.u16().map_err(|_| damaged())?);
        let mut field = Fields { bytes: f.take(length.into()).map_err(|_| damaged())?, at: 0 };
        if id == 1 {
            for value in values.iter_mut().filter(|value| **value == 0xffff_ffff) {
                *value = field.u64().map_err(|_| damaged())?;
            }
        }
    }
    Ok(values)
}

/// Compares the description before the data with the directory; returns the entry and the position of the next one.
fn local(source: &mut Source<'_>, central: &Central, limit: u64) -> Result<(Entry, u64), PthError> {
    let name = || central.name.clone();
    let at = central.header_at;
    let bytes = source.bytes(at, 30)?;
    let mut f = Fields { bytes: &bytes, at };
    if f.u32()? != LOCAL {
        return Err(ZipError::Record { what: "entry", at }.into());
    }
    let differs = |what, local: String, central: String| {
        Err(PthError::from(ZipError::Differs { name: name(), what, local, central }))
    };
    f.skip(2)?; // version
    let (flags, method) = (f.u16()?, f.u16()?);
    f.skip(4)?; // time and date
    let (crc, packed, size) = (f.u32()?, f.u32()?, f.u32()?);
    let (name_bytes, extra_bytes) = (f.u16()?, f.u16()?);
    let text = source.bytes(at + 30, name_bytes.into())?;
    let extra = source.bytes(at + 30 + u64::from(name_bytes), extra_bytes.into())?;
    if flags != central.flags {
        return differs("flags", format!("{flags:#06x}"), format!("{:#06x}", central.flags));
    }
    if method != central.method {
        return differs("method", method.to_string(), central.method.to_string());
    }
    if text != central.name.as_bytes() {
        return differs("name", String::from_utf8_lossy(&text).chars().take(64).collect(), name());
    }
    let [size, packed, _] = wide(&extra, [size, packed, 0], &central.name)?;
    let data = at + 30 + u64::from(name_bytes) + u64::from(extra_bytes);
    let entry = Entry { at: data, bytes: central.bytes, crc: central.crc, method };
    source.check(data, central.packed)?;
    let mut after = data + central.packed;
    let mut said = (crc, packed, size);
    if flags & FOLLOWS != 0 && said == (0, 0, 0) {
        let described = descriptor(source, after, limit, central)?;
        (said, after) = described;
    }
    for (what, local, central) in [
        ("CRC-32", said.0.into(), u64::from(entry.crc)),
        ("packed size", said.1, central.packed),
        ("size", said.2, entry.bytes),
    ] {
        if local != central {
            return differs(what, local.to_string(), central.to_string());
        }
    }
    Ok((entry, after))
}

type Said = (u32, u64, u64);

/// The CRC and the sizes after the data, of 32 or 64 bits, whichever fits the layout.
fn descriptor(
    source: &mut Source<'_>,
    at: u64,
    limit: u64,
    entry: &Central,
) -> Result<(Said, u64), PthError> {
    let bytes = source.bytes(at, 24.min(limit.saturating_sub(at)))?;
    let missing = || PthError::from(ZipError::Record { what: "sizes after the data", at });
    let mut f = Fields { bytes: &bytes, at };
    if f.u32().map_err(|_| missing())? != DESCRIPTOR {
        return Err(missing());
    }
    let crc = f.u32().map_err(|_| missing())?;
    let mut long = Fields { bytes: f.bytes, at };
    if let (Ok(packed), Ok(size)) = (long.u64(), long.u64())
        && (packed, size) == (entry.packed, entry.bytes)
    {
        return Ok(((crc, packed, size), at + 24));
    }
    let (packed, size) = (f.u32().map_err(|_| missing())?, f.u32().map_err(|_| missing())?);
    Ok(((crc, packed.into(), size.into()), at + 16))
}

/// A name as torch writes it: parts of a path joined by slashes.
fn checked_name(bytes: &[u8]) -> Result<String, PthError> {
    let name = String::from_utf8_lossy(bytes.get(..64).unwrap_or(bytes)).into_owned();
    let wrong = |why| Err(ZipError::Name { name: name.clone(), why }.into());
    let Ok(text) = std::str::from_utf8(bytes) else { return wrong("its name is not UTF-8") };
    if text.len() > NAME_BYTES {
        return wrong("its name is longer than 512 bytes");
    }
    if text.contains(['\0', '\\', ':']) {
        return wrong("its name has a NUL, a backslash or a colon");
    }
    if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return wrong("its name is not a plain path inside the zip");
    }
    Ok(text.to_string())
}

/// Little-endian numbers one after the other.
struct Fields<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], PthError> {
        let left = self.bytes.len() as u64;
        let (head, tail) = self.bytes.split_at_checked(count).ok_or(PthError::Short {
            at: self.at,
            needs: count as u64,
            left,
        })?;
        (self.bytes, self.at) = (tail, self.at + count as u64);
        Ok(head)
    }

    fn skip(&mut self, count: usize) -> Result<(), PthError> {
        self.take(count).map(drop)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PthError> {
        let (at, taken) = (self.at, self.take(N)?);
        taken.first_chunk().copied().ok_or(PthError::Short { at, needs: N as u64, left: 0 })
    }

    fn u16(&mut self) -> Result<u16, PthError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, PthError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, PthError> {
        self.array().map(u64::from_le_bytes)
    }
}
