//! safetensors of other programs: the same container as ours, with any number type and without the network.

use crate::container::{self, Kind};
use crate::dtype::Dtype;
use crate::error::Problem;
use crate::pth::{Place, ReadSeek, Source};
use crate::weights::{Container, Found};
use ndarray::{ArrayD, IxDyn};
use safetensors::Dtype as Stored;

/// Reads every array of floats; the rest is listed. A model of ours is read like any other, a checkpoint is not: its
/// arrays are more than weights.
pub(crate) fn read(from: &mut dyn ReadSeek, file_bytes: u64) -> Result<(Container, Found), Problem> {
    let (header, data_at) = container::read_header(from, file_bytes)?;
    container::check_data_length(&header, file_bytes, data_at)?;
    let container = match Kind::of(&header) {
        None => Container::Safetensors,
        Some(Kind::Model) => Container::Model,
        Some(Kind::Checkpoint) => return Err(Problem::Kind { expected: "model", got: "checkpoint" }),
    };
    let mut found = Found::default();
    let mut source = Source::new(from, file_bytes);
    for name in header.offset_keys() {
        let info = header.info(&name).ok_or_else(|| crate::pth::PthError::Twice { tensor: name.clone() })?;
        container::check_limit("sizes of an array", crate::limits::RANK, info.shape.len())?;
        let Some(dtype) = float(info.dtype) else {
            found.skipped.push((name, info.dtype.to_string()));
            continue;
        };
        // The crate has found that the length follows from the shape, and the header that it is within the file.
        let bytes = info.data_offsets.1 - info.data_offsets.0;
        let (at, values) = (data_at + info.data_offsets.0 as u64, (bytes / dtype.size()) as u64);
        let values = source.values(&name, Place { at, values, dtype, crc: None })?;
        let array = ArrayD::from_shape_vec(IxDyn(&info.shape), values)
            .map_err(|e| Problem::Header { reason: format!("the array {name}: {e}") })?;
        found.tensors.insert(name, array);
    }
    Ok((container, found))
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
