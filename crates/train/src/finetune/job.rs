//! The input of fine-tuning.

use super::config::FinetuneConfig;
use crate::error::FitError;
use crate::probe::check_counts;
use crate::setup::Setup;
use std::path::Path;
use striate_data::Preprocess;
use striate_graph::{Graph, Mode, Params, trace};

/// The number of folds of the cross-validation.
pub const FOLDS: usize = 5;

/// A pretrained network.
#[derive(Debug, Clone, Copy)]
pub struct BaseNetwork<'a> {
    /// The network with the classes that it was pretrained on, traced with [`Mode::Eval`].
    pub graph: &'a Graph,
    /// The parameters of the network.
    pub params: &'a Params,
    /// The preprocessing that it was pretrained with. Fine-tuning shows the network whole images, with margins in the color of the
    /// border: its [center crop](Preprocess::resize_shorter) would cut off whatever is not in the middle.
    pub preprocess: &'a Preprocess,
}

impl BaseNetwork<'_> {
    /// The preprocessing without the center crop. On tools/photos/stamps.sh the crop costs 1.6 points (91.8 against 93.4 % with
    /// EfficientNet-Lite0).
    pub(super) fn whole_images(&self) -> Preprocess {
        let mut preprocess = self.preprocess.clone();
        preprocess.resize_shorter = None;
        preprocess
    }
}

/// A fine-tuning job: the pretrained network, the network to make of it, the data and the settings.
pub struct FinetuneJob<'a> {
    /// The pretrained network.
    pub base: BaseNetwork<'a>,
    /// The origin of the pretrained weights, for the report.
    pub weights: &'a str,
    /// The same network with an output for each class of the data, the data and the engine. The network must have the channels
    /// of the pretrained one. The last layer is fitted to all images, or to the training images if the test images were not
    /// [drawn](striate_data::Dataset::is_drawn) from the same images.
    pub setup: Setup<'a>,
    /// The settings.
    pub config: &'a FinetuneConfig,
    /// A folder where the features of images are kept, so that they are computed only once.
    pub features_folder: Option<&'a Path>,
}

impl<'a> FinetuneJob<'a> {
    /// A job that keeps nothing on disk.
    pub fn new(base: BaseNetwork<'a>, setup: Setup<'a>, config: &'a FinetuneConfig) -> Self {
        Self { base, weights: "", setup, config, features_folder: None }
    }

    /// The graph of the network with the classes of the data.
    pub(super) fn graph(&self, mode: Mode) -> Result<Graph, FitError> {
        Ok(trace(self.setup.net, mode, self.base.preprocess.shape())?)
    }

    /// Checks that the data and the network fit together, before anything is computed; gives the network for inference.
    pub(super) fn check(&self) -> Result<Graph, FitError> {
        let classes = self.setup.data.classes.len();
        let mut counts = self.setup.data.train.class_counts(classes);
        if self.setup.data.is_drawn {
            let test = self.setup.data.test.class_counts(classes);
            counts.iter_mut().zip(test).for_each(|(count, test)| *count += test);
        }
        check_counts(&counts, FOLDS)?;
        let graph = self.graph(Mode::Eval)?;
        let outputs = graph.output_shape();
        if outputs.iter().product::<usize>() == classes {
            return Ok(graph);
        }
        Err(FitError::Classes {
            model: self.setup.model_name.into(),
            data: self.setup.data.name.clone(),
            expected: classes,
            got: outputs.to_vec(),
        })
    }
}
