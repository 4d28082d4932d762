//! `striate bench`: measures the peak of this machine, and how much of it Striate reaches.

mod data;
mod images;
mod kernels;
mod network;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use striate::lab::speed::{Benchmark, captures, epoch_s, inference, profile};

use crate::compute::Compute;
use crate::exit::Usage;
use crate::out;
use crate::subject::Size;
use images::Work;

/// Measure the speed of training and inference against the machine's peak
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  striate bench
  striate bench --model resnet18 --batch 8
  striate bench kernels")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Measure this network instead: its name ('striate models' lists them), a model file, or the folder of a run
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["data", "only", "layers"])]
    model: Option<PathBuf>,
    #[command(flatten)]
    size: Size,
    /// A data set by name, or a folder of idx files [default: mnist if available, else the embedded digits, repeated six times]
    #[arg(short, long, value_name = "DATA")]
    data: Option<String>,
    /// Besides the peak, measure only this: a training epoch at batch size 64 or 1000, inference, capturing every value, or
    /// nothing else
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Show the time of each kernel instead
    #[arg(long, conflicts_with_all = ["only", "json"])]
    layers: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: Compute,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Data(data::Args),
    Kernels(kernels::Args),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    Train,
    Train1000,
    Infer,
    Capture,
    Peak,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.verb {
        Some(Verb::Data(args)) => return data::run(args),
        Some(Verb::Kernels(args)) => return kernels::run(args),
        None => {}
    }
    let engine = args.compute.engine()?;
    if let Some(model) = &args.model {
        return network::run(model, &args.size, &args.compute, &engine, args.json);
    }
    if args.size.is_asked_for() || args.compute.is_asked_for() {
        return Err(Usage(
            "--batch, --imgsz, --train, --winograd and --dtype need a network; name one with --model".into(),
        )
        .into());
    }
    let is_wanted = |part| args.only.is_none_or(|only| only == part);
    if args.layers {
        let work = Work::find(args.data.as_deref())?;
        out::print(&profile(&work.data, &work.preprocess, &engine)?.to_string())?;
        return Ok(0);
    }
    let mut report = Benchmark::of_peak(&engine);
    if is_wanted(Only::Train) || is_wanted(Only::Train1000) {
        let work = Work::find(args.data.as_deref())?;
        report.data = Some(work.name.clone());
        report.images_per_epoch = Some(work.data.train.len());
        if is_wanted(Only::Train) {
            report.train_epoch_s = Some(epoch_s(&work.data, &work.preprocess, 64, &engine)?);
        }
        if is_wanted(Only::Train1000) {
            report.train_epoch_batch1000_s = Some(epoch_s(&work.data, &work.preprocess, 1000, &engine)?);
        }
    }
    if is_wanted(Only::Infer) {
        report.inference = Some(inference(&engine)?);
    }
    if is_wanted(Only::Capture) {
        report.capture = captures(&engine)?;
    }
    if args.json {
        out::json(&report)?;
    } else {
        out::print(&report.to_string())?;
    }
    Ok(0)
}
