//! A network by name with weights from somewhere, and the preprocessing that goes with them.

use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Graph, Params};
use striate::models::registry::ModelInfo;
use striate::models::weights::{LoadOptions, LoadReport, load_network};

/// A network that has learned.
pub(crate) struct Pretrained {
    name: &'static str,
    pub(crate) graph: Graph,
    pub(crate) params: Params,
    pub(crate) preprocess: Preprocess,
    classes: Option<Vec<String>>,
    pub(crate) report: LoadReport,
}

impl Pretrained {
    /// The network `info` as the weights that `source` names were saved: with their classes, channels and size of images.
    pub(crate) fn load(info: &ModelInfo, source: &str, options: LoadOptions<'_>) -> anyhow::Result<Self> {
        let (graph, loaded) = load_network(info, source, options)?;
        let (params, classes, mut report) = (loaded.params, loaded.classes, loaded.report);
        let shape = graph.input_shape();
        let mut assumed = |how: &str| {
            report.notes.push(format!("nothing says how these weights want their images: {how}"));
        };
        let preprocess = match loaded.preprocess {
            Some(preprocess) => preprocess,
            None if shape[0] == 3 => {
                assumed("the middle is cut out, and normalized with the mean and deviation of ImageNet");
                Preprocess::imagenet(shape[1])?
            }
            None => {
                assumed("values are scaled to -1..1");
                Preprocess::new(shape, &[0.5], &[0.5])?
            }
        };
        Ok(Self { name: info.name, graph, params, preprocess, classes, report })
    }

    /// Where the weights were found, for people: their name if they have one, and the file.
    pub(crate) fn source(&self) -> String {
        let path = self.report.path.display();
        let sha256 = &self.report.sha256;
        match &self.report.name {
            Some(name) => format!("{name}: {path}, SHA-256 {sha256}"),
            None => format!("{path}, SHA-256 {sha256}"),
        }
    }

    /// Number of outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.graph.output_shape().iter().product()
    }

    /// What the outputs are called; `None` when nothing says so.
    pub(crate) fn classes(&mut self) -> &mut Option<Vec<String>> {
        &mut self.classes
    }

    /// As a model file, ready to be used; outputs without names are called by their number.
    pub(crate) fn model(self, engine: &Engine) -> anyhow::Result<ModelFile> {
        let numbers = (0..self.outputs()).map(|i| format!("class {i}"));
        let classes = self.classes.unwrap_or_else(|| numbers.collect());
        let provenance = Provenance {
            striate_version: env!("CARGO_PKG_VERSION").into(),
            model: self.name.into(),
            ..Provenance::default()
        };
        Ok(ModelFile::new(self.graph, self.params, self.preprocess, classes, provenance, engine)?)
    }
}
