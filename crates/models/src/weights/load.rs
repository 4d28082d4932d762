//! Loads weights into the parameters of a network, from the name to `Params`, step by step.

use super::{Card, LoadOptions, Places, WeightsError, WeightsInfo};
use super::{choose, find, fit, for_model, imagenet_classes, names};
use crate::ModelInfo;
use std::path::PathBuf;
use striate_formats::{Container, ModelFile, WeightsFile, limits};
use striate_image::Preprocess;
use striate_nn::Mode;
use striate_nn::graph::{Graph, Params, trace};

/// Weights that fit a network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// The parameters of the network.
    pub params: Params,
    /// The preprocessing that the weights expect; `None` if it is not known.
    pub preprocess: Option<Preprocess>,
    /// The names of the classes; `None` if they are not known, or the head is new.
    pub classes: Option<Vec<String>>,
    /// The origin of the weights.
    pub report: LoadReport,
}

/// The origin of weights, and the changes that were made to them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The path of the file that was read.
    pub path: PathBuf,
    /// The SHA-256 of the file.
    pub sha256: String,
    /// The name of the weights, if they are in the table.
    pub name: Option<String>,
    /// The container in which the file stores them.
    pub container: Container,
    /// Whether the head was newly initialized.
    pub new_head: bool,
    /// Notes for the user on what was left out, changed or assumed.
    pub notes: Vec<String>,
}

/// Loads weights into a network: `graph` is a trace of `model`, with any number of classes and channels.
///
/// Every parameter of the graph must be in the file with its shape, and nothing else may be. PyTorch's batch counters, wrappers
/// around the state dict, a prefix that all names share, and timm's names are handled, and the report mentions them. A first
/// convolution for RGB is adapted to other numbers of channels.
///
/// # Errors
/// If the weights are not on this machine (the error has the URL and the place to put them), differ from the published ones,
/// cannot be read, or do not fit; in the last case the error lists everything that is missing, unexpected or of another shape.
///
/// # PyTorch
/// `model.load_state_dict(state_dict, strict=True)`; the first convolution as timm's `adapt_input_conv`.
///
/// # Example
/// ```no_run
/// use striate_models::{registry, weights};
/// use striate_nn::{Mode, trace};
///
/// let info = registry::find("resnet18")?;
/// let graph = trace((info.build)(1000, 3).as_ref(), Mode::Eval, info.input)?;
/// let loaded = weights::load(info, "resnet18", &graph, weights::LoadOptions::default())?;
/// println!("{}", loaded.report.path.display());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load(
    model: &ModelInfo,
    source: &str,
    graph: &Graph,
    options: LoadOptions<'_>,
) -> Result<Loaded, WeightsError> {
    load_from(&Places::from_env(), model, source, graph, options)
}

/// Like [`load`], with the given places.
///
/// # Errors
/// Those of [`load`].
pub fn load_from(
    places: &Places,
    model: &ModelInfo,
    source: &str,
    graph: &Graph,
    options: LoadOptions<'_>,
) -> Result<Loaded, WeightsError> {
    Opened::open(places, model, source, options, Some(graph))?.load(graph)
}

/// Loads a network as it was saved: with as many classes as the last layer of its weights has outputs, as many channels as
/// their first layer takes, and for images of the size in their `config.json`.
///
/// # Errors
/// Those of [`load`].
///
/// # Example
/// ```no_run
/// use striate_models::{registry, weights};
///
/// let info = registry::find("resnet18")?;
/// let (graph, loaded) = weights::load_network(info, "mine.pth", weights::LoadOptions::default())?;
/// println!("{:?} classes, {:?}", graph.output_shape(), loaded.classes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load_network(
    model: &ModelInfo,
    source: &str,
    options: LoadOptions<'_>,
) -> Result<(Graph, Loaded), WeightsError> {
    load_network_from(&Places::from_env(), model, source, options)
}

/// Like [`load_network`], with the given places.
///
/// # Errors
/// Those of [`load_network`].
pub fn load_network_from(
    places: &Places,
    model: &ModelInfo,
    source: &str,
    options: LoadOptions<'_>,
) -> Result<(Graph, Loaded), WeightsError> {
    let opened = Opened::open(places, model, source, options, None)?;
    let graph = opened.graph()?;
    let loaded = opened.load(&graph)?;
    Ok((graph, loaded))
}

/// A file whose dictionary and names were chosen; no value has been read yet.
struct Opened<'m, 'o> {
    model: &'m ModelInfo,
    options: LoadOptions<'o>,
    found: find::Found,
    file: WeightsFile,
    choice: choose::Choice,
    /// Preprocessing and classes of a model that Striate saved.
    saved: Option<(Preprocess, Vec<String>)>,
}

impl<'m, 'o> Opened<'m, 'o> {
    /// `graph` is the network, if it is given rather than made to fit.
    fn open(
        places: &Places,
        model: &'m ModelInfo,
        source: &str,
        mut options: LoadOptions<'o>,
        graph: Option<&Graph>,
    ) -> Result<Self, WeightsError> {
        let found = find::find(places, model, source, &mut options.fetch)?;
        let file = WeightsFile::open(&found.path)?;
        let specs = match graph {
            Some(graph) => fit::specs(graph),
            None => fit::specs(&traced(model, model.num_classes, model.input)?),
        };
        let how = (found.path.as_path(), graph.is_some());
        let choice = choose::choose(file.dicts(), model, &specs, &options, how)?;
        let saved = match file.container() {
            Container::Model => {
                let saved = ModelFile::load(&found.path)?;
                Some((saved.preprocess, saved.classes))
            }
            _ => None,
        };
        Ok(Self { model, options, found, file, choice, saved })
    }

    /// The preprocessing that the `config.json` next to the weights, or the table, gives.
    fn card(&self) -> Option<Card> {
        let config = self.found.config.as_ref();
        config.map(|config| config.card).or(self.found.info.map(|info| info.card))
    }

    /// The network that these weights are for.
    fn graph(&self) -> Result<Graph, WeightsError> {
        let shape = |layer: &str| self.choice.shape(self.file.dicts(), &format!("{layer}.weight"));
        let classes = match shape(self.model.classifier) {
            Some(&[classes, ..]) if (1..=limits::CLASSES).contains(&classes) => classes,
            _ => self.model.num_classes,
        };
        let [mut channels, mut height, mut width] = self.model.input;
        if let Some(&[_, of_file, _, _]) = shape(self.model.first_conv)
            && matches!(of_file, 1 | 3)
        {
            channels = of_file;
        }
        match (&self.saved, self.card()) {
            (Some((preprocess, _)), _) => [channels, height, width] = preprocess.shape(),
            // Small networks have no card and take the images that they were made for.
            (None, Some(card)) => (height, width) = (card.size, card.size),
            (None, None) => {}
        }
        traced(self.model, classes, [channels, height, width])
    }

    fn load(mut self, graph: &Graph) -> Result<Loaded, WeightsError> {
        let weights = self.file.read(self.choice.dict)?;
        let (model, card) = (self.model, self.card());
        let dict = &self.file.dicts()[self.choice.dict];
        let mut notes = weights.notes;
        notes.append(&mut self.choice.notes);
        let which = (dict, &self.choice);
        let (params, fitted) =
            fit::fit(weights.tensors, which, (model, graph), &self.options, &self.found.path)?;
        notes.extend(fitted.notes);
        if let Some(doubt) = names::doubt(&self.choice.names).filter(|_| self.found.config.is_none()) {
            notes.push(doubt.into());
        }
        let (shape, outputs) =
            (graph.input_shape(), graph.output_shape().first().copied().unwrap_or_default());
        let (preprocess, classes) = match self.saved {
            Some((preprocess, classes)) => (Some(preprocess).filter(|p| p.shape() == shape), Some(classes)),
            None => {
                let usual = || for_model(model.name).next().map(|info| info.card);
                if card.is_none() && usual().is_some() {
                    notes.push(format!(
                        "the preprocessing of these weights is not known: that of {}'s usual weights is used",
                        model.name
                    ));
                }
                if let Some(card) = card.filter(|card| [card.size; 2] != shape[1..]) {
                    notes.push(format!(
                        "the weights are for images of {} px, but the network takes {} x {}",
                        card.size, shape[1], shape[2]
                    ));
                }
                let asked = self.found.config.iter().flat_map(|config| config.notes.clone());
                notes.extend(asked);
                // A network whose input is neither grayscale nor RGB does not take images.
                let card = card.or_else(usual).filter(|_| matches!(shape[0], 1 | 3));
                let preprocess = card.map(|card| card.preprocess(shape)).transpose()?;
                let named = self.found.config.and_then(|config| config.label_names);
                let is_imagenet = model.num_classes == 1000 && outputs == 1000 && !fitted.new_head;
                if is_imagenet && named.is_none() && self.found.info.is_none() {
                    notes.push(
                        "nothing names the 1000 classes: they are assumed to be those of ImageNet-1k".into(),
                    );
                }
                (preprocess, named.or_else(|| is_imagenet.then(imagenet_classes)))
            }
        };
        let classes = classes.filter(|names| names.len() == outputs && !fitted.new_head);
        let report = LoadReport {
            path: self.found.path,
            sha256: self.found.sha256,
            name: self.found.info.map(WeightsInfo::name),
            container: weights.container,
            new_head: fitted.new_head,
            notes,
        };
        Ok(Loaded { params, preprocess, classes, report })
    }
}

fn traced(model: &ModelInfo, classes: usize, input: [usize; 3]) -> Result<Graph, WeightsError> {
    Ok(trace((model.build)(classes, input[0]).as_ref(), Mode::Eval, input)?)
}
