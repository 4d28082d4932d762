//! Fits a picture into a fixed size without stretching it.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::picture::Picture;

/// The picture, resized as a whole to fit `width` x `height` with its aspect kept, centred, and padded with the
/// colour of its border.
///
/// The filter is the antialiased triangle (Pillow's `BILINEAR`). A picture that already has the size is returned as it
/// is. The colour of the border is, for each channel, the median of the outermost ring of pixels, so that a few pixels
/// of the subject that touch the edge do not colour the padding.
pub(crate) fn fit(picture: &Picture, width: usize, height: usize) -> Picture {
    if (picture.width, picture.height) == (width, height) {
        return picture.clone();
    }
    let (inner_width, inner_height) = inner_size(picture, width, height);
    let inner = resize(picture, inner_width, inner_height);
    if (inner_width, inner_height) == (width, height) {
        return inner;
    }
    let channels = picture.channels;
    let mut pixels = border_colour(picture).repeat(width * height);
    let (left, top) = ((width - inner_width) / 2, (height - inner_height) / 2);
    for (y, row) in inner.pixels.chunks_exact(inner_width * channels).enumerate() {
        let start = ((top + y) * width + left) * channels;
        pixels[start..start + row.len()].copy_from_slice(row);
    }
    Picture { width, height, channels, pixels }
}

/// The largest size of the same aspect that fits: one side is full, the other is rounded, and at least 1.
fn inner_size(picture: &Picture, width: usize, height: usize) -> (usize, usize) {
    let (w, h) = (picture.width, picture.height);
    let rounded = |numerator: usize, denominator: usize| ((numerator + denominator / 2) / denominator).max(1);
    if w * height >= h * width {
        (width, rounded(h * width, w).min(height))
    } else {
        (rounded(w * height, h).min(width), height)
    }
}

fn resize(picture: &Picture, width: usize, height: usize) -> Picture {
    let channels = picture.channels;
    let pixel_type = if channels == 1 { PixelType::U8 } else { PixelType::U8x3 };
    let source = ImageRef::new(picture.width as u32, picture.height as u32, &picture.pixels, pixel_type)
        .expect("a picture's pixels fill its size");
    let mut target = Image::new(width as u32, height as u32, pixel_type);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&source, &mut target, &options).expect("source and target have one pixel type");
    Picture { width, height, channels, pixels: target.into_vec() }
}

fn border_colour(picture: &Picture) -> Vec<u8> {
    let Picture { width, height, channels, pixels } = picture;
    let mut counts = vec![[0usize; 256]; *channels];
    let mut ring = 0;
    for y in 0..*height {
        let inner_row = y > 0 && y + 1 < *height;
        let step = if inner_row { (width - 1).max(1) } else { 1 };
        for x in (0..*width).step_by(step) {
            ring += 1;
            for (c, count) in counts.iter_mut().enumerate() {
                count[usize::from(pixels[(y * width + x) * channels + c])] += 1;
            }
        }
    }
    counts.iter().map(|count| median(count, ring)).collect()
}

/// The lower median of `total` values, of which there are `counts[v]` of each.
fn median(counts: &[usize; 256], total: usize) -> u8 {
    let mut below = 0;
    for (value, count) in counts.iter().enumerate() {
        below += count;
        if 2 * below >= total {
            return value as u8;
        }
    }
    unreachable!("the counts add up to the total")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, pixels: &[u8]) -> Picture {
        Picture { width, height, channels: 1, pixels: pixels.to_vec() }
    }

    #[test]
    fn the_right_size_passes_untouched() {
        let picture = grey(2, 2, &[1, 2, 3, 4]);
        assert_eq!(fit(&picture, 2, 2), picture);
    }

    #[test]
    fn the_border_is_the_median_of_the_ring() {
        // The ring has eight pixels: five 9s, three 200s. The centre does not count.
        assert_eq!(border_colour(&grey(3, 3, &[9, 9, 9, 200, 77, 200, 9, 9, 200])), [9]);
        assert_eq!(border_colour(&grey(1, 3, &[5, 6, 7])), [6]);
        assert_eq!(border_colour(&grey(3, 1, &[5, 6, 7])), [6]);
        assert_eq!(border_colour(&grey(1, 1, &[5])), [5]);
    }

    #[test]
    fn a_wide_picture_is_padded_above_and_below() {
        let fitted = fit(&grey(4, 2, &[10; 8]), 4, 4);
        assert_eq!(fitted.pixels, [10; 16]);
        let mut wide = grey(8, 2, &[0; 16]);
        wide.pixels[3] = 255; // the ring stays mostly 0
        let fitted = fit(&wide, 4, 4);
        assert_eq!(fitted.pixels[..4], [0; 4], "padding row");
        assert_eq!(fitted.pixels[12..], [0; 4], "padding row");
        assert!(fitted.pixels[4..12].iter().any(|&v| v > 0), "{:?}", fitted.pixels);
    }

    #[test]
    fn thin_pictures_keep_a_pixel() {
        assert_eq!(inner_size(&grey(8192, 1, &[0; 8192]), 28, 28), (28, 1));
        assert_eq!(inner_size(&grey(1, 8192, &[0; 8192]), 28, 28), (1, 28));
        assert_eq!(inner_size(&grey(100, 99, &[0; 9900]), 28, 28), (28, 28));
        assert_eq!(inner_size(&grey(10, 20, &[0; 200]), 28, 28), (14, 28));
    }

    /// tests/golden/pillow.py states the formula.
    fn formula(channels: usize, width: usize, height: usize) -> Picture {
        let value = |x, y, c| ((x * x * 3 + y * y * 5 + x * y * 7 + c * 41 + width) >> 2) as u8;
        let mut pixels = Vec::new();
        for y in 0..height {
            for x in 0..width {
                pixels.extend((0..channels).map(|c| value(x, y, c)));
            }
        }
        Picture { width, height, channels, pixels }
    }

    #[test]
    fn resizing_equals_pillow() {
        let mut cases = 0;
        for line in
            include_str!("../tests/golden/pillow.txt").lines().filter(|line| line.starts_with("resize"))
        {
            let fields: Vec<&str> = line.split(' ').collect();
            let [channels, width, height, to_width, to_height] =
                [1, 2, 3, 4, 5].map(|i| fields[i].parse::<usize>().unwrap());
            let got = resize(&formula(channels, width, height), to_width, to_height);
            let expected: Vec<u8> = (0..fields[6].len() / 2)
                .map(|i| u8::from_str_radix(&fields[6][2 * i..2 * i + 2], 16).unwrap())
                .collect();
            assert_eq!(got.pixels.len(), expected.len(), "{line}");
            let furthest = got.pixels.iter().zip(&expected).map(|(g, e)| g.abs_diff(*e)).max();
            assert!(furthest <= Some(1), "off by {furthest:?}: {line}");
            cases += 1;
        }
        assert_eq!(cases, 50);
    }
}
