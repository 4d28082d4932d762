//! Small images, for contact sheets and reports.

use std::sync::Arc;

use striate_base::base64;
use tiny_skia::{IntSize, Pixmap};

use crate::error::ReportError;

/// A small RGB image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    width_px: u32,
    height_px: u32,
    /// `[H, W, 4]`, opaque.
    rgba: Arc<[u8]>,
}

impl Thumbnail {
    /// Creates an image, reduced until neither side is longer than `side_px`; it is never enlarged.
    ///
    /// Each pixel is the mean of the box of pixels that it covers.
    ///
    /// # Shapes
    /// `pixels` is `[height, width, channels]`, 1 channel for gray or 3 for RGB.
    ///
    /// # Errors
    /// [`ReportError::Thumbnail`] when the shape does not match, or when a side is 0.
    ///
    /// # Example
    /// ```
    /// use striate_report::Thumbnail;
    ///
    /// let small = Thumbnail::new(4, 2, 1, &[0, 100, 200, 200, 0, 100, 200, 200], 2)?;
    /// assert_eq!((small.width_px(), small.height_px()), (2, 1));
    /// assert_eq!(small.pixel(0, 0), [50, 50, 50]);
    /// # Ok::<(), striate_report::ReportError>(())
    /// ```
    pub fn new(
        width_px: usize,
        height_px: usize,
        channels: usize,
        pixels: &[u8],
        side_px: usize,
    ) -> Result<Self, ReportError> {
        let values = width_px.checked_mul(height_px).and_then(|n| n.checked_mul(channels));
        let is_whole = values == Some(pixels.len()) && !pixels.is_empty() && side_px > 0;
        if !is_whole || (channels != 1 && channels != 3) {
            let shape = [height_px, width_px, channels];
            return Err(ReportError::Thumbnail { shape, values: pixels.len() });
        }
        let longest = width_px.max(height_px);
        let reduced = |side: usize| (side * side_px.min(longest)).div_ceil(longest);
        let (width, height) = (reduced(width_px), reduced(height_px));
        let mut rgba = Vec::with_capacity(4 * width * height);
        for y in 0..height {
            let rows = span(y, height_px, height);
            for x in 0..width {
                let columns = span(x, width_px, width);
                let count = (rows.len() * columns.len()) as u64;
                for c in 0..3 {
                    let c = c.min(channels - 1);
                    let of_row = |row: usize| -> u64 {
                        let at = |x: usize| u64::from(pixels[(row * width_px + x) * channels + c]);
                        columns.clone().map(at).sum()
                    };
                    let sum: u64 = rows.clone().map(of_row).sum();
                    rgba.push(((sum + count / 2) / count) as u8);
                }
                rgba.push(255);
            }
        }
        Ok(Self { width_px: width as u32, height_px: height as u32, rgba: rgba.into() })
    }

    /// The width in pixels.
    pub fn width_px(&self) -> u32 {
        self.width_px
    }

    /// The height in pixels.
    pub fn height_px(&self) -> u32 {
        self.height_px
    }

    /// The red, green and blue value of a pixel.
    ///
    /// # Panics
    /// When the position is outside the image.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        assert!(x < self.width_px && y < self.height_px, "pixel ({x}, {y}) of {self:?}");
        let at = 4 * (y * self.width_px + x) as usize;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2]]
    }

    /// Encodes the image as a `data:image/png;base64,…` URI, for self-contained pages.
    pub fn data_uri(&self) -> String {
        let png = crate::chart::png(self.width_px, self.height_px, &self.rgba)
            .unwrap_or_else(|e| unreachable!("an image in memory: {e}"));
        format!("data:image/png;base64,{}", base64::encode(&png))
    }

    /// Opaque, so its premultiplied values are its values.
    pub(crate) fn pixmap(&self) -> Pixmap {
        let size = IntSize::from_wh(self.width_px, self.height_px);
        size.and_then(|size| Pixmap::from_vec(self.rgba.to_vec(), size))
            .unwrap_or_else(|| unreachable!("sizes were checked when it was made"))
    }
}

/// The pixels of `from` that pixel `i` of `to` stands for; at least one.
fn span(i: usize, from: usize, to: usize) -> std::ops::Range<usize> {
    let start = i * from / to;
    start..((i + 1) * from).div_ceil(to).max(start + 1)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_longer_side_is_what_was_asked_for_and_none_vanishes() {
        for (width, height, side, want) in [
            (200, 100, 50, (50, 25)),
            (100, 200, 50, (25, 50)),
            (28, 28, 96, (28, 28)),
            (1000, 1, 10, (10, 1)),
            (3, 3, 2, (2, 2)),
        ] {
            let small = Thumbnail::new(width, height, 1, &vec![7; width * height], side).unwrap();
            assert_eq!((small.width_px(), small.height_px()), want, "{width} x {height} to {side}");
            assert_eq!(small.pixel(0, 0), [7; 3], "the mean of equal values is that value");
        }
    }

    #[test]
    fn colors_stay_in_their_channels() {
        let pixels = [10, 20, 30, 30, 40, 50, 10, 20, 30, 30, 40, 51];
        let small = Thumbnail::new(2, 2, 3, &pixels, 1).unwrap();
        assert_eq!(small.pixel(0, 0), [20, 30, 40]);
        let same = Thumbnail::new(2, 2, 3, &pixels, 2).unwrap();
        assert_eq!(same.pixel(1, 1), [30, 40, 51]);
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let message = Thumbnail::new(2, 2, 3, &[0; 11], 8).unwrap_err().to_string();
        expect!["image: expected height x width x channels values with 1 or 3 channels, got [2, 2, 3] with 11 values; check how it was decoded"].assert_eq(&message);
        for (width, height, channels, len) in [(2, 2, 2, 8), (0, 0, 1, 0), (usize::MAX, 2, 3, 6)] {
            assert!(Thumbnail::new(width, height, channels, &vec![0; len], 8).is_err());
        }
        assert!(Thumbnail::new(1, 1, 1, &[0], 0).is_err());
    }

    #[test]
    fn the_uri_is_a_png() {
        let uri = Thumbnail::new(1, 1, 1, &[9], 8).unwrap().data_uri();
        assert!(uri.starts_with("data:image/png;base64,iVBORw0KGgo"), "{uri}");
    }
}
