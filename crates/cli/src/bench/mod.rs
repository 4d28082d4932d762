//! `striate bench`: measures the peak of this machine, and how much of it Striate reaches.

mod capture;
mod data;
mod images;
mod infer;
mod kernels;
mod layers;
mod network;
mod train;

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use serde::Serialize;
use striate::graph::Engine;
use striate::kernels::{Pool, peak_gflops};
use striate::report::text::{Align, Table, counted, duration, grouped};

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
    /// A data set by name, or a folder of idx files [default: mnist if available, else the embedded digits six times]
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

/// Everything that was measured; the rest is absent from the JSON.
#[derive(Debug, Default, Serialize)]
struct Report {
    model: &'static str,
    threads: usize,
    isa: &'static str,
    peak_gflops_1t: f64,
    peak_gflops_2t: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images_per_epoch: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    train_epoch_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    train_epoch_batch1000_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inference: Option<infer::Inference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    capture: Vec<capture::Capture>,
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
        out::print(&layers::profile(&Work::find(args.data.as_deref())?, &engine)?)?;
        return Ok(0);
    }
    let mut report = Report {
        model: images::MODEL,
        threads: engine.threads(),
        isa: engine.isa().name(),
        peak_gflops_1t: peak_gflops(&Pool::new(1), engine.isa()),
        peak_gflops_2t: peak_gflops(&Pool::new(2), engine.isa()),
        ..Report::default()
    };
    if is_wanted(Only::Train) || is_wanted(Only::Train1000) {
        let work = Work::find(args.data.as_deref())?;
        report.data = Some(work.name.clone());
        report.images_per_epoch = Some(work.data.train.len());
        if is_wanted(Only::Train) {
            report.train_epoch_s = Some(train::epoch_s(&work, 64, &engine)?);
        }
        if is_wanted(Only::Train1000) {
            report.train_epoch_batch1000_s = Some(train::epoch_s(&work, 1000, &engine)?);
        }
    }
    if is_wanted(Only::Infer) {
        report.inference = Some(infer::measure(&engine)?);
    }
    if is_wanted(Only::Capture) {
        report.capture = capture::measure(&engine)?;
    }
    if args.json {
        out::json(&report)?;
    } else {
        out::print(&text(&report, &engine)?)?;
    }
    Ok(0)
}

fn text(report: &Report, engine: &Engine) -> anyhow::Result<String> {
    let (one, two) = (report.peak_gflops_1t, report.peak_gflops_2t);
    let mut text = format!(
        "{} on {}, {}\nf32 peak {one:.1} GFLOP/s on 1 thread, {two:.1} on 2: {:.2} times as much\n",
        report.model,
        counted(engine.threads(), "thread"),
        report.isa,
        two / one
    );
    if two < 1.9 * one {
        text +=
            "The second core is busy or not a full core, so the figures of this run are not comparable.\n";
    }
    let mut table = Table::new([
        ("work", Align::Left),
        ("batch", Align::Right),
        ("time", Align::Right),
        ("images/s", Align::Right),
    ]);
    let images = report.images_per_epoch.unwrap_or(0);
    for (batch, seconds) in [("64", report.train_epoch_s), ("1000", report.train_epoch_batch1000_s)] {
        let Some(seconds) = seconds else { continue };
        let work = format!("train, {} images", grouped(images as u64));
        table.row([work, batch.into(), duration(seconds), grouped((images as f64 / seconds) as u64)]);
    }
    for (batch, speed) in report.inference.iter().flat_map(infer::Inference::each) {
        let (time, rate) = (duration(speed.latency_us / 1e6), grouped(speed.images_per_s as u64));
        table.row(["infer".into(), batch.into(), time, rate]);
    }
    if report.train_epoch_s.or(report.train_epoch_batch1000_s).is_some() || report.inference.is_some() {
        write!(text, "\n{table}")?;
    }
    if !report.capture.is_empty() {
        write!(text, "\n{}", captures(&report.capture))?;
    }
    if let Some(data) = &report.data {
        writeln!(
            text,
            "\nTrained on {data}; the time includes shuffling, loading, forward, backward and update, but not evaluation."
        )?;
    }
    Ok(text)
}

/// Runs that keep every value of the network against runs that keep none.
fn captures(all: &[capture::Capture]) -> Table<7> {
    let mut table = Table::new([
        ("capture every value", Align::Left),
        ("batch", Align::Right),
        ("plain run", Align::Right),
        ("capturing", Align::Right),
        ("ratio", Align::Right),
        ("values", Align::Right),
        ("to read them", Align::Right),
    ]);
    for c in all {
        table.row([
            c.model.into(),
            c.batch.to_string(),
            duration(c.plain_s),
            duration(c.captured_s),
            format!("{:.2}", c.ratio),
            format!("{:.1} MB", c.captured_mb),
            duration(c.read_s),
        ]);
    }
    table
}
