//! Which images a folder means: parts and classes, what is measured, what is learned, what is passed over.

use std::fs;
use std::path::Path;

use expect_test::expect;
use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb};
use striate_data::{DataError, Layout, Places, SplitChoice, SplitName, Splits, images_below};
use tempfile::TempDir;

/// Folders with one tiny image at each path; no two are alike.
fn tree(paths: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (number, path) in (0u8..).zip(paths) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let image = ImageBuffer::from_fn(4, 4, |x, y| Rgb([number, x as u8, y as u8]));
        DynamicImage::ImageRgb8(image).save_with_format(path, ImageFormat::Png).unwrap();
    }
    root
}

fn open(root: &Path, layout: Option<Layout>) -> Result<Splits, DataError> {
    Splits::open_in(&Places::default(), root.to_str().unwrap(), layout)
}

/// Splits with their images, or the classes; and the notes.
fn read(root: &Path, layout: Option<Layout>) -> String {
    let clean = |text: String| text.replace(root.to_str().unwrap(), "ROOT");
    let splits = match open(root, layout) {
        Ok(splits) => splits,
        Err(error) => return clean(format!("{error}\n")),
    };
    let mut text = format!("classes {}\n", splits.classes.join(", "));
    for part in splits.split_names() {
        let count = splits.clone().measured(Some(SplitChoice::One(part))).map_or(0, |m| m.data.test.len());
        text += &format!("{} {count}\n", part.name());
    }
    text += &clean(splits.notes.iter().map(|note| format!("note: {note}\n")).collect());
    text
}

#[test]
fn parts_are_recognized_under_the_names_that_people_give_them() {
    let ways = [
        ["train", "val"],
        ["Training", "Test"],
        ["training", "testing"],
        ["seg_train", "seg_test"],
        ["train", "Val"],
        ["train", "TEST"],
        ["train", "validation"],
        ["train", "valid"],
        ["train", "dev"],
        ["train_images", "test_images"],
    ];
    for [train, other] in ways {
        let paths = [
            format!("{train}/cat/a.png"),
            format!("{train}/dog/b.png"),
            format!("{other}/cat/c.png"),
            format!("{train}/dog/d.png"),
        ];
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let root = tree(&paths);
        let splits = open(root.path(), None).unwrap();
        assert_eq!(splits.classes, ["cat", "dog"], "{train} {other}");
        let other_part = if other.to_lowercase().contains("test") { SplitName::Test } else { SplitName::Val };
        assert_eq!(splits.split_names(), [SplitName::Train, other_part], "{train} {other}");
        let is_plain = ["train", "val"] == [train, other];
        assert_eq!(splits.notes.is_empty(), is_plain, "{:?}", splits.notes);
        let data = splits.to_learn().unwrap();
        assert_eq!((data.train.len(), data.test.len(), data.val), (3, 1, None), "{train} {other}");

        // The same in one folder around everything, as archives have it.
        let paths: Vec<String> = paths.iter().map(|path| format!("archive/{path}")).collect();
        let wrapped = tree(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        let splits = open(wrapped.path(), None).unwrap();
        assert_eq!(splits.split_names(), [SplitName::Train, other_part], "{train} {other}");
        assert!(splits.notes[0].ends_with("everything is in archive, which was opened instead"));
    }
}

#[test]
fn what_was_taken_for_what_is_said() {
    let intel = tree(&[
        "seg_train/seg_train/sea/a.png",
        "seg_train/seg_train/ice/b.png",
        "seg_test/seg_test/sea/c.png",
        "seg_pred/seg_pred/d.png",
    ]);
    expect![[r#"
        classes ice, sea
        train 2
        test 1
        note: ROOT: seg_train/seg_train is used as the train part
        note: ROOT: seg_test/seg_test is used as the test part
        note: ROOT: seg_pred is not a part and was skipped
    "#]]
    .assert_eq(&read(intel.path(), None));

    let three = tree(&[
        "train/a/1.png",
        "train/b/2.png",
        "val/a/3.png",
        "test/a/4.png",
        "test/b/5.png",
        "train/6.png",
    ]);
    expect![[r#"
        classes a, b
        train 2
        val 1
        test 2
        note: ROOT/train: images next to the class folders belong to no class and were skipped: 1
    "#]]
    .assert_eq(&read(three.path(), None));
    let data = open(three.path(), None).unwrap().to_learn().unwrap();
    assert_eq!((data.train.len(), data.val.unwrap().len(), data.test.len()), (2, 1, 2));
}

#[test]
fn two_readings_are_asked_about() {
    let root = tree(&["train/a/1.png", "train/b/2.png", "plane/3.png", "test/4.png"]);
    expect![[r#"
        ROOT: its folders can be interpreted in two ways; choose one:
          `Layout::Parts`: they are parts, with a folder for each class in them
            plane: not a part, so it is skipped (it holds images and no folders)
            test: the test part (it holds images and no folders)
            train: the train part (it holds folders)
          `Layout::Classes`: each is a class: plane, test, train
    "#]]
    .assert_eq(&read(root.path(), None));
    expect![[r#"
        classes plane, test, train
    "#]]
    .assert_eq(&read(root.path(), Some(Layout::Classes)));
    expect![[r#"
        ROOT/test: expected a folder for each class here, got none; put the images into folders named after their classes
    "#]]
    .assert_eq(&read(root.path(), Some(Layout::Parts)));

    let twice = tree(&["train/a/1.png", "train/b/2.png", "val/a/3.png", "Validation/a/4.png"]);
    assert!(matches!(open(twice.path(), None), Err(DataError::Layout { .. })));
    expect![[r#"
        ROOT: Validation and val could each be the val part; rename or remove all but one
    "#]]
    .assert_eq(&read(twice.path(), Some(Layout::Parts)));

    // A class of vehicles; and words that are no parts unless their partner is there.
    let vehicles = tree(&["train/1.png", "plane/2.png", "car/3.png"]);
    assert_eq!(read(vehicles.path(), None), "classes car, plane, train\n");
    let stations = tree(&["train_station/1.png", "test_tube/2.png"]);
    assert_eq!(read(stations.path(), None), "classes test_tube, train_station\n");
}

#[test]
fn measuring_takes_every_image_of_what_it_is_given() {
    let paths: Vec<String> = (0..10).flat_map(|i| [format!("a/{i}.png"), format!("b/{i}.png")]).collect();
    let root = tree(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let name = root.path().file_name().unwrap().to_str().unwrap().to_owned();
    let measured = |choice| open(root.path(), None).unwrap().measured(choice);
    for choice in [None, Some(SplitChoice::All)] {
        let all = measured(choice).unwrap();
        assert_eq!((all.data.test.len(), all.what), (20, format!("all 20 images of {name}")));
    }
    let error = measured(Some(SplitChoice::One(SplitName::Test))).unwrap_err().to_string();
    assert!(error.contains("there is no test part here; its folders are classes"), "{error}");
    // Learning keeps a fifth apart.
    let data = open(root.path(), None).unwrap().to_learn().unwrap();
    assert_eq!((data.train.len(), data.test.len()), (16, 4));

    // One class, and one image a class: nothing to learn from, and enough to be measured.
    for paths in [&["a/1.png", "a/2.png"][..], &["a/1.png", "b/2.png"]] {
        let root = tree(paths);
        assert_eq!(open(root.path(), None).unwrap().measured(None).unwrap().data.test.len(), 2);
        assert!(open(root.path(), None).unwrap().to_learn().is_err());
    }
}

#[test]
fn every_part_can_be_reached() {
    let root = tree(&[
        "train/a/1.png",
        "train/b/2.png",
        "train/b/3.png",
        "val/a/4.png",
        "val/b/5.png",
        "test/a/6.png",
    ]);
    let measured = |choice| open(root.path(), None).unwrap().measured(choice).unwrap();
    let names = |choice| -> Vec<String> {
        let data = measured(choice).data;
        (0..data.test.len()).map(|i| data.test.name(i)).collect()
    };
    assert_eq!(names(None), ["test/a/6.png"]);
    assert_eq!(names(Some(SplitChoice::One(SplitName::Val))), ["val/a/4.png", "val/b/5.png"]);
    assert_eq!(
        names(Some(SplitChoice::One(SplitName::Train))),
        ["train/a/1.png", "train/b/2.png", "train/b/3.png"]
    );
    assert_eq!(names(Some(SplitChoice::All)).len(), 6);
    assert_eq!(measured(None).data.train.len(), 3, "what the part is compared with");
    // A test part alone is enough to measure, and not to learn.
    fs::remove_dir_all(root.path().join("train")).unwrap();
    fs::remove_dir_all(root.path().join("val")).unwrap();
    assert_eq!(names(None), ["test/a/6.png"]);
    let error = open(root.path(), None).unwrap().to_learn().unwrap_err().to_string();
    assert!(error.contains("no train part"), "{error}");
}

#[test]
fn one_walk_for_all() {
    let root = tree(&[
        "a.jfif",
        "b",
        "c.HEIC",
        "deep/d.png",
        "._x.png",
        ".ipynb_checkpoints/e.png",
        "__MACOSX/f.png",
    ]);
    fs::write(root.path().join("c.HEIC"), "not read yet, but called an image").unwrap();
    fs::write(root.path().join("notes.txt"), "text").unwrap();
    fs::write(root.path().join(".DS_Store"), "litter").unwrap();
    let walked = images_below(root.path()).unwrap();
    let names = |paths: &[std::path::PathBuf]| -> Vec<String> {
        paths.iter().map(|path| path.strip_prefix(root.path()).unwrap().display().to_string()).collect()
    };
    assert_eq!(names(&walked.images), ["a.jfif", "b", "c.HEIC", "deep/d.png"]);
    assert_eq!(names(&walked.passed_over), ["._x.png", ".ipynb_checkpoints", "__MACOSX", "notes.txt"]);
    let note = walked.note().unwrap().replace(root.path().to_str().unwrap(), "ROOT");
    expect!["skipped because hidden or not an image (4): ROOT/._x.png, ROOT/.ipynb_checkpoints, ROOT/__MACOSX, and 1 more"]
        .assert_eq(&note);
}

#[test]
fn accents_are_compared_in_one_form() {
    // The training part has the composed form of é, the test part, from a Mac, the decomposed one.
    let root = tree(&["train/caf\u{e9}/a.png", "train/th\u{e9}/b.png", "test/cafe\u{301}/c.png"]);
    let data = open(root.path(), None).unwrap().to_learn().unwrap();
    assert_eq!(data.classes, ["caf\u{e9}", "th\u{e9}"]);
    assert_eq!((data.train.len(), data.test.len(), data.test.label(0)), (2, 1, 0));
    let both = tree(&["caf\u{e9}/a.png", "cafe\u{301}/b.png", "x/c.png"]);
    // A file system that composes names itself cannot hold both.
    if fs::read_dir(both.path()).unwrap().count() == 3 {
        let error = open(both.path(), None).unwrap_err().to_string();
        assert!(error.contains("two folders here have this name"), "{error}");
    }
}

#[test]
fn a_choice_is_found_by_its_name() {
    for choice in SplitChoice::ALL {
        assert_eq!(SplitChoice::get(choice.name()), Some(choice));
    }
    assert_eq!(
        (SplitChoice::get("test"), SplitChoice::get("tset")),
        (Some(SplitChoice::One(SplitName::Test)), None)
    );
}

#[test]
fn labels_are_those_of_a_model_that_has_the_classes() {
    let root =
        tree(&["train/ant/a.png", "train/cat/b.png", "train/dog/c.png", "val/cat/d.png", "val/dog/e.png"]);
    let measured = || open(root.path(), None).unwrap().measured(None).unwrap();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let of_model = names(&["dog", "owl", "cat"]);
    let matched = measured().with_classes(&of_model).unwrap();
    assert_eq!(matched.data.test.labels().collect::<Vec<_>>(), [2, 0], "ants have no image in this part");
    assert_eq!((&matched.data.classes, &matched.data.train), (&of_model, &matched.data.test));
    assert_eq!((&matched.what, matched.data.sha256), (&measured().what, measured().data.sha256));

    let many: Vec<String> = (0..21).map(|i| format!("class {i}")).chain(names(&["dog"])).collect();
    let error = measured().with_classes(&many).unwrap_err().to_string();
    let error = error.replace(root.path().file_name().unwrap().to_str().unwrap(), "ROOT");
    expect!["ROOT: its classes are not those of the model; expected class 0, class 1, class 2, class 3, class 4, class 5, class 6, class 7, class 8, class 9, class 10, class 11, class 12, class 13, class 14, class 15, class 16, class 17, class 18, class 19 and 2 more; got ant, cat, dog; use the data set that the model was trained on"].assert_eq(&error);
    // In memory, a label is one byte.
    let digits = Splits::open("digits", None).unwrap().measured(None).unwrap();
    let many: Vec<String> = (0..300).rev().map(|i| i.to_string()).collect();
    assert!(digits.clone().with_classes(&many).is_err());
    assert!(digits.with_classes(&many[60..]).is_ok());
}
