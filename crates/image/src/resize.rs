//! Resizing of an image: the whole image to fit a size, or its shorter side with a center crop.

use crate::pixels::Image;
use crate::resample::{Axis, Interpolation, Window, resample};

/// The image, resized as a whole to fit `width` x `height` with its aspect kept, centered, and padded with the
/// color of its border.
///
/// An image that already has the size is returned as it is. The color of the border is, for each channel, the median of
/// the outermost ring of pixels, so that a few pixels of the subject that touch the edge do not color the padding.
pub(crate) fn fit(image: &Image, width: usize, height: usize, filter: Interpolation) -> Image {
    if (image.width, image.height) == (width, height) {
        return image.clone();
    }
    let (inner_width, inner_height) = inner_size(image, width, height);
    let inner = resize(image, inner_width, inner_height, filter);
    if (inner_width, inner_height) == (width, height) {
        return inner;
    }
    let channels = image.channels;
    let mut pixels = border_color(image).repeat(width * height);
    let (left, top) = ((width - inner_width) / 2, (height - inner_height) / 2);
    for (y, row) in inner.pixels.chunks_exact(inner_width * channels).enumerate() {
        let start = ((top + y) * width + left) * channels;
        pixels[start..start + row.len()].copy_from_slice(row);
    }
    Image { width, height, channels, pixels }
}

/// The largest size of the same aspect that fits: one side is full, the other is rounded, and at least 1.
fn inner_size(image: &Image, width: usize, height: usize) -> (usize, usize) {
    let (w, h) = (image.width, image.height);
    let rounded = |numerator: usize, denominator: usize| ((numerator + denominator / 2) / denominator).max(1);
    if w * height >= h * width {
        (width, rounded(h * width, w).min(height))
    } else {
        (rounded(w * height, h).min(width), height)
    }
}

/// The image with its shorter side resized to `shorter`, and of that the `width` x `height` in the middle.
///
/// Only what the crop shows is computed, with the values of resizing everything and cropping afterwards: a panorama
/// costs no more than a square.
///
/// # PyTorch
/// `CenterCrop((height, width))(Resize(shorter)(image))`, for `shorter` of at least both: the longer side is rounded
/// down, and the free space is halved as Python rounds, to even.
pub(crate) fn center_crop(
    image: &Image,
    shorter: usize,
    [width, height]: [usize; 2],
    filter: Interpolation,
) -> Image {
    let (full_width, full_height) = shorter_size(image, shorter);
    let axis = |full: usize, wanted: usize| {
        let start = half_to_even(full - wanted);
        Axis { full, wanted: start..start + wanted }
    };
    resample(image, &Window::all(image), &axis(full_width, width), &axis(full_height, height), filter)
}

/// The size whose shorter side is `shorter`; the longer one is in proportion, rounded down.
fn shorter_size(image: &Image, shorter: usize) -> (usize, usize) {
    let (w, h) = (image.width, image.height);
    if w <= h { (shorter, shorter * h / w) } else { (shorter * w / h, shorter) }
}

/// Reduces the shorter side of an image to `shorter` pixels, if it is longer than that.
pub fn reduce(image: Image, shorter: usize, filter: Interpolation) -> Image {
    if image.width.min(image.height) <= shorter {
        return image;
    }
    let (width, height) = shorter_size(&image, shorter);
    resize(&image, width, height, filter)
}

/// Half, rounded to the even neighbor when it lies between two: Python's `round(n / 2)`.
fn half_to_even(n: usize) -> usize {
    let half = n / 2;
    half + (n % 2) * (half % 2)
}

/// Resizes an image like Pillow's `resize((width, height), filter)`.
pub fn resize(image: &Image, width: usize, height: usize, filter: Interpolation) -> Image {
    resample(image, &Window::all(image), &Axis::whole(width), &Axis::whole(height), filter)
}

fn border_color(image: &Image) -> Vec<u8> {
    let Image { width, height, channels, pixels } = image;
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

    fn gray(width: usize, height: usize, pixels: &[u8]) -> Image {
        Image { width, height, channels: 1, pixels: pixels.to_vec() }
    }

    #[test]
    fn the_right_size_passes_untouched() {
        let image = gray(2, 2, &[1, 2, 3, 4]);
        assert_eq!(fit(&image, 2, 2, Interpolation::Bilinear), image);
    }

    #[test]
    fn the_border_is_the_median_of_the_ring() {
        // The ring has eight pixels: five 9s, three 200s. The center does not count.
        assert_eq!(border_color(&gray(3, 3, &[9, 9, 9, 200, 77, 200, 9, 9, 200])), [9]);
        assert_eq!(border_color(&gray(1, 3, &[5, 6, 7])), [6]);
        assert_eq!(border_color(&gray(3, 1, &[5, 6, 7])), [6]);
        assert_eq!(border_color(&gray(1, 1, &[5])), [5]);
    }

    #[test]
    fn a_wide_image_is_padded_above_and_below() {
        let fitted = fit(&gray(4, 2, &[10; 8]), 4, 4, Interpolation::Bilinear);
        assert_eq!(fitted.pixels, [10; 16]);
        let mut wide = gray(8, 2, &[0; 16]);
        wide.pixels[3] = 255; // the ring stays mostly 0
        let fitted = fit(&wide, 4, 4, Interpolation::Bilinear);
        assert_eq!(fitted.pixels[..4], [0; 4], "padding row");
        assert_eq!(fitted.pixels[12..], [0; 4], "padding row");
        assert!(fitted.pixels[4..12].iter().any(|&v| v > 0), "{:?}", fitted.pixels);
    }

    #[test]
    fn thin_images_keep_a_pixel() {
        assert_eq!(inner_size(&gray(8192, 1, &[0; 8192]), 28, 28), (28, 1));
        assert_eq!(inner_size(&gray(1, 8192, &[0; 8192]), 28, 28), (1, 28));
        assert_eq!(inner_size(&gray(100, 99, &[0; 9900]), 28, 28), (28, 28));
        assert_eq!(inner_size(&gray(10, 20, &[0; 200]), 28, 28), (14, 28));
    }

    #[test]
    fn the_crop_lies_in_the_middle_as_in_torchvision() {
        // Resize(4) makes 4 x 10 of 2 x 5, and CenterCrop(4) starts at row 3 of it.
        let ramp = gray(2, 5, &[0, 0, 50, 50, 100, 100, 150, 150, 200, 200]);
        assert_eq!(shorter_size(&ramp, 4), (4, 10));
        assert_eq!(shorter_size(&gray(500, 375, &[]), 256), (341, 256));
        assert_eq!(shorter_size(&gray(375, 500, &[]), 232), (232, 309));
        let all = resize(&ramp, 4, 10, Interpolation::Bicubic);
        let middle = center_crop(&ramp, 4, [4, 4], Interpolation::Bicubic);
        assert_eq!(middle.pixels, all.pixels[3 * 4..7 * 4], "a crop is a part of the whole, bit for bit");
        // Python: round(0.5), round(1.5), round(2.5), round(3.5) are 0, 2, 2, 4.
        assert_eq!([1, 3, 5, 7, 8].map(half_to_even), [0, 2, 2, 4, 4]);
    }

    #[test]
    fn a_panorama_costs_no_more_than_its_middle() {
        // Resize(256) of 8192 x 1 would be 2 million columns.
        let thin = center_crop(&gray(8192, 1, &[7; 8192]), 256, [224, 224], Interpolation::Bilinear);
        assert_eq!(thin, gray(224, 224, &[7; 224 * 224]));
    }

    #[test]
    fn only_what_is_longer_is_reduced() {
        let image = gray(6, 4, &[9; 24]);
        assert_eq!(reduce(image.clone(), 4, Interpolation::Bilinear), image);
        assert_eq!(reduce(image, 2, Interpolation::Bilinear), gray(3, 2, &[9; 6]));
    }

    /// tests/golden/pillow.py states the formula.
    fn formula(channels: usize, width: usize, height: usize) -> Image {
        let value = |x, y, c| ((x * x * 3 + y * y * 5 + x * y * 7 + c * 41 + width) >> 2) as u8;
        let mut pixels = Vec::new();
        for y in 0..height {
            for x in 0..width {
                pixels.extend((0..channels).map(|c| value(x, y, c)));
            }
        }
        Image { width, height, channels, pixels }
    }

    /// Each line of one kind, with its filter, its numbers and the pixels that Pillow gives.
    fn golden(kind: &str) -> impl Iterator<Item = (Interpolation, [usize; 5], Vec<u8>)> {
        let lines = include_str!("../tests/golden/pillow.txt").lines();
        lines.filter(move |line| line.split(' ').next() == Some(kind)).map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let filter = match fields[1] {
                "bicubic" => Interpolation::Bicubic,
                _ => Interpolation::Bilinear,
            };
            let pixels = (0..fields[7].len() / 2)
                .map(|i| u8::from_str_radix(&fields[7][2 * i..2 * i + 2], 16).unwrap())
                .collect();
            (filter, [2, 3, 4, 5, 6].map(|i| fields[i].parse().unwrap()), pixels)
        })
    }

    #[test]
    fn resizing_equals_pillow() {
        let mut cases = 0;
        for (filter, numbers, expected) in golden("resize") {
            let [channels, width, height, to_width, to_height] = numbers;
            let got = resize(&formula(channels, width, height), to_width, to_height, filter);
            assert_eq!(got.pixels, expected, "{filter:?} {numbers:?}");
            cases += 1;
        }
        assert_eq!(cases, 100);
    }

    #[test]
    fn cropping_equals_torchvision() {
        let mut cases = 0;
        for (filter, numbers, expected) in golden("crop") {
            let [channels, width, height, shorter, size] = numbers;
            let got = center_crop(&formula(channels, width, height), shorter, [size, size], filter);
            assert_eq!(got.pixels, expected, "{filter:?} {numbers:?}");
            cases += 1;
        }
        assert_eq!(cases, 8);
    }
}
