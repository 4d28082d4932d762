//! The first part of fine-tuning: a last layer that is fitted to the features of a frozen network.

use super::baselines::baselines;
use super::cost::estimate;
use super::job::{FOLDS, FinetuneJob};
use super::labels::named;
use super::report::FinetuneReport;
use super::seen::{Seen, see};
use super::stages::{begin, counted};
use crate::error::FitError;
use crate::event::{Event, Observer};
use crate::probe::{Features, Head, cross_validate, fit_head};
use crate::stage::Stage;
use std::borrow::Cow;
use std::time::Instant;
use striate_formats::{ModelFile, Provenance};
use striate_graph::{Graph, Params};
use striate_report::Comparison;
use striate_report::{Answer, Calibration, Confusion, Z_95, wilson_interval};

/// A pretrained network with a last layer that was fitted to the images.
#[derive(Debug)]
pub struct LastLayer {
    /// The network with the fitted last layer, its preprocessing, classes and provenance.
    pub model: ModelFile,
    /// The evaluation, the baselines and the suspicious labels.
    pub report: FinetuneReport,
    /// The confusion matrix of the cross-validation.
    pub confusion: Confusion,
    /// The calibration of the cross-validated probabilities.
    pub calibration: Calibration,
    /// The cross-validated prediction for each image; [`image_at`](super::image_at) finds the image.
    pub answers: Vec<Answer>,
    /// The path of the last layer.
    layer: String,
    /// The features that the last layer is fitted to: of all images, or of the training images where the data set has others for
    /// evaluation.
    features: Features,
    /// The features of the images for evaluation, where the data set has some.
    apart: Option<Features>,
}

/// Fits a last layer to the features of a frozen network, and evaluates it by cross-validation.
///
/// # Numerics
/// The same job gives the same model, to the bit, on any number of threads, and whether features are computed or read.
///
/// # Errors
/// When a class has too few images, the network does not end in a fully connected layer or does not fit the data, or an image
/// cannot be decoded.
pub fn fit_last_layer(
    job: &FinetuneJob<'_>,
    observers: &mut [&mut dyn Observer],
) -> Result<LastLayer, FitError> {
    let start = Instant::now();
    let graph = job.check()?;
    let tell = &mut |event: &Event<'_>| observers.iter_mut().try_for_each(|observer| observer.on(event));
    let (data, seed, engine) = (job.setup.data, job.config.seed, &job.setup.engine);
    let seen = see(&job.base, data, job.features_folder, engine, tell)?;
    let Seen { preprocess, head_layer: layer, train, test } = seen;
    let (features, apart) = if data.is_drawn { (train.and(&test), None) } else { (train, Some(test)) };
    let judged =
        counted(Stage::CrossValidation, tell, |count| cross_validate(&features, FOLDS, seed, engine, count))?;
    let mut compared_with = baselines(job, &features, apart.is_none(), tell)?;
    let head = counted(Stage::LastLayer, tell, |count| fit_head(&features, FOLDS, seed, engine, count))?;
    let params = with_head(job.base.params, &graph, &head, &layer);
    let model = ModelFile::new(graph, params, preprocess, data.classes.clone(), provenance(job), engine)?;
    begin(Stage::Timing, tell)?;
    let labels = &features.labels;
    let confusion = judged.confusion(labels)?;
    let error = 1.0 - confusion.accuracy().unwrap_or(0.0);
    let unfreeze = estimate(job, &model.params, error, features.len())?;
    if let Some(apart) = &apart {
        let on = evaluated(&model.params, &layer, apart)?;
        let name = "this classifier on the held-out images".into();
        compared_with.insert(0, Comparison { name, hits: on.hits(), images: on.total() });
    }
    let calibration = judged.calibration(labels)?;
    let report = FinetuneReport {
        model: job.setup.model_name.into(),
        weights: job.weights.into(),
        data: data.name.clone(),
        images: features.len(),
        classes: data.classes.clone(),
        folds: FOLDS,
        accuracy: confusion.accuracy(),
        accuracy_interval_95: wilson_interval(confusion.hits(), confusion.total(), Z_95),
        expected_calibration_error: calibration.ece(),
        compared_with,
        suspicious_labels: named(data, &judged, labels),
        unfreeze,
        seconds: start.elapsed().as_secs_f64(),
        unfrozen: None,
    };
    let answers = judged.answers(labels);
    Ok(LastLayer { model, report, confusion, calibration, answers, layer, features, apart })
}

impl LastLayer {
    /// The parameters with a last layer that is fitted to only these training images of the data set.
    pub(super) fn fitted_to(&self, images: &[usize], job: &FinetuneJob<'_>) -> Result<Params, FitError> {
        let features = self.features.select(images);
        let head = fit_head(&features, FOLDS, job.config.seed, &job.setup.engine, &mut |_, _| ())?;
        let mut params = self.model.params.clone();
        head.install(&self.layer, &mut params);
        Ok(params)
    }

    /// Evaluates the last layer of these parameters on the test images, of which the first is number `first` of all images.
    pub(super) fn on_test(&self, params: &Params, first: usize) -> Result<Confusion, FitError> {
        let test = match &self.apart {
            Some(test) => Cow::Borrowed(test),
            None => Cow::Owned(self.features.select(&(first..self.features.len()).collect::<Vec<_>>())),
        };
        evaluated(params, &self.layer, &test)
    }
}

/// The pretrained parameters of this network, with this head as its last layer.
fn with_head(pretrained: &Params, graph: &Graph, head: &Head, layer: &str) -> Params {
    let mut params = Params::default();
    for (name, _) in graph.params() {
        if let Some(array) = pretrained.get(&name) {
            params.insert(name, array.clone());
        }
    }
    head.install(layer, &mut params);
    params
}

/// Evaluates the last layer of these parameters on features.
fn evaluated(params: &Params, layer: &str, features: &Features) -> Result<Confusion, FitError> {
    let head = Head::of(params, layer).expect("it was installed there");
    let mut confusion = Confusion::new(features.classes);
    for (row, &label) in features.rows.rows().into_iter().zip(&features.labels) {
        let p = head.probabilities(row.mapv(f64::from).view());
        let best = (0..p.len()).fold(0, |best, i| if p[i] > p[best] { i } else { best });
        confusion.add(label as usize, best)?;
    }
    Ok(confusion)
}

fn provenance(job: &FinetuneJob<'_>) -> Provenance {
    Provenance {
        striate_version: env!("CARGO_PKG_VERSION").to_owned(),
        model: job.setup.model_name.to_owned(),
        data: job.setup.data.name.clone(),
        data_sha256: job.setup.data.sha256.clone(),
        seed: job.config.seed,
        epochs: 0,
        command: job.setup.command.to_owned(),
        data_source: (job.setup.data_source != job.setup.data.name).then(|| job.setup.data_source.to_owned()),
    }
}
