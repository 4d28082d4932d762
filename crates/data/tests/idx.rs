//! idx files: what is read, and what hostile ones are answered with.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use striate_data::IdxError;
use striate_data::idx::{IMAGES_MAGIC, LABELS_MAGIC, open_images, read_images, read_labels};
use striate_testkit::{Memory, Sample, memory, peak_bytes};

#[global_allocator]
static MEMORY: Memory = memory();

/// What decoding may use besides a fixed factor of the input: gzip's window and tables, and the first reservation.
const ALLOWANCE_BYTES: usize = 2 << 20;

fn idx(magic: u32, dimensions: &[u32], payload: &[u8]) -> Vec<u8> {
    let mut file = magic.to_be_bytes().to_vec();
    file.extend(dimensions.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(payload);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn images_file() -> Vec<u8> {
    let pixels: Vec<u8> = (0..5 * 4 * 3).map(|i| (i * 37) as u8).collect();
    idx(IMAGES_MAGIC, &[5, 4, 3], &pixels)
}

fn labels_file() -> Vec<u8> {
    idx(LABELS_MAGIC, &[5], &[3, 0, 9, 1, 1])
}

/// One test, since the allocator counts for the whole process.
#[test]
fn idx_files() {
    plain_and_gzip_read_the_same();
    every_defect_has_its_error();
    a_bomb_is_stopped_at_the_size_it_declares();
    a_header_cannot_make_us_reserve();
    mutants_give_a_result_or_an_error();
    files_are_read_and_named();
    other_numbers_are_read_when_they_mean_bytes();
}

fn plain_and_gzip_read_the_same() {
    let file = images_file();
    let images = read_images(&file).unwrap();
    assert_eq!((images.count, images.height, images.width), (5, 4, 3));
    assert_eq!(images.pixels, file[16..]);
    assert_eq!(read_images(&gzip(&file)), Ok(images.clone()));
    // gzip allows several members, one behind the other.
    let (start, end) = file.split_at(30);
    assert_eq!(read_images(&[gzip(start), gzip(end)].concat()), Ok(images));
    assert_eq!(read_labels(&labels_file(), 10), Ok(vec![3, 0, 9, 1, 1]));
    assert_eq!(read_labels(&gzip(&labels_file()), 10), Ok(vec![3, 0, 9, 1, 1]));
}

fn every_defect_has_its_error() {
    use IdxError::*;
    let file = images_file();
    let dimensions = vec![5, 4, 3];
    assert_eq!(read_images(&labels_file()), Err(Magic { expected: IMAGES_MAGIC, got: LABELS_MAGIC }));
    assert_eq!(read_images(b"<html>"), Err(Magic { expected: IMAGES_MAGIC, got: 0x3c68_746d }));
    assert_eq!(read_images(b""), Err(HeaderTruncated { expected: 16, got: 0 }));
    assert_eq!(read_images(&file[..15]), Err(HeaderTruncated { expected: 16, got: 15 }));
    assert_eq!(read_labels(&labels_file()[..7], 10), Err(HeaderTruncated { expected: 8, got: 7 }));
    let cut = Truncated { dimensions: dimensions.clone(), expected: 60, got: 59 };
    assert_eq!(read_images(&file[..75]), Err(cut.clone()));
    assert_eq!(read_images(&gzip(&file[..75])), Err(cut));
    let joined = [file.as_slice(), &[0]].concat();
    assert_eq!(read_images(&joined), Err(Trailing { dimensions: dimensions.clone(), expected: 60 }));
    assert_eq!(read_images(&gzip(&joined)), Err(Trailing { dimensions, expected: 60 }));
    for zero in [[0, 4, 3], [5, 0, 3], [5, 4, 0]] {
        let empty = idx(IMAGES_MAGIC, &zero, &[]);
        assert_eq!(read_images(&empty), Err(Empty { dimensions: zero.to_vec() }));
        assert_eq!(read_images(&gzip(&empty)), Err(Empty { dimensions: zero.to_vec() }));
    }
    for huge in [[u32::MAX; 3], [u32::MAX, u32::MAX, 2], [1 << 31, 1 << 31, 4]] {
        let overflow = idx(IMAGES_MAGIC, &huge, &[1; 100]);
        assert_eq!(read_images(&overflow), Err(Overflow { dimensions: huge.to_vec() }));
        assert_eq!(read_images(&gzip(&overflow)), Err(Overflow { dimensions: huge.to_vec() }));
    }
    assert_eq!(read_labels(&labels_file(), 9), Err(LabelPastClasses { index: 2, label: 9, classes: 9 }));
    let mut damaged = gzip(&file);
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 1;
    assert!(matches!(read_images(&damaged), Err(Gzip { .. })), "the CRC is checked");
    assert!(matches!(read_images(&damaged[..checksum - 4]), Err(Gzip { .. } | Truncated { .. })));
}

fn a_bomb_is_stopped_at_the_size_it_declares() {
    let mut bomb = idx(IMAGES_MAGIC, &[10, 28, 28], &[]);
    bomb.resize(64 << 20, 0);
    let packed = gzip(&bomb);
    drop(bomb);
    assert!(packed.len() < 100_000, "64 MiB pack into {} bytes", packed.len());
    let (result, used) = peak_bytes(|| read_images(&packed));
    assert_eq!(result, Err(IdxError::Trailing { dimensions: vec![10, 28, 28], expected: 7840 }));
    assert!(used < ALLOWANCE_BYTES, "{used} bytes");
}

fn a_header_cannot_make_us_reserve() {
    let dimensions = [1_000_000, 1000, 1000];
    let plain = idx(IMAGES_MAGIC, &dimensions, &[0; 1000]);
    let packed = gzip(&plain);
    let (result, used) = peak_bytes(|| read_images(&plain));
    assert!(matches!(result, Err(IdxError::Truncated { got: 1000, .. })), "{result:?}");
    assert!(used < 1000, "{used} bytes");
    let (result, used) = peak_bytes(|| read_images(&packed));
    assert!(matches!(result, Err(IdxError::Implausible { .. })), "{result:?}");
    assert!(used < ALLOWANCE_BYTES, "{used} bytes");
    // gzip can do it, but no images pack like that.
    let zeros = gzip(&idx(IMAGES_MAGIC, &[1000, 1000, 40], &vec![0; 40_000_000]));
    let (result, used) = peak_bytes(|| read_images(&zeros));
    let limit = 16 << 20;
    let compressed = zeros.len() as u64;
    let dimensions = vec![1000, 1000, 40];
    assert_eq!(result, Err(IdxError::Implausible { dimensions, expected: 40_000_000, compressed, limit }));
    assert!(used < ALLOWANCE_BYTES, "{used} bytes");
    // Plausible, but the bytes do not come.
    let plausible = idx(IMAGES_MAGIC, &[1000, 1000, 10], &vec![0; 10_000]);
    let mut sample = Sample::new(1);
    let noise: Vec<u8> = (0..20_000).map(|_| sample.bits() as u8).collect();
    let packed = gzip(&[plausible, noise].concat());
    let (result, used) = peak_bytes(|| read_images(&packed));
    assert!(matches!(result, Err(IdxError::Truncated { .. })), "{result:?}");
    assert!(used < ALLOWANCE_BYTES + 16 * packed.len(), "{used} bytes");
}

/// One random change: a bit, a byte, a header field, a cut, an addition, or the tail of another file.
fn mutate(sample: &mut Sample, file: &[u8], other: &[u8]) -> Vec<u8> {
    let mut mutant = file.to_vec();
    for _ in 0..sample.usize_in(1..=3) {
        let at = sample.usize_in(0..=mutant.len().max(1) - 1);
        match sample.usize_in(0..=5) {
            0 if !mutant.is_empty() => mutant[at] ^= 1 << sample.usize_in(0..=7),
            1 if !mutant.is_empty() => mutant[at] = sample.choose(&[0x00, 0x7f, 0x80, 0xff]),
            2 if mutant.len() >= 16 => {
                let field = 4 * sample.usize_in(0..=3);
                let value: u32 =
                    sample.choose(&[0, 1, 2, 255, 65_535, 1 << 24, i32::MAX as u32, 1 << 31, u32::MAX]);
                mutant[field..field + 4].copy_from_slice(&value.to_be_bytes());
            }
            3 => mutant.truncate(at),
            4 => mutant.extend((0..sample.usize_in(1..=40)).map(|_| sample.bits() as u8).collect::<Vec<_>>()),
            _ => {
                mutant.truncate(at);
                mutant.extend(&other[sample.usize_in(0..=other.len() - 1)..]);
            }
        }
    }
    mutant
}

fn mutants_give_a_result_or_an_error() {
    let plain = [images_file(), labels_file()];
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..8000 {
        let mut sample = Sample::new(seed);
        let (file, other) = (&plain[seed as usize % 2], &plain[sample.usize_in(0..=1)]);
        // Mutants of the content inside an intact gzip reach the checks behind the decoder.
        let mutant = match sample.usize_in(0..=2) {
            0 => mutate(&mut sample, file, other),
            1 => gzip(&mutate(&mut sample, file, other)),
            _ => mutate(&mut sample, &gzip(file), &gzip(other)),
        };
        let ((images, labels), used) = peak_bytes(|| (read_images(&mutant), read_labels(&mutant, 10)));
        assert!(used <= 16 * mutant.len() + ALLOWANCE_BYTES, "seed {seed}: {used} bytes");
        if let Ok(images) = &images {
            assert!(images.count * images.height * images.width == images.pixels.len(), "seed {seed}");
        }
        if let Ok(labels) = &labels {
            assert!(!labels.is_empty() && labels.iter().all(|&label| label < 10), "seed {seed}");
        }
        match images.is_ok() || labels.is_ok() {
            true => accepted += 1,
            false => refused += 1,
        }
    }
    assert!(accepted > 100 && refused > 4000, "{accepted} accepted, {refused} refused");
}

fn other_numbers_are_read_when_they_mean_bytes() {
    let of = |code: u32, dimensions: &[u32], payload: &[u8]| {
        idx(code << 8 | dimensions.len() as u32, dimensions, payload)
    };
    let i32s = |values: &[i32]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
    let f32s = |values: &[f32]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
    // Labels: any whole numbers, and QMNIST's first column of eight.
    assert_eq!(read_labels(&of(0x0c, &[3], &i32s(&[3, 0, 9])), 10), Ok(vec![3, 0, 9]));
    assert_eq!(read_labels(&gzip(&of(0x0d, &[2], &f32s(&[7.0, 1.0]))), 10), Ok(vec![7, 1]));
    let columns = i32s(&[5, 0, 2620, 21, 99, 0, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(read_labels(&of(0x0c, &[2, 8], &columns), 10), Ok(vec![5, 4]));
    assert_eq!(read_labels(&of(0x0c, &[8, 2], &columns), 10), Err(IdxError::Columns { columns: 2 }));
    let label = |value: &str| Err(IdxError::Label { index: 1, value: value.into() });
    assert_eq!(read_labels(&of(0x0c, &[2], &i32s(&[3, -1])), 10), label("-1"));
    assert_eq!(read_labels(&of(0x0c, &[2], &i32s(&[3, 256])), 10), label("256"));
    assert_eq!(read_labels(&of(0x0d, &[2], &f32s(&[3.0, 0.5])), 10), label("0.5"));
    // Images: bytes in wider numbers, and shares.
    assert_eq!(read_images(&of(0x0c, &[1, 1, 3], &i32s(&[0, 7, 255]))).unwrap().pixels, [0, 7, 255]);
    assert_eq!(read_images(&of(0x0d, &[1, 1, 3], &f32s(&[0.0, 0.5, 1.0]))).unwrap().pixels, [0, 128, 255]);
    let unknown = read_images(&of(0x0d, &[1, 1, 2], &f32s(&[-0.42, 2.82]))).unwrap_err().to_string();
    assert!(
        unknown.starts_with("contains 32-bit floats from -0.41") && unknown.contains("are unknown"),
        "{unknown}"
    );
    let flat = read_images(&of(0x08, &[2, 784], &[0; 2 * 784])).unwrap_err().to_string();
    assert!(
        flat.ends_with("which is an idx file with other dimensions: store gray images as [N, H, W]"),
        "{flat}"
    );
    let short = read_images(&of(0x0c, &[1, 1, 3], &i32s(&[0, 7])));
    assert_eq!(short, Err(IdxError::Truncated { dimensions: vec![1, 1, 3], expected: 12, got: 8 }));
}

fn files_are_read_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    std::fs::write(&path, images_file()).unwrap();
    assert_eq!(open_images(&path).unwrap().count, 5);
    std::fs::write(&path, &images_file()[..40]).unwrap();
    let message = open_images(&path).unwrap_err().to_string();
    assert!(message.starts_with(path.to_str().unwrap()) && message.contains("holds 24"), "{message}");
    let message = open_images(folder.path()).unwrap_err().to_string();
    assert!(message.contains("is a folder, expected a file"), "{message}");
    let message = open_images(&folder.path().join("none")).unwrap_err().to_string();
    assert!(message.contains("No such file"), "{message}");
}
