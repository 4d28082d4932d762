//! Does a map follow the labels? Two twins are trained on the same images from the same initial parameters, one with their
//! labels and one with shuffled labels. What their maps have in common does not depend on the classes.

use serde::Serialize;
use striate_data::{Dataset, Images, Preprocess, Split};
use striate_graph::{Engine, Session};
use striate_models::ModelInfo;

use super::explain::{Explainer, Map, Seen};
use super::twin::{Twin, shuffled, train};
use super::weights::{Likeness, maps_of};
use crate::LabError;

/// Images that the twins learn, until they know nearly all of them.
const IMAGES: usize = 96;
const EPOCHS: usize = 100;
/// Images for each update: few, so that there are many updates to learn by heart in.
const BATCH: usize = 16;

/// The two twins that were trained on the same images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelTwins {
    /// The number of training images of each.
    pub images: usize,
    /// The number of epochs.
    pub epochs: usize,
    /// The training accuracy of the twin with the true labels.
    pub accuracy_true: f64,
    /// The training accuracy of the twin with the shuffled labels.
    pub accuracy_shuffled: f64,
    /// The share of labels that the shuffling left unchanged.
    pub labels_kept: f64,
}

/// The first images of a split as the network is shown them.
fn first(split: &Split, n: usize, preprocess: &Preprocess) -> Result<Images, LabError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for i in 0..n.min(split.len()) {
        pixels.extend(preprocess.from_image(&split.image(i)?));
        labels.push(split.label(i) as u8);
    }
    Ok(Images::new(preprocess.shape(), pixels, labels)?)
}

/// Trains both twins.
pub(super) fn twins(
    info: &ModelInfo,
    preprocess: &Preprocess,
    data: &Dataset,
    seed: u64,
    engine: &Engine,
) -> Result<([Twin; 2], LabelTwins), LabError> {
    let known = first(&data.train, IMAGES, preprocess)?;
    let mixed = Images { labels: shuffled(&known.labels, seed), ..known.clone() };
    let kept = known.labels.iter().zip(&mixed.labels).filter(|(a, b)| a == b).count();
    let (n, labels_kept) = (known.len(), kept as f64 / known.len() as f64);
    let learn = |images: Images| {
        let both = [images.clone(), images];
        train(info, preprocess, both, data.classes.clone(), (EPOCHS, BATCH, seed), engine)
    };
    let twins = [learn(known)?, learn(mixed)?];
    let [accuracy_true, accuracy_shuffled] = [twins[0].accuracy, twins[1].accuracy];
    Ok((twins, LabelTwins { images: n, epochs: EPOCHS, accuracy_true, accuracy_shuffled, labels_kept }))
}

/// The similarity of maps, averaged over images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Alike {
    /// The similarity between the maps of the twin with the true labels and those of the twin with the shuffled labels.
    pub other_labels: Likeness,
    /// The similarity between the maps of the model and those of the twin with the true labels, as a reference for two networks
    /// that were trained on the same task.
    pub same_labels: Likeness,
}

/// The likeness of the twins' maps, and of the model's, for each explainer; or why there are none.
pub(super) fn compare(
    twins: &[Twin; 2],
    (explainers, trained): (&[Explainer], &[Vec<Map>]),
    images: &[Seen],
    engine: &Engine,
) -> Result<Vec<Result<Alike, String>>, LabError> {
    let mut sessions = Vec::new();
    for twin in twins {
        let (graph, params) = (twin.model.graph.clone(), twin.model.params.clone());
        sessions.push(Session::with_engine(graph, params, engine.clone())?);
    }
    let mut of = |(&explainer, trained): (&Explainer, &Vec<Map>)| -> Result<Alike, String> {
        let mut maps: Vec<Vec<Map>> = Vec::new();
        for session in &mut sessions {
            maps.push(maps_of(explainer, session, images).map_err(|error| error.to_string())?);
        }
        let mean = |a: &[Map], b: &[Map]| Likeness::mean(a.iter().zip(b).map(|(a, b)| Likeness::of(a, b)));
        Ok(Alike { other_labels: mean(&maps[0], &maps[1]), same_labels: mean(trained, &maps[0]) })
    };
    Ok(explainers.iter().zip(trained).map(&mut of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_models::shipped;

    #[test]
    fn one_twin_learns_the_labels_and_the_other_the_shuffled_ones() {
        let model = shipped::find("mlp").unwrap().load().unwrap();
        let info = super::super::twin::architecture(&model).unwrap();
        let digits = striate_data::load("digits").unwrap();
        let engine = Engine::new(Some(2)).unwrap();
        let (twins, about) = twins(info, &model.preprocess, &digits, 1, &engine).unwrap();
        assert!(about.accuracy_true > 0.98 && about.accuracy_shuffled > 0.98, "{about:?}");
        assert!(about.labels_kept < 0.2, "{about:?}");
        // What each says of images that neither saw: the one knows digits, the other does not.
        let mut images = vec![0.0; 500 * 784];
        let test = digits.test.images().unwrap();
        for (pixels, image) in test.pixels.chunks(784).zip(images.chunks_mut(784)) {
            model.preprocess.normalize(pixels, image);
        }
        let right = |twin: &Twin| {
            let (graph, params) = (twin.model.graph.clone(), twin.model.params.clone());
            let mut session = Session::with_engine(graph, params, engine.clone()).unwrap();
            let images = ndarray::Array4::from_shape_vec((500, 1, 28, 28), images.clone()).unwrap();
            let said = super::super::explain::answers(&mut session, &images).unwrap();
            said.iter().zip(&test.labels).filter(|(said, label)| **said == usize::from(**label)).count()
        };
        let (knows, knows_not) = (right(&twins[0]), right(&twins[1]));
        assert!(knows > 300 && knows_not < 150, "{knows} and {knows_not} of 500");
    }
}
