//! The preprocessing that weights expect: the model card.

use striate_image::{InputError, Interpolation, Preprocess};

/// The preprocessing of images: the shorter side is resized, the center is cropped, and the channels are normalized.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// The side of the input in pixels.
    pub size: usize,
    /// The length of the shorter side, in pixels, before the center crop.
    pub resize_shorter: usize,
    /// The mean of each channel, for pixels scaled to 0..1.
    pub mean: [f32; 3],
    /// The standard deviation of each channel, for pixels scaled to 0..1.
    pub std: [f32; 3],
    /// The filter with which images are resized.
    pub interpolation: Interpolation,
}

impl Card {
    /// Creates torchvision's preprocessing: 224 px cropped from a shorter side of `resize_shorter`, bilinear, with the mean and
    /// standard deviation of ImageNet.
    pub const fn imagenet(resize_shorter: usize) -> Self {
        Self {
            size: 224,
            resize_shorter,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
            interpolation: Interpolation::Bilinear,
        }
    }

    /// The same for images of this side.
    pub(crate) const fn sized(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// The same with the bicubic filter.
    pub(crate) const fn bicubic(self) -> Self {
        Self { interpolation: Interpolation::Bicubic, ..self }
    }

    /// The same with values from −1 to 1: mean and standard deviation of each channel are 0.5.
    pub(crate) const fn halves(self) -> Self {
        Self { mean: [0.5; 3], std: [0.5; 3], ..self }
    }

    /// EfficientNet-Lite's preprocessing: `(x - 127) / 128` of pixels from 0 to 255, bicubic.
    pub const EFFICIENTNET_LITE: Self = Self {
        size: 224,
        resize_shorter: 256,
        mean: [127.0 / 255.0; 3],
        std: [128.0 / 255.0; 3],
        interpolation: Interpolation::Bicubic,
    };

    /// Converts the card into the preprocessing of a network with inputs `[C, H, W]`.
    ///
    /// If the size differs from the card's, the same fraction of the image is kept. Grayscale input uses the average of the
    /// card's means and standard deviations.
    ///
    /// # Errors
    /// When C is neither 1 nor 3, or a size is out of range.
    pub fn preprocess(&self, [channels, height, width]: [usize; 3]) -> Result<Preprocess, InputError> {
        let average = |values: [f32; 3]| values.iter().sum::<f32>() / 3.0;
        let preprocess = match channels {
            1 => Preprocess::new([1, height, width], &[average(self.mean)], &[average(self.std)])?,
            _ => Preprocess::new([channels, height, width], &self.mean, &self.std)?,
        };
        let scale = height.max(width) as f64 / self.size as f64;
        let mut preprocess =
            preprocess.with_resize_shorter((self.resize_shorter as f64 * scale).round() as usize)?;
        preprocess.interpolation = self.interpolation;
        Ok(preprocess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sizes_keep_the_part_of_the_image() {
        let preprocess = Card::imagenet(256).preprocess([3, 448, 448]).unwrap();
        assert_eq!(preprocess.resize_shorter, Some(512));
        let gray = Card::imagenet(256).preprocess([1, 112, 112]).unwrap();
        assert_eq!((gray.channels, gray.resize_shorter), (1, Some(128)));
        assert!((gray.mean[0] - 0.449).abs() < 1e-6 && (gray.std[0] - 0.226).abs() < 1e-6);
    }
}
