//! The network that a command measures: given by name or as a model file, for inference or for training.

use std::path::{Path, PathBuf};

use clap::Args;
use striate::formats::ModelFile;
use striate::graph::{Graph, Mode, Params, trace};
use striate::lab::speed::{Subject, Work};
use striate::models::registry::{self, ModelInfo};

use crate::exit::Usage;
use crate::flags::{count, model_path, side};

/// The sizes of the batch and of the images; flattened into the commands that measure a network.
#[derive(Debug, Clone, Args)]
pub(crate) struct Size {
    /// Batch size [default: 1, or 16 with --train]
    #[arg(short, long, value_name = "N", value_parser = count)]
    batch: Option<usize>,
    /// Height and width of the images in pixels [default: the network's own]
    #[arg(long, value_name = "PX", value_parser = side)]
    imgsz: Option<usize>,
    /// Measure a training step instead of inference
    #[arg(long)]
    train: bool,
}

impl Size {
    /// Whether any of these flags was given.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.batch.is_some() || self.imgsz.is_some() || self.train
    }

    /// Whether a training step is measured.
    pub(crate) fn trains(&self) -> bool {
        self.train
    }

    /// The network in that file or with that name.
    pub(crate) fn subject(&self, model: &Path) -> anyhow::Result<Subject> {
        let work = if self.train { Work::Training } else { Work::Inference };
        let batch = self.batch.unwrap_or(if self.train { 16 } else { 1 });
        let (name, graph, params) = match model.exists() {
            true => self.file(model)?,
            false => self.named(&model.to_string_lossy())?,
        };
        Ok(Subject { model: name, graph, params, work, batch })
    }

    fn named(&self, name: &str) -> anyhow::Result<(String, Graph, Params)> {
        let info = find(name)?;
        let [channels, ..] = info.input;
        let input = self.imgsz.map_or(info.input, |side| [channels, side, side]);
        let graph = traced(info, self.mode(), info.num_classes, input)?;
        let params = Params::init(&graph, 0);
        Ok((info.name.into(), graph, params))
    }

    /// A file holds the inference graph only; for training, the network is rebuilt from the name in the file.
    fn file(&self, path: &Path) -> anyhow::Result<(String, Graph, Params)> {
        if self.imgsz.is_some() {
            return Err(Usage(
                "--imgsz is for networks given by name; a model file has a fixed input size".into(),
            )
            .into());
        }
        let path: PathBuf = model_path(path);
        let file = ModelFile::load(&path)?;
        let name = file.provenance.model.clone();
        if !self.train {
            return Ok((name, file.graph, file.params));
        }
        let info = registry::find(&name).map_err(|unknown| {
            Usage(format!("{}: cannot build its network for training: {unknown}", path.display()))
        })?;
        let graph = traced(info, self.mode(), file.classes.len(), file.graph.input_shape())?;
        let params = Params::init(&graph, 0);
        Ok((name, graph, params))
    }

    fn mode(&self) -> Mode {
        if self.train { Mode::Train } else { Mode::Eval }
    }
}

/// The network of that name, with an error that mentions files, since a file could have been meant.
pub(crate) fn find(name: &str) -> Result<&'static ModelInfo, Usage> {
    registry::find(name)
        .map_err(|unknown| Usage(format!("no file or network is called {name:?}; {}", unknown.advice())))
}

/// The graph of a network for this number of classes and `input` images, `[C, H, W]`.
pub(crate) fn traced(
    info: &ModelInfo,
    mode: Mode,
    classes: usize,
    input: [usize; 3],
) -> Result<Graph, Usage> {
    let [channels, height, width] = input;
    let net = (info.build)(classes, channels);
    let graph = trace(net.as_ref(), mode, input);
    graph.map_err(|error| Usage(format!("{} for {height}x{width} images: {error}", info.name)))
}
