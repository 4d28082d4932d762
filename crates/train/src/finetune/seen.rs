//! The input images of the frozen network.

use super::job::BaseNetwork;
use super::stages::counted;
use crate::error::FitError;
use crate::event::EventFn;
use crate::probe::{Backbone, Features};
use crate::stage::Stage;
use std::path::Path;
use striate_data::{Dataset, Preprocess, Split};
use striate_graph::Engine;

/// The features of a data set.
pub(super) struct Seen {
    pub(super) preprocess: Preprocess,
    /// The path of the layer that a fitted one replaces.
    pub(super) head_layer: String,
    pub(super) train: Features,
    pub(super) test: Features,
}

/// Computes the features of the training images and of the test images, or reads those that are kept in the folder.
pub(super) fn see(
    base: &BaseNetwork<'_>,
    data: &Dataset,
    folder: Option<&Path>,
    engine: &Engine,
    tell: EventFn<'_>,
) -> Result<Seen, FitError> {
    let preprocess = base.whole_images();
    let mut backbone = Backbone::new(base.graph, base.params, &preprocess, engine)?;
    let classes = data.classes.len();
    let total = data.train.len() + data.test.len();
    let mut features = |split, before: usize| {
        counted(Stage::Features, tell, |count| {
            backbone.features(split, classes, folder, &mut |done, _| count(before + done, total))
        })
    };
    let [train, test] = [features(&data.train, 0)?, features(&data.test, data.train.len())?];
    Ok(Seen { preprocess, head_layer: backbone.head_layer().to_owned(), train, test })
}

/// Finds an image by its index among the training images followed by the test images: its split, and its index there. This is how
/// [`LastLayer::answers`](super::LastLayer::answers) are numbered.
pub fn image_at(data: &Dataset, i: usize) -> (&Split, usize) {
    match i.checked_sub(data.train.len()) {
        None => (&data.train, i),
        Some(i) => (&data.test, i),
    }
}
