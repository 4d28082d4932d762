//! The model file: one safetensors file with a complete classifier, which is loaded without running code.

use crate::container::{Container, Kind, check_limit};
use crate::disk::{Disk, RealDisk, save};
use crate::error::{FormatError, Problem};
use crate::golden::{Encoded, Golden, by_session};
use crate::limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use striate_base::memory::room_for;
use striate_graph::{Engine, Graph, Params};
use striate_image::Preprocess;

const GRAPH: &str = "striate.graph";
const PREPROCESS: &str = "striate.preprocess";
const CLASSES: &str = "striate.classes";
const PROVENANCE: &str = "striate.provenance";
const GOLDEN: &str = "striate.golden";

/// A classifier: the network, its parameters, its preprocessing, the names of its classes, its provenance, and a few golden
/// logits that verify it.
///
/// In the file, parameters have PyTorch's names; everything else is JSON in the metadata, under `striate.graph`,
/// `striate.preprocess`, `striate.classes`, `striate.provenance` and `striate.golden`. `striate.sha256` covers everything.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// The network, traced for inference.
    pub graph: Graph,
    /// The parameters of the network.
    pub params: Params,
    /// The preprocessing of images.
    pub preprocess: Preprocess,
    /// One name per output, in order.
    pub classes: Vec<String>,
    /// The origin of the model.
    pub provenance: Provenance,
    /// The inputs and logits that verify the network.
    pub golden: Golden,
}

/// The origin of a model. It contains neither date nor machine name, so that the same training gives the same file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The version of the program that trained it.
    pub striate_version: String,
    /// The name of the network, such as `resnet18`.
    pub model: String,
    /// The name of the data set.
    pub data: String,
    /// The SHA-256 of the data set's content.
    pub data_sha256: String,
    /// The random seed of the training.
    pub seed: u64,
    /// The number of epochs that led to these parameters.
    pub epochs: usize,
    /// The command that the user typed.
    pub command: String,
    /// The folder of the data set as the user typed it, if its name alone does not find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source: Option<String>,
}

impl Provenance {
    /// Returns the text that finds the data set again: its folder, or its name.
    pub fn source(&self) -> &str {
        self.data_source.as_deref().unwrap_or(&self.data)
    }
}

impl ModelFile {
    /// Creates a model and computes its golden logits.
    ///
    /// # Errors
    /// If the arguments do not fit together.
    pub fn new(
        graph: Graph,
        params: Params,
        preprocess: Preprocess,
        classes: Vec<String>,
        provenance: Provenance,
        engine: &Engine,
    ) -> Result<Self, Problem> {
        let mut model = Self::without_golden(graph, params, preprocess, classes, provenance)?;
        model.golden = Golden::new(&model.graph, &model.params, &model.preprocess, engine)?;
        Ok(model)
    }

    /// Checks that the parts fit together; there are no golden logits yet.
    pub(crate) fn without_golden(
        graph: Graph,
        params: Params,
        preprocess: Preprocess,
        classes: Vec<String>,
        provenance: Provenance,
    ) -> Result<Self, Problem> {
        let golden = Golden::default();
        let model = Self { graph, params, preprocess, classes, provenance, golden };
        model.check_graph()?;
        check_params(&model.graph, &model.params)?;
        model.check_work()?;
        Ok(model)
    }

    /// Returns the bytes of the file; equal content gives equal bytes.
    ///
    /// # Errors
    /// If a loader would reject the bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Problem> {
        self.check()?;
        let mut container = Container::new(Kind::Model);
        container.tensors = self.params.clone();
        container.put_json(GRAPH, &self.graph);
        container.put_json(PREPROCESS, &self.preprocess);
        container.put_json(CLASSES, &self.classes);
        container.put_json(PROVENANCE, &self.provenance);
        container.put_json(GOLDEN, &self.golden.encode());
        container.to_bytes()
    }

    /// Writes the file in one step: at every moment, the file at `path` is either the old one or this one.
    ///
    /// # Errors
    /// If a loader would reject the file, or the file system reports an error.
    pub fn save(&self, path: &Path) -> Result<(), FormatError> {
        self.save_on(&RealDisk, path)
    }

    /// Writes the file like [`save`](Self::save), on the given disk.
    ///
    /// # Errors
    /// Those of [`save`](Self::save).
    pub fn save_on(&self, disk: &dyn Disk, path: &Path) -> Result<(), FormatError> {
        save(disk, path, self.to_bytes())
    }

    /// Loads a model, and checks that it still computes the golden logits.
    ///
    /// # Errors
    /// If the file is not valid; all missing, unexpected and mismatched arrays are listed.
    pub fn load(path: &Path) -> Result<Self, FormatError> {
        Self::load_unverified(path)?.verified().map_err(|p| p.at(path))
    }

    /// Like [`load`](Self::load), without computing the golden logits.
    pub(crate) fn load_unverified(path: &Path) -> Result<Self, FormatError> {
        let (file, file_bytes) = open(path)?;
        Self::read(&mut BufReader::new(file), file_bytes).map_err(|p| p.at(path))
    }

    /// Loads a model like [`load`](Self::load), from memory.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        Self::from_bytes_unverified(bytes)?.verified()
    }

    /// Like [`from_bytes`](Self::from_bytes), without computing the golden logits.
    pub(crate) fn from_bytes_unverified(bytes: &[u8]) -> Result<Self, Problem> {
        Self::read(&mut &bytes[..], bytes.len() as u64)
    }

    /// Reads and checks everything but the golden logits.
    fn read(from: &mut dyn Read, file_bytes: u64) -> Result<Self, Problem> {
        let mut container = Container::read(from, file_bytes, Kind::Model)?;
        let model = Self {
            graph: container.json(GRAPH)?,
            preprocess: container.json(PREPROCESS)?,
            classes: container.json(CLASSES)?,
            provenance: container.json(PROVENANCE)?,
            golden: Golden::decode(&container.json::<Encoded>(GOLDEN)?)?,
            params: Params::default(),
        };
        // The graph comes before its parameters, because it determines their shapes.
        model.check_graph()?;
        check_params(&model.graph, &container.tensors)?;
        model.check_work()?;
        model.golden.check(&model.preprocess, model.classes.len())?;
        // Structure first: those errors say more than a hash can.
        container.check_hash()?;
        let model = Self { params: std::mem::take(&mut container.tensors), ..model };
        room_for_session(&model.params)?;
        Ok(model)
    }

    pub(crate) fn verified(self) -> Result<Self, Problem> {
        self.verify(&Engine::new(Some(1)).map_err(Problem::Engine)?)?;
        Ok(self)
    }

    /// Computes the golden logits again on `engine` and returns the largest difference.
    ///
    /// # Numerics
    /// The difference may be at most 1e-4 of the largest logit of the image, or of 1 if that is larger.
    ///
    /// # Errors
    /// [`Problem::Golden`] if the difference is larger.
    pub fn verify(&self, engine: &Engine) -> Result<f32, Problem> {
        let run = by_session(&self.graph, &self.params, &self.preprocess, engine)?;
        self.golden.verify(&self.preprocess, run)
    }

    /// Computes the SHA-256 of a file, in lower-case hexadecimal.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sha256(path: &Path) -> Result<String, FormatError> {
        let fail = |source| FormatError::Read { path: path.to_path_buf(), source };
        let mut file = File::open(path).map_err(fail)?;
        let (mut hasher, mut buffer) = (crate::bits::Hasher::default(), [0; 1 << 16]);
        loop {
            match file.read(&mut buffer).map_err(fail)? {
                0 => return Ok(hasher.hex()),
                n => hasher.update(&buffer[..n]),
            }
        }
    }

    fn check(&self) -> Result<(), Problem> {
        self.check_graph()?;
        check_params(&self.graph, &self.params)?;
        self.check_work()?;
        self.golden.check(&self.preprocess, self.classes.len())
    }

    /// Checks the graph, and that its input and output match the preprocessing and the classes.
    fn check_graph(&self) -> Result<(), Problem> {
        let graph = &self.graph;
        check_limit("operations in the network", limits::NODES, graph.nodes.len())?;
        if graph.nodes.is_empty() {
            return Err(Problem::Entry { key: GRAPH, reason: "it has no operations".into() });
        }
        for node in &graph.nodes {
            check_limit("inputs of an operation", limits::INPUTS, node.inputs.len())?;
            check_limit("sizes of a value", limits::RANK, node.shape.len())?;
            let op = serde_json::to_value(&node.op).expect("an operation has a JSON form");
            check_limit("a size in the network", limits::SIZE, largest(&op))?;
        }
        graph.check()?;
        check_evaluates(graph)?;
        check_limit("classes", limits::CLASSES, self.classes.len())?;
        let shapes: [(&str, &[usize], &[usize]); 2] = [
            ("shape of the network's input", &self.preprocess.shape(), &graph.input_shape()),
            ("shape of the network's output", &[self.classes.len()], graph.output_shape()),
        ];
        for (what, expected, got) in shapes {
            if expected != got {
                return Err(Problem::Disagree {
                    what,
                    expected: format!("{expected:?}"),
                    got: format!("{got:?}"),
                });
            }
        }
        Ok(())
    }

    /// Checks that one image takes no more memory and time than the size of the file justifies. Must run after the parameters
    /// were checked, since they bound the sizes of every layer.
    fn check_work(&self) -> Result<(), Problem> {
        let graph = &self.graph;
        let pixels = self.preprocess.sample_len() as u64;
        let all = graph.activation_values().map_err(|error| Problem::Session(error.into()))?;
        let most = limits::VALUES.min(limits::VALUES_PER_PIXEL.saturating_mul(pixels));
        check_most("values in all activations of an image, in memory", most, all)?;
        let per_image = limits::STEPS_PER_PIXEL.saturating_mul(pixels);
        let per_weight = limits::PACKED.saturating_mul(graph.parameter_count() as u64);
        let most = limits::STEPS.min(per_image.saturating_add(per_weight));
        check_most("values that the network combines for an image", most, graph.cost().steps)
    }
}

fn check_most(what: &'static str, limit: u64, got: u64) -> Result<(), Problem> {
    if got > limit { Err(Problem::Limit { what, limit, got }) } else { Ok(()) }
}

/// The largest integer in a JSON value.
fn largest(value: &Value) -> usize {
    match value {
        Value::Number(number) => number.as_u64().map_or(0, |n| usize::try_from(n).unwrap_or(usize::MAX)),
        Value::Array(values) => values.iter().map(largest).max().unwrap_or(0),
        Value::Object(entries) => entries.values().map(largest).max().unwrap_or(0),
        _ => 0,
    }
}

/// Checks that the network is one for inference: an image's output must not depend on other images or on chance.
fn check_evaluates(graph: &Graph) -> Result<(), Problem> {
    match graph.in_training() {
        Some(node) => Err(Problem::Training { layer: node.name.clone() }),
        None => Ok(()),
    }
}

/// Checks that there is memory for the session that verifies a model: one copy of its parameters, and one laid out for the
/// kernels.
fn room_for_session(params: &Params) -> Result<(), Problem> {
    let values = params.iter().map(|(_, array)| array.len() as u64);
    let bytes = values.fold(0_u64, |sum, values| sum.saturating_add(values.saturating_mul(8)));
    Ok(room_for(bytes)?)
}

/// Checks names and shapes, and that every value is finite.
fn check_params(graph: &Graph, params: &Params) -> Result<(), Problem> {
    params.check(graph)?;
    let bad = |array: &ndarray::ArrayD<f32>| array.iter().filter(|v| !v.is_finite()).count();
    let tensors: Vec<_> =
        params.iter().map(|(name, a)| (name.to_string(), bad(a), a.len())).filter(|t| t.1 > 0).collect();
    if tensors.is_empty() { Ok(()) } else { Err(Problem::NonFinite { tensors }) }
}

/// Opens a regular file and returns its size.
pub(crate) fn open(path: &Path) -> Result<(File, u64), FormatError> {
    let fail = |source| FormatError::Read { path: path.to_path_buf(), source };
    let metadata = std::fs::metadata(path).map_err(fail)?;
    if !metadata.is_file() {
        let problem = if metadata.is_dir() {
            "a folder, expected a file"
        } else {
            "a pipe or a device, expected a file"
        };
        return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, problem)));
    }
    Ok((File::open(path).map_err(fail)?, metadata.len()))
}
