//! The classifier as a user holds it: trained, asked, saved, loaded.

use striate::data::DataError;
use striate::prelude::*;

#[derive(Module)]
struct Net {
    conv: Conv2d,
    fc: Linear,
}

impl Forward for Net {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.apply(&self.conv).relu().max_pool2d(2).flatten(1).apply(&self.fc)
    }
}

fn net() -> Net {
    Net { conv: Conv2d::new(1, 4, 3).padding(1), fc: Linear::new(4 * 4 * 4, 2) }
}

/// 8 x 8 images that are bright on the left (class 0) or on the right (class 1).
fn sides(images: usize) -> Result<Images, DataError> {
    let pixel = |i: usize, x: usize, y: usize| {
        let noise = (i * 31 + x * 17 + y * 7) % 40;
        (if (x < 4) == i.is_multiple_of(2) { 180 + noise } else { noise }) as u8
    };
    let pixels = (0..images).flat_map(|i| (0..64).map(move |p| pixel(i, p % 8, p / 8))).collect();
    Images::new([1, 8, 8], pixels, (0..images).map(|i| (i % 2) as u8).collect())
}

fn trained() -> (Classifier, Dataset) {
    let data =
        Dataset::new("sides", sides(128).unwrap(), sides(32).unwrap(), vec!["left".into(), "right".into()])
            .unwrap();
    let config = FitConfig { epochs: 3, batch_size: 16, ..FitConfig::default() };
    (Classifier::fit(&net(), &data, &config).unwrap(), data)
}

#[test]
fn it_learns_and_survives_a_file() {
    let (mut model, data) = trained();
    assert_eq!(model.evaluate(&data.test).unwrap().accuracy(), 1.0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let mut same = Classifier::load(&path).unwrap();
    assert_eq!(same.file(), model.file());
    assert_eq!(
        same.predict_pixels(&data.test.images().unwrap().pixels).unwrap(),
        model.predict_pixels(&data.test.images().unwrap().pixels).unwrap(),
        "the same file, the same bits"
    );
    assert_eq!(same.classes(), ["left", "right"]);
}

#[test]
fn an_image_and_its_pixels_are_one_thing() {
    let (mut model, data) = trained();
    let image =
        Image { width: 8, height: 8, channels: 1, pixels: data.test.images().unwrap().sample(1).to_vec() };
    let by_image = model.predict(&image).unwrap();
    assert_eq!(by_image, model.predict_pixels(data.test.images().unwrap().sample(1)).unwrap()[0]);
    assert_eq!(by_image.class(), "right");
    let sum: f32 = by_image.probabilities().iter().sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    let top = by_image.top(5);
    assert!(top.len() == 2 && top[0].1 >= top[1].1 && top[0].1 == by_image.probability(), "{top:?}");

    model.set_invert(true);
    assert_eq!(model.predict(&image).unwrap().class(), "left", "bright is dark now");
}

#[test]
fn pixels_that_are_no_images_are_refused() {
    let (mut model, _) = trained();
    assert!(model.predict_pixels(&[]).is_err());
    let error = model.predict_pixels(&[0; 65]).unwrap_err().to_string();
    assert!(error.contains("[N, 1, 8, 8]") && error.contains("65"), "{error}");
}

#[test]
fn values_inside_can_be_looked_at() {
    let (mut model, data) = trained();
    let conv = model.session().tap("conv").unwrap();
    let before = model.predict_pixels(data.test.images().unwrap().sample(0)).unwrap();
    assert_eq!(model.session().get(conv).shape(), [1, 4, 8, 8]);
    let (mut plain, _) = trained();
    assert_eq!(
        before,
        plain.predict_pixels(data.test.images().unwrap().sample(0)).unwrap(),
        "looking changes nothing"
    );
}

#[test]
fn an_image_and_its_mirror_image_are_asked_together() {
    let (mut model, data) = trained();
    let pixels = data.test.images().unwrap().sample(0).to_vec();
    let mirrored: Vec<u8> = pixels.chunks_exact(8).flat_map(|row| row.iter().rev().copied()).collect();
    let once = model.predict_pixels(&pixels).unwrap().remove(0).probabilities();
    let other = model.predict_pixels(&mirrored).unwrap().remove(0).probabilities();
    let both = model.predict_pixels_mirrored(&pixels).unwrap().remove(0).probabilities();
    for ((a, b), mean) in once.iter().zip(&other).zip(&both) {
        assert!((0.5 * (a + b) - mean).abs() < 1e-5, "{once:?} {other:?} {both:?}");
    }
    assert!(once[0] > once[1] && other[0] < other[1], "left and right change places: {once:?} {other:?}");
}

#[test]
fn a_predictor_predicts_the_same_bits() {
    let (mut model, data) = trained();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let mut lean = Predictor::load(&path).unwrap();
    assert_eq!((lean.classes(), lean.preprocess()), (model.classes(), model.preprocess()));
    let pixels = &data.test.images().unwrap().pixels;
    for invert in [false, true] {
        model.set_invert(invert);
        lean.set_invert(invert);
        assert_eq!(lean.predict_pixels(pixels).unwrap(), model.predict_pixels(pixels).unwrap());
        let (one, other) = (lean.predict_pixels_mirrored(pixels), model.predict_pixels_mirrored(pixels));
        assert_eq!(one.unwrap(), other.unwrap());
        let image = data.test.image(1).unwrap();
        assert_eq!(lean.clone().predict(&image).unwrap(), model.predict(&image).unwrap());
    }
    let said = |error: Result<Vec<Prediction>, striate::Error>| error.unwrap_err().to_string();
    for wrong in [&[][..], &[0; 65]] {
        assert_eq!(said(lean.predict_pixels(wrong)), said(model.predict_pixels(wrong)));
    }

    let mut file = model.file().clone();
    file.golden.logits[0] += 1.0;
    file.save(&path).unwrap();
    let error = Predictor::load(&path).err().expect("it computes something else").to_string();
    assert_eq!(error, Classifier::load(&path).err().expect("as this does").to_string());
}

/// What overflows on one image alone: a network that is whole, and says nothing of that one.
#[test]
fn infinite_logits_name_no_class() {
    let net = Sequential::new().append(Flatten::new()).append(Linear::new(64, 2));
    let graph = trace(&net, Mode::Eval, [1, 8, 8]).unwrap();
    let mut params = Params::init(&graph, 0);
    let weight = ArrayD::from_shape_fn(vec![2, 64], |at| if at[0] == 1 && at[1] < 40 { 1e37 } else { 0.0 });
    params.insert("1.weight", weight);
    let preprocess = Preprocess::new([1, 8, 8], &[0.0], &[1.0]).unwrap();
    let (classes, engine) = (vec!["a".to_string(), "b".to_string()], Engine::new(Some(1)).unwrap());
    let provenance = striate::formats::Provenance::default();
    let file =
        striate::formats::ModelFile::new(graph, params, preprocess, classes, provenance, &engine).unwrap();
    let mut model = Classifier::new(file, engine).unwrap();
    let pixels = [[0; 64], [255; 64], [1; 64]].concat();
    assert_eq!(model.predict_pixels(&pixels[..64]).unwrap()[0].logits.len(), 2);
    let said = "the logit of class 1 is inf, so there is no prediction; the weights are damaged, the training diverged, or the \
                values overflow 32-bit floats";
    for error in [model.predict_pixels(&pixels), model.predict_pixels_mirrored(&pixels)] {
        assert_eq!(error.unwrap_err().to_string(), format!("image 1: {said}"));
    }
    let images = Split::from(Images::new([1, 8, 8], pixels, vec![0, 1, 0]).unwrap());
    let name = images.name(1);
    assert_eq!(model.evaluate(&images).unwrap_err().to_string(), format!("{name}: {said}"));
}
