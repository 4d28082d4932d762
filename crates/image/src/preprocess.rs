//! The preprocessing from pixels to the network's input, for training, validation and prediction.
//!
//! A [`Preprocess`] is stored in the model file, so a model always receives its input as in training.

use std::borrow::Cow;
#[cfg(feature = "decode")]
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::InputError;
use crate::limits::MAX_SIDE_PX;
use crate::pixels::{Image, WHITE, luma};
use crate::resample::Interpolation;
use crate::resize;

/// The preprocessing of the images for a network.
///
/// A value is always valid: [`new`](Self::new) and deserializing check every field.
///
/// # Example
/// ```
/// use striate_image::Preprocess;
///
/// let preprocess = Preprocess::new([1, 1, 3], &[0.5], &[0.25])?;
/// let mut out = [0.0; 3];
/// preprocess.normalize(&[0, 51, 255], &mut out);
/// assert!(out.iter().zip([-2.0, -1.2, 2.0]).all(|(y, expected)| (y - expected).abs() < 1e-6));
/// # Ok::<(), striate_image::InputError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
#[non_exhaustive]
pub struct Preprocess {
    /// The number of color planes: 1 for gray, 3 for RGB.
    pub channels: usize,
    /// The number of rows of the input.
    pub height: usize,
    /// The number of columns of the input.
    pub width: usize,
    /// The mean of each channel, for pixels scaled to 0..1.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel, for pixels scaled to 0..1.
    pub std: Vec<f32>,
    /// Whether images are inverted, because they are black on white and the network was trained on white on black:
    /// [`from_image`](Self::from_image) replaces every value v by 255 - v. Data sets are never inverted.
    pub invert: bool,
    /// The number of pixels to which the shorter side of an image is resized before the center of H x W pixels is cropped. With
    /// `None`, the whole image is kept with its aspect ratio, and padded with the color of its border.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize_shorter: Option<usize>,
    /// The filter with which images are resized.
    #[serde(skip_serializing_if = "is_default")]
    pub interpolation: Interpolation,
    /// The RGB background of transparent images.
    #[serde(skip_serializing_if = "is_white")]
    pub background: [u8; 3],
}

fn is_default(interpolation: &Interpolation) -> bool {
    *interpolation == Interpolation::default()
}

fn is_white(background: &[u8; 3]) -> bool {
    *background == WHITE
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
    #[serde(default)]
    resize_shorter: Option<usize>,
    #[serde(default)]
    interpolation: Interpolation,
    #[serde(default = "white")]
    background: [u8; 3],
}

fn white() -> [u8; 3] {
    WHITE
}

impl TryFrom<Fields> for Preprocess {
    type Error = InputError;

    fn try_from(fields: Fields) -> Result<Self, InputError> {
        let Fields { channels, height, width, mean, std, invert, resize_shorter, interpolation, background } =
            fields;
        let whole = Self::new([channels, height, width], &mean, &std)?;
        let whole = Self { invert, interpolation, background, ..whole };
        resize_shorter.map_or(Ok(whole.clone()), |shorter| whole.with_resize_shorter(shorter))
    }
}

impl Preprocess {
    /// Creates a preprocessing for images of shape `[C, H, W]` that normalizes each channel by its mean and standard
    /// deviation, without inverting.
    ///
    /// # Errors
    /// [`InputError::Preprocess`] when C is neither 1 nor 3, when a side is 0 or above 8192, or when mean and std are not one
    /// finite number per channel with std above 0.
    pub fn new([channels, height, width]: [usize; 3], mean: &[f32], std: &[f32]) -> Result<Self, InputError> {
        let wrong = |what, expected: String, got: String| Err(InputError::Preprocess { what, expected, got });
        if channels != 1 && channels != 3 {
            return wrong("channels", "1 (gray) or 3 (RGB)".into(), channels.to_string());
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
        Ok(Self {
            channels,
            height,
            width,
            mean: mean.to_vec(),
            std: std.to_vec(),
            invert: false,
            resize_shorter: None,
            interpolation: Interpolation::default(),
            background: WHITE,
        })
    }

    /// Creates the preprocessing of torchvision's ImageNet weights: RGB, the shorter side resized to `round(size / 0.875)`, a
    /// center crop of `size` x `size`, bilinear, mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225.
    ///
    /// # Errors
    /// [`InputError::Preprocess`] when `size` is 0 or above 7168.
    ///
    /// # Example
    /// ```
    /// let preprocess = striate_image::Preprocess::imagenet(224)?;
    /// assert_eq!((preprocess.shape(), preprocess.resize_shorter), ([3, 224, 224], Some(256)));
    /// # Ok::<(), striate_image::InputError>(())
    /// ```
    pub fn imagenet(size: usize) -> Result<Self, InputError> {
        Self::new([3, size, size], &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225])?.with_crop_fraction(0.875)
    }

    /// Sets `shorter`, the number of pixels to which the shorter side of images is resized before the center is cropped.
    ///
    /// # Errors
    /// [`InputError::Preprocess`] when the crop would not fit, or `shorter` is above 8192.
    pub fn with_resize_shorter(self, shorter: usize) -> Result<Self, InputError> {
        let longer = self.height.max(self.width);
        if !(longer..=MAX_SIDE_PX as usize).contains(&shorter) {
            let expected = format!("{longer} to {MAX_SIDE_PX} pixels, so that {longer} can be cut out of it");
            return Err(InputError::Preprocess {
                what: "resize_shorter",
                expected,
                got: shorter.to_string(),
            });
        }
        Ok(Self { resize_shorter: Some(shorter), ..self })
    }

    /// Sets `fraction`, the share of the shorter side that the center crop keeps: the shorter side is resized to
    /// `round(size / fraction)` pixels, where `size` is the longer side of the input.
    ///
    /// # Errors
    /// [`InputError::Preprocess`] when the fraction is not above 0 and at most 1, or when the size becomes too large.
    pub fn with_crop_fraction(self, fraction: f32) -> Result<Self, InputError> {
        if !(fraction > 0.0 && fraction <= 1.0) {
            let expected = "above 0, at most 1".to_string();
            return Err(InputError::Preprocess {
                what: "crop fraction",
                expected,
                got: fraction.to_string(),
            });
        }
        let size = self.height.max(self.width) as f64;
        self.with_resize_shorter((size / f64::from(fraction)).round() as usize)
    }

    /// The shape `[C, H, W]` of the input.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// The number of values in one image, `C * H * W`.
    pub fn sample_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Normalizes one image: `y = (x / 255 - mean) / std`.
    ///
    /// # Shapes
    /// `pixels` and `out` are `[C, H, W]`.
    ///
    /// # Numerics
    /// The result is computed as `x * (1 / (255 std)) - mean / std`, with both factors rounded once from f64, and is
    /// within 3e-7 / std of the formula. There is no fused multiply-add, so every machine gives the same bits.
    ///
    /// # PyTorch
    /// `Normalize(mean, std)(ToTensor()(x))`, within the bound above.
    ///
    /// # Panics
    /// When `pixels` or `out` do not have `C * H * W` values.
    pub fn normalize(&self, pixels: &[u8], out: &mut [f32]) {
        let expected = self.sample_len();
        assert!(
            pixels.len() == expected && out.len() == expected,
            "normalize: one image is {:?} = {expected} values, got {} pixels and room for {}",
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

    /// Returns the factors of channel c in `y = x * scale + bias`.
    pub fn factors(&self, c: usize) -> (f32, f32) {
        factors(self.mean[c], self.std[c])
    }

    /// Converts an image of any size and color into the input of the network, by [`from_image`](Self::from_image) and
    /// [`normalize`](Self::normalize).
    ///
    /// # Shapes
    /// `out` is `[C, H, W]`.
    ///
    /// # Panics
    /// When `out` does not have `C * H * W` values.
    pub fn prepare(&self, image: &Image, out: &mut [f32]) {
        self.normalize(&self.from_image(image), out);
    }

    /// Decodes a file for this network; transparent pixels are composited on [`background`](Self::background).
    ///
    /// # Numerics
    /// The result of decoding a JPEG is not specified to the last bit. For eight photos with half as many color samples as
    /// brightness samples (4:2:0), values differ from those of libjpeg-turbo, and so of Pillow, by 0.12 to 0.32 on average and
    /// by at most 4; for one without subsampling (4:4:4), by 0.01 on average and by at most 3. Lossless formats are decoded
    /// exactly, transparency within 1.
    ///
    /// # Errors
    /// [`InputError::Image`] with the path and the problem.
    #[cfg(feature = "decode")]
    pub fn open(&self, path: &Path) -> Result<Image, InputError> {
        Image::open_on(path, self.background)
    }

    /// Decodes the bytes of a file for this network; errors call the bytes `place`.
    ///
    /// # Errors
    /// [`InputError::Image`] with `place` and the problem.
    #[cfg(feature = "decode")]
    pub fn decode(&self, place: &str, bytes: &[u8]) -> Result<Image, InputError> {
        Image::decode_on(place, bytes, self.background)
    }

    /// Converts an image of any size and color into pixels `[C, H, W]` for [`normalize`](Self::normalize).
    ///
    /// The steps are, in this order: RGB is converted to gray by `L = (299 R + 587 G + 114 B) / 1000` (or gray to
    /// RGB by repeating it). The image is resized by an antialiased filter: either its shorter side to
    /// [`resize_shorter`](Self::resize_shorter), with a center crop; or as a whole to fit H x W with its aspect ratio, centered
    /// and padded with the median color of its border. Values are inverted if `invert` is set. (Transparent pixels were
    /// composited when the image was decoded.)
    ///
    /// # Numerics
    /// Gray equals Pillow's `convert("L")` bit for bit, and resized values its `resize(size, BILINEAR or BICUBIC)`.
    ///
    /// # PyTorch
    /// With `resize_shorter`, for an RGB image: `CenterCrop((H, W))(Resize(resize_shorter, interpolation)(image))`.
    pub fn from_image(&self, image: &Image) -> Vec<u8> {
        let mut planar = self.planar(&self.sized(image));
        if self.invert {
            planar.iter_mut().for_each(|value| *value = 255 - *value);
        }
        planar
    }

    /// Converts an image to the colors and the size of the input, `[H, W, C]`, without inverting it.
    pub fn sized(&self, image: &Image) -> Image {
        let colored = self.colored(image);
        let (width, height, filter) = (self.width, self.height, self.interpolation);
        match self.resize_shorter {
            Some(shorter) => resize::center_crop(&colored, shorter, [width, height], filter),
            None => resize::fit(&colored, width, height, filter),
        }
    }

    /// Converts an image to the number of channels of the input, except that gray may still stand for RGB.
    pub fn colored<'a>(&self, image: &'a Image) -> Cow<'a, Image> {
        let is_gray_wanted = self.channels == 1 && image.channels == 3;
        if is_gray_wanted { Cow::Owned(to_gray(image)) } else { Cow::Borrowed(image) }
    }

    /// Converts planes `[C, H, W]` to `[H, W, C]`.
    pub fn interleaved(&self, planar: &[u8]) -> Image {
        let (channels, plane) = (self.channels, self.height * self.width);
        let pixels = (0..plane).flat_map(|p| (0..channels).map(move |c| planar[c * plane + p])).collect();
        Image { width: self.width, height: self.height, channels, pixels }
    }

    /// Inverts [`normalize`](Self::normalize): converts values `[C, H, W]` back to an image `[H, W, C]`, clipped.
    pub fn denormalize(&self, values: &[f32]) -> Image {
        let plane = self.height * self.width;
        let pixel = |(c, values): (usize, &[f32])| -> Vec<u8> {
            let (mean, std) = (self.mean[c], self.std[c]);
            // `as` clips.
            values.iter().map(|value| ((value * std + mean) * 255.0).round() as u8).collect()
        };
        let planar: Vec<u8> = values.chunks_exact(plane).enumerate().flat_map(pixel).collect();
        self.interleaved(&planar)
    }

    /// Converts `[H, W, C]`, or gray `[H, W, 1]`, to planes `[C, H, W]`.
    pub fn planar(&self, image: &Image) -> Vec<u8> {
        let plane = self.height * self.width;
        let mut planar = vec![0; self.channels * plane];
        for (c, out) in planar.chunks_exact_mut(plane).enumerate() {
            let channel = c.min(image.channels - 1);
            let values = image.pixels[channel..].iter().step_by(image.channels);
            out.iter_mut().zip(values).for_each(|(y, &x)| *y = x);
        }
        planar
    }
}

fn factors(mean: f32, std: f32) -> (f32, f32) {
    let (mean, std) = (f64::from(mean), f64::from(std));
    ((1.0 / (255.0 * std)) as f32, (-mean / std) as f32)
}

fn to_gray(image: &Image) -> Image {
    Image { channels: 1, pixels: image.pixels.chunks_exact(3).map(luma).collect(), ..*image }
}
