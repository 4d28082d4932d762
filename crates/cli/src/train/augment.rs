//! The augmentation flags, with the names that torchvision and timm use.

use clap::Args;
use striate::data::Augment;
use striate::data::augment::{ColorJitter, Policy, ResizedCrop};

use crate::flags::{below_one, degrees, from_zero, probability};

/// A flag that is left out keeps the value of the network's recipe.
#[derive(Debug, Clone, Args)]
pub(crate) struct Augmentation {
    /// Crop a random part whose area is a share of the image in this range, such as 0.08,1, and resize it; 'off' disables
    /// cropping
    #[arg(long, value_name = "MIN,MAX", value_parser = crop, help_heading = AUGMENT)]
    crop_scale: Option<Crop>,
    /// Range of the crop's aspect ratio, width divided by height [default: 0.75,1.3333]
    #[arg(long, value_name = "MIN,MAX", value_parser = range, help_heading = AUGMENT, requires = "crop_scale")]
    crop_ratio: Option<Range>,
    /// Probability of a horizontal flip
    #[arg(long, value_name = "P", value_parser = probability, help_heading = AUGMENT, alias = "fliplr")]
    hflip: Option<f32>,
    /// Probability of a vertical flip
    #[arg(long, value_name = "P", value_parser = probability, help_heading = AUGMENT, alias = "flipud")]
    vflip: Option<f32>,
    /// Shift images by up to this many pixels [default: 0, and 2 for the embedded digits]
    #[arg(long, value_name = "PX", help_heading = AUGMENT)]
    shift: Option<u32>,
    /// Shift images by up to this share of their width and height
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = AUGMENT)]
    translate: Option<f32>,
    /// Rotate images by up to this many degrees
    #[arg(long, value_name = "DEG", value_parser = degrees, help_heading = AUGMENT, alias = "degrees")]
    rotate: Option<f32>,
    /// Shear images by up to this many degrees
    #[arg(long, value_name = "DEG", value_parser = degrees, help_heading = AUGMENT)]
    shear: Option<f32>,
    /// Enlarge or shrink images by up to this share
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = AUGMENT)]
    scale: Option<f32>,
    /// Augmentation policy: trivial (TrivialAugment), rand (RandAugment), rand-n2-m9, or off
    #[arg(long, value_name = "POLICY", value_parser = policy, help_heading = AUGMENT, aliases = ["auto-augment", "auto_augment"])]
    aa: Option<Auto>,
    /// Change brightness, contrast and saturation by up to this share; or four shares, the last for the hue: 0.4,0.4,0.4,0.1
    #[arg(long, value_name = "SHARES", value_parser = jitter, help_heading = AUGMENT)]
    color_jitter: Option<Jitter>,
    /// Probability of converting an image to gray
    #[arg(long, value_name = "P", value_parser = probability, help_heading = AUGMENT)]
    grayscale: Option<f32>,
    /// Probability of blurring an image
    #[arg(long, value_name = "P", value_parser = probability, help_heading = AUGMENT)]
    blur: Option<f32>,
    /// Probability of erasing a rectangle
    #[arg(long, value_name = "P", value_parser = probability, help_heading = AUGMENT, aliases = ["erasing", "reprob", "random-erase"])]
    erase: Option<f32>,
    /// MixUp: blend two images with a weight drawn from Beta(ALPHA, ALPHA); 0 is off, 0.2 is usual
    #[arg(long, value_name = "ALPHA", value_parser = from_zero, help_heading = AUGMENT, alias = "mixup-alpha")]
    mixup: Option<f32>,
    /// CutMix: paste a part of another image over each image, with a share drawn from Beta(ALPHA, ALPHA); 0 is off, 1 is usual
    #[arg(long, value_name = "ALPHA", value_parser = from_zero, help_heading = AUGMENT, alias = "cutmix-alpha")]
    cutmix: Option<f32>,
}

const AUGMENT: &str = "Augmentation";

// Newtypes, since clap gives an Option of a list another meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range([f32; 2]);
#[derive(Debug, Clone, Copy, PartialEq)]
struct Crop(Option<[f32; 2]>);
#[derive(Debug, Clone, Copy, PartialEq)]
struct Auto(Option<Policy>);
#[derive(Debug, Clone, Copy, PartialEq)]
struct Jitter(ColorJitter);

fn numbers(text: &str) -> Option<Vec<f32>> {
    text.split(',').map(|one| one.trim().parse().ok().filter(|v: &f32| v.is_finite())).collect()
}

fn range(text: &str) -> Result<Range, String> {
    match numbers(text).as_deref() {
        Some(&[low, high]) if 0.0 < low && low <= high => Ok(Range([low, high])),
        _ => Err(format!("expected two numbers above 0, the smaller one first, got {text}; try 0.08,1")),
    }
}

fn crop(text: &str) -> Result<Crop, String> {
    if text == "off" { Ok(Crop(None)) } else { range(text).map(|Range(scale)| Crop(Some(scale))) }
}

fn policy(text: &str) -> Result<Auto, String> {
    if ["off", "none"].contains(&text) {
        return Ok(Auto(None));
    }
    let wrong = || format!("expected trivial, rand, rand-n2-m9 or off, got {text}; try trivial");
    Policy::get(text).map(|policy| Auto(Some(policy))).ok_or_else(wrong)
}

fn jitter(text: &str) -> Result<Jitter, String> {
    match numbers(text).as_deref() {
        Some(&[all]) => Ok(Jitter(ColorJitter { brightness: all, contrast: all, saturation: all, hue: 0.0 })),
        Some(&[brightness, contrast, saturation, hue]) => {
            Ok(Jitter(ColorJitter { brightness, contrast, saturation, hue }))
        }
        _ => Err(format!("expected one number or four, got {text}; try 0.4 or 0.4,0.4,0.4,0.1")),
    }
}

impl Augmentation {
    pub(super) fn apply(&self, to: Augment) -> Augment {
        let (scale_min, scale_max) = match self.scale {
            Some(share) => (1.0 - share, 1.0 + share),
            None => (to.scale_min, to.scale_max),
        };
        let ratio = self.crop_ratio.map_or(ResizedCrop::default().ratio, |Range(ratio)| ratio);
        Augment {
            crop: self
                .crop_scale
                .map_or(to.crop, |Crop(scale)| scale.map(|scale| ResizedCrop { scale, ratio })),
            flip_horizontal: self.hflip.unwrap_or(to.flip_horizontal),
            flip_vertical: self.vflip.unwrap_or(to.flip_vertical),
            shift_px: self.shift.unwrap_or(to.shift_px),
            translate: self.translate.unwrap_or(to.translate),
            rotate_deg: self.rotate.unwrap_or(to.rotate_deg),
            shear_deg: self.shear.unwrap_or(to.shear_deg),
            scale_min,
            scale_max,
            policy: self.aa.map_or(to.policy, |Auto(policy)| policy),
            color_jitter: self.color_jitter.map_or(to.color_jitter, |Jitter(jitter)| jitter),
            grayscale: self.grayscale.unwrap_or(to.grayscale),
            blur: self.blur.unwrap_or(to.blur),
            erase: self.erase.unwrap_or(to.erase),
            mixup: self.mixup.unwrap_or(to.mixup),
            cutmix: self.cutmix.unwrap_or(to.cutmix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        flags: Augmentation,
    }

    fn augment(flags: &str, recipe: Augment) -> Augment {
        Cli::try_parse_from(std::iter::once("train").chain(flags.split_whitespace()))
            .unwrap()
            .flags
            .apply(recipe)
    }

    #[test]
    fn flags_mean_what_they_say() {
        let all = augment(
            "--crop-scale 0.2,0.9 --crop-ratio 1,2 --fliplr 0.5 --flipud 0.25 --shift 2 --translate 0.1 --degrees 10 \
             --shear 5 --scale 0.25 --aa rand-n3-m7 --color-jitter 0.4,0.3,0.2,0.1 --grayscale 0.1 --blur 0.2 \
             --reprob 0.25 --mixup 0.2 --cutmix 1",
            Augment::default(),
        );
        let expected = Augment {
            crop: Some(ResizedCrop { scale: [0.2, 0.9], ratio: [1.0, 2.0] }),
            flip_horizontal: 0.5,
            flip_vertical: 0.25,
            shift_px: 2,
            translate: 0.1,
            rotate_deg: 10.0,
            shear_deg: 5.0,
            scale_min: 0.75,
            scale_max: 1.25,
            policy: Some(Policy::RandAugment { num_ops: 3, magnitude: 7 }),
            color_jitter: ColorJitter { brightness: 0.4, contrast: 0.3, saturation: 0.2, hue: 0.1 },
            grayscale: 0.1,
            blur: 0.2,
            erase: 0.25,
            mixup: 0.2,
            cutmix: 1.0,
        };
        assert_eq!(all, expected);
        assert_eq!(augment("--aa ta_wide", Augment::default()).policy, Some(Policy::TrivialAugment));
    }

    #[test]
    fn a_recipe_stays_unless_it_is_switched_off() {
        let recipe = Augment {
            crop: Some(ResizedCrop::default()),
            policy: Some(Policy::TrivialAugment),
            flip_horizontal: 0.5,
            ..Augment::default()
        };
        assert_eq!(augment("", recipe), recipe);
        assert_eq!(augment("--crop-scale off --aa off --hflip 0", recipe), Augment::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for flags in
            ["--crop-scale 1,0.1", "--crop-scale 0.5", "--aa auto", "--aa rand-x3", "--color-jitter 1,2"]
        {
            let words = std::iter::once("train").chain(flags.split_whitespace());
            let error = Cli::try_parse_from(words).unwrap_err().to_string();
            assert!(error.contains("expected") && error.contains("try"), "{error}");
        }
    }
}
