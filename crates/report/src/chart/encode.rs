//! Encodes pixels as a PNG file.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter};

/// Encodes opaque pixels, `[H, W, 4]`, as RGB.
///
/// Each row is written as its difference from the one above, since most rows of a page of enlarged pixels repeat it, and
/// compressed at the fastest level: a page of maps is 1.5 times as large as at the default level, but takes a quarter of the
/// time.
pub(crate) fn png(width_px: u32, height_px: u32, rgba: &[u8]) -> Result<Vec<u8>, EncodingError> {
    let rgb: Vec<u8> = rgba.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width_px, height_px);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_filter(Filter::Up);
    encoder.set_deflate_compression(DeflateCompression::Level(1));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_read_back_is_what_was_written() {
        let rgba: Vec<u8> =
            (0..7 * 5 * 4).map(|i| if i % 4 == 3 { 255 } else { (i * 37 % 251) as u8 }).collect();
        let bytes = super::png(7, 5, &rgba).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut rgb = vec![0; 7 * 5 * 3];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (7, 5, png::ColorType::Rgb));
        let want: Vec<u8> = rgba.chunks(4).flat_map(|p| p[..3].to_vec()).collect();
        assert_eq!(rgb, want);
    }
}
