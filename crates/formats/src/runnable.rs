//! A model that can only predict: its golden logits are computed by the same plan that predicts, so that its parameters are laid
//! out for the kernels once and kept in memory once.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use crate::error::{FormatError, Problem};
use crate::golden::{Golden, most_bytes};
use crate::model_file::{ModelFile, Provenance};
use std::path::Path;
use striate_graph::{Arithmetic, Engine, Graph, Params, Runner};
use striate_image::Preprocess;

/// A model that was read and checked, except for its golden logits.
///
/// Its graph is known, so an engine can be chosen for it before it becomes [`Runnable`]. For everything but prediction, there is
/// [`ModelFile`].
#[derive(Debug, Clone)]
pub struct Unverified {
    model: ModelFile,
    /// Whether there are golden logits to compare; a model that does not come from a model file has none.
    has_golden: bool,
}

/// A network ready to run, with its preprocessing and the names of its classes, but without the parameters as they were saved.
#[derive(Clone)]
pub struct Runnable {
    /// The network.
    pub runner: Runner,
    /// How images become its input.
    pub preprocess: Preprocess,
    /// One name per output, in order.
    pub classes: Vec<String>,
}

impl Unverified {
    /// Assembles a model.
    ///
    /// # Errors
    /// If the parts do not fit together.
    pub fn new(
        graph: Graph,
        params: Params,
        preprocess: Preprocess,
        classes: Vec<String>,
        provenance: Provenance,
    ) -> Result<Self, Problem> {
        let model = ModelFile::without_golden(graph, params, preprocess, classes, provenance)?;
        Ok(Self { model, has_golden: false })
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// If it is not valid; all missing, unexpected and mismatched arrays are listed.
    ///
    /// # Example
    /// ```no_run
    /// use std::path::Path;
    /// use striate_formats::Unverified;
    /// use striate_graph::Engine;
    ///
    /// let model = Unverified::load(Path::new("runs/digits/model.safetensors"))?;
    /// let is_small = model.graph().multiply_adds() < 50_000_000;
    /// let model = model.runnable(&Engine::new(is_small.then_some(1))?)?;
    /// println!("{} classes in {} bytes", model.classes.len(), model.runner.memory_bytes());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(path: &Path) -> Result<Self, FormatError> {
        Ok(Self { model: ModelFile::load_unverified(path)?, has_golden: true })
    }

    /// Reads a model file from memory, like [`load`](Self::load).
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        Ok(Self { model: ModelFile::from_bytes_unverified(bytes)?, has_golden: true })
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.model.graph
    }

    /// Prepares the network for use on the threads of `engine`, and compares the golden logits. The parameters are dropped one by
    /// one, each once it is laid out for the kernels.
    ///
    /// # Errors
    /// [`Problem::Golden`] if a logit differs from that in the file by more than [`ModelFile::verify`] allows;
    /// [`Problem::Logits`] if the model does not come from a file and one of its logits is not finite; others if there is not
    /// enough memory for a run.
    pub fn runnable(self, engine: &Engine) -> Result<Runnable, Problem> {
        let Self { model, has_golden } = self;
        // The logits of a file are those of the usual arithmetic, for which the parameters may lie in another layout.
        let is_other = has_golden && engine.arithmetic() != Arithmetic::default();
        if is_other {
            model.verify(&engine.clone().with_arithmetic(Arithmetic::default()))?;
        }
        let ModelFile { graph, params, preprocess, classes, golden, .. } = model;
        let golden = if has_golden { golden } else { Golden::images(&preprocess)? };
        let most_bytes = (!is_other).then(|| most_bytes(&params, &preprocess));
        let mut runner = Runner::new(graph, params, engine.clone(), most_bytes)?;
        let run = |image: &[f32]| Ok(runner.run_slice(image, 1)?.to_vec());
        if !has_golden {
            golden.filled(&preprocess, run)?;
        } else if !is_other {
            golden.verify(&preprocess, run)?;
        }
        Ok(Runnable { runner, preprocess, classes })
    }
}
