//! Published weights: from a name, an address or a file to the parameters of a network.
//!
//! `table.rs` lists what is known by name, `places.rs` where it may lie on this machine, `find.rs` gets the file, and
//! `fit.rs` makes parameters of it, strictly. How the weights want their pictures (`card.rs`) and what their outputs are
//! called comes along.
//!
//! What may be typed, with the network it is for:
//!
//! | source | means |
//! | --- | --- |
//! | `resnet50` | the first entry of the table for it: torchvision's default |
//! | `resnet50.v1` | that entry |
//! | `timm/resnet18.a1_in1k` | a repository of the Hugging Face hub, read by its `config.json` |
//! | `https://...` | whatever is there |
//! | a path | a `.safetensors` or `.pth`, or a model that striate saved |

mod card;
mod error;
mod find;
mod fit;
mod places;
mod table;

pub use card::Card;
pub use error::WeightsError;
pub use places::Places;
pub use table::{ALL, WeightsInfo, find, for_model};

use crate::ModelInfo;
use std::path::PathBuf;
use striate_data::Preprocess;
use striate_data::fetch::FetchEvent;
use striate_formats::{Container, ModelFile, read_weights};
use striate_nn::graph::{Graph, Params};

/// What may be done to make weights fit, and to get them.
#[derive(Default)]
pub struct LoadOptions<'a> {
    /// A head of another size is replaced by a fresh one.
    pub new_head: bool,
    /// Key of the fresh head's values.
    pub seed: u64,
    /// Who hears of a download. Without a listener there is none, and no network is touched.
    pub fetch: Option<&'a mut dyn FnMut(FetchEvent<'_>)>,
}

/// Weights that fit a network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// The network's parameters.
    pub params: Params,
    /// How the weights want their pictures; `None` when nothing says so.
    pub preprocess: Option<Preprocess>,
    /// What their outputs are called; `None` when nothing says so, or the head is new.
    pub classes: Option<Vec<String>>,
    /// Where they came from.
    pub report: LoadReport,
}

/// Where weights came from, and what was done to them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// Their name, when the table knows them.
    pub name: Option<String>,
    /// How the file stores them.
    pub container: Container,
    /// Whether the head was made afresh.
    pub new_head: bool,
    /// What was left out, changed or assumed; for people.
    pub notes: Vec<String>,
}

/// Loads weights into a network: `graph` is a trace of `model`, with any number of classes and channels.
///
/// Every parameter of the graph must be in the file in its shape, and nothing else; PyTorch's counters of batches, the
/// prefixes of wrappers and timm's names of VGG's layers are taken care of. A first convolution for RGB is adapted to other
/// channels.
///
/// # Errors
/// When the weights are not here (with the address and the place to put them), are others than published, cannot be read,
/// or do not fit: then all that is missing, unexpected or of another shape is in the error.
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

/// [`load`] with the given places.
///
/// # Errors
/// Those of [`load`].
pub fn load_from(
    places: &Places,
    model: &ModelInfo,
    source: &str,
    graph: &Graph,
    mut options: LoadOptions<'_>,
) -> Result<Loaded, WeightsError> {
    let found = find::find(places, model, source, &mut options.fetch)?;
    let weights = read_weights(&found.path)?;
    let mut notes = weights.notes;
    let (params, fitted) = fit::fit(weights.tensors, model, graph, &options, &found.path)?;
    notes.extend(fitted.notes);
    let outputs = graph.output_shape().first().copied().unwrap_or_default();
    let (preprocess, classes) = if weights.container == Container::Model {
        let file = ModelFile::load(&found.path)?;
        (Some(file.preprocess).filter(|p| p.shape() == graph.input_shape()), Some(file.classes))
    } else {
        let card = found.config.as_ref().map(|config| config.card).or(found.info.map(|info| info.card));
        let usual = || for_model(model.name).next().map(|info| info.card);
        if card.is_none() && usual().is_some() {
            notes.push(format!(
                "nothing says how these weights want their pictures: as {}'s usual ones do",
                model.name
            ));
        }
        let shape = graph.input_shape();
        // What is neither grey nor RGB has no pictures.
        let card = card.or_else(usual).filter(|_| matches!(shape[0], 1 | 3));
        let preprocess = card.map(|card| card.preprocess(shape)).transpose()?;
        let named = found.config.and_then(|config| config.label_names);
        let imagenet = || (model.num_classes == 1000).then(imagenet_classes);
        (preprocess, named.or_else(imagenet))
    };
    let classes = classes.filter(|names| names.len() == outputs && !fitted.new_head);
    let report = LoadReport {
        path: found.path,
        sha256: found.sha256,
        name: found.info.map(WeightsInfo::name),
        container: weights.container,
        new_head: fitted.new_head,
        notes,
    };
    Ok(Loaded { params, preprocess, classes, report })
}

/// The names of the 1000 classes of ImageNet-1k, in the order of torchvision's labels.
pub fn imagenet_classes() -> Vec<String> {
    include_str!("../../assets/imagenet1k.txt").lines().map(str::to_string).collect()
}
