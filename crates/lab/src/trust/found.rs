//! Does a map find planted evidence? A twin is trained on images whose evidence is known by construction, and its maps are
//! compared with the masks.

use serde::Serialize;
use striate_data::Preprocess;
use striate_graph::{Engine, Session};
use striate_models::ModelInfo;
use striate_report::wilson_interval;

use super::explain::{Explainer, Seen, answers};
use super::images::seen;
use super::location::{auc, grown, points_inside, share_inside};
use super::planted::{CLASSES, Planted, planted};
use super::twin::{Twin, train};
use crate::LabError;

const TRAIN: usize = 3000;
const TEST: usize = 100;
const EPOCHS: usize = 8;
/// Images for each update.
const BATCH: usize = 32;

/// The twin that was trained on images with planted evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlantedTwin {
    /// The number of its training images.
    pub images: usize,
    /// The number of epochs.
    pub epochs: usize,
    /// The accuracy on new images, 0 to 1. The same images selected its best epoch, and those that it classifies correctly are
    /// explained.
    pub accuracy: f64,
    /// The number of new images that are classified correctly and explained.
    pub explained: usize,
}

/// The location of the maps' values relative to the mask, on average over images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Found {
    /// The number of images.
    pub images: usize,
    /// The share of images whose largest value is inside the mask, or one pixel beside it.
    pub points: f64,
    /// The 95 % interval of `points`.
    pub points_interval_95: (f64, f64),
    /// The share of the relevance inside the mask.
    pub share: f64,
    /// The share of the image's area inside the mask, which is the expected `share` of a map without information.
    pub share_of_area: f64,
    /// The area under the ROC curve; 0.5 for a map without information.
    pub auc: f64,
}

/// The figures of an explainer: for shapes, and for the watermark.
pub(super) type Both = [Option<Found>; 2];

/// Images with the masks of their evidence.
pub(super) type Known = Vec<(Seen, Vec<bool>)>;

/// Pixels that a map's largest value may be outside the mask: a value of a layer stands for several, and points at their middle.
const NEAR_PX: usize = 1;

/// Trains the twin and takes the images that it knows.
pub(super) fn twin(
    info: &ModelInfo,
    preprocess: &Preprocess,
    seed: u64,
    engine: &Engine,
) -> Result<(Twin, Known, PlantedTwin), LabError> {
    let shape = preprocess.shape();
    let (learned, test) = (planted(TRAIN, shape, seed), planted(TEST, shape, seed.wrapping_add(1)));
    let classes = CLASSES.map(String::from).to_vec();
    let images = [learned.images, test.images.clone()];
    let twin = train(info, preprocess, images, classes, (EPOCHS, BATCH, seed), engine)?;
    let known = known(&twin, &test, preprocess, engine)?;
    let about =
        PlantedTwin { images: TRAIN, epochs: EPOCHS, accuracy: twin.accuracy, explained: known.len() };
    Ok((twin, known, about))
}

fn known(twin: &Twin, test: &Planted, preprocess: &Preprocess, engine: &Engine) -> Result<Known, LabError> {
    let (graph, params) = (twin.model.graph.clone(), twin.model.params.clone());
    let mut session = Session::with_engine(graph, params, engine.clone())?;
    let mut known = Vec::new();
    for (i, mask) in test.masks.iter().enumerate() {
        let class = usize::from(test.images.labels[i]);
        let seen = seen(i, class, test.images.sample(i), preprocess);
        let batch = seen.image.clone().insert_axis(ndarray::Axis(0));
        if answers(&mut session, &batch)? == [class] {
            known.push((seen, mask.clone()));
        }
    }
    Ok(known)
}

/// Where each explainer looks on the images that the twin knows, or why it does not.
pub(super) fn look(
    twin: &Twin,
    explainers: &[Explainer],
    known: &[(Seen, Vec<bool>)],
    engine: &Engine,
) -> Result<Vec<Result<Both, String>>, LabError> {
    let (graph, params) = (twin.model.graph.clone(), twin.model.params.clone());
    let mut session = Session::with_engine(graph, params, engine.clone())?;
    let [_, height, width] = session.graph().input_shape();
    let mut of = |&explainer: &Explainer| -> Result<Both, String> {
        let mut maps = Vec::new();
        for (seen, mask) in known {
            let map = explainer.explain(&mut session, seen).map_err(|error| error.to_string())?;
            maps.push((seen.class, map.stretched, mask));
        }
        Ok([false, true].map(|is_watermark| {
            let these = maps.iter().filter(|(class, ..)| (*class == 0) == is_watermark);
            found([height, width], these.map(|(_, map, mask)| (map.as_slice(), mask.as_slice())))
        }))
    };
    Ok(explainers.iter().map(&mut of).collect())
}

/// Means over maps with their masks; `None` without any.
fn found<'a>(size: [usize; 2], maps: impl Iterator<Item = (&'a [f32], &'a [bool])>) -> Option<Found> {
    let (mut images, mut hits) = (0_usize, 0_u64);
    let (mut share, mut area, mut under) = (0.0, 0.0, 0.0);
    for (map, mask) in maps {
        images += 1;
        hits += u64::from(points_inside(map, &grown(mask, size, NEAR_PX)));
        // A map in which nothing speaks for the class finds nothing.
        share += share_inside(map, mask).unwrap_or(0.0);
        under += auc(map, mask).unwrap_or(0.5);
        area += mask.iter().filter(|&&inside| inside).count() as f64 / mask.len() as f64;
    }
    let n = images as f64;
    let interval = wilson_interval(hits, images as u64, 1.96)?;
    Some(Found {
        images,
        points: hits as f64 / n,
        points_interval_95: interval,
        share: share / n,
        share_of_area: area / n,
        auc: under / n,
    })
}
