//! The results on one unit, collected.

use serde::Serialize;
use striate_data::Dataset;
use striate_formats::ModelFile;
use striate_graph::Engine;

use super::ProgressFn;
use super::badges::{Badge, badges};
use super::dream::{Dream, DreamConfig, dream, usual_norm};
use super::examples::{Examples, top_classes};
use super::index::Index;
use super::layers::Layer;
use super::lesion::{Lesion, lesions};
use super::record::Record;
use crate::LabError;

/// The largest number of test images on which predictions with and without a unit are compared.
pub const LESION_IMAGES: usize = 10_000;
/// The largest number of test images for the same comparison when all units of a layer are listed.
pub const LESION_IMAGES_OF_A_LAYER: usize = 1000;
/// Steps of a dream.
const STEPS: usize = 128;

/// All results on one unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The layer of the unit.
    pub layer: Layer,
    /// The index of the unit, from 0.
    pub unit: usize,
    /// The statistics of its activations.
    pub record: Record,
    /// The number of training images.
    pub images: usize,
    /// The remarkable properties of the unit.
    pub badges: Vec<Badge>,
    /// Images of strong, middling and no response.
    pub examples: Examples,
    /// For each class, the number of its images among the 100 strongest.
    pub top_classes: Vec<usize>,
    /// The accuracy of the network without the unit; `None` if the classes of the data set are not the network's.
    pub lesion: Option<Lesion>,
    /// An image synthesized for it, if requested.
    pub dream: Option<Dream>,
}

/// The figures of one unit, a row in the table of its layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitRow {
    /// The index of the unit, from 0.
    pub unit: usize,
    /// The largest value of the unit.
    pub max: f32,
    /// The training image that contains it; `None` for a unit that is never above 0.
    pub strongest: Option<u32>,
    /// The class of that image.
    pub label: Option<u32>,
    /// The fraction of the values that are not 0.
    pub active: f64,
    /// The most frequent class among the 100 strongest images, and its fraction of them.
    pub favorite: Option<(usize, f64)>,
    /// The remarkable properties of the unit.
    pub badges: Vec<Badge>,
    /// The percentage points of accuracy that are lost without the unit.
    pub points: Option<f64>,
}

impl Card {
    /// Collects the results on unit `unit` of a layer. With `dreaming`, an image is synthesized from that seed. `tell` receives
    /// the progress.
    ///
    /// # Errors
    /// [`LabError::NoUnits`] and [`LabError::NoUnit`]; also when the network cannot take the images.
    pub fn new(
        model: &ModelFile,
        data: &Dataset,
        engine: &Engine,
        index: &Index,
        (layer, unit): (&str, usize),
        dreaming: Option<u64>,
        tell: ProgressFn<'_>,
    ) -> Result<Self, LabError> {
        let (layer, records) = index.layer(layer)?;
        layer.check(unit)?;
        let record = records[unit].clone();
        let lesion = match fits(model, data) {
            true => lesions(model, engine, &data.test, layer, &[unit], LESION_IMAGES, tell)?.pop(),
            false => None,
        };
        let dream = match dreaming {
            Some(seed) => {
                let radius = usual_norm(model, engine, &data.train)?;
                let config = DreamConfig { steps: STEPS, radius, jitter_px: jitter(model, layer), seed };
                Some(dream(&model.graph, &model.params, engine, layer, unit, &config, tell)?)
            }
            None => None,
        };
        Ok(Self {
            layer: layer.clone(),
            unit,
            images: index.images,
            badges: badges(layer, records).swap_remove(unit),
            examples: Examples::of(&model.graph, layer, &record, &data.train),
            top_classes: top_classes(&record, layer, data),
            lesion,
            dream,
            record,
        })
    }

    /// Whether the synthesized image activates the unit more than all but one in a thousand training images do; `None` without
    /// a synthesized image.
    pub fn dream_succeeded(&self) -> Option<bool> {
        let dream = self.dream.as_ref()?;
        Some(self.record.permille(self.images).is_some_and(|seen| dream.value > seen))
    }
}

/// Lists every unit of a layer, in order, and returns the number of test images behind the points lost.
///
/// # Errors
/// Those of [`Card::new`].
pub fn table(
    model: &ModelFile,
    data: &Dataset,
    engine: &Engine,
    index: &Index,
    layer: &str,
    tell: ProgressFn<'_>,
) -> Result<(Vec<UnitRow>, usize), LabError> {
    let (layer, records) = index.layer(layer)?;
    let units: Vec<usize> = (0..layer.units).collect();
    let costs = match fits(model, data) {
        true => lesions(model, engine, &data.test, layer, &units, LESION_IMAGES_OF_A_LAYER, tell)?,
        false => Vec::new(),
    };
    let asked = costs.first().map_or(0, |lesion| lesion.labels.len());
    let row = |((unit, record), badges): ((usize, &Record), Vec<Badge>)| {
        let first = record.top.first().filter(|entry| layer.is_signed || entry.value > 0.0);
        let classes = top_classes(record, layer, data);
        let most = (0..classes.len()).fold(0, |best, c| if classes[c] > classes[best] { c } else { best });
        let all: usize = classes.iter().sum();
        UnitRow {
            unit,
            max: record.max,
            strongest: first.map(|entry| entry.image),
            label: first.map(|entry| data.train.label(entry.image as usize)),
            active: record.active(),
            favorite: (all > 0).then(|| (most, classes[most] as f64 / all as f64)),
            badges,
            points: costs.get(unit).map(Lesion::points),
        }
    };
    let rows = records.iter().enumerate().zip(badges(layer, records)).map(row).collect();
    Ok((rows, asked))
}

/// Whether the labels of the data set denote the classes of the network.
fn fits(model: &ModelFile, data: &Dataset) -> bool {
    model.classes == data.classes && !data.test.is_empty()
}

/// An eighth of the unit's receptive field: more would move its content out of the field.
fn jitter(model: &ModelFile, layer: &Layer) -> usize {
    let middle = layer.size.map(|side| side / 2);
    let field = striate_explain::receptive_field::receptive_field(&model.graph, layer.value, middle);
    let [_, h, w] = model.graph.input_shape();
    let (rows, columns) = field.clipped([h, w]);
    rows.len().min(columns.len()) / 8
}
