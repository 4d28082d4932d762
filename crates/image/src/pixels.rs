//! An image: its pixels in memory, gray or RGB.

/// The default background of transparent images, as on a web page.
pub const WHITE: [u8; 3] = [255; 3];

/// An image in memory, gray or RGB.
///
/// # Shapes
/// `pixels` is `[height, width, channels]`, 0 to 255.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The number of columns.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
    /// The number of channels: 1 for gray, 3 for RGB.
    pub channels: usize,
    /// The values, `[height, width, channels]`.
    pub pixels: Vec<u8>,
}

/// Computes the brightness of an RGB pixel: ITU-R 601 luma in the 16-bit fixed point of Pillow.
///
/// # Panics
/// When `rgb` has fewer than three values.
pub fn luma(rgb: &[u8]) -> u8 {
    let [r, g, b] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
    ((19_595 * r + 38_470 * g + 7_471 * b + 0x8000) >> 16) as u8
}
