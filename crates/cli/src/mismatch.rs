//! Warnings about images that do not look like a network's training images. Each names the flag that helps.
//!
//! A command calls [`Mismatches::note`] with each image that it opens, from any thread, and then [`Mismatches::warn`]. The
//! predictions are printed all the same.

use std::collections::BTreeMap;
use std::sync::Mutex;

use striate::data::nature::{Mismatch, Nature};
use striate::data::{Image, Preprocess};
use striate::report::text::{grouped, printable};

use crate::out;

/// What was found so far: for each reason, the number of images and the first of them.
#[derive(Debug, Default)]
pub(crate) struct Mismatches(Mutex<BTreeMap<Mismatch, Found>>);

/// The number of images, and the index and name of the first.
type Found = (usize, (usize, String));

impl Mismatches {
    /// Examines image number `i` as it was before preprocessing.
    pub(crate) fn note(&self, (i, name): (usize, &str), image: &Image, preprocess: &Preprocess) {
        let mut reasons = Nature::of_image(image).mismatches(preprocess);
        if reasons.contains(&Mismatch::Shrunk) {
            // Its message mentions the colors, too.
            reasons.retain(|&reason| reason != Mismatch::Color);
        }
        let Ok(mut found) = self.0.lock() else { return };
        for reason in reasons {
            let (count, first) = found.entry(reason).or_insert_with(|| (0, (i, name.into())));
            *count += 1;
            if i < first.0 {
                *first = (i, name.into());
            }
        }
    }

    /// Prints on standard error what was found, one line per reason.
    pub(crate) fn warn(&self, preprocess: &Preprocess) {
        self.lines(preprocess).iter().for_each(|line| out::tell(format!("warning: {line}")));
    }

    fn lines(&self, preprocess: &Preprocess) -> Vec<String> {
        let Ok(found) = self.0.lock() else { return Vec::new() };
        let line = |(&reason, (count, (_, first))): (&Mismatch, &Found)| {
            let first = printable(first.clone());
            let what = match count {
                1 => format!("{first}: the image"),
                n => format!("{first} and {} more: each image", grouped(*n as u64 - 1)),
            };
            format!("{what} {}", because(reason, preprocess))
        };
        found.iter().map(line).collect()
    }
}

fn because(reason: Mismatch, preprocess: &Preprocess) -> String {
    let [channels, height, width] = preprocess.shape();
    let is_of_white = preprocess.mean[0] < 0.5;
    let [of, not_of] = match is_of_white {
        true => ["white on black", "dark on a light background"],
        false => ["black on white", "light on a dark background"],
    };
    match reason {
        Mismatch::Black => {
            "is nearly black, like 10- to 14-bit data stored unscaled in a 16-bit file; scale it so that its brightest value is white"
                .into()
        }
        Mismatch::Inverted => {
            format!("is {not_of}, but this network was trained on images that are {of}, so its prediction means little; add --invert")
        }
        Mismatch::NeedlesslyInverted => {
            format!("is already {of}, like the training images, so with --invert the prediction means little; leave out --invert")
        }
        Mismatch::Color => {
            "has colors, but this network sees only gray values; for color images, use another network, such as --model efficientnet_lite0"
                .into()
        }
        Mismatch::Shrunk => {
            let gray = if channels == 1 { " in gray" } else { "" };
            format!(
                "looks like a photo, but this network sees only {width}x{height} pixels{gray}, since it is made for images of that size; \
                 for photos, use another network, such as --model efficientnet_lite0"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn preprocess(mean: f32, invert: bool) -> Preprocess {
        let mut preprocess = Preprocess::new([1, 28, 28], &[mean], &[0.3]).unwrap();
        preprocess.invert = invert;
        preprocess
    }

    fn lines(images: &[(usize, &str, Image)], preprocess: &Preprocess) -> String {
        let mismatches = Mismatches::default();
        images.iter().for_each(|(i, name, image)| mismatches.note((*i, name), image, preprocess));
        mismatches.lines(preprocess).join("\n")
    }

    fn photo() -> Image {
        let pixels =
            (0..3 * 300 * 200usize).map(|i| ((i / 3 % 300 + i / 900) % 256 / (1 + i % 3)) as u8).collect();
        Image { width: 300, height: 200, channels: 3, pixels }
    }

    #[test]
    fn each_reason_names_its_flag() {
        let digit = striate::data::load("digits").unwrap().test.image(7).unwrap();
        let on_paper = Image { pixels: digit.pixels.iter().map(|v| 255 - v).collect(), ..digit.clone() };
        assert_eq!(lines(&[(0, "digits:7", digit.clone())], &preprocess(0.13, false)), "");
        let two = [(1, "b.png", on_paper.clone()), (0, "a.png", on_paper.clone())];
        expect!["a.png and 1 more: each image is dark on a light background, but this network was trained on images that are white on black, so its prediction means little; add --invert"]
            .assert_eq(&lines(&two, &preprocess(0.13, false)));
        assert_eq!(lines(&two, &preprocess(0.13, true)), "");
        expect!["digits:7: the image is already white on black, like the training images, so with --invert the prediction means little; leave out --invert"]
            .assert_eq(&lines(&[(0, "digits:7", digit)], &preprocess(0.13, true)));
        expect!["cat.jpg: the image looks like a photo, but this network sees only 28x28 pixels in gray, since it is made for images of that size; for photos, use another network, such as --model efficientnet_lite0"]
            .assert_eq(&lines(&[(0, "cat.jpg", photo())], &preprocess(0.13, false)));
        assert_eq!(lines(&[(0, "cat.jpg", photo())], &Preprocess::imagenet(32).unwrap()), "");
    }
}
