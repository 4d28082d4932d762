//! From a file of weights to parameters: strictly, and what is adapted on the way.

mod tiny;

use expect_test::expect;
use ndarray::{ArrayD, Axis};
use striate_formats::{Container, ModelFile, Provenance};
use striate_image::Preprocess;
use striate_models::weights::{LoadOptions, Loaded, Places, WeightsError, load_from};
use striate_nn::graph::{Engine, Params};
use tiny::{TINY, graph, params, write};

type Arrays = Vec<(String, ArrayD<f32>)>;

/// Loads `arrays` into the network for so many classes and channels.
fn load(
    arrays: &Arrays,
    classes: usize,
    channels: usize,
    options: LoadOptions<'_>,
) -> Result<Loaded, WeightsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), arrays);
    load_from(&Places::default(), &TINY, &path, &graph(classes, channels), options)
}

fn plain(arrays: &Arrays) -> Result<Loaded, WeightsError> {
    load(arrays, 5, 3, LoadOptions::default())
}

/// The message without the name of the temporary folder.
fn message(result: Result<Loaded, WeightsError>) -> String {
    let text = result.map(|loaded| loaded.report).unwrap_err().to_string();
    let (path, rest) = text.split_once("tiny.safetensors").unwrap();
    assert!(!path.contains('\n'));
    format!("tiny.safetensors{rest}")
}

#[test]
fn what_fits_is_loaded_to_the_bit_in_the_graphs_order() {
    let mut shuffled = params();
    shuffled.reverse();
    let loaded = plain(&shuffled).unwrap();
    let expected: Params = params().into_iter().collect();
    assert_eq!(loaded.params, expected);
    assert_eq!((&loaded.report.notes[..], loaded.report.new_head), (&[][..], false));
    assert_eq!(loaded.report.container, Container::Safetensors);
    // Nothing says how this network wants its images, and its classes have no names.
    assert_eq!((loaded.preprocess, loaded.classes, loaded.report.sha256.len()), (None, None, 64));
}

#[test]
fn what_is_no_weights_is_told_by_its_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.pth");
    // 256 GiB of nothing, of which the disk holds nothing; to hash them would take a quarter of an hour.
    std::fs::File::create(&path).unwrap().set_len(256 << 30).unwrap();
    let path = path.to_str().unwrap();
    let error = load_from(&Places::default(), &TINY, path, &graph(5, 3), LoadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("something else (274877906944 bytes)"), "{error}");
}

#[test]
fn every_difference_is_listed() {
    let mut wrong = params();
    wrong.retain(|(name, _)| name != "features.0.bias");
    wrong[2].1 = ArrayD::zeros(vec![9]);
    wrong.push(("extra".into(), ArrayD::zeros(vec![1])));
    expect![[r#"
        tiny.safetensors: the weights do not fit tiny
          missing (1): features.0.bias
          unexpected (1): extra
          classifier.0.bias: expected shape [8], got [9]"#]]
    .assert_eq(&message(plain(&wrong)));
    let many: Arrays = (0..40).map(|i| (format!("block.{i:02}"), ArrayD::zeros(vec![1]))).collect();
    expect![[r#"
        tiny.safetensors: the weights do not fit tiny
          missing (8): classifier.0.bias, classifier.0.weight, classifier.3.bias, classifier.3.weight, classifier.6.bias, classifier.6.weight, features.0.bias, features.0.weight
          unexpected (40): block.00, block.01, block.02, block.03, block.04, block.05, block.06, block.07, block.08, block.09, block.10, block.11, and 28 more"#]]
    .assert_eq(&message(plain(&many)));
    match plain(&many).unwrap_err() {
        WeightsError::Fit { differences, .. } => assert_eq!(differences.unexpected.len(), 40, "all are kept"),
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_for_training_alone_is_left_out() {
    let mut more = params();
    more.push(("aux1.fc.weight".into(), ArrayD::zeros(vec![5, 2])));
    more.push(("aux1.fc.bias".into(), ArrayD::zeros(vec![5])));
    let loaded = plain(&more).unwrap();
    assert_eq!(loaded.params, params().into_iter().collect());
    assert_eq!(loaded.report.notes, ["`aux1`, which is only for training, was left out"]);
    more.push(("aux10.fc.weight".into(), ArrayD::zeros(vec![5])));
    assert!(message(plain(&more)).contains("unexpected (1): aux10.fc.weight"));
}

#[test]
fn a_head_of_another_size_is_new_only_when_asked_for() {
    expect![[r#"
        tiny.safetensors: the weights do not fit tiny
          classifier.6.bias: expected shape [3], got [5]
          classifier.6.weight: expected shape [3, 8], got [5, 8]
          everything else fits: ask for a new head to initialize `classifier.6` anew"#]]
    .assert_eq(&message(load(&params(), 3, 3, LoadOptions::default())));
    let new = |classes, seed| {
        load(&params(), classes, 3, LoadOptions { new_head: true, seed, ..LoadOptions::default() }).unwrap()
    };
    let loaded = new(3, 7);
    assert!(loaded.report.new_head);
    assert_eq!(
        loaded.report.notes,
        ["the head `classifier.6` had 5 outputs and is newly initialized with 3"]
    );
    let fresh = Params::init(&graph(3, 3), 7);
    assert_eq!(loaded.params.get("classifier.6.weight"), fresh.get("classifier.6.weight"));
    assert_eq!(loaded.params.get("classifier.3.weight"), Some(&params()[4].1), "the rest is the file's");
    assert_ne!(new(3, 8).params, loaded.params, "the seed counts");
    // A head that fits is kept, though a new one was allowed.
    let kept = new(5, 7);
    assert!(!kept.report.new_head);
    assert_eq!(kept.params, params().into_iter().collect());
    // Anything else that does not fit is still refused.
    let mut wrong = params();
    wrong[0].1 = ArrayD::zeros(vec![2, 3, 5, 5]);
    let options = LoadOptions { new_head: true, ..LoadOptions::default() };
    assert!(message(load(&wrong, 3, 3, options)).contains("features.0.weight: expected shape [2, 3, 3, 3]"));
}

#[test]
fn the_first_layer_takes_other_channels() {
    let rgb = &params()[0].1;
    let gray = load(&params(), 5, 1, LoadOptions::default()).unwrap();
    let weight = gray.params.get("features.0.weight").unwrap();
    assert_eq!(weight, &rgb.sum_axis(Axis(1)).insert_axis(Axis(1)));
    assert_eq!(gray.report.notes, ["`features.0` was summed from 3 channels to 1"]);
    // Five channels: R G B R G, times 3 / 5, so that an image of five like channels gives what three gave.
    let five = load(&params(), 5, 5, LoadOptions::default()).unwrap();
    let weight = five.params.get("features.0.weight").unwrap();
    for (index, &value) in weight.indexed_iter() {
        let (o, c, y, x) = (index[0], index[1], index[2], index[3]);
        assert_eq!(value, rgb[[o, c % 3, y, x]] * 0.6);
    }
}

#[test]
fn timms_names_of_vgg() {
    let timm: Arrays = params()
        .into_iter()
        .map(|(name, array)| match name.as_str() {
            "classifier.0.weight" => {
                ("pre_logits.fc1.weight".into(), array.into_shape_with_order(vec![8, 2, 4, 4]).unwrap())
            }
            "classifier.3.weight" => {
                ("pre_logits.fc2.weight".into(), array.into_shape_with_order(vec![8, 8, 1, 1]).unwrap())
            }
            "classifier.0.bias" => ("pre_logits.fc1.bias".into(), array),
            "classifier.3.bias" => ("pre_logits.fc2.bias".into(), array),
            _ => (name.replace("classifier.6", "head.fc"), array),
        })
        .collect();
    let loaded = plain(&timm).unwrap();
    assert_eq!(loaded.params, params().into_iter().collect());
    assert_eq!(loaded.report.notes, ["the names are timm's"]);
    // Their head can be of another size, too.
    let options = LoadOptions { new_head: true, ..LoadOptions::default() };
    let loaded = load(&timm, 2, 3, options).unwrap();
    assert_eq!(loaded.params.get("classifier.6.weight").unwrap().shape(), [2, 8]);
}

#[test]
fn values_that_are_no_numbers_are_refused() {
    let mut wrong = params();
    wrong[2].1.iter_mut().take(3).for_each(|v| *v = f32::NAN);
    expect!["tiny.safetensors: classifier.0.weight: 3 of 256 values are not finite; the file is damaged, or its training diverged"]
        .assert_eq(&message(plain(&wrong)));
}

#[test]
fn a_model_of_ours_brings_its_preprocessing_and_classes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let preprocess = Preprocess::new([3, 4, 4], &[0.5; 3], &[0.25; 3]).unwrap();
    let classes: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).to_vec();
    let engine = Engine::new(Some(1)).unwrap();
    let params: Params = params().into_iter().collect();
    let provenance = Provenance::default();
    let model =
        ModelFile::new(graph(5, 3), params.clone(), preprocess.clone(), classes.clone(), provenance, &engine);
    model.unwrap().save(&path).unwrap();
    let source = path.to_str().unwrap();
    let options = LoadOptions::default();
    let loaded = load_from(&Places::default(), &TINY, source, &graph(5, 3), options).unwrap();
    assert_eq!((loaded.params, loaded.preprocess, loaded.classes), (params, Some(preprocess), Some(classes)));
    assert_eq!(loaded.report.container, Container::Model);
    // A new head has no names.
    let options = LoadOptions { new_head: true, ..LoadOptions::default() };
    let loaded = load_from(&Places::default(), &TINY, source, &graph(2, 3), options).unwrap();
    assert_eq!(loaded.classes, None);
}
