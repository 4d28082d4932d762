//! Folders of photos: classes, splits, the loader, the cache, and trees that are hostile.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect;
use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb};
use striate_data::augment::ResizedCrop;
use striate_data::check::{Verdict, check};
use striate_data::find::{find_in, load_in};
use striate_data::preview::preview;
use striate_data::{Augment, BadFiles, DataError, Dataset, Found, Loader, Places, Preprocess, Split};
use striate_kernels::Target;
use tempfile::TempDir;

/// Writes an image that no other seed gives.
fn write(path: &Path, width: u32, height: u32, seed: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixel =
        |x: u32, y: u32| Rgb([(x * 7 + seed) as u8, (y * 5 + seed * 3) as u8, (x * y + seed * 11) as u8]);
    let image = DynamicImage::ImageRgb8(ImageBuffer::from_fn(width, height, pixel));
    image.save_with_format(path, ImageFormat::Png).unwrap();
}

/// `FOLDER/CLASS/NN.png`, so many of each class.
fn flat(classes: &[(&str, u32)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (number, (class, count)) in (0u32..).zip(classes) {
        for i in 0..*count {
            let path = folder.path().join(class).join(format!("{i:02}.png"));
            write(&path, 20 + i, 30 - i, number * 50 + i);
        }
    }
    folder
}

fn load(folder: &Path) -> Result<Dataset, DataError> {
    load_in(&Places::default(), folder.to_str().unwrap())
}

fn message(folder: &Path) -> String {
    load(folder).unwrap_err().to_string().replace(folder.to_str().unwrap(), "ROOT")
}

fn names(split: &Split) -> Vec<String> {
    (0..split.len()).map(|i| split.name(i)).collect()
}

#[test]
fn classes_are_in_the_order_of_torchvision() {
    let folder = flat(&[("10", 5), ("2", 5), ("Zebra", 5), ("apple", 5), ("\u{e4}pfel", 5)]);
    let data = load(folder.path()).unwrap();
    assert_eq!(data.classes, ["10", "2", "Zebra", "apple", "\u{e4}pfel"]);
    assert_eq!((data.train.class_counts(5), data.test.class_counts(5)), (vec![4; 5], vec![1; 5]));
    assert_eq!(data.train.fixed_shape(), None);
    assert_eq!(data.train.image(0).unwrap().channels, 3);
    assert!(matches!(
        find_in(&Places::default(), folder.path().to_str().unwrap()).unwrap(),
        Found::Images { .. }
    ));
    // The part that is kept apart is always the same.
    assert_eq!(names(&load(folder.path()).unwrap().test), names(&data.test));
}

#[test]
fn a_split_that_is_there_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (i, path) in ["train/cat/deep/er/a.png", "train/cat/b.png", "train/dog/c.png", "valid/dog/d.png"]
        .iter()
        .enumerate()
    {
        write(&root.join(path), 8, 8, i as u32);
    }
    let data = load(root).unwrap();
    assert_eq!(names(&data.train), ["train/cat/b.png", "train/cat/deep/er/a.png", "train/dog/c.png"]);
    assert_eq!((names(&data.test), data.test.label(0)), (vec!["valid/dog/d.png".to_string()], 1));
    // Two folders that could be one part are asked about; the content names the set.
    write(&root.join("val/cat/e.png"), 8, 8, 9);
    assert!(matches!(load(root).unwrap_err(), DataError::Layout { .. }));
    fs::remove_dir_all(root.join("valid")).unwrap();
    let other = load(root).unwrap();
    assert_eq!(names(&other.test), ["val/cat/e.png"]);
    assert_ne!(data.sha256, other.sha256);
    fs::rename(root.join("val/cat/e.png"), root.join("val/cat/f.png")).unwrap();
    assert_eq!(load(root).unwrap().sha256, other.sha256, "names are not content");
}

#[test]
fn what_is_no_image_is_passed_over_and_what_is_called_one_is_not() {
    let folder = flat(&[("a", 5), ("b", 5)]);
    let root = folder.path();
    for name in ["a/.DS_Store", "a/Thumbs.db", "a/notes.txt", "a/.hidden.png", "README.md", ".git/x.png"] {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), "no image").unwrap();
    }
    // An image without an ending is one.
    fs::rename(root.join("a/00.png"), root.join("a/zero")).unwrap();
    let mut data = load(root).unwrap();
    assert_eq!(data.train.len() + data.test.len(), 10);
    assert!(data.verify(BadFiles::Refuse, &|_, _| ()).unwrap().is_empty());
    // These claim to be images.
    fs::write(root.join("a/page.jpg"), "<!DOCTYPE html><title>404</title>").unwrap();
    fs::write(root.join("b/empty.png"), "").unwrap();
    let whole = fs::read(root.join("b/01.png")).unwrap();
    fs::write(root.join("b/01.png"), &whole[..whole.len() / 2]).unwrap();
    let error = load(root).unwrap().verify(BadFiles::Refuse, &|_, _| ()).unwrap_err();
    let DataError::BadImages { bad, total, .. } = &error else { panic!("{error}") };
    let mut paths: Vec<_> = bad.iter().map(|bad| bad.path.to_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!((paths, *total), (vec!["a/page.jpg", "b/01.png", "b/empty.png"], 12));
    let text = error.to_string();
    assert!(text.contains("3 of 12 images cannot be used"), "{text}");
    assert!(text.contains("a/page.jpg: is not an image: it looks like an HTML page"), "{text}");
    let mut data = load(root).unwrap();
    let before = data.sha256.clone();
    let done = std::sync::Mutex::new(Vec::new());
    let skipped = data.verify(BadFiles::Skip, &|i, of| done.lock().unwrap().push((i, of))).unwrap();
    assert_eq!((skipped.len(), data.train.len() + data.test.len()), (3, 9));
    assert_ne!(before, data.sha256, "without them it is another set");
    let mut done = done.into_inner().unwrap();
    done.sort_unstable();
    assert_eq!(done, (1..=12).map(|i| (i, 12)).collect::<Vec<_>>());
}

#[test]
fn what_was_decoded_once_is_known_by_its_content() {
    let folder = flat(&[("a", 5), ("b", 5)]);
    let cache = tempfile::tempdir().unwrap();
    let places = Places { data: None, cache: Some(cache.path().join("datasets")) };
    let load = || load_in(&places, folder.path().to_str().unwrap()).unwrap();
    assert!(load().verify(BadFiles::Refuse, &|_, _| ()).is_ok());
    // The very same content, found damaged now: it is not looked at again.
    let mut data = load();
    let path = data.train.photos().unwrap().path(0);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(data.verify(BadFiles::Refuse, &|_, _| ()).is_ok());
    // Read again, it is another content.
    assert!(load().verify(BadFiles::Refuse, &|_, _| ()).is_err());
    fs::write(&path, whole).unwrap();
    assert!(load().verify(BadFiles::Refuse, &|_, _| ()).is_ok());
}

#[test]
fn skipping_may_not_empty_a_class() {
    let folder = flat(&[("a", 5), ("b", 2)]);
    fs::write(folder.path().join("b/00.png"), "broken").unwrap();
    fs::write(folder.path().join("b/01.png"), "broken too").unwrap();
    let error = load(folder.path()).unwrap().verify(BadFiles::Skip, &|_, _| ()).unwrap_err().to_string();
    assert!(
        error.ends_with("without the 2 images that cannot be used, the class b has no images; add some"),
        "{error}"
    );
}

#[test]
fn hostile_trees_are_refused_with_their_place() {
    let one = flat(&[("only", 3)]);
    expect!["ROOT: only is the only class; a classifier needs two or more, with a folder of images for each: ROOT/CLASS/... or ROOT/train/CLASS/..."].assert_eq(&message(one.path()));

    let empty = flat(&[("a", 3), ("b", 3)]);
    fs::create_dir(empty.path().join("c")).unwrap();
    fs::write(empty.path().join("c/.DS_Store"), "x").unwrap();
    expect![
        "ROOT: there is no image to learn from in the class c; put some images there, or remove its folder"
    ]
    .assert_eq(&message(empty.path()));

    let few = flat(&[("a", 1), ("b", 1)]);
    expect!["ROOT: every class has only one image, so none can be held out for evaluation; add images"]
        .assert_eq(&message(few.path()));

    let split = tempfile::tempdir().unwrap();
    for path in ["train/cat/a.png", "train/dog/b.png", "val/cat/c.png", "val/cow/d.png"] {
        write(&split.path().join(path), 4, 4, path.len() as u32);
    }
    expect![
        "ROOT: there is no image to learn from in the class cow; put some images there, or remove its folder"
    ]
    .assert_eq(&message(split.path()));
    fs::remove_dir_all(split.path().join("train")).unwrap();
    write(&split.path().join("test/cat/c.png"), 4, 4, 1);
    expect!["ROOT: there are no training images: no train part; expected FOLDER/train/CLASS/IMAGE"]
        .assert_eq(&message(split.path()));

    let nothing = tempfile::tempdir().unwrap();
    expect!["ROOT: there are no class folders here, and no images; a data set has a folder of images for each class, such as ROOT/cat/1.jpg and ROOT/dog/2.jpg (or ROOT/train/cat/1.jpg and ROOT/val/cat/2.jpg), or four idx files as MNIST has them"]
        .assert_eq(&message(nothing.path()));
    write(&nothing.path().join("a.png"), 4, 4, 1);
    write(&nothing.path().join("b.png"), 4, 4, 2);
    fs::write(nothing.path().join("notes.txt"), "no image").unwrap();
    assert!(message(nothing.path()).contains("but 2 images that belong to no class"));
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_circles_or_multiply_are_refused() {
    use std::os::unix::fs::symlink;
    let circle = flat(&[("a", 3), ("b", 3)]);
    symlink("..", circle.path().join("a/up")).unwrap();
    let text = message(circle.path());
    assert!(text.starts_with("ROOT/a/up/a: links lead here more than once: this is "), "{text}");

    // 2^40 paths in 40 folders.
    let many = flat(&[("a", 3), ("b", 3)]);
    let mut folder = many.path().join("a");
    for _ in 0..40 {
        fs::create_dir(folder.join("x")).unwrap();
        symlink("x", folder.join("y")).unwrap();
        folder = folder.join("x");
    }
    let started = std::time::Instant::now();
    assert!(message(many.path()).contains("links lead here more than once"));
    assert!(started.elapsed().as_secs() < 5, "no measurement: 2^40 would take years");

    let deep = flat(&[("a", 3), ("b", 3)]);
    let path: PathBuf = std::iter::repeat_n("d", 70).collect();
    fs::create_dir_all(deep.path().join("a").join(path)).unwrap();
    assert!(
        message(deep.path()).ends_with("is more than 64 folders deep, which no folder of photos should be")
    );

    // A class may be a link to a folder elsewhere, and an image one to a file; a link to nowhere is a bad image.
    let elsewhere = flat(&[("c", 4)]);
    let fine = flat(&[("a", 4), ("b", 4)]);
    symlink(elsewhere.path().join("c"), fine.path().join("c")).unwrap();
    symlink("nowhere", fine.path().join("a/lost.png")).unwrap();
    let error = load(fine.path()).unwrap().verify(BadFiles::Refuse, &|_, _| ()).unwrap_err().to_string();
    assert!(error.contains("1 of 13 images") && error.contains("a/lost.png: cannot be read"), "{error}");
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_fine_for_files_and_refused_for_classes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = flat(&[("a", 3), ("b", 3)]);
    let odd = OsStr::from_bytes(b"\xff\xfe.png");
    write(&folder.path().join("a").join(odd), 4, 4, 99);
    let mut data = load(folder.path()).unwrap();
    assert!(data.verify(BadFiles::Refuse, &|_, _| ()).is_ok());
    assert!((0..data.train.len()).all(|i| data.train.image(i).is_ok()));
    fs::create_dir(folder.path().join(OsStr::from_bytes(b"caf\xe9"))).unwrap();
    expect![
        "ROOT/caf\u{fffd}: the name of this class is not UTF-8, so no model could hold it; rename the folder"
    ]
    .assert_eq(&message(folder.path()));
}

fn sample(loader: &Loader<'_>, index: u32) -> Result<(Vec<f32>, Target), DataError> {
    let mut out = vec![f32::NAN; 3 * 16 * 16];
    let target = loader.write(1, index, &mut out)?;
    assert!(out.iter().all(|value| value.is_finite()));
    Ok((out, target))
}

/// Everything that has no alternative in it.
fn all_on() -> Augment {
    Augment {
        crop: Some(ResizedCrop::default()),
        flip_horizontal: 0.5,
        flip_vertical: 0.5,
        rotate_deg: 20.0,
        shear_deg: 10.0,
        translate: 0.1,
        grayscale: 0.2,
        blur: 0.3,
        erase: 0.5,
        mixup: 0.2,
        cutmix: 1.0,
        policy: Some(striate_data::augment::Policy::TrivialAugment),
        color_jitter: striate_data::augment::ColorJitter {
            brightness: 0.4,
            contrast: 0.4,
            saturation: 0.4,
            hue: 0.1,
        },
        ..Augment::default()
    }
}

#[test]
fn the_loader_gives_what_predict_would_see() {
    let folder = flat(&[("a", 6), ("b", 6)]);
    let data = load(folder.path()).unwrap();
    let preprocess = Preprocess::imagenet(16).unwrap();
    let loader = Loader::new(&data.test, &preprocess, Augment::default(), 4, 0, false).unwrap();
    for i in 0..data.test.len() {
        let (got, target) = sample(&loader, i as u32).unwrap();
        let mut expected = vec![0.0; 3 * 16 * 16];
        let path = data.test.photos().unwrap().path(i);
        preprocess.prepare(&preprocess.open(&path).unwrap(), &mut expected);
        assert_eq!(got, expected);
        assert_eq!(target, Target::from(data.test.label(i)));
    }
}

#[test]
fn results_do_not_depend_on_the_cache() {
    let folder = flat(&[("a", 6), ("b", 6)]);
    // Large enough to be reduced before crops are cut out.
    write(&folder.path().join("a/large.png"), 120, 90, 77);
    let cache = tempfile::tempdir().unwrap();
    let places = Places { data: None, cache: Some(cache.path().join("datasets")) };
    let with = load_in(&places, folder.path().to_str().unwrap()).unwrap();
    let without = load(folder.path()).unwrap();
    let preprocess = Preprocess::imagenet(16).unwrap();
    let has_large = |split: &Split| names(split).contains(&"a/large.png".to_string());
    assert!(has_large(&with.train), "it was drawn to measure by: call it otherwise");
    for augment in [Augment::default(), all_on()] {
        let loaders =
            [&with, &without].map(|data| Loader::new(&data.train, &preprocess, augment, 4, 3, true).unwrap());
        for i in 0..with.train.len() as u32 {
            let expected = sample(&loaders[1], i).unwrap();
            assert_eq!(sample(&loaders[0], i).unwrap(), expected, "written to the cache");
            assert_eq!(sample(&loaders[0], i).unwrap(), expected, "read from the cache");
        }
    }
    let entries: Vec<PathBuf> = fs::read_dir(cache.path().join("pixels"))
        .unwrap()
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap().map(|entry| entry.unwrap().path()))
        .collect();
    assert_eq!(entries.len(), 2 * with.train.len(), "one a form and photo");
    // Damage is decoded over.
    entries.iter().for_each(|entry| fs::write(entry, "STRPIX01 but nothing else").unwrap());
    let loader = Loader::new(&with.train, &preprocess, all_on(), 4, 3, true).unwrap();
    let plain = Loader::new(&without.train, &preprocess, all_on(), 4, 3, true).unwrap();
    (0..with.train.len() as u32)
        .for_each(|i| assert_eq!(sample(&loader, i).unwrap(), sample(&plain, i).unwrap()));
}

#[test]
fn augmented_photos_depend_on_seed_epoch_and_index_alone() {
    let folder = flat(&[("a", 6), ("b", 6)]);
    let data = load(folder.path()).unwrap();
    let preprocess = Preprocess::imagenet(16).unwrap();
    let loader = |seed| Loader::new(&data.train, &preprocess, all_on(), 4, seed, true).unwrap();
    let (first, second, other) = (loader(1), loader(1), loader(2));
    let all = |loader: &Loader<'_>| -> Vec<_> {
        (0..data.train.len() as u32).map(|i| sample(loader, i).unwrap()).collect()
    };
    let expected = all(&first);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(all(&second), expected));
        }
    });
    let same = all(&other).iter().zip(&expected).filter(|(a, b)| a == b).count();
    assert_eq!(same, 0);
    let mut out = vec![0.0; 768];
    other.write(2, 0, &mut out).unwrap();
    assert_ne!(out, sample(&other, 0).unwrap().0, "another epoch");
}

#[test]
fn mixed_targets_name_the_two_that_were_mixed() {
    let folder = flat(&[("a", 6), ("b", 6)]);
    let data = load(folder.path()).unwrap();
    let preprocess = Preprocess::imagenet(16).unwrap();
    let mixup = Augment { mixup: 1.0, ..Augment::default() };
    let mixed = Loader::new(&data.train, &preprocess, mixup, 4, 1, true).unwrap();
    let plain = Loader::new(&data.train, &preprocess, Augment::default(), 4, 1, true).unwrap();
    let images: Vec<_> = (0..data.train.len() as u32).map(|i| sample(&plain, i).unwrap().0).collect();
    for i in 0..data.train.len() {
        let (got, target) = sample(&mixed, i as u32).unwrap();
        assert_eq!(target.a, data.train.label(i));
        let lambda = target.lambda;
        let is_mix_with = |partner: &Vec<f32>| {
            let mix = images[i].iter().zip(partner).map(|(a, b)| lambda * a + (1.0 - lambda) * b);
            got.iter().zip(mix).all(|(got, mix)| (got - mix).abs() < 1e-5)
        };
        let partners: Vec<u32> =
            (0..images.len()).filter(|&j| is_mix_with(&images[j])).map(|j| data.train.label(j)).collect();
        assert!(partners.contains(&target.b), "sample {i}: {target:?}, mixed with one of class {partners:?}");
    }
}

#[test]
fn a_photo_that_changes_is_an_error_that_names_it() {
    let folder = flat(&[("a", 6), ("b", 6)]);
    let data = load(folder.path()).unwrap();
    let preprocess = Preprocess::imagenet(16).unwrap();
    let loader = Loader::new(&data.train, &preprocess, Augment::default(), 4, 0, true).unwrap();
    let path = data.train.photos().unwrap().path(0);
    write(&path, 9, 9, 200);
    let error = sample(&loader, 0).unwrap_err().to_string().replace(path.to_str().unwrap(), "PATH");
    expect![
        "PATH: the file has changed since the data set was read; start again, so that all of it is read anew"
    ]
    .assert_eq(&error);
    fs::remove_file(&path).unwrap();
    let error = sample(&loader, 0).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()) && error.contains("cannot be read"), "{error}");
}

#[test]
fn drawing_by_weight_balances_the_classes() {
    let folder = flat(&[("a", 20), ("b", 4)]);
    let data = load(folder.path()).unwrap();
    let preprocess = Preprocess::imagenet(16).unwrap();
    let loader =
        Loader::new(&data.train, &preprocess, Augment::default(), 4, 0, true).unwrap().balanced().unwrap();
    let (mut of_b, mut all) = (0, 0);
    for epoch in 0..200 {
        let order = loader.order(epoch);
        assert_eq!(order.len(), data.train.len());
        assert_eq!(order, loader.order(epoch));
        of_b += order.iter().filter(|&&sample| data.train.label(sample as usize) == 1).count();
        all += order.len();
    }
    let share = of_b as f64 / all as f64;
    assert!((0.47..0.53).contains(&share), "{share} of the draws are of the rare class, expected half");
    let only_b = loader.clone().with_class_weights(&[0.0, 1.0]).unwrap();
    assert!(only_b.order(0).iter().all(|&sample| data.train.label(sample as usize) == 1));
    for weights in [&[1.0][..], &[0.0, 0.0], &[-1.0, 2.0], &[f32::NAN, 1.0]] {
        assert!(matches!(
            loader.clone().with_class_weights(weights),
            Err(DataError::Weights { classes: 2, .. })
        ));
    }
}

#[test]
fn a_preview_shows_what_the_network_sees() {
    let folder = flat(&[("a", 6), ("b", 6)]);
    let data = load(folder.path()).unwrap();
    let preprocess = Preprocess::imagenet(16).unwrap();
    let seen = preview(&data.train, &preprocess, Augment::default(), 5, 4).unwrap();
    assert_eq!(seen.len(), 4);
    let loader = Loader::new(&data.train, &preprocess, Augment::default(), 1, 5, true).unwrap();
    for (seen, sample) in seen.iter().zip(loader.order(0)) {
        let image = data.train.image(sample as usize).unwrap();
        let planar = preprocess.from_image(&image);
        let interleaved: Vec<u8> = (0..256).flat_map(|p| [0, 1, 2].map(|c| planar[c * 256 + p])).collect();
        assert_eq!(seen.image.pixels, interleaved, "turned back to the very bytes");
        assert_eq!((seen.index, seen.target.a), (sample as usize, data.train.label(sample as usize)));
    }
}

#[test]
fn a_check_finds_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (i, path) in [
        "train/cat/a.png",
        "train/cat/b.png",
        "train/cat/c.png",
        "train/dog/d.png",
        "val/cat/e.png",
        "val/dog/f.png",
    ]
    .iter()
    .enumerate()
    {
        write(&root.join(path), 10 + i as u32, 12, i as u32);
    }
    let clean = check(&load(root).unwrap(), &|| ());
    assert!(
        !clean.is_bad()
            && clean.copies.is_empty()
            && clean.misnamed.is_empty()
            && clean.unreadable.is_empty()
    );
    assert_eq!((clean.images, clean.imbalance), (6, 3.0));
    assert_eq!(clean.sizes_px, Some([[10, 12], [13, 12], [15, 12]]));
    // The same pixels in another file, so that the hashes of the files differ.
    let image = image::open(root.join("train/cat/a.png")).unwrap();
    image.save_with_format(root.join("val/cat/copy.bmp"), ImageFormat::Bmp).unwrap();
    fs::copy(root.join("train/dog/d.png"), root.join("train/cat/d.jpg")).unwrap();
    fs::write(root.join("val/dog/g.png"), "text").unwrap();
    let data = load(root).unwrap();
    let found = check(&data, &|| ());
    assert_eq!(found.verdict(), Verdict::Unreadable);
    assert_eq!((found.usable(&data.train), found.usable(&data.test)), (5, 3), "one of four is text");
    let copies: Vec<_> = found
        .copies
        .iter()
        .map(|c| {
            (c.paths.iter().map(|p| p.to_str().unwrap()).collect::<Vec<_>>(), c.is_leak, c.is_contradiction)
        })
        .collect();
    assert_eq!(
        copies,
        [
            (vec!["train/cat/a.png", "val/cat/copy.bmp"], true, false),
            (vec!["train/cat/d.jpg", "train/dog/d.png"], false, true)
        ]
    );
    assert_eq!((found.misnamed.len(), found.misnamed[0].content), (1, "png"));
    assert_eq!(found.misnamed[0].path, Path::new("train/cat/d.jpg"));
    assert_eq!(found.unreadable[0].path, Path::new("val/dog/g.png"));
    assert_eq!(found.classes[0].train, 4);
}
