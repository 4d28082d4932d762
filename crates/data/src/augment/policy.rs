//! TrivialAugment and RandAugment: operations that are drawn from one list, with a random or a fixed magnitude.
//!
//! # PyTorch
//! `TrivialAugmentWide()` and `RandAugment(num_ops, magnitude)`: the same 14 operations and 31 magnitudes, but sampled
//! bilinearly rather than from the nearest pixel, and with the mean color outside the image.
//!
//! # Source
//! Müller 2021, Cubuk 2020.

use serde::{Deserialize, Serialize};

use super::place;
use super::warp::{Inverse, warp};
use super::{color, tone};
use crate::error::DataError;
use crate::rng::{Draws, unit};
use striate_image::Image;

/// A policy that draws operations and their magnitudes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Policy {
    /// One operation with a random magnitude.
    TrivialAugment,
    /// Several operations with one fixed magnitude.
    RandAugment {
        /// The number of operations, which are made one after the other; torchvision's default is 2.
        num_ops: u32,
        /// The magnitude from 0 to 30; torchvision's default is 9.
        magnitude: u32,
    },
}

/// The strongest of the 31 strengths.
const STRONGEST: u32 = 30;

impl Policy {
    /// The policy of this name, as torchvision and timm write them: `trivial` or `ta_wide`; `rand`, `ra` or `randaugment` with 2
    /// operations of strength 9; or `rand-n3-m7` with 3 of strength 7. `None` for any other name.
    ///
    /// # Example
    /// ```
    /// use striate_data::augment::Policy;
    ///
    /// assert_eq!(Policy::get("trivial"), Some(Policy::TrivialAugment));
    /// assert_eq!(Policy::get("rand-m7"), Some(Policy::RandAugment { num_ops: 2, magnitude: 7 }));
    /// assert_eq!(Policy::get("rand-x7"), None);
    /// ```
    pub fn get(name: &str) -> Option<Self> {
        let (mut num_ops, mut magnitude) = (2, 9);
        match name {
            "trivial" | "ta_wide" => return Some(Self::TrivialAugment),
            "rand" | "ra" | "randaugment" => {}
            _ => {
                for part in name.strip_prefix("rand-")?.split('-') {
                    let number = |prefix: char| part.strip_prefix(prefix).and_then(|n| n.parse().ok());
                    match (number('n'), number('m')) {
                        (Some(n), _) => num_ops = n,
                        (_, m) => magnitude = m?,
                    }
                }
            }
        }
        Some(Self::RandAugment { num_ops, magnitude })
    }

    pub(super) fn check(&self) -> Result<(), DataError> {
        if let Self::RandAugment { num_ops, magnitude } = *self {
            if !(1..=14).contains(&num_ops) {
                let (what, expected) = ("policy.num_ops", "1 to 14 operations");
                return Err(DataError::Augment { what, expected, got: num_ops as f32 });
            }
            if magnitude > STRONGEST {
                let (what, expected) = ("policy.magnitude", "a strength from 0 to 30");
                return Err(DataError::Augment { what, expected, got: magnitude as f32 });
            }
        }
        Ok(())
    }
}

/// One operation with its strength.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    Identity,
    ShearX(f64),
    ShearY(f64),
    TranslateX(f64),
    TranslateY(f64),
    Rotate(f64),
    Brightness(f64),
    Color(f64),
    Contrast(f64),
    Sharpness(f64),
    Posterize(u32),
    Solarize(f64),
    AutoContrast,
    Equalize,
}

impl Policy {
    /// Operation number `which` at a strength from 0 to 1, of an image of this size.
    fn operation(&self, which: u32, strength: f64, sign: f64, [width, height]: [usize; 2]) -> Operation {
        let is_wide = *self == Self::TrivialAugment;
        let signed = |wide: f64, narrow: f64| sign * strength * if is_wide { wide } else { narrow };
        let narrow_shift = 150.0 / 331.0;
        match which {
            0 => Operation::Identity,
            1 => Operation::ShearX(signed(0.99, 0.3)),
            2 => Operation::ShearY(signed(0.99, 0.3)),
            // Whole pixels, toward zero.
            3 => Operation::TranslateX(signed(32.0, narrow_shift * width as f64).trunc()),
            4 => Operation::TranslateY(signed(32.0, narrow_shift * height as f64).trunc()),
            5 => Operation::Rotate(signed(135.0, 30.0)),
            6 => Operation::Brightness(1.0 + signed(0.99, 0.9)),
            7 => Operation::Color(1.0 + signed(0.99, 0.9)),
            8 => Operation::Contrast(1.0 + signed(0.99, 0.9)),
            9 => Operation::Sharpness(1.0 + signed(0.99, 0.9)),
            10 => Operation::Posterize(8 - (strength * if is_wide { 6.0 } else { 4.0 }).round() as u32),
            11 => Operation::Solarize(255.0 * (1.0 - strength)),
            12 => Operation::AutoContrast,
            _ => Operation::Equalize,
        }
    }
}

impl Operation {
    fn apply(self, image: &mut Image, fill: &[u8]) {
        let mut warped = |inverse: Inverse| *image = warp(image, &inverse, fill);
        match self {
            Self::Identity => {}
            Self::ShearX(m) => warped(Inverse::shear_x(m)),
            Self::ShearY(m) => warped(Inverse::shear_y(m)),
            Self::TranslateX(by) => warped(Inverse([1.0, 0.0, -by, 0.0, 1.0, 0.0])),
            Self::TranslateY(by) => warped(Inverse([1.0, 0.0, 0.0, 0.0, 1.0, -by])),
            Self::Rotate(degrees) => {
                // torchvision's rotate turns against the clock, its affine with it.
                let size = [image.width, image.height];
                *image = warp(image, &Inverse::new(size, -degrees, [0.0; 2], 1.0, 0.0), fill);
            }
            Self::Brightness(factor) => color::brightness(image, factor as f32),
            Self::Color(factor) => color::saturation(image, factor as f32),
            Self::Contrast(factor) => color::contrast(image, factor as f32),
            Self::Sharpness(factor) => color::sharpness(image, factor as f32),
            Self::Posterize(bits) => tone::posterize(image, bits),
            Self::Solarize(threshold) => tone::solarize(image, threshold),
            Self::AutoContrast => tone::autocontrast(image),
            Self::Equalize => tone::equalize(image),
        }
    }
}

pub(super) fn apply(policy: &Policy, image: &mut Image, draws: Draws, fill: &[u8]) {
    let count = match policy {
        Policy::TrivialAugment => 1,
        Policy::RandAugment { num_ops, .. } => *num_ops,
    };
    for number in 0..count {
        let [which, bin, sign, _] = draws.block(place::POLICY + number).map(unit);
        let bin = match policy {
            Policy::TrivialAugment => (bin * (STRONGEST + 1) as f32) as u32,
            Policy::RandAugment { magnitude, .. } => *magnitude,
        };
        let strength = f64::from(bin) / f64::from(STRONGEST);
        let sign = if sign < 0.5 { -1.0 } else { 1.0 };
        let size = [image.width, image.height];
        policy.operation((which * 14.0) as u32, strength, sign, size).apply(image, fill);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Use;

    const RAND: Policy = Policy::RandAugment { num_ops: 2, magnitude: 9 };

    #[test]
    fn policies_have_the_names_of_torchvision_and_timm() {
        let rand = |num_ops, magnitude| Some(Policy::RandAugment { num_ops, magnitude });
        for (name, policy) in [
            ("trivial", Some(Policy::TrivialAugment)),
            ("ta_wide", Some(Policy::TrivialAugment)),
            ("rand", rand(2, 9)),
            ("ra", rand(2, 9)),
            ("randaugment", rand(2, 9)),
            ("rand-n3-m7", rand(3, 7)),
            ("rand-m7-n3", rand(3, 7)),
            ("rand-n1", rand(1, 9)),
            ("rand-", None),
            ("rand-x3", None),
            ("rand-n", None),
            ("off", None),
        ] {
            assert_eq!(Policy::get(name), policy, "{name}");
        }
    }

    /// torchvision's tables: `_augmentation_space` of the two classes, at bins 0, 9 and 30.
    #[test]
    fn strengths_are_those_of_torchvision() {
        let at = |policy: Policy, which: u32, bin: u32| {
            policy.operation(which, f64::from(bin) / 30.0, 1.0, [331, 662])
        };
        let close = |got: Operation, expected: Operation| {
            let parts = |operation: Operation| {
                let text = format!("{operation:?}");
                let number = text.split(['(', ')']).nth(1).map_or(0.0, |n| n.parse::<f64>().unwrap());
                (text.split('(').next().unwrap().to_owned(), number)
            };
            let ((a, x), (b, y)) = (parts(got), parts(expected));
            assert!(a == b && (x - y).abs() < 1e-9, "{got:?}, expected {expected:?}");
        };
        use Operation::*;
        close(at(RAND, 1, 9), ShearX(0.09));
        close(at(RAND, 2, 30), ShearY(0.3));
        close(at(RAND, 3, 9), TranslateX(45.0));
        close(at(RAND, 4, 9), TranslateY(90.0));
        close(at(RAND, 5, 9), Rotate(9.0));
        close(at(RAND, 6, 30), Brightness(1.9));
        close(at(RAND, 7, 30), Color(1.9));
        close(at(RAND, 8, 30), Contrast(1.9));
        close(at(RAND, 9, 30), Sharpness(1.9));
        close(at(RAND, 10, 9), Posterize(7));
        close(at(RAND, 10, 30), Posterize(4));
        close(at(RAND, 11, 9), Solarize(178.5));
        close(at(Policy::TrivialAugment, 1, 30), ShearX(0.99));
        close(at(Policy::TrivialAugment, 3, 30), TranslateX(32.0));
        close(at(Policy::TrivialAugment, 5, 30), Rotate(135.0));
        close(at(Policy::TrivialAugment, 10, 30), Posterize(2));
        close(at(Policy::TrivialAugment, 11, 0), Solarize(255.0));
        close(RAND.operation(3, 0.31, -1.0, [331, 331]), TranslateX(-46.0));
        close(RAND.operation(6, 1.0, -1.0, [331, 331]), Brightness(0.1));
        close(RAND.operation(9, 1.0, -1.0, [331, 331]), Sharpness(0.1));
    }

    #[test]
    fn every_operation_comes_up_and_keeps_the_size() {
        let pixels: Vec<u8> = (0..24 * 20 * 3).map(|i| (i * 37 % 251) as u8).collect();
        let source = Image { width: 24, height: 20, channels: 3, pixels };
        let mut different = std::collections::HashSet::new();
        for sample in 0..300 {
            let mut image = source.clone();
            apply(&Policy::TrivialAugment, &mut image, Draws::new(3, 0, sample, Use::Augment), &[1, 2, 3]);
            assert_eq!((image.width, image.height, image.pixels.len()), (24, 20, 1440));
            different.insert(image.pixels);
        }
        assert!(different.len() > 150, "{} different results of 300", different.len());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(RAND.check().is_ok() && Policy::TrivialAugment.check().is_ok());
        assert!(Policy::RandAugment { num_ops: 0, magnitude: 9 }.check().is_err());
        assert!(Policy::RandAugment { num_ops: 2, magnitude: 31 }.check().is_err());
    }
}
