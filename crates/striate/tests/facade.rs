//! The ways in and out of a classifier that need no training: names, paths, bytes, clones, explanations.

use std::thread;

use striate::data::Image;
use striate::explain::attribution::Method;
use striate::graph::Engine;
use striate::models::shipped;
use striate::{Classifier, Error};

/// Test digit `i`.
fn digit(i: usize) -> Image {
    striate::data::load("digits").expect("inside this program").test.image(i).expect("in memory")
}

/// A gray image as the bytes of a 24-bit BMP; its rows are multiples of four bytes.
fn bmp(image: &Image) -> Vec<u8> {
    let (width, height) = (image.width as u32, image.height as u32);
    let mut bytes = b"BM".to_vec();
    for value in [54 + 3 * width * height, 0, 54, 40, width, height, 1 | 24 << 16, 0, 0, 2835, 2835, 0, 0] {
        bytes.extend(value.to_le_bytes());
    }
    // The last row comes first.
    bytes.extend(image.pixels.chunks(image.width).rev().flatten().flat_map(|&value| [value; 3]));
    bytes
}

#[test]
fn a_name_bytes_and_a_file_give_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut named = Classifier::from_pretrained("ConvNet").unwrap();
    named.save(&path).unwrap();
    let mut loaded = Classifier::load(&path).unwrap();
    let mut of_bytes = Classifier::from_bytes(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!((loaded.file(), of_bytes.file()), (named.file(), named.file()));
    let want = named.predict(&digit(3)).unwrap();
    assert_eq!(loaded.predict(&digit(3)).unwrap(), want);
    assert_eq!(of_bytes.predict(&digit(3)).unwrap(), want);
}

#[test]
fn names_that_give_no_model_say_what_to_try() {
    let error = |name: &str| Classifier::from_pretrained(name).err().expect("there is none");
    assert_eq!(error("covnet").to_string(), "no model `covnet`; did you mean `convnet`?");
    assert!(matches!(error("covnet"), Error::Model(_)));
    // Published and nowhere here: `STRIATE_…` and other programs' folders may have the usual ones, so a rare one.
    for name in ["vgg19_bn", "vgg19_bn.v1"] {
        if let Some(error) = Classifier::from_pretrained(name).err() {
            assert!(matches!(error, Error::Weights(_)), "{error}");
            assert!(error.to_string().contains("https://"), "the address: {error}");
        }
    }
}

#[test]
fn an_image_its_file_and_its_bytes_are_one_thing() {
    let mut model = Classifier::from_pretrained("convnet").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digit.bmp");
    std::fs::write(&path, bmp(&digit(5))).unwrap();
    let want = model.predict(&digit(5)).unwrap();
    assert_eq!(model.predict_path(&path).unwrap(), want);
    assert_eq!(model.predict_bytes(&bmp(&digit(5))).unwrap(), want);

    let error = model.predict_bytes(b"no image").unwrap_err();
    assert!(matches!(error, Error::Input(_)), "{error}");
    assert!(error.to_string().starts_with("image in memory: "), "{error}");
    std::fs::write(&path, b"no image").unwrap();
    let error = model.predict_path(&path).unwrap_err().to_string();
    assert!(error.starts_with(&path.display().to_string()), "{error}");
}

#[test]
fn clones_on_threads_say_the_same() {
    let engine = Engine::new(Some(1)).unwrap();
    let model = Classifier::new(shipped::find("convnet").unwrap().load().unwrap(), engine).unwrap();
    let images: Vec<Image> = (0..8).map(digit).collect();
    let ask = |mut model: Classifier| {
        images.iter().map(|image| model.predict(image).unwrap().logits).collect::<Vec<_>>()
    };
    let want = ask(model.clone());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| ask(model.clone()))).collect();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), want));
    });

    let mut inverted = model.clone();
    inverted.set_invert(true);
    assert!(inverted.preprocess().invert && !model.preprocess().invert, "a clone keeps its own settings");
}

#[test]
fn an_explanation_is_of_the_class_that_is_predicted() {
    let mut model = Classifier::from_pretrained("convnet").unwrap();
    let before = model.predict(&digit(7)).unwrap();
    let found = model.explain(&digit(7), Method::GradCam).unwrap();
    let (class, _) = before.top(1)[0];
    assert_eq!((found.class, found.method, found.versus), (class, Method::GradCam, None));
    assert!((found.logit - before.logits[class]).abs() < 1e-4, "{} {:?}", found.logit, before.logits);
    assert_eq!(model.predict(&digit(7)).unwrap(), before, "an explanation changes nothing");

    let mlp = Classifier::from_pretrained("mlp").unwrap();
    let error = mlp.explain(&digit(7), Method::GradCam).unwrap_err();
    assert!(matches!(error, Error::Explain(_)), "{error}");
}
