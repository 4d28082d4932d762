//! A pretrained network by name, with its weights and their preprocessing.

use striate_formats::{FormatError, ModelFile, Problem, Provenance, Unverified};
use striate_graph::{Engine, Graph, Params};
use striate_image::Preprocess;
#[cfg(feature = "shipped")]
use striate_models::shipped;
use striate_models::weights::{self, LoadOptions, LoadReport, WeightsError, load_network};
use striate_models::{ModelInfo, registry};
#[cfg(feature = "train")]
use striate_train::finetune::BaseNetwork;

use super::Classifier;
use crate::Error;

/// A network with its published or saved weights: with their classes, channels and image size.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pretrained {
    /// The network's name in the [registry](striate_models::registry).
    pub name: &'static str,
    /// The network.
    pub graph: Graph,
    /// The parameters of the network.
    pub params: Params,
    /// The preprocessing that the weights were trained with.
    pub preprocess: Preprocess,
    /// The names of the outputs; `None` when neither the file nor the table of published weights has them.
    pub classes: Option<Vec<String>>,
    /// The origin of the weights, and the assumptions that were made when they were loaded.
    pub report: LoadReport,
}

impl Pretrained {
    /// Loads the network `info` with the weights that `source` names; the table in [`weights`] lists the possible sources.
    ///
    /// # Errors
    /// Those of [`load_network`].
    ///
    /// # Example
    /// ```no_run
    /// use striate::Pretrained;
    /// use striate::models::{registry, weights::LoadOptions};
    ///
    /// let mut tell = |_: striate::data::fetch::FetchEvent<'_>| ();
    /// let options = LoadOptions { fetch: Some(&mut tell), ..LoadOptions::default() }; // may be downloaded
    /// let resnet18 = Pretrained::load(registry::find("resnet18")?, "resnet18", options)?;
    /// println!("{}", resnet18.source());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(info: &ModelInfo, source: &str, options: LoadOptions<'_>) -> Result<Self, WeightsError> {
        let (graph, loaded) = load_network(info, source, options)?;
        let (params, classes, mut report) = (loaded.params, loaded.classes, loaded.report);
        let shape = graph.input_shape();
        let mut assumed = |how: &str| {
            report.notes.push(format!("the preprocessing of these weights is not known: {how}"));
        };
        let preprocess = match loaded.preprocess {
            Some(preprocess) => preprocess,
            None if shape[0] == 3 => {
                assumed(
                    "assuming a center crop, normalized with the mean and standard deviation of ImageNet",
                );
                Preprocess::imagenet(shape[1])?
            }
            None => {
                assumed("assuming values scaled to -1..1");
                Preprocess::new(shape, &[0.5], &[0.5])?
            }
        };
        Ok(Self { name: info.name, graph, params, preprocess, classes, report })
    }

    /// Returns a description of the origin of the weights: their name if they have one, and the file.
    pub fn source(&self) -> String {
        let path = self.report.path.display();
        let sha256 = &self.report.sha256;
        match &self.report.name {
            Some(name) => format!("{name}: {path}, SHA-256 {sha256}"),
            None => format!("{path}, SHA-256 {sha256}"),
        }
    }

    /// Returns the number of outputs.
    pub fn outputs(&self) -> usize {
        self.graph.output_shape().iter().product()
    }

    /// Borrows the network in the form that [`train::finetune`](striate_train::finetune) expects.
    #[cfg(feature = "train")]
    pub fn base(&self) -> BaseNetwork<'_> {
        BaseNetwork { graph: &self.graph, params: &self.params, preprocess: &self.preprocess }
    }

    /// Converts the network into a model file. Outputs without a name are named by their number.
    ///
    /// # Errors
    /// Those of [`ModelFile::new`].
    pub fn model(self, engine: &Engine) -> Result<ModelFile, Problem> {
        let (graph, params, preprocess, classes, provenance) = self.parts();
        ModelFile::new(graph, params, preprocess, classes, provenance, engine)
    }

    /// As a model for a [`Predictor`](crate::Predictor); outputs without names are called by their number.
    ///
    /// # Errors
    /// Those of [`Unverified::new`].
    ///
    /// # Example
    /// ```no_run
    /// use striate::graph::Engine;
    /// use striate::models::{registry, weights::LoadOptions};
    /// use striate::{Predictor, Pretrained};
    ///
    /// let resnet18 = Pretrained::load(registry::find("resnet18")?, "resnet18", LoadOptions::default())?;
    /// let mut model = Predictor::new(resnet18.unverified()?, &Engine::new(None)?)?;
    /// println!("{}", model.predict(&striate::image::Image::open("photo.jpg".as_ref())?)?.class());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unverified(self) -> Result<Unverified, Problem> {
        let (graph, params, preprocess, classes, provenance) = self.parts();
        Unverified::new(graph, params, preprocess, classes, provenance)
    }

    fn parts(self) -> (Graph, Params, Preprocess, Vec<String>, Provenance) {
        let numbers = (0..self.outputs()).map(|i| format!("class {i}"));
        let classes = self.classes.unwrap_or_else(|| numbers.collect());
        let provenance = Provenance {
            striate_version: env!("CARGO_PKG_VERSION").into(),
            model: self.name.into(),
            ..Provenance::default()
        };
        (self.graph, self.params, self.preprocess, classes, provenance)
    }
}

impl Classifier {
    /// Loads a pretrained network by name, and runs it on all cores: a network that [comes with its
    /// weights](striate_models::shipped), a network of the [registry](striate_models::registry) with its default published
    /// weights, or published weights by their own name (`resnet50.v1`). Nothing is downloaded: published weights must already
    /// be on this machine, where PyTorch, timm or `striate` store them. [`Pretrained::load`] can download them, and also reads
    /// your own files.
    ///
    /// # Errors
    /// [`Error::Model`] when no network has this name; [`Error::Weights`] when its weights are damaged or are not on this
    /// machine. The error then has their address and the path where they belong.
    ///
    /// # PyTorch
    /// `torchvision.models.get_model(name, weights="DEFAULT")`.
    ///
    /// # Example
    /// ```
    /// use striate::Classifier;
    ///
    /// let mut model = Classifier::from_pretrained("convnet")?;
    /// let digits = striate::data::load("digits")?;
    /// assert_eq!(model.predict(&digits.test.image(0)?)?.class(), digits.classes[digits.test.label(0) as usize]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_pretrained(name: &str) -> Result<Self, Error> {
        let content = |problem| FormatError::Content { path: name.into(), problem };
        let engine = Engine::new(None).map_err(Error::Engine)?;
        #[cfg(feature = "shipped")]
        if let Some(shipped) = shipped::find(name) {
            return Self::new(shipped.load().map_err(content)?, engine);
        }
        let (model, source) = match weights::find(name) {
            Some(weights) => (weights.model, name),
            None => (name, registry::find(name)?.name),
        };
        let pretrained = Pretrained::load(registry::find(model)?, source, LoadOptions::default())?;
        let file = pretrained.model(&engine).map_err(content)?;
        Self::new(file, engine)
    }
}
