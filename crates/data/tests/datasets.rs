//! From a name or a folder to a data set.

use std::fs;
use std::path::Path;

use expect_test::expect;
use sha2::{Digest, Sha256};
use striate_base::hex;
use striate_data::find::{find_in, load_in};
use striate_data::{Dataset, Found, Images, Known, Places};

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

fn images_idx(count: u32, pixel: u8) -> Vec<u8> {
    let header = [0x803, count, 2, 2].map(u32::to_be_bytes).concat();
    [header, vec![pixel; count as usize * 4]].concat()
}

fn labels_idx(labels: &[u8]) -> Vec<u8> {
    [[0x801, labels.len() as u32].map(u32::to_be_bytes).concat(), labels.to_vec()].concat()
}

/// A folder with a set of four training and two test images of 2x2.
fn write_set(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let contents = [images_idx(4, 7), labels_idx(&[0, 1, 2, 1]), images_idx(2, 9), labels_idx(&[2, 0])];
    for (name, content) in NAMES.iter().zip(contents) {
        fs::write(folder.join(name), content).unwrap();
    }
}

fn places(root: &Path) -> Places {
    Places { data: Some(root.join("data")), cache: Some(root.join("cache")) }
}

#[test]
fn the_embedded_digits_are_those_of_mnist() {
    let digits = striate_data::load("digits").unwrap();
    assert_eq!(
        (digits.train.len(), digits.test.len(), digits.train.fixed_shape()),
        (10_000, 2_000, Some([1, 28, 28]))
    );
    // The first training digits of MNIST are 5 0 4 1 9 2 1 3 1 4 3 5 3 6 1 7 2 8 6 9 4 0 9 1 1 2; pairs 0, 6, 12 are kept.
    assert_eq!(digits.train.images().unwrap().labels[..6], [5, 0, 3, 6, 1, 2]);
    // Its first test digits are 7 2 1 0 4 1 4 9 5 9 0 6; pairs 0 and 5 are kept.
    assert_eq!(digits.test.images().unwrap().labels[..4], [7, 2, 0, 6]);
    expect!["[1017, 1150, 1016, 991, 964, 902, 955, 1000, 1008, 997]"]
        .assert_eq(&format!("{:?}", digits.train.class_counts(10)));
    expect!["eb5d995bca6cdd01f99dc9f667ad39950203c77ec47f81503050420618fa363f"].assert_eq(&digits.sha256);
}

/// What `tools/digits/pack.py` printed when it made the file.
#[test]
fn the_packed_file_has_the_content_its_script_made() {
    let mut content = Vec::new();
    let packed: &[u8] = include_bytes!("../assets/digits.gz");
    assert!(packed.len() <= 2_500_000);
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut content).unwrap();
    let sha256 = hex(&Sha256::digest(&content));
    assert_eq!(sha256, "7e09058ddb80715a3c67e68bdc95149797eb4220947ef895b1868befb52af92d");
}

#[test]
fn the_content_names_the_set() {
    let images = |pixel, label| Images::new([1, 1, 2], vec![pixel; 2], vec![label]).unwrap();
    let hash = |train: Images, test: Images| {
        Dataset::new("x", train, test, vec!["a".into(), "b".into()]).unwrap().sha256
    };
    let base = hash(images(1, 0), images(2, 1));
    assert_eq!(base, hash(images(1, 0), images(2, 1)));
    for other in
        [hash(images(3, 0), images(2, 1)), hash(images(1, 1), images(2, 1)), hash(images(2, 1), images(1, 0))]
    {
        assert_ne!(base, other);
    }
    let tall = Images::new([1, 2, 1], vec![1; 2], vec![0]).unwrap();
    assert_ne!(base, hash(tall, Images::new([1, 2, 1], vec![2; 2], vec![1]).unwrap()), "the shape counts");
}

#[test]
fn a_folder_is_read_in_every_spelling() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("mine");
    write_set(&folder);
    let name = folder.to_str().unwrap();
    let plain = load_in(&Places::default(), name).unwrap();
    assert_eq!((plain.name.as_str(), plain.train.fixed_shape()), ("mine", Some([1, 2, 2])));
    assert_eq!(
        (plain.train.images().unwrap().labels.as_slice(), plain.test.images().unwrap().pixels.as_slice()),
        (&[0, 1, 2, 1][..], &[9; 8][..])
    );
    assert_eq!(plain.classes, ["0", "1", "2"], "as many classes as the labels say");

    fs::rename(folder.join(NAMES[0]), folder.join("train-images.idx3-ubyte")).unwrap();
    let labels = fs::read(folder.join(NAMES[1])).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &labels).unwrap();
    fs::write(folder.join("train-labels.idx1-ubyte.gz"), gz.finish().unwrap()).unwrap();
    fs::remove_file(folder.join(NAMES[1])).unwrap();
    assert_eq!(load_in(&Places::default(), name).unwrap(), plain);

    fs::write(folder.join("classes.txt"), "cat\ndog\r\n owl \n").unwrap();
    let named = load_in(&Places::default(), name).unwrap();
    assert_eq!(named.classes, ["cat", "dog", "owl"]);
    assert_eq!(named.sha256, plain.sha256, "names are not content");
}

#[test]
fn a_known_name_is_found_in_this_order() {
    let root = tempfile::tempdir().unwrap();
    let places = places(root.path());
    let data = root.path().join("data");
    for folder in [root.path().join("cache/mnist"), data.join("MNIST/raw"), data.join("mnist")] {
        write_set(&folder);
        let Found::Folder { folder: found, known, .. } = find_in(&places, "mnist").unwrap() else { panic!() };
        assert_eq!(found, folder, "each goes before those written earlier");
        assert_eq!(known.unwrap().name, "mnist");
    }
    let inside = Places { data: Some(data.join("mnist")), cache: None };
    assert!(matches!(find_in(&inside, "mnist").unwrap(), Found::Folder { .. }));
    // The labels of the test set are below 10, so it loads under the name, with all ten classes.
    assert_eq!(load_in(&places, "mnist").unwrap().classes.len(), 10);
}

#[test]
fn a_folder_with_a_part_of_the_files_is_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let places = places(root.path());
    write_set(&root.path().join("data/mnist"));
    fs::remove_file(root.path().join("data/mnist").join(NAMES[3])).unwrap();
    write_set(&root.path().join("cache/mnist"));
    let Found::Folder { folder, .. } = find_in(&places, "mnist").unwrap() else { panic!() };
    assert_eq!(folder, root.path().join("cache/mnist"));
}

#[test]
fn debians_folder_is_a_candidate_of_fashion_mnist() {
    let candidates = Places::default().candidates(Known::get("fashion-mnist").unwrap());
    assert_eq!(candidates, [Path::new("/usr/share/datasets/fashion-mnist")]);
}

/// The message of loading `name`, with the temporary folder's path replaced.
fn message(root: &Path, name: &str) -> String {
    let error = load_in(&places(root), &name.replace("ROOT", root.to_str().unwrap())).unwrap_err();
    error.to_string().replace(root.to_str().unwrap(), "ROOT")
}

#[test]
fn messages_say_where_and_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    expect![[r#"
        the data set mnist is not on this machine; looked in
            ROOT/data/mnist
            ROOT/data/MNIST/raw
            ROOT/cache/mnist
          to download it (11.6 MB): `striate_data::fetch::fetch`, with the feature `fetch`
          or put these files, raw or .gz, into ROOT/cache/mnist:
            train-images-idx3-ubyte  train-labels-idx1-ubyte  t10k-images-idx3-ubyte  t10k-labels-idx1-ubyte"#]].assert_eq(&message(root, "mnist"));
    expect![[r#"no data set or folder is called "fashion_mnist" (did you mean fashion-mnist?); the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files"#]].assert_eq(&message(root, "fashion_mnist"));
    expect![[r#"no data set or folder is called "imagenet"; the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files"#]].assert_eq(&message(root, "imagenet"));
    let folder = root.join("mine");
    fs::create_dir(&folder).unwrap();
    write_set(&folder);
    fs::remove_file(folder.join(NAMES[2])).unwrap();
    expect![[r#"ROOT/mine: t10k-images-idx3-ubyte not found in this folder (raw or .gz, with '-' or '.' before "idx"); a data set consists either of the four files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, or of a folder of images for each class"#]].assert_eq(&message(root, "ROOT/mine"));
    write_set(&folder);
    fs::write(folder.join(NAMES[3]), labels_idx(&[0, 1, 2])).unwrap();
    expect!["ROOT/mine/t10k-labels-idx1-ubyte: 3 labels for the 2 images of ROOT/mine/t10k-images-idx3-ubyte; the two files belong to different sets"].assert_eq(&message(root, "ROOT/mine"));
    fs::write(folder.join(NAMES[3]), labels_idx(&[0, 3])).unwrap();
    expect!["ROOT/mine/t10k-labels-idx1-ubyte: label 3 at index 1 is too large for 3 classes (0 to 2)"]
        .assert_eq(&message(root, "ROOT/mine"));
    fs::write(folder.join(NAMES[3]), images_idx(2, 0)).unwrap();
    expect!["ROOT/mine/t10k-labels-idx1-ubyte: expected magic 0x00000801 (u8 labels, [N]), got 0x00000803, which is an image file: are images and labels swapped?"].assert_eq(&message(root, "ROOT/mine"));
    write_set(&folder);
    fs::write(folder.join("classes.txt"), "cat\n\nowl\n").unwrap();
    expect!["ROOT/mine/classes.txt: expected 1 to 256 class names, one per line and none empty, got 3 lines"]
        .assert_eq(&message(root, "ROOT/mine"));
    fs::write(folder.join("classes.txt"), "cat\nowl\n").unwrap();
    expect!["ROOT/mine/train-labels-idx1-ubyte: label 2 at index 2 is too large for 2 classes (0 to 1)"]
        .assert_eq(&message(root, "ROOT/mine"));
}
