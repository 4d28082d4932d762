//! The state of a training run: everything that it needs to continue.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use crate::container::{Container, Kind};
use crate::disk::{Disk, RealDisk, write_keeping_on};
use crate::error::{FormatError, Problem};
use crate::model_file::open;
use ndarray::ArrayD;
use std::ffi::OsString;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use striate_base::memory::reserved;
use striate_graph::Params;

const STATE: &str = "striate.state";

/// The state of a training run: parameters, optimizer state, the best parameters so far, and the training loop's own state as
/// JSON.
///
/// It is stored as one safetensors file, with arrays under `params.`, `optimizer.` and `best.`. The file includes its SHA-256,
/// and a damaged file is rejected as a whole, since continuing from wrong numbers would be worse than starting again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// The current parameters.
    pub params: Params,
    /// The state of the optimizer, named as in `TrainStep::optimizer_state`.
    pub optimizer: Params,
    /// The parameters of the best epoch so far; empty before the end of the first epoch.
    pub best: Params,
    /// The training loop's own state, as JSON.
    pub state: String,
}

impl Checkpoint {
    /// Returns the bytes of the file; equal content gives equal bytes.
    ///
    /// # Errors
    /// If there are more arrays than a file may hold.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Problem> {
        let mut container = Container::new(Kind::Checkpoint);
        container.metadata.insert(STATE.into(), self.state.clone());
        for (prefix, arrays) in
            [("params", &self.params), ("optimizer", &self.optimizer), ("best", &self.best)]
        {
            for (name, array) in arrays.iter() {
                container.tensors.insert(format!("{prefix}.{name}"), array.clone());
            }
        }
        container.to_bytes()
    }

    /// Writes the file, and keeps the existing one as [`previous`](Self::previous): at every moment at least one of the two is
    /// a complete checkpoint. The new file is read back before the old one is replaced.
    ///
    /// # Errors
    /// If the file system reports an error.
    pub fn save(&self, path: &Path) -> Result<(), FormatError> {
        self.save_on(&RealDisk, path)
    }

    /// Writes the file like [`save`](Self::save), on the given disk.
    ///
    /// # Errors
    /// Those of [`save`](Self::save).
    pub fn save_on(&self, disk: &dyn Disk, path: &Path) -> Result<(), FormatError> {
        let bytes = self.to_bytes().map_err(|problem| problem.at(path))?;
        write_keeping_on(disk, path, &Self::previous(path), &bytes)
            .map_err(|source| FormatError::Write { path: path.to_path_buf(), source })
    }

    /// Returns the path of the checkpoint before the one at `path`: `run/checkpoint.previous.safetensors` for
    /// `run/checkpoint.safetensors`.
    pub fn previous(path: &Path) -> PathBuf {
        let ending = path.extension().map_or_else(OsString::new, |ending| {
            let mut dotted = OsString::from(".");
            dotted.push(ending);
            dotted
        });
        let mut name = path.file_stem().unwrap_or_default().to_os_string();
        name.push(".previous");
        name.push(ending);
        path.with_file_name(name)
    }

    /// Loads a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid checkpoint.
    pub fn load(path: &Path) -> Result<Self, FormatError> {
        let (file, file_bytes) = open(path)?;
        let container = Container::read(&mut BufReader::new(file), file_bytes, Kind::Checkpoint);
        container.and_then(Self::from_container).map_err(|p| p.at(path))
    }

    /// Loads a checkpoint like [`load`](Self::load), from memory.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        Self::from_container(Container::read(&mut &bytes[..], bytes.len() as u64, Kind::Checkpoint)?)
    }

    fn from_container(container: Container) -> Result<Self, Problem> {
        container.check_hash()?;
        let mut checkpoint = Self { state: container.entry(STATE)?.to_string(), ..Self::default() };
        for (name, array) in container.tensors.iter() {
            let (prefix, rest) = name.split_once('.').unwrap_or((name, ""));
            let part = match prefix {
                "params" => &mut checkpoint.params,
                "optimizer" => &mut checkpoint.optimizer,
                "best" => &mut checkpoint.best,
                _ => {
                    let reason = format!("the array {name} does not belong to any part of a checkpoint");
                    return Err(Problem::Header { reason });
                }
            };
            let mut values = reserved(array.len())?;
            values.extend(array.iter().copied());
            let copy = ArrayD::from_shape_vec(array.raw_dim(), values);
            part.insert(
                rest,
                copy.map_err(|e| Problem::Header { reason: format!("the array {name}: {e}") })?,
            );
        }
        Ok(checkpoint)
    }
}
