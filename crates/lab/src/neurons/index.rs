//! One pass over a data set, which records the responses of every unit.

use ndarray::ArrayD;
use striate_data::{Augment, Dataset, Loader};
use striate_formats::ModelFile;
use striate_graph::{Engine, Session};
use striate_train::Batch;

use super::layers::{Layer, layers};
use super::record::Record;
use crate::LabError;

/// Bytes that the values of a batch may take, and most images in one.
const BATCH_BYTES: usize = 64 << 20;
const MOST: usize = 128;

/// The number of images of which the maximum of every map is kept.
pub const SAMPLE: usize = 2048;

/// The recorded responses of every unit of a network to the training split of a data set.
///
/// [`Index::open_or_build`] creates it in one pass: for each unit the 100 images with the largest values, a histogram of its
/// activations, sums, and the largest value in each of 2048 images that are evenly spaced in the split.
///
/// # Numerics
/// Sums are computed in f64, in the order of the images: the bits are the same on any number of threads and with any batch
/// size.
///
/// # Example
/// ```
/// use striate_data::{Dataset, Images, Preprocess};
/// use striate_formats::{ModelFile, Provenance};
/// use striate_graph::{Engine, Mode, Params, trace};
/// use striate_lab::neurons::Index;
/// use striate_nn::{Conv2d, Flatten, Linear, ReLU, Sequential};
///
/// let net = Sequential::new().append(Conv2d::new(1, 3, 3)).append(ReLU::new());
/// let net = net.append(Flatten::new()).append(Linear::new(3 * 4 * 4, 2));
/// let graph = trace(&net, Mode::Eval, [1, 6, 6])?;
/// let (params, engine) = (Params::init(&graph, 0), Engine::new(Some(2))?);
/// let preprocess = Preprocess::new([1, 6, 6], &[0.5], &[0.5])?;
/// let names = vec!["even".to_string(), "odd".to_string()];
/// let model = ModelFile::new(graph, params, preprocess, names.clone(), Provenance::default(), &engine)?;
///
/// let pixels = (0..40 * 36).map(|i| (i * 37 % 251) as u8).collect();
/// let images = Images::new([1, 6, 6], pixels, (0..40).map(|i| i % 2).collect())?;
/// let data = Dataset::new("noise", images.clone(), images, names)?;
/// let index = Index::build(&model, &data, &engine, &mut |_, _| ())?;
/// let (layer, records) = index.layer("0")?;
/// assert_eq!((layer.value_name.as_str(), records.len(), index.images), ("1.relu", 3, 40));
/// assert!(records.iter().all(|r| r.values == 40 * 16 && r.top.len() == 40));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// The layers, in the order in which they run.
    pub layers: Vec<(Layer, Vec<Record>)>,
    /// The number of images of the training split.
    pub images: usize,
    /// The number of images of each class.
    pub class_counts: Vec<usize>,
}

impl Index {
    /// Runs the network over the training split and records the values of each unit.
    ///
    /// # Errors
    /// When images have another shape than the network's input, or photos cannot be decoded.
    pub fn build(
        model: &ModelFile,
        data: &Dataset,
        engine: &Engine,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, LabError> {
        Self::build_in_batches(model, data, engine, MOST, tell)
    }

    /// In batches of at most `most` images.
    pub(super) fn build_in_batches(
        model: &ModelFile,
        data: &Dataset,
        engine: &Engine,
        most: usize,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, LabError> {
        let mut index = Self::empty(model, data);
        let (graph, preprocess) = (&model.graph, &model.preprocess);
        let mut session = Session::with_engine(graph.clone(), model.params.clone(), engine.clone())?;
        let taps = index.layers.iter().map(|(layer, _)| session.tap(&layer.value_name));
        let taps = taps.collect::<Result<Vec<_>, _>>()?;
        let values: usize = index.layers.iter().map(|(l, _)| l.units * l.size[0] * l.size[1]).sum();
        let batch_size = (BATCH_BYTES / (4 * values.max(1))).clamp(1, most);
        let loader = Loader::new(&data.train, preprocess, Augment::default(), batch_size, 0, false)?;
        let order = loader.order(0);
        let sampled = evenly(index.images, SAMPLE);
        let mut batch = Batch::new(batch_size.min(index.images), preprocess.sample_len());
        // A unit is one piece of work: its sums run over the images in their order, whoever adds them up.
        let mut pieces: Vec<(usize, usize, &mut Record)> = Vec::new();
        let shapes: Vec<(usize, usize)> =
            index.layers.iter().map(|(l, _)| (l.size[0] * l.size[1], l.size[1])).collect();
        for (at, (_, records)) in index.layers.iter_mut().enumerate() {
            pieces.extend(records.iter_mut().enumerate().map(|(unit, record)| (at, unit, record)));
        }
        let mut done = 0;
        for samples in order.chunks(batch_size) {
            let (pixels, targets) = batch.fetch(engine, &loader, 0, samples)?;
            session.run_slice(pixels, samples.len())?;
            let seen: Vec<ArrayD<f32>> = taps.iter().map(|&tap| session.get(tap)).collect();
            let seen: Vec<&[f32]> = seen.iter().map(|v| v.as_slice().expect("a fresh array")).collect();
            engine.pool().for_each(&mut pieces, |_, (at, unit, record)| {
                let (plane, width) = shapes[*at];
                let per_image = seen[*at].len() / samples.len();
                for ((values, target), &image) in seen[*at].chunks_exact(per_image).zip(targets).zip(samples)
                {
                    let map = &values[*unit * plane..(*unit + 1) * plane];
                    let is_sampled = sampled.binary_search(&image).is_ok();
                    record.see(image, target.a as usize, map, width, is_sampled);
                }
            });
            done += samples.len();
            tell(done, index.images);
        }
        drop(pieces);
        Ok(index)
    }

    /// Finds a layer with its units, by its name or by the name of its recorded value.
    ///
    /// # Errors
    /// [`LabError::NoUnits`] with the existing layers.
    pub fn layer(&self, name: &str) -> Result<(&Layer, &[Record]), LabError> {
        let by = |of: fn(&Layer) -> &str| self.layers.iter().find(|(layer, _)| of(layer) == name);
        match by(|layer| &layer.name).or_else(|| by(|layer| &layer.value_name)) {
            Some((layer, records)) => Ok((layer, records)),
            None => {
                let layers = self.layers.iter().map(|(layer, _)| layer.name.clone()).collect();
                Err(LabError::NoUnits { name: name.into(), layers })
            }
        }
    }

    pub(super) fn empty(model: &ModelFile, data: &Dataset) -> Self {
        let classes = data.classes.len();
        let records = |layer: Layer| {
            let records = (0..layer.units).map(|_| Record::new(classes, layer.is_signed)).collect();
            (layer, records)
        };
        let layers = layers(&model.graph).into_iter().map(records).collect();
        Self { layers, images: data.train.len(), class_counts: data.train.class_counts(classes) }
    }
}

/// At most `most` of `n` images, evenly among them, in order.
pub(crate) fn evenly(n: usize, most: usize) -> Vec<u32> {
    let count = n.min(most);
    (0..count).map(|i| (i * n / count) as u32).collect()
}
