//! What is said before a run starts whose network does not suit the images, or whose settings follow from what they show.

use striate::data::nature::{Kind, Nature};
use striate::data::{Dataset, Preprocess};

use super::command::join;

/// Photos from which on a network may be trained from nothing.
const MANY: usize = 2000;
/// The size of CIFAR's photos, which can be told apart at it.
const ENOUGH_PX: usize = 32;

/// Photos that are shrunk to so little that a network of another kind is the better choice.
pub(super) fn warning(data: &Dataset, source: &str, model: &str, preprocess: &Preprocess) -> Option<String> {
    let nature = Nature::of(data)?;
    let [_, height, width] = preprocess.shape();
    if data.train.photos().is_none() || nature.kind != Kind::Photos || height.max(width) >= ENOUGH_PX {
        return None;
    }
    let [_, [median_width, median_height], _] = nature.sizes_px;
    let mut better = commands(source, data.train.len(), Some(&nature));
    let finetune = better.remove(0);
    let mut text = format!(
        "warning: these are photos, of {median_width} x {median_height} pixels in the median, and {model} sees them shrunk to \
         {width} x {height}, where little is left to tell them apart by. A pretrained network does better: {finetune}"
    );
    if let Some(from_nothing) = better.first() {
        text += &format!("; or, with as many images as these, from nothing: {from_nothing}");
    }
    Some(text)
}

/// The commands that suit these images, the best one first.
pub(crate) fn commands(name: &str, images: usize, nature: Option<&Nature>) -> Vec<String> {
    let command = |verb: &str, rest: &[&str]| {
        let words = ["striate".to_owned(), verb.into(), name.into()]
            .into_iter()
            .chain(rest.iter().map(|&word| word.into()));
        join(&words.collect::<Vec<String>>())
    };
    let digits = || command("train", &[]);
    let scratch = || command("train", &["--model", "resnet18_small"]);
    let finetune = || command("finetune", &["--model", "efficientnet_lite0", "--fetch"]);
    let Some(nature) = nature else { return vec![digits()] };
    let [_, _, [width, height]] = nature.sizes_px;
    let is_like_digits = nature.is_gray && width.max(height) <= 32;
    match (nature.kind, images >= MANY) {
        (Kind::Strokes, _) => vec![digits()],
        (Kind::Small, _) if is_like_digits => vec![digits()],
        (Kind::Small, true) => vec![scratch()],
        (Kind::Photos, true) => vec![finetune(), scratch()],
        (Kind::Small | Kind::Photos, false) => vec![finetune()],
    }
}

/// What images of strokes are taken for, where other images in files would be mirrored and cropped.
pub(super) fn note(data: &Dataset) -> Option<&'static str> {
    let is_strokes = data.train.photos().is_some() && Nature::of(data)?.kind == Kind::Strokes;
    is_strokes.then_some(
        "these are strokes, such as digits or letters: a mirrored one may be another sign, so they are moved a little, and \
         neither mirrored nor cropped unless --hflip and --crop-scale say so",
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
    fn advice_fits_the_images() {
        let nature = |kind, is_gray, side| Nature {
            kind,
            ground: Ground::Mixed,
            is_gray,
            sizes_px: [[side; 2]; 3],
            brightest: 255,
            looked_at: 9,
        };
        let advice = |images, nature: Nature| commands("my photos", images, Some(&nature));
        let (train, small) =
            ("striate train 'my photos'", "striate train 'my photos' --model resnet18_small");
        let finetune = "striate finetune 'my photos' --model efficientnet_lite0 --fetch";
        assert_eq!(advice(100, nature(Kind::Strokes, true, 300)), [train]);
        assert_eq!(advice(60_000, nature(Kind::Small, true, 28)), [train]);
        assert_eq!(advice(50_000, nature(Kind::Small, false, 32)), [small]);
        assert_eq!(advice(50_000, nature(Kind::Small, true, 64)), [small]);
        assert_eq!(advice(90, nature(Kind::Small, false, 40)), [finetune]);
        assert_eq!(advice(167, nature(Kind::Photos, false, 150)), [finetune]);
        assert_eq!(advice(2000, nature(Kind::Photos, true, 300)), [finetune, small]);
    }

    #[test]
    fn photos_in_a_network_of_digits_are_warned_of() {
        let place = tempfile::tempdir().unwrap();
        let (mut photos, small) = (folder(place.path(), false), Preprocess::imagenet(28).unwrap());
        let said = warning(&photos, "my photos", "convnet", &small).unwrap();
        expect!["warning: these are photos, of 90 x 60 pixels in the median, and convnet sees them shrunk to 28 x 28, where little is left to tell them apart by. A pretrained network does better: striate finetune 'my photos' --model efficientnet_lite0 --fetch"].assert_eq(&said);
        let large = Preprocess::imagenet(224).unwrap();
        assert_eq!(warning(&photos, "my photos", "resnet18", &large), None);
        assert_eq!(warning(&photos, "my photos", "resnet18_small", &Preprocess::imagenet(32).unwrap()), None);
        assert_eq!(note(&photos), None);
        let files = photos.train.photos().unwrap().files().iter().cycle().take(MANY).cloned().collect();
        photos.train = Photos::new(place.path(), files, None).into();
        assert!(
            warning(&photos, "photos", "convnet", &small)
                .unwrap()
                .contains("from nothing: striate train photos --model resnet18_small")
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
