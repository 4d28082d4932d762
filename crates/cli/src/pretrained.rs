//! A network by name with weights from somewhere, and the preprocessing that goes with them.

use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Graph, Mode, Params, trace};
use striate::models::registry::ModelInfo;
use striate::models::weights::{LoadOptions, LoadReport, load};

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
    /// The network `info` with the weights that `source` names. Its last layer may be of another size when it is not used.
    pub(crate) fn load(info: &ModelInfo, source: &str, options: LoadOptions<'_>) -> anyhow::Result<Self> {
        let net = (info.build)(info.num_classes, info.input[0]);
        let graph = trace(net.as_ref(), Mode::Eval, info.input)?;
        let loaded = load(info, source, &graph, options)?;
        let preprocess = match loaded.preprocess {
            Some(preprocess) => preprocess,
            None if info.input[0] == 3 => Preprocess::imagenet(info.input[1])?,
            None => Preprocess::new(info.input, &[0.5], &[0.5])?,
        };
        let (params, classes, report) = (loaded.params, loaded.classes, loaded.report);
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

    /// As a model file, ready to be used; outputs without names are called by their number.
    pub(crate) fn model(self, engine: &Engine) -> anyhow::Result<ModelFile> {
        let outputs: usize = self.graph.output_shape().iter().product();
        let classes = self.classes.unwrap_or_else(|| (0..outputs).map(|i| format!("class {i}")).collect());
        let provenance = Provenance {
            striate_version: env!("CARGO_PKG_VERSION").into(),
            model: self.name.into(),
            ..Provenance::default()
        };
        Ok(ModelFile::new(self.graph, self.params, self.preprocess, classes, provenance, engine)?)
    }
}
