//! Which network to look into: a model file, the folder of a run, one that comes with its weights, or a name with weights.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use striate::formats::{FormatError, ModelFile};
use striate::graph::Engine;
use striate::models::weights::LoadOptions;
use striate::models::{registry, shipped};

use crate::exit::Usage;
use crate::flags::{Threads, model_path};
use crate::flags_weights::{FetchFlag, Listener};
use crate::pretrained::Pretrained;

/// The flags of a network by name; flattened into the commands that look into one.
#[derive(Debug, ClapArgs)]
pub(crate) struct ModelFlags {
    /// A network by name ('striate models' lists them), with published weights, in place of a model file
    #[arg(short, long, value_name = "NAME")]
    model: Option<String>,
    /// Its weights: a name, a file (.safetensors, .pth), or a URL [default: those named like the network]
    #[arg(short, long, value_name = "SOURCE", requires = "model")]
    weights: Option<String>,
    #[command(flatten)]
    fetch: FetchFlag,
    #[command(flatten)]
    threads: Threads,
}

/// A network alone; flattened into the commands that need no picture.
#[derive(Debug, ClapArgs)]
pub(crate) struct ModelArg {
    /// A model file, the folder of a run, or convnet, convnet_gap or mlp, which come with their weights (not with --model)
    #[arg(required_unless_present = "model", conflicts_with = "model", value_name = "MODEL")]
    path: Option<PathBuf>,
    #[command(flatten)]
    flags: ModelFlags,
}

/// A network to look into.
pub(crate) struct Subject {
    pub(crate) model: ModelFile,
    pub(crate) engine: Engine,
    /// What it is called in pages and messages.
    pub(crate) name: String,
}

impl ModelArg {
    /// Loads it.
    pub(crate) fn load(&self) -> anyhow::Result<Subject> {
        self.flags.load(self.path.as_deref())
    }
}

impl ModelFlags {
    /// Whether the network was given by name, so that no path stands for it.
    pub(crate) fn is_named(&self) -> bool {
        self.model.is_some()
    }

    /// The network that `path` names, or the one of `--model`.
    pub(crate) fn load(&self, path: Option<&Path>) -> anyhow::Result<Subject> {
        let engine = self.threads.engine()?;
        let (model, name) = match (path, &self.model) {
            (Some(path), _) => (open_model(path)?, path.display().to_string()),
            (None, Some(name)) => (named(name, self.weights.as_deref(), self.fetch, &engine)?, name.clone()),
            (None, None) => unreachable!("one of both names the network"),
        };
        Ok(Subject { model, engine, name })
    }
}

/// The network in a file or the folder of a run, or the one of that name that comes with its weights. What lies there goes
/// before a name.
pub(crate) fn open_model(path: &Path) -> anyhow::Result<ModelFile> {
    let shipped = path.to_str().and_then(shipped::find).filter(|_| !model_path(path).exists());
    if let Some(shipped) = shipped {
        return of_shipped(shipped);
    }
    let is_a_word = path.components().count() == 1 && path.extension().is_none();
    if is_a_word && !path.exists() {
        let (path, names) = (path.display(), shipped::names().join(", "));
        return Err(Usage(format!(
            "{path}: no file or folder of that name, and no network that comes with its weights; those are {names}; for \
             another one give --model NAME and its weights, or train it"
        ))
        .into());
    }
    Ok(ModelFile::load(&model_path(path))?)
}

/// The network `name` with the weights of `source`, by default those it comes with, or the published ones named like it.
pub(crate) fn named(
    name: &str,
    source: Option<&str>,
    fetch: FetchFlag,
    engine: &Engine,
) -> anyhow::Result<ModelFile> {
    if let (Some(shipped), None) = (shipped::find(name), source) {
        return of_shipped(shipped);
    }
    let info = registry::find(name)?;
    let source = source.unwrap_or(info.name);
    let load =
        |fetch: Listener<'_>| Pretrained::load(info, source, LoadOptions { fetch, ..LoadOptions::default() });
    fetch.with(load)?.model(engine)
}

fn of_shipped(shipped: &shipped::Shipped) -> anyhow::Result<ModelFile> {
    let damaged = |problem| FormatError::Content { path: shipped.name.into(), problem };
    Ok(shipped.load().map_err(damaged)?)
}
