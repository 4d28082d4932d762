//! TIFF, whose values may have any width and be signed or unsigned integers, floats, indices into a palette, or inks.
//!
//! Brightness is converted to bytes: 16 bits are divided by 257 and rounded, fewer than eight are scaled to 0..255, palettes
//! are looked up, and numbers that are not bytes are interpreted by [`to_bytes`]. Kinds with unknown colors are rejected by
//! name.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod directory;

use std::borrow::Cow;
use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, metadata::Orientation};
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::jpeg::{MAX_SCANS, under_black, ycc_to_rgb};
use super::size::check_room;
use super::sniff;
use crate::error::ImageError;
use crate::tones::{Outside, to_bytes};
use directory::Directory;
use striate_base::memory::SMALL_BYTES;

const KIND: &str = "TIFF";
/// Values of the tag "photometric interpretation".
const BLACK_IS_ZERO: u16 = 1;
/// The value of the tag "compression" for a JPEG in each strip or tile.
const JPEG: usize = 7;
const PALETTE: u16 = 3;
/// Values of "extra samples" that say that there is an opacity; by the first, colors were multiplied with it.
const PREMULTIPLIED: u16 = 1;
const OPACITY: [u16; 2] = [PREMULTIPLIED, 2];

type Reader<'a> = Decoder<Cursor<Cow<'a, [u8]>>>;

/// Decodes the first image of a TIFF. `check` is given its size, and the bytes that it takes, before a pixel is decoded.
pub(crate) fn decode(
    bytes: &[u8],
    check: impl FnOnce(u32, u32, u64) -> Result<(), ImageError>,
) -> Result<(DynamicImage, Option<Orientation>), ImageError> {
    let directory = Directory::read(bytes).ok_or_else(|| damaged("its directory is not inside the file"))?;
    directory.check().map_err(|why| damaged(&why))?;
    let mut reader = open(Cow::Borrowed(bytes))?;
    let (width, height) = reader.dimensions().map_err(refused)?;
    let photometric = reader.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).map_err(refused)?;
    let palette = match photometric {
        Some(PALETTE) => {
            let palette = reader.get_tag_u16_vec(Tag::ColorMap).map_err(refused)?;
            // The decoder knows no palettes: the indices are read as if they were gray.
            let gray = as_gray(bytes, &directory).ok_or_else(|| damaged("it has no color type"))?;
            reader = open(Cow::Owned(gray))?;
            Some(palette)
        }
        _ => None,
    };
    let color = reader.colortype().map_err(refused)?;
    let (bits, samples) = (usize::from(color.bit_depth()), usize::from(color.num_samples()));
    if !matches!(bits, 1 | 2 | 4 | 8..) {
        return Err(ImageError::Unsupported { kind: format!("TIFF with {bits} bits per value") });
    }
    let pixels = u64::from(width) * u64::from(height);
    let unpacked = pixels.saturating_mul((samples.max(3) * bits.div_ceil(8)) as u64);
    check(width, height, unpacked)?;
    // What is not the image itself: a tile that reaches past it, a strip as it is packed, a JPEG of its own size.
    let beside = unpacked.max(SMALL_BYTES);
    if directory.numbers(Tag::Compression) == [JPEG] {
        check_jpegs(bytes, &directory, beside)?;
    }
    check_room(unpacked)?;
    let orientation = reader.find_tag_unsigned::<u16>(Tag::Orientation).ok().flatten();
    let orientation = orientation.and_then(|value| Orientation::from_exif(value.min(255) as u8));
    let extra = reader.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).ok().flatten();
    let extra = extra.and_then(|extra| extra.first().copied()).unwrap_or(0);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(unpacked).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = usize::try_from(beside).unwrap_or(usize::MAX);
    let mut reader = reader.with_limits(limits);
    let mut buffer = DecodingResult::U8(Vec::new());
    let planes = reader.read_image_to_buffer(&mut buffer).map_err(refused)?.planes;
    let values = match buffer {
        DecodingResult::U8(values) if bits < 8 => {
            unpack(&values, [width as usize * samples, height as usize], bits, palette.is_none())
        }
        DecodingResult::U8(values) => values,
        DecodingResult::U16(values) => values.iter().map(|&v| ((u32::from(v) + 128) / 257) as u8).collect(),
        other => bytes_of(&other)?,
    };
    let mut values = interleaved(values, planes);
    if values.len() as u64 != pixels * samples as u64 {
        return Err(damaged("it has fewer values than its size needs"));
    }
    let color = match color {
        ColorType::Multiband { bit_depth, num_samples: 2 } if OPACITY.contains(&extra) => {
            ColorType::GrayA(bit_depth)
        }
        color => color,
    };
    if extra == PREMULTIPLIED && matches!(color, ColorType::RGBA(_) | ColorType::GrayA(_)) {
        values.chunks_exact_mut(samples).for_each(divide_by_opacity);
    }
    let image = colored(color, palette.as_deref(), values, [width, height])?;
    Ok((image, orientation))
}

fn open(bytes: Cow<'_, [u8]>) -> Result<Reader<'_>, ImageError> {
    Decoder::new(Cursor::new(bytes)).map_err(refused)
}

fn damaged(why: &str) -> ImageError {
    ImageError::Damaged { kind: KIND, why: why.into() }
}

/// What the decoder does not know is no damage.
fn refused(error: TiffError) -> ImageError {
    match error {
        TiffError::UnsupportedError(what) => ImageError::Unsupported { kind: format!("{KIND} ({what})") },
        error => damaged(&error.to_string()),
    }
}

/// The same file with gray in the place of its color type.
fn as_gray(bytes: &[u8], directory: &Directory<'_>) -> Option<Vec<u8>> {
    let at = directory.place(Tag::PhotometricInterpretation)?;
    let mut bytes = bytes.to_vec();
    bytes.get_mut(at..at.checked_add(2)?)?.copy_from_slice(&directory.written(BLACK_IS_ZERO));
    Some(bytes)
}

/// Makes sure that no JPEG inside needs more than `most` bytes, or has more scans than an image has use for: the decoder
/// believes what they say of themselves.
fn check_jpegs(bytes: &[u8], directory: &Directory<'_>, most: u64) -> Result<(), ImageError> {
    let tables = [Tag::StripOffsets, Tag::StripByteCounts, Tag::TileOffsets, Tag::TileByteCounts];
    let [strips, strip_bytes, tiles, tile_bytes] = tables.map(|tag| directory.numbers(tag));
    let places = strips.iter().zip(&strip_bytes).chain(tiles.iter().zip(&tile_bytes));
    let parts = places.filter_map(|(&at, &length)| {
        let behind = bytes.get(at..)?;
        Some(behind.get(..length).unwrap_or(behind))
    });
    let shared: Vec<u8> = directory.numbers(Tag::JPEGTables).iter().map(|&byte| byte as u8).collect();
    for jpeg in parts.chain([&shared[..]]) {
        let [width, height, components] = sniff::jpeg_size(jpeg).unwrap_or_default();
        let bytes = u64::from(width) * u64::from(height) * u64::from(components);
        if bytes > most {
            return Err(damaged(&format!(
                "it contains a JPEG of {width}x{height} pixels, which is larger than the image itself"
            )));
        }
        if sniff::jpeg_scans(jpeg) > MAX_SCANS {
            return Err(damaged(&format!("a JPEG in it has more than {MAX_SCANS} scans")));
        }
    }
    Ok(())
}

/// Values of 1, 2 or 4 bits, each row of which starts with a byte of its own; spread over 0..255 if they are tones.
fn unpack(packed: &[u8], [width, height]: [usize; 2], bits: usize, are_tones: bool) -> Vec<u8> {
    let most = (1 << bits) - 1;
    let factor = if are_tones { 255 / most } else { 1 };
    let row_bytes = (width * bits).div_ceil(8).max(1);
    let value = |row: &[u8], x: usize| {
        let byte = row.get(x * bits / 8).copied().unwrap_or(0);
        (byte >> (8 - bits - x * bits % 8) & most) * factor
    };
    packed
        .chunks_exact(row_bytes)
        .take(height)
        .flat_map(|row| (0..width).map(|x| value(row, x)).collect::<Vec<_>>())
        .collect()
}

/// Numbers of any other kind.
fn bytes_of(buffer: &DecodingResult) -> Result<Vec<u8>, ImageError> {
    let (kind, bytes) = match buffer {
        DecodingResult::I8(v) => ("8-bit integers", to_bytes(v.iter().map(|&v| v.into()), false)),
        DecodingResult::I16(v) => ("16-bit integers", to_bytes(v.iter().map(|&v| v.into()), false)),
        DecodingResult::I32(v) => ("32-bit integers", to_bytes(v.iter().map(|&v| v.into()), false)),
        DecodingResult::U32(v) => ("32-bit integers", to_bytes(v.iter().map(|&v| v.into()), false)),
        DecodingResult::I64(v) => ("64-bit integers", to_bytes(v.iter().map(|&v| v as f64), false)),
        DecodingResult::U64(v) => ("64-bit integers", to_bytes(v.iter().map(|&v| v as f64), false)),
        DecodingResult::F16(v) => ("16-bit floats", to_bytes(v.iter().map(|&v| v.to_f64()), true)),
        DecodingResult::F32(v) => ("32-bit floats", to_bytes(v.iter().map(|&v| v.into()), true)),
        DecodingResult::F64(v) => ("64-bit floats", to_bytes(v.iter().copied(), true)),
        DecodingResult::U8(_) | DecodingResult::U16(_) => unreachable!("read where they were decoded"),
    };
    bytes.map_err(|Outside { least, most }| {
        let [least, most] = [least, most].map(|v| v.to_string());
        ImageError::Tones { kind: format!("{KIND} of {kind}"), least, most }
    })
}

/// Planes one after the other to pixels one after the other.
fn interleaved(values: Vec<u8>, planes: usize) -> Vec<u8> {
    if planes <= 1 {
        return values;
    }
    let plane = values.len() / planes;
    let pixel = |i: usize| values.iter().skip(i).step_by(plane).take(planes);
    (0..plane).flat_map(pixel).copied().collect()
}

fn divide_by_opacity(pixel: &mut [u8]) {
    if let Some((&mut opacity @ 1.., colors)) = pixel.split_last_mut() {
        colors.iter_mut().for_each(|c| *c = (255 * u32::from(*c) / u32::from(opacity)).min(255) as u8);
    }
}

fn colored(
    color: ColorType,
    palette: Option<&[u16]>,
    values: Vec<u8>,
    [width, height]: [u32; 2],
) -> Result<DynamicImage, ImageError> {
    let rgb = |values: Vec<u8>| ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageRgb8);
    let image = match (color, palette) {
        (ColorType::Gray(_), Some(palette)) => {
            // All reds, then all greens, then all blues, of 16 bits each.
            let colors = palette.len() / 3;
            let pixel = |&i: &u8| {
                let channel = |c: usize| palette.get(c * colors + usize::from(i)).map(|v| (v >> 8) as u8);
                let is_there = usize::from(i) < colors;
                is_there.then(|| Some([channel(0)?, channel(1)?, channel(2)?])).flatten()
            };
            let pixels = values.iter().map(pixel).collect::<Option<Vec<_>>>();
            rgb(pixels.ok_or_else(|| damaged("a pixel has a color past the end of its palette"))?.concat())
        }
        (ColorType::Gray(_), None) => {
            ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageLuma8)
        }
        (ColorType::GrayA(_), None) => {
            ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageLumaA8)
        }
        (ColorType::RGB(_), None) => rgb(values),
        (ColorType::RGBA(_), None) => {
            ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageRgba8)
        }
        (ColorType::CMYK(_), None) => rgb(values
            .as_chunks()
            .0
            .iter()
            .flat_map(|&[c, m, y, k]| under_black([c, m, y], 255 - k))
            .collect()),
        (ColorType::YCbCr(_), None) => {
            rgb(values.as_chunks().0.iter().flat_map(|&ycc| ycc_to_rgb(ycc)).collect())
        }
        (color, _) => return Err(ImageError::Unsupported { kind: format!("{KIND} ({color:?})") }),
    };
    image.ok_or_else(|| damaged("it has fewer values than its size needs"))
}
