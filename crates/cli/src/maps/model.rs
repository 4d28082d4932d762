//! Which network to look into: a model file, the folder of a run, or a name with weights.

use std::path::Path;

use clap::Args as ClapArgs;
use striate::formats::ModelFile;
use striate::graph::Engine;
use striate::models::registry;
use striate::models::weights::LoadOptions;

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

/// A network to look into.
pub(crate) struct Subject {
    pub(crate) model: ModelFile,
    pub(crate) engine: Engine,
    /// What it is called in pages and messages.
    pub(crate) name: String,
}

impl ModelFlags {
    /// Whether the network was given by name, so that no path stands for it.
    pub(crate) fn is_named(&self) -> bool {
        self.model.is_some()
    }

    /// The network in `file`, or the one that was named.
    pub(crate) fn load(&self, file: Option<&Path>) -> anyhow::Result<Subject> {
        let engine = self.threads.engine()?;
        let (model, name) = match (file, &self.model) {
            (Some(file), _) => (ModelFile::load(&model_path(file))?, file.display().to_string()),
            (None, Some(name)) => {
                let info = registry::find(name)?;
                let source = self.weights.as_deref().unwrap_or(info.name);
                let load = |fetch: Listener<'_>| {
                    Pretrained::load(info, source, LoadOptions { fetch, ..LoadOptions::default() })
                };
                (self.fetch.with(load)?.model(&engine)?, name.clone())
            }
            (None, None) => unreachable!("one of both names the network"),
        };
        Ok(Subject { model, engine, name })
    }
}
