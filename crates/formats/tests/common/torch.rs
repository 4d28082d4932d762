//! What `torch.save` writes, made by hand: a pickle assembler and the three containers. Honest by default; tests
//! say where it lies.
#![allow(dead_code)] // not every test program uses all of it

/// A pickle under construction.
#[derive(Clone)]
pub(crate) struct Asm(pub(crate) Vec<u8>);

impl Asm {
    pub(crate) fn new() -> Self {
        Self(vec![0x80, 2])
    }
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
    pub(crate) fn global(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }
    pub(crate) fn text(self, text: &str) -> Self {
        self.raw(b"X").raw(&(text.len() as u32).to_le_bytes()).raw(text.as_bytes())
    }
    /// BININT where it fits, LONG1 of eight bytes otherwise.
    pub(crate) fn int(self, value: i64) -> Self {
        match i32::try_from(value) {
            Ok(small) => self.raw(b"J").raw(&small.to_le_bytes()),
            Err(_) => self.raw(&[0x8a, 8]).raw(&value.to_le_bytes()),
        }
    }
    pub(crate) fn ints(self, values: &[i64]) -> Self {
        values.iter().fold(self.raw(b"("), |asm, &value| asm.int(value)).raw(b"t")
    }
    /// `('storage', torch.TYPE, key, 'cpu', values)` as a persistent id.
    pub(crate) fn storage(self, dtype: &str, key: &str, values: i64) -> Self {
        self.raw(b"(").text("storage").global("torch", dtype).text(key).text("cpu").int(values).raw(b"tQ")
    }
    /// `_rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())` over a storage that `of` puts there.
    pub(crate) fn tensor(
        self,
        of: impl FnOnce(Self) -> Self,
        offset: i64,
        shape: &[i64],
        strides: &[i64],
    ) -> Self {
        let asm = of(self.global("torch._utils", "_rebuild_tensor_v2").raw(b"("));
        let asm = asm.int(offset).ints(shape).ints(strides).raw(&[0x89]);
        asm.global("collections", "OrderedDict").raw(b")RtR")
    }
    pub(crate) fn stop(self) -> Vec<u8> {
        self.raw(b".").0
    }
}

/// The pickle of a state dict with one tensor of `shape` under `name`, of storage "0".
pub(crate) fn one_tensor(name: &str, shape: &[i64]) -> Vec<u8> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    let values = shape.iter().product();
    let asm = Asm::new().raw(b"}").text(name);
    asm.tensor(|a| a.storage("FloatStorage", "0", values), 0, shape, &strides).raw(b"s").stop()
}

/// `0, 1, 2, ...` as bytes of f32.
pub(crate) fn floats(count: usize) -> Vec<u8> {
    (0..count).flat_map(|i| (i as f32).to_le_bytes()).collect()
}

/// An entry of a zip as [`zip_of`] writes it; the tests change what they lie about.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    /// The name before the data, where it is another one.
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) data: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    /// Sizes in the directory and before the data.
    pub(crate) central_bytes: u32,
    pub(crate) local_bytes: u32,
}

impl Entry {
    pub(crate) fn new(name: &str, data: &[u8]) -> Self {
        Self {
            name: name.into(),
            local_name: None,
            data: data.to_vec(),
            method: 0,
            flags: 0,
            crc: crc32(data),
            central_bytes: data.len() as u32,
            local_bytes: data.len() as u32,
        }
    }
}

/// CRC-32 bit by bit: slow, and not the crate that is tested.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// A zip of these entries, and where each starts.
pub(crate) fn zip_of(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let at = bytes.len() as u32;
        let name = entry.local_name.as_ref().unwrap_or(&entry.name);
        let common = |size: u32, name_bytes: usize| {
            let mut field = Vec::new();
            field.extend([20, 0]);
            field.extend(entry.flags.to_le_bytes());
            field.extend(entry.method.to_le_bytes());
            field.extend([0; 4]);
            field.extend(entry.crc.to_le_bytes());
            field.extend(size.to_le_bytes());
            field.extend(size.to_le_bytes());
            field.extend((name_bytes as u16).to_le_bytes());
            field.extend([0; 2]);
            field
        };
        bytes.extend(b"PK\x03\x04");
        bytes.extend(common(entry.local_bytes, name.len()));
        bytes.extend(name);
        bytes.extend(&entry.data);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(common(entry.central_bytes, entry.name.len()));
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(&entry.name);
    }
    let (at, size, count) = (bytes.len() as u32, directory.len() as u32, entries.len() as u16);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

/// The entries of a `.pth`: its pickle, and the bytes of each storage.
pub(crate) fn entries(pickle: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<Entry> {
    let mut entries =
        vec![Entry::new("archive/data.pkl", pickle), Entry::new("archive/byteorder", b"little")];
    entries.extend(storages.iter().map(|(key, data)| Entry::new(&format!("archive/data/{key}"), data)));
    entries
}

/// A `.pth` of torch 1.6 and later.
pub(crate) fn pth_zip(pickle: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    zip_of(&entries(pickle, storages))
}

/// A `.pth` of torch 0.1.10 to 1.5: `storages` are keys, bytes a value, and values.
pub(crate) fn pth_legacy(pickle: &[u8], storages: &[(&str, usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.'];
    bytes.extend(Asm::new().int(1001).stop());
    bytes.extend(Asm::new().raw(b"}").text("little_endian").raw(&[0x88]).raw(b"s").stop());
    bytes.extend(pickle);
    let keys = storages.iter().fold(Asm::new().raw(b"]("), |asm, (key, ..)| asm.text(key));
    bytes.extend(keys.raw(b"e").stop());
    for (_, size, data) in storages {
        bytes.extend((data.len() as i64 / *size as i64).to_le_bytes());
        bytes.extend(data);
    }
    bytes
}

/// A tar of these members.
pub(crate) fn tar_of(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, data) in members {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        bytes.extend(header);
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// The members of a `.pth` of torch 0.1 whose pickle is `pickle`: one storage of `values` f32 under key 7, and one tensor
/// of `shape` under key 8.
pub(crate) fn tar_members(pickle: &[u8], values: usize, shape: &[i64]) -> Vec<(&'static str, Vec<u8>)> {
    let mut storages = Asm::new().int(1).stop();
    storages.extend(Asm::new().raw(b"(").int(7).text("cpu").global("torch", "FloatStorage").raw(b"t").stop());
    storages.extend((values as i64).to_le_bytes());
    storages.extend(floats(values));
    storages.extend(Asm::new().raw(b"]").stop());
    let mut tensors = Asm::new().int(1).stop();
    tensors.extend(Asm::new().raw(b"(").int(8).int(7).global("torch", "FloatTensor").raw(b"t").stop());
    tensors.extend((shape.len() as i64).to_le_bytes());
    shape.iter().for_each(|size| tensors.extend(size.to_le_bytes()));
    for i in 0..shape.len() {
        tensors.extend(shape[i + 1..].iter().product::<i64>().to_le_bytes());
    }
    tensors.extend(0_i64.to_le_bytes());
    let system = Asm::new().raw(b"}").text("little_endian").raw(&[0x88]).raw(b"s").stop();
    vec![("sys_info", system), ("pickle", pickle.to_vec()), ("storages", storages), ("tensors", tensors)]
}
