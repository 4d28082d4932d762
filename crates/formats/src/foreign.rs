//! safetensors files of other programs: the same container, with any number type and without the network.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use crate::container::{self, Kind};
use crate::dtype::Dtype;
use crate::error::Problem;
use crate::header::{self, Stored};
use crate::pth::{Place, ReadSeek, Source};
use crate::weights::{Container, Found, StateDict};
use ndarray::{ArrayD, IxDyn};

/// The header of a file, and the position of its first array.
pub(crate) struct Header {
    header: header::Header,
    data_at: u64,
    pub(crate) container: Container,
}

impl Header {
    /// Reads the header. A model of Striate is accepted like any other file, but a checkpoint is not, since its arrays are more
    /// than weights.
    pub(crate) fn read(from: &mut dyn ReadSeek, file_bytes: u64) -> Result<Self, Problem> {
        let (header, data_at) = container::read_header(from, file_bytes)?;
        container::check_data_length(&header, file_bytes, data_at)?;
        let container = match Kind::of(&header) {
            None => Container::Safetensors,
            Some(Kind::Model) => Container::Model,
            Some(Kind::Checkpoint) => return Err(Problem::Kind { expected: "model", got: "checkpoint" }),
        };
        Ok(Self { header, data_at, container })
    }

    /// The arrays by name and shape.
    pub(crate) fn dict(&self) -> StateDict {
        let mut dict = StateDict::default();
        for (name, info) in &self.header.arrays {
            match float(info.dtype) {
                Some(_) => drop(dict.shapes.insert(name.clone(), info.shape.clone())),
                None => drop(dict.others.insert(name.clone(), info.dtype.to_string())),
            }
        }
        dict
    }

    /// Reads every array of floats; the others are listed.
    pub(crate) fn arrays(&self, source: &mut Source<'_>) -> Result<Found, Problem> {
        let mut found = Found::default();
        for (name, info) in &self.header.arrays {
            container::check_limit("sizes of an array", crate::limits::RANK, info.shape.len())?;
            let Some(dtype) = float(info.dtype) else {
                found.skipped.push((name.clone(), info.dtype.to_string()));
                continue;
            };
            // `header.rs` has found that the length follows from the shape, and the header that it is within the file.
            let bytes = info.data_offsets.1 - info.data_offsets.0;
            let (at, values) = (self.data_at + info.data_offsets.0 as u64, (bytes / dtype.size()) as u64);
            let values = source.values(name, Place { at, values, dtype, crc: None })?;
            let array = ArrayD::from_shape_vec(IxDyn(&info.shape), values)
                .map_err(|e| Problem::Header { reason: format!("the array {name}: {e}") })?;
            found.tensors.insert(name.clone(), array);
        }
        Ok(found)
    }
}

fn float(stored: Stored) -> Option<Dtype> {
    match stored {
        Stored::F64 => Some(Dtype::F64),
        Stored::F32 => Some(Dtype::F32),
        Stored::F16 => Some(Dtype::F16),
        Stored::BF16 => Some(Dtype::Bf16),
        _ => None,
    }
}
