//! JPEG checks beyond the decoder: whether the file is complete, and which colors four inks mean.
//!
//! Decoders silently fill missing parts with gray, or with decoded garbage, so half an image is accepted as a whole one.
//! [`Scans::check`] first walks through the data of every scan, block by block and without decoding a pixel, and checks that
//! each scan holds exactly its blocks.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod bits;
mod scans;

use image::{DynamicImage, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::limits::MAX_SIDE_PX;

pub(crate) use scans::Scans;

/// Passes of a progressive JPEG over all of its pixels; encoders write about ten, and each costs the time of an image.
pub(crate) const MAX_SCANS: usize = 100;

/// Decodes a JPEG of four color components, CMYK or YCCK.
///
/// Adobe's programs, and those that follow them, which are all, store inks inverted: 255 is none.
///
/// # Numerics
/// `R = K - round(C' K / 255)` for each ink, with `C' = 255 - C` in CMYK, and in YCCK the red that Y, Cb and Cr give: Pillow's
/// `convert("RGB")` to the last bit, once the inks are decoded.
pub(crate) fn decode_inks(bytes: &[u8]) -> Result<DynamicImage, String> {
    let side = MAX_SIDE_PX as usize;
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let text = |error: zune_jpeg::errors::DecodeErrors| error.to_string();
    decoder.decode_headers().map_err(text)?;
    let (Some((width, height)), Some(space)) = (decoder.dimensions(), decoder.input_colorspace()) else {
        return Err("it has no frame".into());
    };
    // The same on both sides: the inks as they are stored.
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let mut inks = decoder.decode().map_err(text)?;
    match space {
        ColorSpace::CMYK => pixels(&mut inks).for_each(|[c, m, y, _]| {
            [*c, *m, *y] = [255 - *c, 255 - *m, 255 - *y];
        }),
        ColorSpace::YCCK => {
            pixels(&mut inks).for_each(|[c, m, y, _]| [*c, *m, *y] = ycc_to_rgb([*c, *m, *y]))
        }
        other => return Err(format!("its four components are {other:?}")),
    }
    let rgb = inks.as_chunks().0.iter().flat_map(|&[c, m, y, k]| under_black([c, m, y], k)).collect();
    RgbImage::from_raw(width as u32, height as u32, rgb)
        .map(DynamicImage::ImageRgb8)
        .ok_or_else(|| "it has too few pixels".into())
}

fn pixels(inks: &mut [u8]) -> impl Iterator<Item = &mut [u8; 4]> {
    inks.as_chunks_mut().0.iter_mut()
}

/// Red, green and blue of three inks (255 is full) and of what black leaves (255 is all): `white - ink white / 255`.
pub(crate) fn under_black(inks: [u8; 3], white: u8) -> [u8; 3] {
    inks.map(|ink| {
        let product = u32::from(ink) * u32::from(white) + 128;
        white - (((product >> 8) + product) >> 8) as u8
    })
}

/// JFIF's colors, in libjpeg's 16-bit fixed point.
pub(crate) fn ycc_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let rounded = |sum: i32| (sum + 0x8000) >> 16;
    let rgb = [y + rounded(91_881 * cr), y + rounded(-22_554 * cb - 46_802 * cr), y + rounded(116_130 * cb)];
    rgb.map(|value| value.clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_become_colors_as_in_pillow() {
        // Image.new("CMYK", (1, 1), (c, m, y, k)).convert("RGB").getpixel((0, 0)), Pillow 13.
        for (inks, rgb) in [
            ([0, 0, 0, 0], [255, 255, 255]),
            ([255, 0, 0, 0], [0, 255, 255]),
            ([10, 20, 30, 40], [207, 198, 190]),
            ([200, 100, 50, 128], [27, 77, 102]),
            ([255, 255, 255, 255], [0, 0, 0]),
        ] {
            let [c, m, y, k] = inks;
            assert_eq!(under_black([c, m, y], 255 - k), rgb, "{inks:?}");
        }
    }

    #[test]
    fn colors_of_jfif_are_those_of_libjpeg() {
        for (ycc, rgb) in [
            ([128, 128, 128], [128, 128, 128]),
            ([76, 85, 255], [254, 0, 0]),
            ([150, 44, 21], [0, 255, 1]),
            ([29, 255, 107], [0, 0, 254]),
        ] {
            assert_eq!(ycc_to_rgb(ycc), rgb, "{ycc:?}");
        }
    }
}
