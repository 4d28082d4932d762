//! `striate trust`: tests whether the attributions of a network can be believed.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use striate::lab::trust::{TrustReport, trust};

use crate::flags_data::PartFlags;
use crate::look::ModelArg;
use crate::out;
use crate::scenes::write_scene;
use crate::trained_on::data_for;

/// Test whether the attribution methods of 'why' can be trusted
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate trust [OPTIONS] MODEL
       striate trust [OPTIONS] --model NAME [--weights SOURCE]")]
#[command(after_help = "\
Four questions are asked about each method: do its values sum to the logit, does it follow the weights, does it follow the labels, \
and does it find evidence that was planted?

Examples:
  striate trust convnet --data digits        the table of results, and a page in the folder trust
  striate trust runs/train                   your own network, on the data set that it was trained on
  striate trust mlp --data digits --json     one JSON document on standard output")]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArg,
    /// Test images: a data set by name, or a folder [default: the data set that the model was trained on]
    #[arg(short, long, value_name = "DATA")]
    data: Option<String>,
    #[command(flatten)]
    which: PartFlags,
    /// Folder for the page
    #[arg(short, long, value_name = "FOLDER", default_value = "trust")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let subject = args.model.load()?;
    let data = data_for(args.data.as_deref(), args.which, &subject.model)?.data;
    let found = trust(&subject.model, &data, &subject.engine, &mut |stage| out::tell(stage))?;
    let files = write_scene(&args.out, "trust", &found.page(&subject.name))?;
    if args.json {
        out::json(&TrustReport { model: subject.name, trust: found, files })?;
    } else {
        let listed: String = files.iter().map(|path| format!("{}\n", path.display())).collect();
        out::say(&format!("{found}\n{listed}"))?;
    }
    Ok(0)
}
