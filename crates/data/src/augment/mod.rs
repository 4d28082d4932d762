//! Random changes to training images, with torchvision's names and meanings.
//!
//! The changes are made in this order, each only if it is enabled: RandomResizedCrop ([`crop`](ResizedCrop)), flips, one affine
//! map (rotation, translation, scale, shear), a policy (TrivialAugment or RandAugment), color jitter, grayscale, blur. Then the
//! image is normalized, a rectangle is erased, and the sample is mixed with another one (MixUp, CutMix).
//!
//! Every draw is a function of (seed, epoch, sample) with a fixed position in their counter, so enabling one change does not
//! affect the draws of the others. Small images in memory that are only shifted, rotated, scaled, flipped and erased take a
//! shortcut from bytes to normalized numbers in one step.

mod blur;
mod color;
mod crop;
mod erase;
#[cfg(test)]
mod golden;
mod mix;
mod photo;
mod place;
mod policy;
mod settings;
mod small;
mod tone;
mod warp;

pub use color::ColorJitter;
pub use crop::ResizedCrop;
pub use policy::Policy;
pub use settings::Augment;

use crate::rng::{Draws, Use};
use striate_image::Image;
use striate_image::Preprocess;

impl Augment {
    /// Changes and normalizes an image in memory, `[C, H, W]`; `key` is seed, epoch, sample.
    pub(crate) fn apply_to_pixels(
        &self,
        preprocess: &Preprocess,
        (seed, epoch, sample): (u64, u32, u32),
        pixels: &[u8],
        out: &mut [f32],
    ) {
        let draws = Draws::new(seed, epoch, sample, Use::Augment);
        if self.is_small() {
            self.apply_small(preprocess, draws, pixels, out);
        } else {
            let image = preprocess.interleaved(pixels);
            self.apply_to_any(preprocess, draws, image, photo::Outside::Zero, out);
        }
    }

    /// Changes and normalizes a photo: one of the input's size, or, for a random crop, of any.
    pub(crate) fn apply_to_photo(
        &self,
        preprocess: &Preprocess,
        (seed, epoch, sample): (u64, u32, u32),
        image: Image,
        out: &mut [f32],
    ) {
        let draws = Draws::new(seed, epoch, sample, Use::Augment);
        self.apply_to_any(preprocess, draws, image, photo::Outside::Mean, out);
    }
}
