//! The networks that suit a data set, and how to train them.

use striate_data::nature::{ImageKind, Nature};

/// From this number of photos on, training from scratch is suggested, too.
const MANY: usize = 2000;
/// The longest side of images that are like digits, in pixels.
const DIGIT_PX: usize = 32;

/// A way to make a classifier: a network by its name, and how it is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approach {
    /// Train this network from scratch, with its [recipe](crate::FitConfig::recipe).
    Train(&'static str),
    /// [Fine-tune](crate::finetune) this network, starting from its published weights.
    Finetune(&'static str),
}

impl Approach {
    /// Returns the ways that suit this number of training images of this nature, the best first; there is at least one. Without
    /// a nature, because no image could be decoded, it is the way for digits.
    ///
    /// # Example
    /// ```
    /// use striate_data::Nature;
    /// use striate_train::Approach;
    ///
    /// let digits = striate_data::load("digits")?;
    /// let nature = Nature::of(&digits);
    /// assert_eq!(Approach::suited_to(digits.train.len(), nature.as_ref()), [Approach::Train("convnet")]);
    /// # Ok::<(), striate_data::DataError>(())
    /// ```
    pub fn suited_to(images: usize, nature: Option<&Nature>) -> Vec<Self> {
        let (digits, scratch) = (Self::Train("convnet"), Self::Train("resnet18_small"));
        let finetune = Self::Finetune("efficientnet_lite0");
        let Some(nature) = nature else { return vec![digits] };
        let [_, _, [width, height]] = nature.sizes_px;
        let is_like_digits = nature.is_gray && width.max(height) <= DIGIT_PX;
        match (nature.kind, images >= MANY) {
            (ImageKind::Strokes, _) => vec![digits],
            (ImageKind::Small, _) if is_like_digits => vec![digits],
            (ImageKind::Small, true) => vec![scratch],
            (ImageKind::Photos, true) => vec![finetune, scratch],
            (ImageKind::Small | ImageKind::Photos, false) => vec![finetune],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_data::nature::Ground;

    #[test]
    fn the_approach_suits_the_images() {
        let suited = |images, kind, is_gray, side| {
            let nature = Nature {
                kind,
                ground: Ground::Mixed,
                is_gray,
                sizes_px: [[side; 2]; 3],
                brightest: 255,
                looked_at: 9,
            };
            Approach::suited_to(images, Some(&nature))
        };
        let (digits, small) = (Approach::Train("convnet"), Approach::Train("resnet18_small"));
        let finetune = Approach::Finetune("efficientnet_lite0");
        assert_eq!(suited(100, ImageKind::Strokes, true, 300), [digits]);
        assert_eq!(suited(60_000, ImageKind::Small, true, 28), [digits]);
        assert_eq!(suited(50_000, ImageKind::Small, false, 32), [small]);
        assert_eq!(suited(50_000, ImageKind::Small, true, 64), [small]);
        assert_eq!(suited(90, ImageKind::Small, false, 40), [finetune]);
        assert_eq!(suited(1999, ImageKind::Photos, false, 150), [finetune]);
        assert_eq!(suited(2000, ImageKind::Photos, true, 300), [finetune, small]);
        assert_eq!(Approach::suited_to(100, None), [digits]);
    }
}
