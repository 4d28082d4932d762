//! Any network, against the peak.

use std::path::Path;

use striate::graph::Engine;
use striate::lab::speed::measure;

use crate::out;
use crate::subject::Size;

pub(super) fn run(model: &Path, size: &Size, engine: &Engine, json: bool) -> anyhow::Result<u8> {
    let speed = measure(&size.subject(model)?, engine)?;
    if json {
        out::json(&speed)?;
    } else {
        out::print(&speed.to_string())?;
    }
    Ok(0)
}
