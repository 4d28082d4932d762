//! Shrinks a PNG for the book: to half the width and height, since pages are drawn at two pixels per screen pixel, and with
//! the best compression.

use anyhow::{Context, Result, ensure};
use std::io::Cursor;

/// Averages 2x2 pixels and encodes the result with the filter that gives the fewest bytes; drops an odd last row or column.
///
/// # Errors
/// When the bytes are not a PNG with 8 bits per channel and without alpha channel or palette, or it is narrower than 2 pixels.
pub(super) fn half(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().context("not a PNG")?;
    let size = reader.output_buffer_size().context("a PNG too large")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels)?;
    let (color, depth) = (info.color_type, info.bit_depth);
    ensure!(
        depth == png::BitDepth::Eight && [png::ColorType::Rgb, png::ColorType::Grayscale].contains(&color),
        "expected 8 bits of red, green and blue, or of gray; got {color:?} of {depth:?} bits"
    );
    let (channels, width) = (color.samples(), info.width as usize);
    let (w, h) = (width / 2, info.height as usize / 2);
    ensure!(w > 0 && h > 0, "{width} x {} pixels cannot be halved", info.height);
    let at = |y: usize, x: usize, c: usize| u32::from(pixels[(y * width + x) * channels + c]);
    let mut smaller = Vec::with_capacity(w * h * channels);
    for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (2 * y, 2 * x))) {
        for c in 0..channels {
            let sum = at(y, x, c) + at(y, x + 1, c) + at(y + 1, x, c) + at(y + 1, x + 1, c);
            smaller.push(((sum + 2) / 4) as u8);
        }
    }
    let mut fewest: Option<Vec<u8>> = None;
    for filter in
        [png::Filter::NoFilter, png::Filter::Sub, png::Filter::Up, png::Filter::Paeth, png::Filter::Adaptive]
    {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, w as u32, h as u32);
        encoder.set_color(color);
        encoder.set_depth(depth);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(filter);
        encoder.write_header()?.write_image_data(&smaller)?;
        fewest = fewest.filter(|best| best.len() <= out.len()).or(Some(out));
    }
    fewest.context("no filter")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(width: u32, height: u32, color: png::ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        out
    }

    #[test]
    fn four_pixels_become_their_mean() {
        let gray = [0, 10, 99, 20, 32, 99, 99, 99, 99];
        let small = half(&encode(3, 3, png::ColorType::Grayscale, &gray)).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(&small)).read_info().unwrap();
        let mut pixels = [7; 1];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, pixels), (1, 1, [16])); // 62 / 4, rounded
    }

    #[test]
    fn channels_stay_apart() {
        let rgb: Vec<u8> = (0..2 * 4).flat_map(|_| [10, 20, 30]).collect();
        let small = half(&encode(4, 2, png::ColorType::Rgb, &rgb)).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(&small)).read_info().unwrap();
        let mut pixels = [0; 6];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [10, 20, 30, 10, 20, 30]);
    }

    #[test]
    fn what_cannot_be_halved() {
        assert!(half(b"no image").unwrap_err().to_string().contains("not a PNG"));
        assert!(
            half(&encode(1, 1, png::ColorType::Grayscale, &[0])).unwrap_err().to_string().contains("1 x 1")
        );
        let alpha = encode(2, 2, png::ColorType::Rgba, &[0; 16]);
        assert!(half(&alpha).unwrap_err().to_string().contains("got Rgba"));
    }
}
