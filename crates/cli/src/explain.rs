//! `striate explain`: which algorithm each part of a network's plan uses, and how fast it is.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use striate::lab::speed::explain;

use crate::compute::Compute;
use crate::out;
use crate::subject::Size;

/// Show how a network is computed: algorithms, times, machine limits
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  striate explain resnet18                            one photo at a time
  striate explain mobilenet_v2 --batch 8 --threads 1
  striate explain convnet --train                     a training step")]
pub(crate) struct Args {
    /// A model file, the folder of a run, or the name of a network ('striate models' lists them)
    model: PathBuf,
    #[command(flatten)]
    size: Size,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: Compute,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let engine = args.compute.engine()?;
    let subject = args.size.subject(&args.model)?;
    args.compute.tell(&subject.graph, &engine, args.size.trains())?;
    let plan = explain(&subject, &engine)?;
    if args.json {
        out::json(&plan)?;
    } else {
        out::print(&plan.to_string())?;
    }
    Ok(0)
}
