//! `striate neuron`: what one unit of a network, or each unit of a layer, responds to.

mod args;
mod card;
mod layer;

use std::path::Path;

use striate::data::{Measured, Places};
use striate::formats::ModelFile;
use striate::lab::LabError;
use striate::lab::neurons::{self, INDICES, Index, Origin};
use striate::report::text::{counted, duration, grouped};

use crate::exit::{BadData, Usage};
use crate::flags_data::PartFlags;
use crate::trained_on::data_for;
use crate::working::Working;
pub(crate) use args::Args;

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let (file, unit) = match (&args.words[..], args.model.is_named()) {
        ([unit], true) => (None, unit),
        ([model, unit], false) => (Some(Path::new(model)), unit),
        (words, named) => {
            let wanted = if named { "only a layer with --model" } else { "a model and a layer" };
            let example = "try striate neuron convnet conv2:5";
            return Err(Usage(format!(
                "neuron: expected {wanted}, got {}; {example}",
                counted(words.len(), "argument")
            ))
            .into());
        }
    };
    let subject = args.model.load(file)?;
    let (layer, map) = parsed(&subject.model, unit)?;
    if map.is_none() && args.dream {
        let why = "--dream synthesizes an image for a single map; name the map, as in";
        return Err(Usage(format!("{why} {layer}:0")).into());
    }
    let data = data(args.data.as_deref(), args.which, &subject.model)?.data;
    let working = Working::new(args.json);
    let mut tell = |done: usize, total: usize| working.count("processing training images", done, total);
    let folder = Places::from_env().beside(INDICES);
    let (index, origin) =
        Index::open_or_build(folder.as_deref(), &subject.model, &data, &subject.engine, &mut tell)?;
    if origin == Origin::Built {
        let took = duration(working.seconds());
        working.say(&format!("processed {} training images in {took}", grouped(index.images as u64)));
    }
    match map {
        Some(map) => card::show(args, &subject, &data, &index, (&layer, map), &working),
        None => layer::show(args, &subject, &data, &index, &layer, &working),
    }
}

/// Parses `conv2:5` or `conv2`, and checks it against the network before any long work.
fn parsed(model: &ModelFile, text: &str) -> anyhow::Result<(String, Option<usize>)> {
    let wrong = |error: LabError| Usage(error.to_string());
    let Some((name, number)) = text.rsplit_once(':') else {
        return Ok((neurons::find(&model.graph, text).map_err(wrong)?.name, None));
    };
    let layer = neurons::find(&model.graph, name).map_err(wrong)?;
    let last = layer.units - 1;
    let Ok(map) = number.parse::<usize>() else {
        let message = format!("{text}: expected the number of a map of {name}, 0 to {last}, got `{number}`");
        return Err(Usage(message).into());
    };
    layer.check(map).map_err(wrong)?;
    Ok((layer.name, Some(map)))
}

/// The images that the flags select, which must have the network's input size if they are in memory.
pub(crate) fn data(named: Option<&str>, which: PartFlags, model: &ModelFile) -> anyhow::Result<Measured> {
    let measured = data_for(named, which, model)?;
    let expected = model.preprocess.shape();
    match measured.data.train.fixed_shape() {
        Some(got) if got != expected => {
            let advice = "use the data set that the model was trained on, or one of that size";
            let name = &measured.data.name;
            Err(BadData(format!(
                "{name}: the network takes images of shape {expected:?}, but these have shape {got:?}; {advice}"
            ))
            .into())
        }
        _ => Ok(measured),
    }
}
