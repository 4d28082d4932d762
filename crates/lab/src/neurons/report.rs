//! Units as data: one unit, or all units of a layer.

use std::path::PathBuf;

use serde::Serialize;
use striate_data::Dataset;

use super::badges::Badge;
use super::card::{Card, UnitRow};
use super::dream::Dream;
use super::examples::Example;
use super::index::Index;
use super::lesion::{ClassCost, Confused, Lesion};

/// All units of a layer, as `striate neuron --json` prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerReport {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The name of the data set.
    pub data: String,
    /// The name of the layer.
    pub layer: String,
    /// The number of training images in the index.
    pub training_images: usize,
    /// The number of test images behind the points lost; 0 if these were not measured.
    pub test_images: usize,
    /// The units, in order.
    pub maps: Vec<UnitRow>,
}

/// The results on one unit, as `striate neuron --json` prints them; made by [`Card::report`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CardReport {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The name of the data set.
    pub data: String,
    /// The name of the layer.
    pub layer: String,
    /// The name of the recorded value, after the layer's batch norm and activation.
    pub value: String,
    /// The index of the unit, from 0.
    pub map: usize,
    /// The number of units of the layer.
    pub maps: usize,
    /// The height and width of a map; `[1, 1]` for a vector.
    pub size: [usize; 2],
    /// The number of training images in the index.
    pub training_images: usize,
    /// The number of values of the unit on all training images.
    pub values: u64,
    /// The number of values that are infinite or NaN.
    pub not_finite: u64,
    /// The largest value.
    pub max: f32,
    /// The smallest value.
    pub min: f32,
    /// The mean of the values.
    pub mean: f64,
    /// The root mean square of the values.
    pub rms: f64,
    /// The fraction of the values that are not 0, in 0 ..= 1.
    pub active: f64,
    /// The distribution of the values.
    pub histogram: HistogramReport,
    /// The remarkable properties of the unit.
    pub badges: Vec<Badge>,
    /// The training images with the largest values, at most nine.
    pub strongest: Vec<Example>,
    /// At most nine training images of middling response: see [`Examples::middling`](super::Examples::middling).
    pub middling: Vec<Example>,
    /// At most nine training images of no response: see [`Examples::silent`](super::Examples::silent).
    pub silent: Vec<Example>,
    /// One entry per class, in class order.
    pub classes: Vec<ClassResponse>,
    /// The network without the unit; `None` if the classes of the data set are not the network's.
    pub lesion: Option<LesionReport>,
    /// The image that was synthesized for the unit, if one was.
    pub dream: Option<DreamReport>,
    /// The files that show the unit; empty where none was written.
    pub files: Vec<PathBuf>,
}

/// The distribution of values: bin i counts the values from `first + i width` to `first + (i + 1) width`, except zeros.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistogramReport {
    /// The lower edge of the first bin.
    pub first: f64,
    /// The width of every bin.
    pub width: f64,
    /// The number of values in each bin.
    pub counts: Vec<u64>,
    /// The number of values that are 0.
    pub zeros: u64,
}

/// The response of a unit to the images of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassResponse {
    /// The name of the class.
    pub class: String,
    /// The number of images of this class among the 100 strongest.
    pub strongest: usize,
    /// The mean, over the training images of the class, of the largest value of the unit; `None` without images.
    pub mean_max: Option<f64>,
}

/// The network without a unit, compared with the intact network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LesionReport {
    /// The number of test images.
    pub test_images: usize,
    /// The accuracy of the intact network, in 0 ..= 1.
    pub accuracy: f64,
    /// The accuracy without the unit, in 0 ..= 1.
    pub accuracy_without: f64,
    /// The percentage points of accuracy that are lost without the unit.
    pub points: f64,
    /// Every class that has images, the one that loses most first.
    pub classes: Vec<LesionClass>,
    /// The confusions that grow without the unit.
    pub confusions: Vec<LesionConfusion>,
}

/// One class, with and without a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LesionClass {
    /// The name of the class.
    pub class: String,
    /// The number of its test images.
    pub images: usize,
    /// The number of these images that the intact network classifies correctly.
    pub right: usize,
    /// The number of these images that are classified correctly without the unit.
    pub right_without: usize,
}

/// Two classes that are confused more often without a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LesionConfusion {
    /// The name of the class of the images.
    pub class: String,
    /// The name of the class that is predicted.
    pub taken_for: String,
    /// The number of times that the intact network does so.
    pub times: usize,
    /// The number of times that it happens without the unit.
    pub times_without: usize,
}

/// The image that was synthesized for a unit, without its pixels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DreamReport {
    /// The value of the unit on the synthesized image.
    pub value: f32,
    /// The value that one training image in a thousand exceeds; `None` where no image has a value.
    pub one_in_a_thousand: Option<f32>,
    /// Whether the value on the synthesized image exceeds `one_in_a_thousand`.
    pub succeeded: bool,
    /// The random seed of the image.
    pub seed: u64,
    /// The largest norm that the image could have, in normalized values.
    pub radius: f64,
}

impl Card {
    /// Converts the card into data. `model` is the name of the network, `data` the data set of the index, and `files` the files
    /// that show the unit.
    pub fn report(&self, index: &Index, model: &str, data: &Dataset, files: Vec<PathBuf>) -> CardReport {
        let (record, layer) = (&self.record, &self.layer);
        let class = |(class, name): (usize, &String)| {
            let images = index.class_counts[class];
            ClassResponse {
                class: name.clone(),
                strongest: self.top_classes[class],
                mean_max: (images > 0).then(|| record.class_sums[class] / images as f64),
            }
        };
        let dream = |dream: &Dream| DreamReport {
            value: dream.value,
            one_in_a_thousand: record.permille(self.images),
            succeeded: self.dream_succeeded() == Some(true),
            seed: dream.config.seed,
            radius: dream.config.radius,
        };
        CardReport {
            model: model.to_owned(),
            data: data.name.clone(),
            layer: layer.name.clone(),
            value: layer.value_name.clone(),
            map: self.unit,
            maps: layer.units,
            size: layer.size,
            training_images: self.images,
            values: record.values,
            not_finite: record.not_finite,
            max: record.max,
            min: record.min,
            mean: record.mean(),
            rms: record.rms(),
            active: record.active(),
            histogram: HistogramReport {
                first: record.histogram.edge(0),
                width: record.histogram.width(),
                counts: record.histogram.counts().to_vec(),
                zeros: record.zeros,
            },
            badges: self.badges.clone(),
            strongest: self.examples.strongest.clone(),
            middling: self.examples.middling.clone(),
            silent: self.examples.silent.clone(),
            classes: data.classes.iter().enumerate().map(class).collect(),
            lesion: self.lesion.as_ref().map(|lesion| lesion.report(&data.classes)),
            dream: self.dream.as_ref().map(dream),
            files,
        }
    }
}

impl Lesion {
    /// Converts the comparison into data; `classes` are the names of the classes.
    pub fn report(&self, classes: &[String]) -> LesionReport {
        let [accuracy, accuracy_without] = self.accuracy();
        let cost = |c: ClassCost| LesionClass {
            class: classes[c.class].clone(),
            images: c.images,
            right: c.intact,
            right_without: c.without,
        };
        let confusion = |c: Confused| LesionConfusion {
            class: classes[c.label].clone(),
            taken_for: classes[c.said].clone(),
            times: c.intact,
            times_without: c.without,
        };
        LesionReport {
            test_images: self.labels.len(),
            accuracy,
            accuracy_without,
            points: self.points(),
            classes: self.classes().into_iter().map(cost).collect(),
            confusions: self.grown().into_iter().map(confusion).collect(),
        }
    }
}
