//! The network to inspect: a model file, the folder of a run, a shipped model, or a name with weights.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use striate::formats::{Container, FormatError, ModelFile, Problem, Unverified, WeightsFile};
use striate::graph::Engine;
use striate::models::registry;
use striate::models::shipped::{self, Shipped};

use super::labels::{first, read_labels};
use crate::exit::{BadData, Usage};
use crate::flags::{Threads, model_path};
use crate::flags_weights::{LoadFlags, say};
use crate::out;
use striate::{Predictor, Pretrained};

/// A network by name with weights; flattened into the commands that accept one in place of a model file.
#[derive(Debug, ClapArgs)]
pub(crate) struct NamedFlags {
    /// In place of a model file, a network by name ('striate models' lists them), with published weights or your own
    #[arg(short, long, value_name = "NAME")]
    model: Option<String>,
    /// Weights of this network: a name, a file (.safetensors, .pth), or a URL [default: those named after the network]
    #[arg(short, long, value_name = "SOURCE", requires = "model")]
    weights: Option<String>,
    #[command(flatten)]
    load: LoadFlags,
    /// Text file with the names of the network's classes, one per line, in the order of its outputs
    #[arg(long, value_name = "FILE", requires = "model")]
    labels: Option<PathBuf>,
}

impl NamedFlags {
    /// The value of `--model`.
    pub(crate) fn name(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The flags as they were typed, for hints about the same network.
    pub(crate) fn typed(&self) -> Vec<String> {
        let labels = self.labels.as_ref().map(|path| path.display().to_string());
        let flags = [
            ("--model", self.model.as_ref()),
            ("--weights", self.weights.as_ref()),
            ("--labels", labels.as_ref()),
        ];
        let typed = flags.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?.clone()]));
        typed.flatten().chain(self.load.typed()).collect()
    }

    /// The network `name` with the weights that were asked for, or its shipped or published weights. Where nothing names the
    /// classes, they are called `usual`, if their number fits.
    pub(crate) fn load(&self, name: &str, usual: &[String], engine: &Engine) -> anyhow::Result<ModelFile> {
        Ok(match self.find(name, usual)? {
            Found::Shipped(shipped) => shipped.load().map_err(|problem| damaged(shipped, problem))?,
            Found::Pretrained(pretrained) => pretrained.model(engine)?,
        })
    }

    /// Like [`load`](Self::load), for a network that only predicts.
    pub(crate) fn open(&self, name: &str) -> anyhow::Result<Opened> {
        let (model, path) = match self.find(name, &[])? {
            Found::Shipped(shipped) => return Opened::shipped(shipped),
            Found::Pretrained(pretrained) => (pretrained.unverified()?, None),
        };
        Ok(Opened { model, path })
    }

    fn find(&self, name: &str, usual: &[String]) -> anyhow::Result<Found> {
        let labels = match &self.labels {
            Some(path) => Some((path, read_labels(path)?)),
            None => None,
        };
        if let (Some(shipped), None, None) = (shipped::find(name), &self.weights, &labels) {
            return Ok(Found::Shipped(shipped));
        }
        let info = registry::find(name)?;
        let source = self.weights.as_deref().unwrap_or(info.name);
        let mut pretrained = self.load.with(|options| Pretrained::load(info, source, options))?;
        say(&pretrained.report.notes);
        let outputs = pretrained.outputs();
        let classes = &mut pretrained.classes;
        if let Some((path, labels)) = labels {
            if labels.len() != outputs {
                let (path, got) = (path.display(), labels.len());
                return Err(BadData(format!(
                    "{path}: expected {outputs} names, one per output of the network, got {got}"
                ))
                .into());
            }
            *classes = Some(labels);
        } else if classes.is_none() && usual.len() == outputs {
            out::tell(format!(
                "note: the {outputs} classes of these weights have no names, so they get those of the data, in the same order ({}); \
                 --labels FILE overrides them",
                first(usual)
            ));
            *classes = Some(usual.to_vec());
        } else if classes.is_none() {
            let last = outputs.saturating_sub(1);
            out::tell(format!(
                "note: the {outputs} classes of these weights have no names, so they are called class 0 to class {last}; --labels FILE names \
                 them"
            ));
        }
        Ok(Found::Pretrained(Box::new(pretrained)))
    }
}

/// A network by name.
enum Found {
    Shipped(&'static Shipped),
    Pretrained(Box<Pretrained>),
}

/// A network whose golden logits are still to be computed.
pub(crate) struct Opened {
    pub(crate) model: Unverified,
    /// What is to be named when they are wrong, if there is a file or a shipped model.
    path: Option<PathBuf>,
}

impl Opened {
    fn shipped(shipped: &Shipped) -> anyhow::Result<Self> {
        let model = Unverified::from_bytes(shipped.bytes).map_err(|problem| damaged(shipped, problem))?;
        Ok(Self { model, path: Some(shipped.name.into()) })
    }

    /// The network, ready to predict.
    pub(crate) fn predictor(self, engine: &Engine) -> anyhow::Result<Predictor> {
        Predictor::new(self.model, engine).map_err(|problem| match self.path {
            Some(path) => FormatError::Content { path, problem }.into(),
            None => problem.into(),
        })
    }
}

/// The flags of a network by name, and the threads; flattened into the commands that inspect a network.
#[derive(Debug, ClapArgs)]
pub(crate) struct ModelFlags {
    #[command(flatten)]
    named: NamedFlags,
    #[command(flatten)]
    threads: Threads,
}

/// A network without an image; flattened into the commands that need only a network.
#[derive(Debug, ClapArgs)]
pub(crate) struct ModelArg {
    /// A model file, the folder of a run, or one of the shipped models convnet, convnet_gap and mlp (not with --model)
    #[arg(required_unless_present = "model", conflicts_with = "model", value_name = "MODEL")]
    path: Option<PathBuf>,
    #[command(flatten)]
    flags: ModelFlags,
}

/// A network to inspect.
pub(crate) struct Subject {
    pub(crate) model: ModelFile,
    pub(crate) engine: Engine,
    /// The name of the network in pages and messages.
    pub(crate) name: String,
}

impl ModelArg {
    /// Loads the network.
    pub(crate) fn load(&self) -> anyhow::Result<Subject> {
        self.flags.load(self.path.as_deref())
    }
}

impl ModelFlags {
    /// Whether the network was given by `--model`, so that there is no path for it.
    pub(crate) fn is_named(&self) -> bool {
        self.named.name().is_some()
    }

    /// The flags that name the network, as they were typed, for hints.
    pub(crate) fn typed(&self) -> Vec<String> {
        self.named.typed()
    }

    /// The network that `path` names, or the one of `--model`.
    pub(crate) fn load(&self, path: Option<&Path>) -> anyhow::Result<Subject> {
        let engine = self.threads.engine()?;
        let (model, name) = match (path, self.named.name()) {
            (Some(path), _) => (open_model(path)?, path.display().to_string()),
            (None, Some(name)) => (self.named.load(name, &[], &engine)?, name.to_owned()),
            (None, None) => unreachable!("one of both names the network"),
        };
        Ok(Subject { model, engine, name })
    }
}

/// The network in a file or in the folder of a run, or the shipped model of that name. An existing file takes precedence over a
/// name.
pub(crate) fn open_model(path: &Path) -> anyhow::Result<ModelFile> {
    match place(path)? {
        Place::Shipped(shipped) => Ok(shipped.load().map_err(|problem| damaged(shipped, problem))?),
        Place::File(path) => {
            ModelFile::load(&path).map_err(|error| weights_alone(&path).unwrap_or_else(|| error.into()))
        }
    }
}

/// Like [`open_model`], for a network that only predicts.
pub(crate) fn open_to_predict(path: &Path) -> anyhow::Result<Opened> {
    match place(path)? {
        Place::Shipped(shipped) => Opened::shipped(shipped),
        Place::File(path) => match Unverified::load(&path) {
            Ok(model) => Ok(Opened { model, path: Some(path) }),
            Err(error) => Err(weights_alone(&path).unwrap_or_else(|| error.into())),
        },
    }
}

/// What a path means.
enum Place {
    Shipped(&'static Shipped),
    File(PathBuf),
}

fn place(path: &Path) -> anyhow::Result<Place> {
    let shipped = path.to_str().and_then(shipped::find).filter(|_| !model_path(path).exists());
    if let Some(shipped) = shipped {
        return Ok(Place::Shipped(shipped));
    }
    let is_a_word = path.components().count() == 1 && path.extension().is_none();
    if is_a_word && !path.exists() {
        let (path, names) = (path.display(), shipped::names().join(", "));
        return Err(Usage(format!(
            "{path}: there is no file, folder or shipped model of that name; the shipped models are {names}; for another \
             network, use --model NAME with weights, or train it"
        ))
        .into());
    }
    Ok(Place::File(model_path(path)))
}

/// The error for weights in place of a model file; `None` when the file is something else.
fn weights_alone(path: &Path) -> Option<anyhow::Error> {
    WeightsFile::open(path).ok().filter(|file| file.container() != Container::Model)?;
    let path = path.display();
    let why = "these are weights without their network; name the network with";
    Some(
        Usage(format!("{path}: {why} --model NAME --weights {path} ('striate models' lists the networks)"))
            .into(),
    )
}

fn damaged(shipped: &Shipped, problem: Problem) -> FormatError {
    FormatError::Content { path: shipped.name.into(), problem }
}
