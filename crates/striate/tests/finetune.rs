//! A classifier for other images, in a few lines, and step by step.

use std::sync::atomic::AtomicBool;

use striate::Error;
use striate::prelude::*;
use striate::train::finetune::{BaseNetwork, FinetuneJob, Unfrozen, fit_last_layer, unfreeze};
use striate::train::{Event, FitError, Outcome, Setup, Stage};

/// The parity of digits, which the shipped networks were not trained for.
fn parity() -> Dataset {
    let digits = striate::data::load("digits").unwrap();
    let part = |split: &Split| {
        let images = split.images().unwrap();
        let labels = images.labels[..60].iter().map(|digit| digit % 2).collect();
        Images::new(images.shape(), images.pixels[..60 * 784].to_vec(), labels).unwrap()
    };
    let classes = vec!["even".into(), "odd".into()];
    Dataset::new("parity", part(&digits.train), part(&digits.test), classes).unwrap()
}

#[test]
fn a_few_lines_give_the_same_weights_as_every_step() {
    let (base, data) = (Classifier::from_pretrained("convnet").unwrap(), parity());
    let net = (striate::models::registry::find("convnet").unwrap().build)(2, 1);
    let file = base.file();
    let network = BaseNetwork { graph: &file.graph, params: &file.params, preprocess: &file.preprocess };
    let config = FinetuneConfig { epochs: 1, seed: 7, ..FinetuneConfig::default() };
    let setup = Setup::new(net.as_ref(), "convnet", &data).unwrap();
    let job = FinetuneJob::new(network, setup, &config);
    let fitted = fit_last_layer(&job, &mut []).unwrap();

    let (model, report) = base.finetune(&data, &config).unwrap();
    assert!(*model.file() == fitted.model, "the same last layer");
    assert!(report.accuracy.unwrap() > 0.8 && report.accuracy == fitted.report.accuracy, "{report:?}");
    assert_eq!((report.weights.as_str(), report.unfrozen), ("convnet, trained on mnist", None));

    let stop = AtomicBool::new(false);
    let Unfrozen { outcome, last_layer } = unfreeze(&job, &fitted, None, &stop, &mut []).unwrap();
    let Outcome::Finished(trained) = outcome else { unreachable!("nobody stops it") };
    let all_layers = FinetuneConfig { unfreeze: true, ..config };
    let (model, report) = base.finetune(&data, &all_layers).unwrap();
    assert!(*model.file() == trained.model && model.file().params != fitted.model.params, "all layers");
    let unfrozen = report.unfrozen.unwrap();
    assert_eq!((unfrozen.hits, unfrozen.images), (trained.evaluation.confusion.hits(), 60));
    assert_eq!(unfrozen.last_layer_hits, last_layer.hits());
}

#[test]
fn a_network_of_ones_own_is_given_again_for_the_new_classes() {
    let net = |classes| Sequential::new().append(Flatten::new()).append(Linear::new(784, classes));
    let digits = striate::data::load("digits").unwrap();
    let few = digits.train.images().unwrap();
    let few = Images::new(few.shape(), few.pixels[..300 * 784].to_vec(), few.labels[..300].to_vec()).unwrap();
    let digits = Dataset::new("few", few.clone(), few, digits.classes).unwrap();
    let base = Classifier::fit(&net(10), &digits, &FitConfig { epochs: 1, ..FitConfig::default() }).unwrap();
    let (data, config) = (parity(), FinetuneConfig::default());
    let error = base.finetune(&data, &config).err().expect("its name is not in the registry");
    assert!(matches!(error, Error::Model(_)), "{error}");
    let error = base.finetune_with(&net(10), &data, &config, |_| ()).err().expect("of 10 classes");
    assert!(matches!(error, Error::Fit(FitError::Classes { expected: 2, .. })), "{error}");

    let mut is_timed = false;
    let progress = |event: &Event<'_>| is_timed |= matches!(event, Event::Stage { stage: Stage::Timing, .. });
    let (mut model, report) = base.finetune_with(&net(2), &data, &config, progress).unwrap();
    assert!(is_timed && report.model == "custom", "{report:?}");
    assert_eq!(model.classes(), ["even", "odd"]);
    let held_out = model.evaluate(&data.test).unwrap().confusion;
    let line = &report.compared_with[0];
    assert_eq!((held_out.hits(), held_out.total()), (line.hits, line.images), "as the report says");
}
