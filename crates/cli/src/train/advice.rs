//! Messages before a run: a warning if the network does not suit the images, and a note if their content changes the settings.

use striate::data::nature::{ImageKind, Nature};
use striate::data::{Dataset, Preprocess};
use striate::train::Approach;

use super::command::join;

/// The network that `train` trains when none is named.
pub(super) const DEFAULT_MODEL: &str = "convnet";
/// The side of CIFAR's photos, which is enough to distinguish their classes.
const ENOUGH_PX: usize = 32;

/// A warning about photos that are shrunk so much that another network is a better choice.
pub(super) fn warning(data: &Dataset, source: &str, model: &str, preprocess: &Preprocess) -> Option<String> {
    let nature = Nature::of(data)?;
    let [_, height, width] = preprocess.shape();
    if data.train.photos().is_none() || nature.kind != ImageKind::Photos || height.max(width) >= ENOUGH_PX {
        return None;
    }
    let [_, [median_width, median_height], _] = nature.sizes_px;
    let mut better = commands(source, data.train.len(), Some(&nature));
    let finetune = better.remove(0);
    let mut text = format!(
        "warning: these are photos with a median size of {median_width} x {median_height} pixels, and {model} shrinks them to \
         {width} x {height}, which loses most of the detail. A pretrained network does better: {finetune}"
    );
    if let Some(from_scratch) = better.first() {
        text += &format!("; with this many images, you can also train from scratch: {from_scratch}");
    }
    Some(text)
}

/// The commands that suit these images, the best first.
pub(crate) fn commands(name: &str, images: usize, nature: Option<&Nature>) -> Vec<String> {
    let command = |approach: Approach| {
        let (verb, rest) = match approach {
            Approach::Train(DEFAULT_MODEL) => ("train", vec![]),
            Approach::Train(model) => ("train", vec!["--model", model]),
            Approach::Finetune(model) => ("finetune", vec!["--model", model, "--fetch"]),
        };
        let words = ["striate", verb, name].into_iter().chain(rest).map(String::from);
        join(&words.collect::<Vec<_>>())
    };
    Approach::suited_to(images, nature).into_iter().map(command).collect()
}

/// A note that images of strokes are neither mirrored nor cropped, unlike other images in files.
pub(super) fn note(data: &Dataset) -> Option<&'static str> {
    let is_strokes = data.train.photos().is_some() && Nature::of(data)?.kind == ImageKind::Strokes;
    is_strokes.then_some(
        "these are strokes, such as digits or letters, whose mirror image may be a different character, so augmentation shifts them a \
         little, but does not mirror or crop them unless --hflip and --crop-scale ask for it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::path::Path;
    use striate::data::nature::Ground;
    use striate::data::{Photos, load};

    /// A folder of photos, or of digits, in two classes.
    fn folder(place: &Path, is_digits: bool) -> Dataset {
        let digits = load("digits").unwrap();
        for i in 0..10 {
            let bytes = if is_digits {
                [b"P5 28 28 255\n".to_vec(), digits.train.image(i).unwrap().pixels].concat()
            } else {
                let pixel = |p: usize| [(p % 90 * 2) as u8, (p / 90 * 4) as u8, (p * (i + 3)) as u8];
                [b"P6 90 60 255\n".to_vec(), (0..90 * 60).flat_map(pixel).collect()].concat()
            };
            let class = place.join(if i % 2 == 0 { "even" } else { "odd" });
            std::fs::create_dir_all(&class).unwrap();
            std::fs::write(class.join(format!("{i}.ppm")), bytes).unwrap();
        }
        load(place.to_str().unwrap()).unwrap()
    }

    #[test]
    fn each_approach_is_a_command() {
        let nature = |kind| Nature {
            kind,
            ground: Ground::Mixed,
            is_gray: true,
            sizes_px: [[300; 2]; 3],
            brightest: 255,
            looked_at: 9,
        };
        let commands = |nature| commands("my photos", 2000, Some(&nature));
        assert_eq!(commands(nature(ImageKind::Strokes)), ["striate train 'my photos'"]);
        assert_eq!(
            commands(nature(ImageKind::Photos)),
            [
                "striate finetune 'my photos' --model efficientnet_lite0 --fetch",
                "striate train 'my photos' --model resnet18_small"
            ]
        );
    }

    #[test]
    fn photos_in_a_network_of_digits_are_warned_of() {
        let place = tempfile::tempdir().unwrap();
        let (mut photos, small) = (folder(place.path(), false), Preprocess::imagenet(28).unwrap());
        let said = warning(&photos, "my photos", "convnet", &small).unwrap();
        expect!["warning: these are photos with a median size of 90 x 60 pixels, and convnet shrinks them to 28 x 28, which loses most of the detail. A pretrained network does better: striate finetune 'my photos' --model efficientnet_lite0 --fetch"].assert_eq(&said);
        let large = Preprocess::imagenet(224).unwrap();
        assert_eq!(warning(&photos, "my photos", "resnet18", &large), None);
        assert_eq!(warning(&photos, "my photos", "resnet18_small", &Preprocess::imagenet(32).unwrap()), None);
        assert_eq!(note(&photos), None);
        let files = photos.train.photos().unwrap().files().iter().cycle().take(2000).cloned().collect();
        photos.train = Photos::new(place.path(), files, None).into();
        assert!(
            warning(&photos, "photos", "convnet", &small)
                .unwrap()
                .contains("from scratch: striate train photos --model resnet18_small")
        );
    }

    #[test]
    fn digits_in_files_are_no_photos() {
        let place = tempfile::tempdir().unwrap();
        let digits = folder(place.path(), true);
        assert_eq!(warning(&digits, "digits", "convnet", &Preprocess::imagenet(28).unwrap()), None);
        assert!(note(&digits).is_some());
        assert_eq!(note(&load("digits").unwrap()), None, "images in memory are never cropped");
    }
}
