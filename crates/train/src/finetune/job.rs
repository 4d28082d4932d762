//! The input of fine-tuning.

use super::config::FinetuneConfig;
use crate::error::FitError;
use crate::probe::check_counts;
use std::path::Path;
use striate_data::{Dataset, Preprocess};
use striate_graph::{Engine, Forward, Graph, Mode, Params, trace};

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
    /// The same network with an output for each class of the data. It must have the channels of the pretrained network.
    pub net: &'a dyn Forward,
    /// The name of the network.
    pub model_name: &'a str,
    /// The origin of the pretrained weights, for the report.
    pub weights: &'a str,
    /// The images. The last layer is fitted to all of them, or to the training images if the test images were not
    /// [drawn](Dataset::is_drawn) from the same images.
    pub data: &'a Dataset,
    /// The data set as it was specified, a name or a folder; stored in the model file.
    pub data_source: &'a str,
    /// The settings.
    pub config: &'a FinetuneConfig,
    /// The engine, with its threads and instruction set.
    pub engine: Engine,
    /// A folder where the features of images are kept, so that they are computed only once.
    pub features_folder: Option<&'a Path>,
    /// The command that creates this model, stored in the model file. It must not contain what does not influence the result.
    pub command: &'a str,
}

impl<'a> FinetuneJob<'a> {
    /// A job on all cores that keeps nothing on disk.
    ///
    /// # Errors
    /// When `STRIATE_ISA` names an instruction set that this machine does not have.
    pub fn new(
        base: BaseNetwork<'a>,
        net: &'a dyn Forward,
        model_name: &'a str,
        data: &'a Dataset,
        config: &'a FinetuneConfig,
    ) -> Result<Self, FitError> {
        let engine = Engine::new(None).map_err(FitError::Engine)?;
        Ok(Self {
            base,
            net,
            model_name,
            weights: "",
            data,
            data_source: &data.name,
            config,
            engine,
            features_folder: None,
            command: "",
        })
    }

    /// The graph of the network with the classes of the data.
    pub(super) fn graph(&self, mode: Mode) -> Result<Graph, FitError> {
        Ok(trace(self.net, mode, self.base.preprocess.shape())?)
    }

    /// Checks that the data and the network fit together, before anything is computed; gives the network for inference.
    pub(super) fn check(&self) -> Result<Graph, FitError> {
        let classes = self.data.classes.len();
        let mut counts = self.data.train.class_counts(classes);
        if self.data.is_drawn {
            let test = self.data.test.class_counts(classes);
            counts.iter_mut().zip(test).for_each(|(count, test)| *count += test);
        }
        check_counts(&counts, FOLDS)?;
        let graph = self.graph(Mode::Eval)?;
        let outputs = graph.output_shape();
        if outputs.iter().product::<usize>() == classes {
            return Ok(graph);
        }
        Err(FitError::Classes {
            model: self.model_name.into(),
            data: self.data.name.clone(),
            expected: classes,
            got: outputs.to_vec(),
        })
    }
}
