//! Fine-tuning of a tiny network.

use super::*;
use crate::event::Event;
use crate::setup::Setup;
use crate::stage::Stage;
use striate_data::{Dataset, Images, Preprocess};
use striate_graph::{Graph, Mode, Params, trace};
use striate_nn::{Flatten, Linear, ReLU, Sequential};

fn net(classes: usize) -> Sequential {
    let hidden = Sequential::new().append(Flatten::new()).append(Linear::new(16, 8)).append(ReLU::new());
    hidden.append(Linear::new(8, classes))
}

/// The tiny network with random weights, which stand for pretrained ones.
struct Pretrained(Graph, Params, Preprocess);

impl Pretrained {
    fn new() -> Self {
        let graph = trace(&net(5), Mode::Eval, [1, 4, 4]).unwrap();
        let params = Params::init(&graph, 0);
        Self(graph, params, Preprocess::new([1, 4, 4], &[0.5], &[0.5]).unwrap())
    }

    fn base(&self) -> BaseNetwork<'_> {
        BaseNetwork { graph: &self.0, params: &self.1, preprocess: &self.2 }
    }
}

/// Dark images of class 0 and bright ones of class 1, with labels that are the parity of the index but for those named.
fn tones(labels: impl Fn(usize) -> u8) -> Dataset {
    let shade = |i: usize| if i.is_multiple_of(2) { 20 + i as u8 } else { 220 - i as u8 };
    let images = || {
        let pixels = (0..40).flat_map(|i| [shade(i); 16]).collect();
        Images::new([1, 4, 4], pixels, (0..40).map(&labels).collect()).unwrap()
    };
    Dataset::new("tones", images(), images(), vec!["dark".into(), "bright".into()]).unwrap()
}

fn parity(i: usize) -> u8 {
    (i % 2) as u8
}

fn job<'a>(
    base: BaseNetwork<'a>,
    net: &'a Sequential,
    data: &'a Dataset,
    config: &'a FinetuneConfig,
) -> FinetuneJob<'a> {
    FinetuneJob::new(base, Setup::new(net, "tones-net", data).unwrap(), config)
}

#[test]
fn what_cannot_be_fitted_is_refused_before_anything_is_computed() {
    let (pretrained, config) = (Pretrained::new(), FinetuneConfig::default());
    let refused = |net: &Sequential, data: &Dataset| {
        let job = job(pretrained.base(), net, data, &config);
        let mut nothing = |event: &Event<'_>| panic!("{event:?}");
        fit_last_layer(&job, &mut [&mut nothing]).unwrap_err()
    };
    let error = refused(&net(3), &tones(parity));
    assert!(matches!(&error, FitError::Classes { expected: 2, got, .. } if *got == [3]), "{error}");
    let lonely = tones(|i| u8::from(i == 7));
    let error = refused(&net(2), &lonely);
    assert!(matches!(&error, FitError::TooFewImages { classes } if *classes == [(1, 1)]), "{error}");
    // The test images count where they were drawn from the same images.
    let (drawn, net) = (Dataset { is_drawn: true, ..lonely }, net(2));
    let job = job(pretrained.base(), &net, &drawn, &config);
    assert_eq!(fit_last_layer(&job, &mut []).unwrap().report.images, 80);
}

#[test]
fn every_stage_is_told_and_an_observer_can_end_it() {
    let (pretrained, net, data) = (Pretrained::new(), net(2), tones(parity));
    let config = FinetuneConfig::default();
    let job = job(pretrained.base(), &net, &data, &config);
    let mut stages = Vec::new();
    let mut listen = |event: &Event<'_>| {
        if let Event::Stage { stage, done, total } = *event {
            stages.push(stage);
            assert!(total.is_none_or(|total| done <= total), "{event:?}");
        }
        Ok(())
    };
    fit_last_layer(&job, &mut [&mut listen]).unwrap();
    stages.dedup();
    let expected = [
        Stage::Features,
        Stage::CrossValidation,
        Stage::RawPixels,
        Stage::RawPixelBaseline,
        Stage::ClassMeans,
        Stage::LastLayer,
        Stage::Timing,
    ];
    assert_eq!(stages, expected);
    let mut last = None;
    let mut refuse = |event: &Event<'_>| {
        if let Event::Stage { stage, .. } = *event {
            last = Some(stage);
        }
        if last == Some(Stage::RawPixels) { Err(FitError::Observer("enough".into())) } else { Ok(()) }
    };
    let error = fit_last_layer(&job, &mut [&mut refuse]).unwrap_err();
    assert!(matches!(error, FitError::Observer(_)) && last == Some(Stage::RawPixels), "{error}");
}

#[test]
fn a_wrong_label_has_names_and_is_found_without_fitting_a_model_as_well() {
    let (pretrained, net) = (Pretrained::new(), net(2));
    let data = tones(|i| if i == 6 { 1 } else { parity(i) });
    let config = FinetuneConfig::default();
    let job = job(pretrained.base(), &net, &data, &config);
    let fitted = fit_last_layer(&job, &mut []).unwrap();
    let [found] = &fitted.report.suspicious_labels[..] else { panic!("{:?}", fitted.report) };
    assert_eq!((&*found.class, &*found.looks_like, &found.image), ("bright", "dark", &data.train.name(6)));
    assert_eq!(fitted.report.compared_with[0].images, 40, "the test images are held out");
    assert_eq!(fitted.report.unfreeze.images_per_class, 20.0);

    let found = suspicious_labels(&pretrained.base(), &data, None, &job.setup.engine, &mut []).unwrap();
    let names: Vec<&str> = found.iter().map(|found| &*found.image).collect();
    assert_eq!(names, [data.train.name(6), data.test.name(6)], "of both parts");
}

#[test]
fn all_layers_are_trained_if_the_settings_say_so() {
    let (pretrained, net, data) = (Pretrained::new(), net(2), tones(parity));
    let config = FinetuneConfig { unfreeze: true, epochs: 2, ..FinetuneConfig::default() };
    let job = job(pretrained.base(), &net, &data, &config);
    let fitted = fit_last_layer(&job, &mut []).unwrap();
    let hidden = |params: &Params| params.get("1.weight").unwrap().clone();
    assert_eq!(hidden(&fitted.model.params), hidden(&pretrained.1), "frozen");
    let (model, report) = finetune(&job, &mut []).unwrap();
    assert_ne!(hidden(&model.params), hidden(&pretrained.1));
    let unfrozen = report.unfrozen.unwrap();
    assert_eq!((unfrozen.images, unfrozen.last_layer_hits), (40, 40), "{unfrozen:?}");
    assert!((1..=2).contains(&unfrozen.best_epoch) && unfrozen.hits > 20, "{unfrozen:?}");
}
