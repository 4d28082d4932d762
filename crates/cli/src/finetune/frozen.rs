//! The frozen part: a pretrained network's features of every picture, and the last layer that is fitted to them.

use striate::data::{DataError, Dataset, Picture, Places, Preprocess};
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Graph, Mode, Params, trace};
use striate::models::registry::ModelInfo;
use striate::train::probe::{self, Backbone, CrossValidation, Features, Head, fit_head};

use super::FOLDS;
use super::show::Progress;
use crate::pretrained::Pretrained;
use crate::report::of_split;

/// Pictures from which on the line of raw pixels would take longer than it is worth.
const MANY: usize = 5000;

/// A pretrained network and what it sees in the pictures.
pub(super) struct Frozen {
    pub(super) info: &'static ModelInfo,
    /// As the weights were found, for people.
    pub(super) source: String,
    params: Params,
    preprocess: Preprocess,
    head_layer: String,
    /// The pictures that heads are judged by, and that the last one is fitted to: all of them, or where the folder says
    /// itself which ones are for measuring, those for learning.
    pub(super) features: Features,
    /// Those of the training split.
    train: Features,
    /// Those of the test split.
    pub(super) test: Features,
    /// Whether the folder itself keeps the test split apart.
    is_split: bool,
}

/// Other classifiers, judged like the fitted one.
pub(super) struct Baselines {
    pub(super) nearest_mean: CrossValidation,
    pub(super) raw_pixels: Option<CrossValidation>,
}

impl Frozen {
    pub(super) fn new(
        info: &'static ModelInfo,
        pretrained: Pretrained,
        data: &Dataset,
        engine: &Engine,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        let source = pretrained.source();
        // The whole picture, its margins filled with the colour of its border: a centre crop would cut off what is not in the
        // middle. On tools/photos/stamps.sh the crop costs 1.6 points (91.8 against 93.4 % with EfficientNet-Lite0).
        let mut preprocess = pretrained.preprocess;
        preprocess.resize_shorter = None;
        let mut backbone = Backbone::new(&pretrained.graph, &pretrained.params, &preprocess, engine)?;
        let kept_in = Places::from_env().features();
        let classes = data.classes.len();
        let total = data.train.len() + data.test.len();
        let mut features = |split, before: usize| {
            let mut tell = |done: usize, _| progress.count("looking at pictures", before + done, total);
            backbone.features(split, classes, kept_in.as_deref(), &mut tell)
        };
        let train = features(&data.train, 0)?;
        let test = features(&data.test, data.train.len())?;
        let is_split = !data.is_drawn;
        let features = if is_split { train.clone() } else { train.clone().and(&test) };
        Ok(Self {
            info,
            source,
            head_layer: backbone.head_layer().to_owned(),
            params: pretrained.params,
            preprocess,
            features,
            train,
            test,
            is_split,
        })
    }

    pub(super) fn baselines(&self, data: &Dataset, seed: u64, engine: &Engine) -> anyhow::Result<Baselines> {
        let classes = data.classes.len();
        let raw_pixels = if self.features.len() <= MANY {
            let train = probe::raw_pixels(&data.train, classes, engine)?;
            let pixels = match self.is_split {
                true => train,
                false => train.and(&probe::raw_pixels(&data.test, classes, engine)?),
            };
            Some(probe::cross_validate(&pixels, FOLDS, seed, engine)?)
        } else {
            None
        };
        Ok(Baselines { nearest_mean: probe::nearest_mean(&self.features, FOLDS, seed)?, raw_pixels })
    }

    /// The network with a last layer fitted to all pictures it may learn from.
    pub(super) fn model(
        &self,
        data: &Dataset,
        source: &str,
        seed: u64,
        command: &str,
        engine: &Engine,
    ) -> anyhow::Result<ModelFile> {
        let head = fit_head(&self.features, FOLDS, seed)?;
        let graph = self.graph(data, Mode::Eval)?;
        let provenance = Provenance {
            striate_version: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.info.name.to_owned(),
            data: data.name.clone(),
            data_sha256: data.sha256.clone(),
            seed,
            epochs: 0,
            command: command.to_owned(),
            data_source: (source != data.name).then(|| source.to_owned()),
        };
        let (params, classes) = (self.params_with(&head, &graph), data.classes.clone());
        Ok(ModelFile::new(graph, params, self.preprocess.clone(), classes, provenance, engine)?)
    }

    /// The parameters from which training of all of the network starts: its last layer has seen nothing that it is measured by.
    pub(super) fn initial(&self, data: &Dataset, seed: u64) -> anyhow::Result<Params> {
        Ok(self.params_with(&fit_head(&self.train, FOLDS, seed)?, &self.graph(data, Mode::Eval)?))
    }

    /// The network for the classes of the data.
    pub(super) fn graph(&self, data: &Dataset, mode: Mode) -> anyhow::Result<Graph> {
        let net = (self.info.build)(data.classes.len(), self.preprocess.channels);
        Ok(trace(net.as_ref(), mode, self.preprocess.shape())?)
    }

    /// The pictures that the folder keeps apart.
    pub(super) fn apart(&self) -> Option<&Features> {
        self.is_split.then_some(&self.test)
    }

    pub(super) fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// The last layer in these parameters.
    pub(super) fn head_of(&self, params: &Params) -> Head {
        Head::of(params, &self.head_layer).expect("it was installed there")
    }

    /// The pretrained parameters with this head as the last layer.
    fn params_with(&self, head: &Head, graph: &Graph) -> Params {
        let mut params = Params::default();
        for (name, _) in graph.params() {
            if let Some(array) = self.params.get(&name) {
                params.insert(name, array.clone());
            }
        }
        head.install(&self.head_layer, &mut params);
        params
    }
}

/// The picture of row `i` of [`Frozen::features`], with its name.
pub(super) fn picture(data: &Dataset, i: usize) -> Result<(Picture, String), DataError> {
    match i.checked_sub(data.train.len()) {
        None => of_split(&data.train, i),
        Some(i) => of_split(&data.test, i),
    }
}
