//! `striate trust`: may the maps of evidence of a network be believed?

use std::path::PathBuf;

use anyhow::Context;
use clap::Args as ClapArgs;
use serde::Serialize;
use striate::data::{DataError, Dataset, load};
use striate::formats::ModelFile;
use striate::lab::trust::{Trust, trust};

use crate::exit::Usage;
use crate::look::ModelArg;
use crate::out;
use crate::scenes::write_scene;

/// Put every method of `why` to the test on a network: does it sum to the logit, does it follow the weights and the labels, does
/// it find evidence that was planted?
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate trust [OPTIONS] MODEL
       striate trust [OPTIONS] --model NAME [--weights SOURCE]")]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArg,
    /// Where test pictures come from: a data set by name, or a folder [default: the one it was trained on]
    #[arg(long, value_name = "DATA")]
    data: Option<String>,
    /// The folder for the page
    #[arg(short, long, value_name = "FOLDER", default_value = "trust")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    model: &'a str,
    #[serde(flatten)]
    found: &'a Trust,
    files: &'a [PathBuf],
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let subject = args.model.load()?;
    let data = data(args, &subject.model)?;
    let found = trust(&subject.model, &data, &subject.engine, &mut |stage| eprintln!("{stage}"))?;
    let files = write_scene(&args.out, "trust", &found.page(&subject.name))?;
    if args.json {
        out::json(&Document { model: &subject.name, found: &found, files: &files })?;
    } else {
        let listed: String = files.iter().map(|path| format!("{}\n", path.display())).collect();
        out::print(&format!("{found}\n{listed}"))?;
    }
    Ok(0)
}

/// The data set asked for, or the one the network was trained on; of the digits' big brother, where it is not on this machine,
/// the part inside this program.
fn data(args: &Args, model: &ModelFile) -> anyhow::Result<Dataset> {
    if let Some(name) = &args.data {
        return Ok(load(name)?);
    }
    match model.provenance.data.as_str() {
        "" => {
            Err(Usage("the model does not say what it was trained on; name a data set with --data".into())
                .into())
        }
        "mnist" => match load("mnist") {
            Err(DataError::NotFound { .. }) => Ok(load("digits")?),
            other => Ok(other?),
        },
        name => Ok(load(name)
            .context("the data set that the model was trained on; another one can be named with --data")?),
    }
}
