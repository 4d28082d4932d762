//! From pixels to the numbers a network sees: the one implementation for train, val and predict.
//!
//! A [`Preprocess`] travels inside the model file, so a model is always fed as it was trained.

use serde::{Deserialize, Serialize};

use crate::dataset::Images;
use crate::error::DataError;
use crate::picture::{MAX_SIDE_PX, Picture};
use crate::resize;

/// How pictures become input for a network.
///
/// Only whole ones can be made: [`new`](Self::new) and deserialising check every field.
///
/// # Example
/// ```
/// use striate_data::Preprocess;
///
/// let preprocess = Preprocess::new([1, 1, 3], &[0.5], &[0.25])?;
/// let mut out = [0.0; 3];
/// preprocess.normalise(&[0, 51, 255], &mut out);
/// assert!(out.iter().zip([-2.0, -1.2, 2.0]).all(|(y, expected)| (y - expected).abs() < 1e-6));
/// # Ok::<(), striate_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
#[non_exhaustive]
pub struct Preprocess {
    /// Colour planes: 1 for grey, 3 for RGB.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Mean of each channel, of pixels scaled to 0..1.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel, of pixels scaled to 0..1.
    pub std: Vec<f32>,
    /// Pictures are black on white and the network was trained on white on black: [`from_picture`](Self::from_picture)
    /// turns every value v into 255 - v. Data sets are never inverted.
    pub invert: bool,
}

/// A [`Preprocess`] as it stands in a file, not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    channels: usize,
    height: usize,
    width: usize,
    mean: Vec<f32>,
    std: Vec<f32>,
    invert: bool,
}

impl TryFrom<Fields> for Preprocess {
    type Error = DataError;

    fn try_from(fields: Fields) -> Result<Self, DataError> {
        let Fields { channels, height, width, mean, std, invert } = fields;
        Ok(Self { invert, ..Self::new([channels, height, width], &mean, &std)? })
    }
}

impl Preprocess {
    /// Normalises images of shape `[C, H, W]` by mean and standard deviation of each channel; does not invert.
    ///
    /// # Errors
    /// [`DataError::Preprocess`] when C is neither 1 nor 3, a side is 0 or above 8192, or mean and std are not one
    /// finite number a channel with std above 0.
    pub fn new([channels, height, width]: [usize; 3], mean: &[f32], std: &[f32]) -> Result<Self, DataError> {
        let wrong = |what, expected: String, got: String| Err(DataError::Preprocess { what, expected, got });
        if channels != 1 && channels != 3 {
            return wrong("channels", "1 (grey) or 3 (RGB)".into(), channels.to_string());
        }
        for (what, side) in [("height", height), ("width", width)] {
            if !(1..=MAX_SIDE_PX as usize).contains(&side) {
                return wrong(what, format!("1 to {MAX_SIDE_PX} pixels"), side.to_string());
            }
        }
        for (what, values) in [("mean", mean), ("std", std)] {
            let is_whole = |&value: &f32| value.is_finite() && (what == "mean" || value > 0.0);
            if values.len() != channels || !values.iter().all(is_whole) {
                let kind = if what == "mean" { "finite numbers" } else { "numbers above 0" };
                return wrong(
                    what,
                    format!("{kind}, one for each of {channels} channels"),
                    format!("{values:?}"),
                );
            }
        }
        // A tiny deviation would make the factors below overflow.
        if std
            .iter()
            .zip(mean)
            .any(|(&std, &mean)| !factors(mean, std).0.is_finite() || !factors(mean, std).1.is_finite())
        {
            return wrong("std", "numbers that can be divided by".into(), format!("{std:?}"));
        }
        Ok(Self { channels, height, width, mean: mean.to_vec(), std: std.to_vec(), invert: false })
    }

    /// `[C, H, W]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Values in one image, `C * H * W`.
    pub fn sample_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Normalises one image: `y = (x / 255 - mean) / std`.
    ///
    /// # Shapes
    /// `pixels` and `out` are `[C, H, W]`.
    ///
    /// # Numerics
    /// Computed as `x * (1 / (255 std)) - mean / std`, with both factors rounded once from f64: within 3e-7 / std of the
    /// formula. No fused multiply-add, so every machine gives the same bits.
    ///
    /// # PyTorch
    /// `Normalize(mean, std)(ToTensor()(x))`, within the bound above.
    ///
    /// # Panics
    /// When `pixels` or `out` do not have `C * H * W` values.
    pub fn normalise(&self, pixels: &[u8], out: &mut [f32]) {
        let expected = self.sample_len();
        assert!(
            pixels.len() == expected && out.len() == expected,
            "normalise: one image is {:?} = {expected} values, got {} pixels and room for {}",
            self.shape(),
            pixels.len(),
            out.len()
        );
        let plane = self.height * self.width;
        for c in 0..self.channels {
            let (scale, bias) = self.factors(c);
            let range = c * plane..(c + 1) * plane;
            for (y, &x) in out[range.clone()].iter_mut().zip(&pixels[range]) {
                *y = f32::from(x) * scale + bias;
            }
        }
    }

    /// The factors of channel c in `y = x * scale + bias`.
    pub(crate) fn factors(&self, c: usize) -> (f32, f32) {
        factors(self.mean[c], self.std[c])
    }

    /// Turns a picture of any size and colour into pixels `[C, H, W]` for [`normalise`](Self::normalise).
    ///
    /// In this order: RGB becomes grey by `L = (299 R + 587 G + 114 B) / 1000` (or grey becomes RGB by repeating it);
    /// the whole picture is resized to fit H x W with its aspect kept, by an antialiased triangle filter, centred, and
    /// padded with the median colour of its border; values are inverted if `invert` says so. (Transparency was
    /// composited on white when the picture was decoded.)
    ///
    /// # Numerics
    /// Grey equals Pillow's `convert("L")` bit for bit, in its 16-bit fixed point; resized values are within 1 of
    /// Pillow's `resize(size, BILINEAR)`.
    pub fn from_picture(&self, picture: &Picture) -> Vec<u8> {
        let grey;
        let source = if self.channels == 1 && picture.channels == 3 {
            grey = to_grey(picture);
            &grey
        } else {
            picture
        };
        let fitted = resize::fit(source, self.width, self.height);
        let plane = self.height * self.width;
        let mut planar = vec![0; self.channels * plane];
        for (c, out) in planar.chunks_exact_mut(plane).enumerate() {
            let channel = c.min(fitted.channels - 1);
            let values = fitted.pixels[channel..].iter().step_by(fitted.channels);
            for (y, &x) in out.iter_mut().zip(values) {
                *y = if self.invert { 255 - x } else { x };
            }
        }
        planar
    }
}

fn factors(mean: f32, std: f32) -> (f32, f32) {
    let (mean, std) = (f64::from(mean), f64::from(std));
    ((1.0 / (255.0 * std)) as f32, (-mean / std) as f32)
}

/// ITU-R 601 luma in the 16-bit fixed point of Pillow.
fn to_grey(picture: &Picture) -> Picture {
    let luma = |rgb: &[u8]| {
        let [r, g, b] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
        ((19_595 * r + 38_470 * g + 7_471 * b + 0x8000) >> 16) as u8
    };
    Picture { channels: 1, pixels: picture.pixels.chunks_exact(3).map(luma).collect(), ..*picture }
}

/// Mean and standard deviation of each channel, of pixels scaled to 0..1.
///
/// The deviation is that of the population, `sqrt(E[x^2] - E[x]^2)`; a channel of one value has deviation 1, so that
/// normalising by it is defined. Both are computed from integer sums, so they do not depend on the order of the images.
pub fn mean_std(images: &Images) -> (Vec<f32>, Vec<f32>) {
    let plane = images.height * images.width;
    let mut counts = vec![[0u64; 256]; images.channels];
    for (i, values) in images.pixels.chunks_exact(plane.max(1)).enumerate() {
        let count = &mut counts[i % images.channels];
        for &value in values {
            count[usize::from(value)] += 1;
        }
    }
    counts.iter().map(mean_std_of).unzip()
}

fn mean_std_of(counts: &[u64; 256]) -> (f32, f32) {
    let (mut total, mut sum, mut squares) = (0u64, 0u64, 0u128);
    for (value, &count) in (0u64..).zip(counts) {
        total += count;
        sum += value * count;
        squares += u128::from(value * value) * u128::from(count);
    }
    if total == 0 {
        return (0.0, 1.0);
    }
    // n^2 variance = n sum(x^2) - sum(x)^2, exactly.
    let scaled_variance = u128::from(total) * squares - u128::from(sum) * u128::from(sum);
    let std = (scaled_variance as f64).sqrt() / (total as f64 * 255.0);
    ((sum as f64 / (total as f64 * 255.0)) as f32, if scaled_variance == 0 { 1.0 } else { std as f32 })
}
