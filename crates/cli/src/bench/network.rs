//! `bench --model`: the speed of any network against the peak.

use std::path::Path;

use striate::graph::Engine;
use striate::lab::speed::measure;

use crate::compute::Compute;
use crate::out;
use crate::subject::Size;

pub(super) fn run(
    model: &Path,
    size: &Size,
    compute: &Compute,
    engine: &Engine,
    json: bool,
) -> anyhow::Result<u8> {
    let subject = size.subject(model)?;
    compute.tell(&subject.graph, engine, size.trains())?;
    let speed = measure(&subject, engine)?;
    if json {
        out::json(&speed)?;
    } else {
        out::print(&speed.to_string())?;
    }
    Ok(0)
}
