//! Changes of each value, by itself or by its position in the histogram: posterize, solarize, autocontrast, equalize.
//!
//! # PyTorch
//! `functional.posterize`, `solarize`, `autocontrast`, `equalize` of a PIL image, which are Pillow's `ImageOps`.

use striate_image::Image;

/// Keeps the upper `bits` of each value.
pub(super) fn posterize(image: &mut Image, bits: u32) {
    let mask = !(0xffu32 >> bits) as u8;
    image.pixels.iter_mut().for_each(|value| *value &= mask);
}

/// Inverts what is at least `threshold`.
pub(super) fn solarize(image: &mut Image, threshold: f64) {
    let change = |value: u8| if f64::from(value) < threshold { value } else { 255 - value };
    image.pixels.iter_mut().for_each(|value| *value = change(*value));
}

/// Stretches each channel so that its darkest value becomes 0 and its brightest 255.
pub(super) fn autocontrast(image: &mut Image) {
    by_channel(image, |counts| {
        let darkest = counts.iter().position(|&count| count > 0).unwrap_or(0);
        let brightest = counts.iter().rposition(|&count| count > 0).unwrap_or(0);
        if brightest <= darkest {
            return identity();
        }
        let scale = 255.0 / (brightest - darkest) as f64;
        let offset = -(darkest as f64) * scale;
        std::array::from_fn(|value| (value as f64 * scale + offset) as u8)
    });
}

/// Spreads the values of each channel so that all are about equally frequent.
pub(super) fn equalize(image: &mut Image) {
    by_channel(image, |counts| {
        let last = counts.iter().rfind(|&&count| count > 0).copied().unwrap_or(0);
        let step = (counts.iter().sum::<usize>() - last) / 255;
        if step == 0 {
            return identity();
        }
        let mut sum = step / 2;
        std::array::from_fn(|value| {
            let equal = (sum / step).min(255) as u8;
            sum += counts[value];
            equal
        })
    });
}

fn identity() -> [u8; 256] {
    std::array::from_fn(|value| value as u8)
}

/// Replaces the values of each channel by a table that follows from their counts.
fn by_channel(image: &mut Image, table: impl Fn(&[usize; 256]) -> [u8; 256]) {
    let channels = image.channels;
    for c in 0..channels {
        let mut counts = [0; 256];
        image.pixels[c..].iter().step_by(channels).for_each(|&value| counts[usize::from(value)] += 1);
        let table = table(&counts);
        image.pixels[c..].iter_mut().step_by(channels).for_each(|value| *value = table[usize::from(*value)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(pixels: &[u8], change: impl Fn(&mut Image)) -> Vec<u8> {
        let mut image = Image { width: pixels.len(), height: 1, channels: 1, pixels: pixels.to_vec() };
        change(&mut image);
        image.pixels
    }

    #[test]
    fn tables_by_hand() {
        assert_eq!(changed(&[0xff, 0x5a, 3], |p| posterize(p, 4)), [0xf0, 0x50, 0]);
        assert_eq!(changed(&[0xff, 0x5a, 3], |p| posterize(p, 8)), [0xff, 0x5a, 3]);
        assert_eq!(changed(&[200, 128, 127, 0], |p| solarize(p, 128.0)), [55, 127, 127, 0]);
        assert_eq!(changed(&[50, 100, 150], autocontrast), [0, 127, 255]);
        assert_eq!(changed(&[9, 9], autocontrast), [9, 9], "one value cannot be stretched");
    }

    #[test]
    fn equal_counts_are_spread_equally() {
        // 256 pixels of each of 0 and 1, one of 2: step (513 - 1) / 255 = 2.
        let pixels: Vec<u8> = (0..513).map(|i| (i / 256) as u8).collect();
        let equal = changed(&pixels, equalize);
        assert_eq!((equal[0], equal[256], equal[512]), (0, 128, 255));
        assert_eq!(changed(&[7; 100], equalize), [7; 100]);
    }
}
