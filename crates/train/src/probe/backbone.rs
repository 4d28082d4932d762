//! Computation of features: a network without its last layer, with a cache of features on disk.

use super::Features;
use super::store::Store;
use crate::batch::Batch;
use crate::error::FitError;
use ndarray::{Array2, ArrayD};
use sha2::{Digest, Sha256};
use std::path::Path;
use striate_base::floats::each_block;
use striate_data::{Augment, Loader, Preprocess, Split};
use striate_graph::{Engine, Graph, Params, Session, Tap};

/// Images in memory at once.
const BATCH: usize = 32;

/// A trained network without its last layer: it computes the values that the last layer reads.
pub struct Backbone {
    session: Session,
    engine: Engine,
    preprocess: Preprocess,
    tap: Tap,
    features: usize,
    layer: String,
    /// Everything that decides an image's features, hashed.
    key: [u8; 32],
}

impl Backbone {
    /// Creates the backbone of a network (traced with [`Mode::Eval`](striate_graph::Mode::Eval)) from everything before its
    /// last fully connected layer.
    ///
    /// # Errors
    /// [`FitError::NoHead`] when the network does not end in a fully connected layer; also when the parameters do not belong to
    /// the network.
    pub fn new(
        graph: &Graph,
        params: &Params,
        preprocess: &Preprocess,
        engine: &Engine,
    ) -> Result<Self, FitError> {
        let Some(head) = graph.head() else {
            let last = graph.nodes[graph.output].operation().name();
            return Err(FitError::NoHead { last });
        };
        let value = &graph.nodes[head.input];
        let mut session = Session::with_engine(graph.clone(), params.clone(), engine.clone())?;
        let tap = session.tap(&value.name)?;
        let mut hasher = Sha256::new();
        let text = |value: Result<String, _>| value.expect("plain data has a JSON form");
        hasher.update(text(serde_json::to_string(preprocess)));
        for node in &graph.nodes[..=head.input] {
            hasher.update(text(serde_json::to_string(node)));
            for (name, _) in node.params() {
                let array: &ArrayD<f32> = params.get(&name).expect("the session checked them");
                each_block(array, |block| hasher.update(block));
            }
        }
        Ok(Self {
            session,
            engine: engine.clone(),
            preprocess: preprocess.clone(),
            tap,
            features: value.shape.iter().product(),
            layer: graph.nodes[head.linear].layer.clone(),
            key: hasher.finalize().into(),
        })
    }

    /// The path of the layer that a fitted head replaces; its parameters are `LAYER.weight` and `LAYER.bias`.
    pub fn head_layer(&self) -> &str {
        &self.layer
    }

    /// Computes the features of every image of a split, without augmentation. With a cache folder, the features of images that
    /// the same network has seen before are read from it. `tell` receives the number of images done and the total.
    ///
    /// # Errors
    /// When an image cannot be decoded or has the wrong shape; [`FitError::Features`] when a feature is infinite or NaN. A
    /// cache folder that cannot be read or written is ignored.
    pub fn features(
        &mut self,
        split: &Split,
        classes: usize,
        kept_in: Option<&Path>,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<Features, FitError> {
        let mut rows = Array2::<f32>::zeros((split.len(), self.features));
        let mut store = Store::open(kept_in, &self.key, self.features);
        let mut missing = Vec::new();
        for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
            if !store.get(&split.sha256(i), row.as_slice_mut().expect("rows are contiguous")) {
                missing.push(i as u32);
            }
        }
        store.make_room(missing.len());
        let mut done = split.len() - missing.len();
        tell(done, split.len());
        let loader = Loader::new(split, &self.preprocess, Augment::default(), BATCH, 0, false)?;
        let mut batch = Batch::new(BATCH.min(split.len()), self.preprocess.sample_len());
        for samples in missing.chunks(BATCH) {
            let pixels = batch.fetch(&self.engine, &loader, 0, samples)?.0;
            self.session.run_slice(pixels, samples.len())?;
            let values = self.session.get(self.tap);
            let values = values.as_slice().expect("a fresh array");
            for (&sample, values) in samples.iter().zip(values.chunks_exact(self.features)) {
                let i = sample as usize;
                if !values.iter().all(|value| value.is_finite()) {
                    return Err(FitError::Features { image: split.name(i) });
                }
                rows.row_mut(i).iter_mut().zip(values).for_each(|(to, &value)| *to = value);
                store.insert(split.sha256(i), values);
            }
            store.flush();
            done += samples.len();
            tell(done, split.len());
        }
        Ok(Features { rows, labels: split.labels().collect(), classes })
    }
}
