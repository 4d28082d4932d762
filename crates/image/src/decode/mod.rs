//! Decodes image files: PNG and JPEG, and with the feature `decode-all` BMP, GIF (first frame), PNM, WebP and TIFF.
//!
//! The content determines the format, never the name. Size limits are checked on the header, before a pixel is decoded. The
//! result is always gray or RGB, 8 bits: 16-bit values are divided by 257 and rounded, palettes are looked up, the inks of CMYK
//! and YCCK are converted to colors as in Pillow, transparent pixels are composited on a background (white by default, as on a
//! web page), and the orientation in EXIF is applied. A JPEG with a missing or damaged part is rejected, even where a decoder
//! would fill it with gray.
//!
//! A valid file in an unsupported format is reported under its format's name, never as damaged.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod jpeg;
mod size;
mod sniff;
#[cfg(feature = "decode-all")]
mod tiff;
#[cfg(feature = "decode-all")]
mod webp;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

#[cfg(feature = "decode-all")]
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::error::{ImageError, InputError};
use crate::limits::MAX_BYTES;
use crate::pixels::{Image, WHITE};
use crate::regular::open_regular;
use jpeg::{MAX_SCANS, Scans};
use size::{check_room, check_size};
use striate_base::memory::{SMALL_BYTES, reserved};

/// The formats that are decoded.
const FORMATS: &[(ImageFormat, &str)] = &[
    (ImageFormat::Png, "PNG"),
    (ImageFormat::Jpeg, "JPEG"),
    #[cfg(feature = "decode-all")]
    (ImageFormat::Bmp, "BMP"),
    #[cfg(feature = "decode-all")]
    (ImageFormat::Gif, "GIF"),
    #[cfg(feature = "decode-all")]
    (ImageFormat::Pnm, "PNM"),
    #[cfg(feature = "decode-all")]
    (ImageFormat::WebP, "WebP"),
    #[cfg(feature = "decode-all")]
    (ImageFormat::Tiff, "TIFF"),
];

/// Their names, for people.
#[cfg(feature = "decode-all")]
const FORMAT_NAMES: &str = "PNG, JPEG, BMP, GIF, PNM, WebP or TIFF";
#[cfg(not(feature = "decode-all"))]
const FORMAT_NAMES: &str = "PNG or JPEG";

impl Image {
    /// Decodes a file, with transparent pixels composited on white.
    ///
    /// # Errors
    /// [`InputError::Image`] with the path and the problem.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        Self::open_on(path, WHITE)
    }

    /// Decodes a file, with transparent pixels composited on an RGB color.
    ///
    /// # Errors
    /// [`InputError::Image`] with the path and the problem.
    pub fn open_on(path: &Path, background: [u8; 3]) -> Result<Self, InputError> {
        read_file(path)
            .and_then(|bytes| decode(&bytes, background))
            .map_err(|problem| InputError::Image { place: path.display().to_string(), problem })
    }

    /// Decodes the bytes of a file, with transparent pixels composited on white. `place` is the name of the bytes in errors,
    /// such as `standard input`.
    ///
    /// # Errors
    /// [`InputError::Image`] with `place` and the problem.
    pub fn decode(place: &str, bytes: &[u8]) -> Result<Self, InputError> {
        Self::decode_on(place, bytes, WHITE)
    }

    /// Decodes the bytes of a file, with transparent pixels composited on an RGB color.
    ///
    /// # Errors
    /// [`InputError::Image`] with `place` and the problem.
    pub fn decode_on(place: &str, bytes: &[u8], background: [u8; 3]) -> Result<Self, InputError> {
        decode(bytes, background).map_err(|problem| InputError::Image { place: place.to_string(), problem })
    }

    /// Decodes everything in a stream, up to the limit of [`MAX_BYTES`], with transparent pixels composited on white.
    ///
    /// # Errors
    /// [`InputError::Image`] with `place` and the problem.
    pub fn read(place: &str, stream: impl Read) -> Result<Self, InputError> {
        read_capped(stream, 0)
            .and_then(|bytes| decode(&bytes, WHITE))
            .map_err(|problem| InputError::Image { place: place.to_string(), problem })
    }
}

/// Reads the bytes of a file of at most [`MAX_BYTES`].
///
/// # Errors
/// [`ImageError::Folder`] or [`ImageError::Io`] when the file cannot be read, [`ImageError::TooManyBytes`] when it is too
/// large, and [`ImageError::Memory`] when there is not enough memory.
pub fn read_file(path: &Path) -> Result<Vec<u8>, ImageError> {
    let io = |error: std::io::Error| ImageError::Io { why: error.to_string() };
    let metadata = fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        return Err(ImageError::Folder);
    }
    // A pipe has no length; and a file that is too long is not worth its memory.
    read_capped(open_regular(path).map_err(io)?, metadata.len().min(MAX_BYTES))
}

/// Reads a stream that is said to hold so many bytes.
fn read_capped(stream: impl Read, said: u64) -> Result<Vec<u8>, ImageError> {
    let mut bytes = reserved(said as usize)?;
    let io = |error: std::io::Error| ImageError::Io { why: error.to_string() };
    stream.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ImageError::TooManyBytes { bytes: bytes.len() as u64 });
    }
    Ok(bytes)
}

fn decode(bytes: &[u8], background: [u8; 3]) -> Result<Image, ImageError> {
    decode_as(bytes, background, Wholeness::Check)
}

/// Whether the scans of a JPEG are checked for completeness before they are decoded; the check takes half as long as decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wholeness {
    /// The scans are checked; a missing or damaged part is an error.
    Check,
    /// The scans are not checked, since exactly the same bytes were checked before.
    Known,
}

/// Decodes the bytes of a file, with transparent pixels composited on an RGB color.
///
/// # Errors
/// The problem of the bytes, without their origin, which the caller knows.
pub fn decode_as(bytes: &[u8], background: [u8; 3], wholeness: Wholeness) -> Result<Image, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    let unread = |kind: &str| Err(ImageError::Unsupported { kind: kind.into() });
    let Ok(format) = image::guess_format(bytes) else {
        return match sniff::image_unread(bytes) {
            Some(kind) => unread(kind),
            None => {
                Err(ImageError::NotAnImage { looks_like: sniff::looks_like(bytes), expected: FORMAT_NAMES })
            }
        };
    };
    let Some(&(_, kind)) = FORMATS.iter().find(|(known, _)| *known == format) else {
        return unread(format.extensions_str().first().copied().unwrap_or("unknown"));
    };
    let is_jpeg = format == ImageFormat::Jpeg;
    let scans = if is_jpeg { sniff::jpeg_scans(bytes) } else { 0 };
    if scans > MAX_SCANS {
        let why = format!("it has {scans} scans, but at most {MAX_SCANS} are allowed");
        return Err(ImageError::Damaged { kind, why });
    }
    if let Some(kind) = sniff::jpeg_unread(bytes).filter(|_| is_jpeg) {
        return unread(kind);
    }
    let packed = bytes.len() as u64;
    #[cfg(feature = "decode-all")]
    if format == ImageFormat::Tiff {
        let check = |width, height, unpacked| check_size(kind, [width, height], packed, unpacked);
        let (mut image, orientation) = tiff::decode(bytes, check)?;
        image.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
        return Ok(flatten(image, background));
    }
    let damaged = |error: image::ImageError| match error {
        image::ImageError::Unsupported(what) => ImageError::Unsupported { kind: format!("{kind} ({what})") },
        error => ImageError::Damaged { kind, why: error.to_string() },
    };
    let essential =
        if format == ImageFormat::Png { sniff::png_essentials(bytes) } else { Cow::Borrowed(bytes) };
    let mut reader = ImageReader::with_format(Cursor::new(&essential), format);
    reader.limits(limits(MAX_BYTES));
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let is_of_inks = is_jpeg && sniff::jpeg_is_of_inks(bytes);
    let pixels = u64::from(width) * u64::from(height);
    let unpacked = if is_of_inks { 4 * pixels } else { decoder.total_bytes() };
    check_size(kind, [width, height], packed, unpacked)?;
    if is_jpeg {
        // The decoder would fill the missing part with gray.
        let why = match sniff::jpeg_has_end(bytes) {
            false => Err("it is cut short: its end marker is missing".into()),
            true if wholeness == Wholeness::Known => Ok(()),
            true => Scans::check(bytes),
        };
        why.map_err(|why| ImageError::Damaged { kind, why })?;
    }
    #[cfg(feature = "decode-all")]
    if format == ImageFormat::WebP {
        webp::check(bytes, [width, height]).map_err(|why| ImageError::Damaged { kind, why })?;
    }
    check_room(unpacked)?;
    // A frame of a GIF may be larger than its screen.
    decoder.set_limits(limits(unpacked.max(SMALL_BYTES))).map_err(damaged)?;
    // EXIF that cannot be read is as good as none: the pixels are what counts.
    let orientation = decoder.orientation().ok();
    let mut image = match is_of_inks {
        true => jpeg::decode_inks(bytes).map_err(|why| ImageError::Damaged { kind, why })?,
        false => DynamicImage::from_decoder(decoder).map_err(damaged)?,
    };
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(flatten(image, background))
}

fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::no_limits();
    // Sides are checked by hand: the decoders' own errors do not name the size.
    limits.max_alloc = Some(bytes);
    limits
}

/// Whether a file that begins with these bytes is an image, in a supported format or in another one.
pub fn is_image(start: &[u8]) -> bool {
    image::guess_format(start).is_ok()
}

/// Returns the format of the content, if the file extension is that of another format.
pub fn misnamed(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    let content = image::guess_format(bytes).ok()?;
    let named = path.extension().and_then(OsStr::to_str).and_then(ImageFormat::from_extension);
    let is_other = named.is_some_and(|named| named != content);
    is_other.then(|| content.extensions_str().first().copied().unwrap_or("image"))
}

/// Any color type to gray or RGB, transparency composited on a color.
fn flatten(image: DynamicImage, background: [u8; 3]) -> Image {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let color = image.color();
    let [r, g, b] = background;
    // Gray on a color is no longer gray.
    let has_color = color.has_color() || color.has_alpha() && (r, g) != (g, b);
    let (channels, pixels) = match (has_color, color.has_alpha()) {
        (false, false) => (1, image.into_luma8().into_raw()),
        (false, true) => (1, composite::<2>(image.into_luma_alpha8().into_raw(), &[r])),
        (true, false) => (3, image.into_rgb8().into_raw()),
        (true, true) => (3, composite::<4>(image.into_rgba8().into_raw(), &background)),
    };
    Image { width, height, channels, pixels }
}

/// Composites pixels of K values, the last of which is opacity, on a color, in place: round((c a + b (255 - a)) / 255).
#[expect(clippy::indexing_slicing, reason = "every index is below that of a whole pixel")]
fn composite<const K: usize>(mut pixels: Vec<u8>, background: &[u8]) -> Vec<u8> {
    let count = pixels.len() / K;
    for i in 0..count {
        let alpha = u32::from(pixels[i * K + K - 1]);
        for c in 0..K - 1 {
            let value = u32::from(pixels[i * K + c]) * alpha + u32::from(background[c]) * (255 - alpha);
            pixels[i * (K - 1) + c] = ((value + 127) / 255) as u8;
        }
    }
    pixels.truncate(count * (K - 1));
    pixels
}
