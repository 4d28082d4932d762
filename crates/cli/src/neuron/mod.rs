//! `striate neuron`: what one unit of a network answers to, or all units of a layer.

mod card;
mod layer;

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use striate::data::{Measured, Places};
use striate::formats::ModelFile;
use striate::inspect::text::{duration, grouped};
use striate::lab::LabError;
use striate::lab::neurons::{self, Index, Origin};

use crate::exit::{BadData, Usage};
use crate::flags::me;
use crate::flags_data::PartFlags;
use crate::look::ModelFlags;
use crate::train::command::join;
use crate::trained_on::data_for;
use crate::working::Working;

/// Show what a unit of a network answers to: its strongest training images, its values, what the network loses without it
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate neuron [OPTIONS] MODEL LAYER[:MAP]
       striate neuron [OPTIONS] --model NAME [--weights SOURCE] LAYER[:MAP]")]
#[command(after_help = "\
The first call for a network and a data set goes through all training images, and keeps what it found in the cache folder.

  striate neuron convnet conv2 --data digits              a table of all maps of the layer
  striate neuron convnet conv2:5 --data digits --dream    a page about map 5")]
pub(crate) struct Args {
    /// A model file, the folder of a run, or convnet, convnet_gap or mlp, which come with their weights (not with --model);
    /// then a layer, and the number of one of its maps
    #[arg(required = true, num_args = 1..=2, value_name = "MODEL LAYER[:MAP]")]
    words: Vec<String>,
    #[command(flatten)]
    model: ModelFlags,
    /// A data set by name, or a folder [default: the one it was trained on]
    #[arg(short, long, value_name = "DATA")]
    data: Option<String>,
    #[command(flatten)]
    which: PartFlags,
    /// Make up a picture for the unit too: people guess worse from such pictures than from real images
    #[arg(long)]
    dream: bool,
    /// Where the made-up picture starts
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "dream")]
    seed: u64,
    /// The folder for the page
    #[arg(short, long, value_name = "FOLDER", default_value = "neuron")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    /// The command for a unit of the same network and data.
    fn of_unit(&self, unit: &str) -> String {
        let model = if self.model.is_named() { &[] } else { &self.words[..1] };
        let data = self.data.iter().flat_map(|data| ["--data".to_owned(), data.clone()]).collect();
        let head = vec![me(), "neuron".to_owned()];
        join(&[head, model.to_vec(), self.model.typed(), vec![unit.to_owned()], data].concat())
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let (file, unit) = match (&args.words[..], args.model.is_named()) {
        ([unit], true) => (None, unit),
        ([model, unit], false) => (Some(Path::new(model)), unit),
        (words, named) => {
            let wanted = if named { "with --model, a layer alone" } else { "a model and a layer" };
            let example = format!("try {} neuron convnet conv2:5", me());
            return Err(
                Usage(format!("neuron: expected {wanted}, got {} words; {example}", words.len())).into()
            );
        }
    };
    let subject = args.model.load(file)?;
    let (layer, map) = parsed(&subject.model, unit)?;
    if map.is_none() && args.dream {
        let why = "--dream makes up a picture for one map; name it, as in";
        return Err(Usage(format!("{why} {layer}:0")).into());
    }
    let data = data(args.data.as_deref(), args.which, &subject.model)?.data;
    let working = Working::new(args.json);
    let mut tell = |done: usize, total: usize| working.count("looking at training images", done, total);
    let folder = Places::from_env().neurons();
    let (index, origin) =
        Index::open_or_build(folder.as_deref(), &subject.model, &data, &subject.engine, &mut tell)?;
    if origin == Origin::Built {
        let took = duration(working.seconds());
        working.say(&format!("looked at {} training images in {took}", grouped(index.images as u64)));
    }
    match map {
        Some(map) => card::show(args, &subject, &data, &index, (&layer, map), &working),
        None => layer::show(args, &subject, &data, &index, &layer, &working),
    }
}

/// `conv2:5` or `conv2`, checked against the network before anything takes time.
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

/// The pictures that are meant, of which the network can take those in memory.
pub(crate) fn data(named: Option<&str>, which: PartFlags, model: &ModelFile) -> anyhow::Result<Measured> {
    let measured = data_for(named, which, model)?;
    let expected = model.preprocess.shape();
    match measured.data.train.fixed_shape() {
        Some(got) if got != expected => {
            let advice = "give the data set it was trained on, or one of that size";
            let name = &measured.data.name;
            Err(BadData(format!(
                "{name}: the network takes images {expected:?}, these are {got:?}; {advice}"
            ))
            .into())
        }
        _ => Ok(measured),
    }
}
