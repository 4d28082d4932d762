//! Labels that look wrong, with names.

use super::job::{BaseNetwork, FOLDS};
use super::seen::{image_at, see};
use super::stages::counted;
use crate::error::FitError;
use crate::event::{Event, Observer};
use crate::probe::{CrossValidation, cross_validate, suspicious};
use crate::stage::Stage;
use serde::Serialize;
use std::path::Path;
use striate_data::Dataset;
use striate_graph::Engine;

/// An image whose label may be wrong, with the names of the image and the classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuspiciousLabel {
    /// The name of the image: its path below the folder of the data set, or its index.
    pub image: String,
    /// The class of its label.
    pub class: String,
    /// The probability of that class, by a last layer that was fitted without the image.
    pub class_probability: f32,
    /// The class that it looks like.
    pub looks_like: String,
    /// The probability of that class.
    pub probability: f32,
}

/// Finds suspicious labels in a data set with the features of a pretrained network: the training and the test images are
/// cross-validated together, and [`suspicious`] chooses, the most likely first. `features_folder` keeps features, see
/// [`FinetuneJob::features_folder`](super::FinetuneJob::features_folder).
///
/// # Errors
/// When an image cannot be decoded, the network does not end in a fully connected layer, or a class has fewer than two images.
pub fn suspicious_labels(
    base: &BaseNetwork<'_>,
    data: &Dataset,
    features_folder: Option<&Path>,
    engine: &Engine,
    observers: &mut [&mut dyn Observer],
) -> Result<Vec<SuspiciousLabel>, FitError> {
    let tell = &mut |event: &Event<'_>| observers.iter_mut().try_for_each(|observer| observer.on(event));
    let seen = see(base, data, features_folder, engine, tell)?;
    let features = seen.train.and(&seen.test);
    let judged = counted(Stage::Labels, tell, |count| cross_validate(&features, FOLDS, 0, engine, count))?;
    Ok(named(data, &judged, &features.labels))
}

/// The suspicious labels of a cross-validation, with the names of the images and the classes.
pub(super) fn named(data: &Dataset, judged: &CrossValidation, labels: &[u32]) -> Vec<SuspiciousLabel> {
    let class = |class: u32| data.classes.get(class as usize).cloned().unwrap_or_default();
    let found = suspicious(judged, labels);
    let named = found.iter().map(|found| {
        let (split, i) = image_at(data, found.image);
        SuspiciousLabel {
            image: split.name(i),
            class: class(found.label),
            class_probability: found.label_probability,
            looks_like: class(found.likely),
            probability: found.probability,
        }
    });
    named.collect()
}
