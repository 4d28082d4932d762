//! The settings of augmentation and their valid ranges.

use serde::{Deserialize, Serialize};

use super::{ColorJitter, Policy, ResizedCrop};
use crate::error::DataError;

/// The random changes that training images undergo; by default none.
///
/// Pixels outside an image are 0 for images in memory, the background of digits; for photos they have the mean color of the
/// [`Preprocess`](crate::Preprocess), which is 0 after normalizing, as in timm.
///
/// # Example
/// ```
/// use striate_data::Augment;
/// use striate_data::augment::ResizedCrop;
///
/// let augment = Augment { shift_px: 2, rotate_deg: 10.0, ..Augment::default() };
/// assert!(!augment.is_off() && augment.check().is_ok());
/// let photos = Augment { crop: Some(ResizedCrop::default()), flip_horizontal: 0.5, ..Augment::default() };
/// assert!(photos.check().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// The maximum shift along each axis in whole pixels; all distances up to it are equally likely.
    pub shift_px: u32,
    /// The maximum rotation about the center in degrees, in either direction.
    pub rotate_deg: f32,
    /// The smallest scale factor.
    pub scale_min: f32,
    /// The largest scale factor.
    pub scale_max: f32,
    /// The probability that the image is mirrored left to right.
    pub flip_horizontal: f32,
    /// The probability that a random rectangle is erased. For photos this is torchvision's RandomErasing: 2 to 33 % of the
    /// area, an aspect ratio of 0.3 to 3.3, and the mean color. For images in memory it is 2 to 20 % of the area, sides up to 1
    /// : 3.3, and 0.
    pub erase: f32,
    /// RandomResizedCrop: a random part of the image is resized to the input of the network; `None` disables it.
    pub crop: Option<ResizedCrop>,
    /// The probability that the image is mirrored top to bottom.
    pub flip_vertical: f32,
    /// The maximum shear along the x axis in degrees, in either direction.
    pub shear_deg: f32,
    /// The maximum shift as a share of the width and of the height, in either direction.
    pub translate: f32,
    /// TrivialAugment or RandAugment; `None` disables both.
    pub policy: Option<Policy>,
    /// Random changes of brightness, contrast, saturation and hue.
    pub color_jitter: ColorJitter,
    /// The probability that the image is converted to gray.
    pub grayscale: f32,
    /// The probability that the image is blurred by a Gaussian, whose standard deviation is drawn from 0.1 to 2 pixels.
    pub blur: f32,
    /// MixUp: the alpha of the Beta distribution from which the weights of the two images are drawn; 0 disables it.
    pub mixup: f32,
    /// CutMix: the alpha of the Beta distribution from which the area that another image covers is drawn; 0 disables it. If
    /// MixUp is enabled, too, each sample gets one of the two.
    pub cutmix: f32,
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            shift_px: 0,
            rotate_deg: 0.0,
            scale_min: 1.0,
            scale_max: 1.0,
            flip_horizontal: 0.0,
            erase: 0.0,
            crop: None,
            flip_vertical: 0.0,
            shear_deg: 0.0,
            translate: 0.0,
            policy: None,
            color_jitter: ColorJitter::default(),
            grayscale: 0.0,
            blur: 0.0,
            mixup: 0.0,
            cutmix: 0.0,
        }
    }
}

impl Augment {
    /// Whether no image is ever changed.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// True when nothing is on that the short way of `small.rs` cannot do; mixing comes after it.
    pub(super) fn is_small(&self) -> bool {
        let Self {
            shift_px, rotate_deg, scale_min, scale_max, flip_horizontal, erase, mixup, cutmix, ..
        } = *self;
        let kept = Self {
            shift_px,
            rotate_deg,
            scale_min,
            scale_max,
            flip_horizontal,
            erase,
            mixup,
            cutmix,
            ..Self::default()
        };
        *self == kept
    }

    /// Checks that every field is in its valid range.
    ///
    /// # Errors
    /// [`DataError::Augment`] with the first field that is not.
    pub fn check(&self) -> Result<(), DataError> {
        let check = |what, expected, got: f32, is_fine: bool| {
            if is_fine { Ok(()) } else { Err(DataError::Augment { what, expected, got }) }
        };
        let within = |what, expected, got: f32, low: f32, high: f32| {
            check(what, expected, got, (low..=high).contains(&got))
        };
        let probability = |what, got| within(what, "a probability from 0 to 1", got, 0.0, 1.0);
        check("shift_px", "at most 4096 pixels", self.shift_px as f32, self.shift_px <= 4096)?;
        within("rotate_deg", "0 to 180 degrees", self.rotate_deg, 0.0, 180.0)?;
        within("scale_min", "a factor from 0.1 to 10", self.scale_min, 0.1, 10.0)?;
        within("scale_max", "a factor from scale_min to 10", self.scale_max, self.scale_min, 10.0)?;
        probability("flip_horizontal", self.flip_horizontal)?;
        probability("erase", self.erase)?;
        self.crop.as_ref().map_or(Ok(()), ResizedCrop::check)?;
        probability("flip_vertical", self.flip_vertical)?;
        within("shear_deg", "0 to 80 degrees", self.shear_deg, 0.0, 80.0)?;
        within("translate", "a share of the side from 0 to 1", self.translate, 0.0, 1.0)?;
        self.policy.as_ref().map_or(Ok(()), Policy::check)?;
        self.color_jitter.check()?;
        probability("grayscale", self.grayscale)?;
        probability("blur", self.blur)?;
        within("mixup", "0 to 1; 0.2 is usual", self.mixup, 0.0, 1.0)?;
        within("cutmix", "0 to 1; 1 is usual", self.cutmix, 0.0, 1.0)
    }
}
