//! Baselines on the same images, which show what the pretrained network contributes.

use super::job::{FOLDS, FinetuneJob};
use super::stages::{begin, counted};
use crate::error::FitError;
use crate::event::EventFn;
use crate::probe::{CrossValidation, Features, cross_validate, nearest_mean, raw_pixels};
use crate::stage::Stage;
use striate_data::Split;
use striate_report::Comparison;

/// The raw-pixel baseline is fitted to at most this many images: a thumbnail has more values than the features of a network, and
/// a baseline needs no narrower interval.
const ENOUGH_RAW: usize = 5000;

/// Evaluates the nearest class mean, and the same method on raw pixels; the latter is left out where a class has too few of the
/// images that are read for it. `with_test` says whether the features are those of all images, not only of the training images.
pub(super) fn baselines(
    job: &FinetuneJob<'_>,
    features: &Features,
    with_test: bool,
    tell: EventFn<'_>,
) -> Result<Vec<Comparison>, FitError> {
    let (data, seed, engine) = (job.setup.data, job.config.seed, &job.setup.engine);
    let stride = features.len().div_ceil(ENOUGH_RAW);
    let mut pixels = |split: &Split| {
        counted(Stage::RawPixels, tell, |count| raw_pixels(split, data.classes.len(), stride, engine, count))
    };
    let train = pixels(&data.train)?;
    let pixels = if with_test { train.and(&pixels(&data.test)?) } else { train };
    let raw =
        counted(Stage::RawPixelBaseline, tell, |count| cross_validate(&pixels, FOLDS, seed, engine, count));
    let raw = match raw {
        Ok(judged) => Some(judged),
        Err(FitError::TooFewImages { .. }) => None,
        Err(error) => return Err(error),
    };
    begin(Stage::ClassMeans, tell)?;
    let means = nearest_mean(features, FOLDS, seed)?;
    let line = |name: String, judged: &CrossValidation, labels: &[u32]| -> Result<_, FitError> {
        let confusion = judged.confusion(labels)?;
        Ok(Comparison { name, hits: confusion.hits(), images: confusion.total() })
    };
    let mut lines = vec![line("nearest class mean of the same features".into(), &means, &features.labels)?];
    if let Some(judged) = raw {
        let name = match stride {
            1 => "raw pixels, the same method".to_owned(),
            n => format!("raw pixels of one image in {n}, the same method"),
        };
        lines.push(line(name, &judged, &pixels.labels)?);
    }
    Ok(lines)
}
