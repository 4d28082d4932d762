//! `striate flatten`: an experiment on why pixels are not flattened.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args as ClapArgs;
use indicatif::{ProgressBar, ProgressStyle};
use striate::data::Dataset;
use striate::formats::write_atomically;
use striate::lab::flatten::{Finished, FlattenError, Log, Settings, check, curves, flatten, shown, text};
use striate::report::text::{grouped, percent, printable};
use striate::train::FolderLock;

use crate::exit::Usage;
use crate::flags::{Threads, count};
use crate::out;
use crate::stop::Stop;
use crate::working::Lines;

/// Pixels of the PNG per pixel of the page.
const SCALE: f64 = 2.0;
/// The file of finished runs, with which an interrupted experiment continues.
const RUNS: &str = "runs.jsonl";

/// Measure what flattening the pixels costs: CNNs against MLPs of equal size
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Two CNNs and two MLPs of equal size are compared on shifted, rotated and scrambled images, and on small training \
sets. Every network has its own tuned learning rate; everything else is the same for all networks. Finished runs are \
kept in FOLDER/runs.jsonl: the same command continues where it was stopped, and with more seeds, only the new runs \
are made. Each thread trains a run of its own, with up to 300 MB of images.

Examples:
  striate flatten --quick                  a small version, in about a minute
  striate flatten --data digits --seeds 3  the whole experiment, repeated three times
  striate flatten --quick --json           one JSON document on standard output")]
pub(crate) struct Args {
    /// Data sets of gray 28x28 images: names or folders
    #[arg(short, long, value_name = "DATA", num_args = 1.., default_value = "digits")]
    data: Vec<String>,
    /// Run a version that takes about a minute: fewer images, updates and shifts, and one seed
    #[arg(long)]
    quick: bool,
    /// Number of repetitions with different initial parameters, orders and scramblings [default: 5, or 1 with --quick]
    #[arg(long, value_name = "N", value_parser = count)]
    seeds: Option<usize>,
    /// Folder for the charts and the finished runs
    #[arg(short, long, value_name = "FOLDER", default_value = "flatten")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let settings = match (args.quick, args.seeds) {
        (true, seeds) => Settings::quick(seeds.unwrap_or(1)),
        (false, seeds) => Settings::full(seeds.unwrap_or(5)),
    };
    let workers = args.threads.engine()?.threads();
    let data = args.data.iter().map(|name| striate::data::load(name)).collect::<Result<Vec<_>, _>>()?;
    // Unsuitable data is reported before a folder is created.
    check(&data, &settings).map_err(known)?;
    let examples = data.iter().map(|data| shown(data, 0)).collect::<Result<Vec<_>, _>>()?;
    let folder = args.out.display();
    std::fs::create_dir_all(&args.out).with_context(|| format!("{folder}: cannot create this folder"))?;
    let _lock = FolderLock::take(&args.out)?;
    let mut log = Log::open(&args.out.join(RUNS))?;

    let stop = Stop::listen()?;
    let bar = progress(args.json);
    let lines = (!args.json && bar.is_hidden()).then(Lines::start);
    let mut tell = |progress: striate::lab::flatten::StudyProgress<'_>| {
        if let Some(lines) = &lines {
            lines.set(format!("{} of {} runs; {}", progress.done, progress.planned, said(progress.finished)));
        }
        bar.set_length(progress.planned as u64);
        bar.set_position(progress.done as u64);
        bar.set_message(said(progress.finished));
    };
    let study = match flatten(&data, &settings, &mut log, workers, stop.flag(), &mut tell) {
        Err(error @ FlattenError::Stopped { .. }) => {
            bar.finish_and_clear();
            out::tell(error.to_string());
            return Ok(stop.exit_code().unwrap_or(0));
        }
        result => result?,
    };
    bar.finish_and_clear();
    drop(lines);

    let mut files = Vec::new();
    for ((part, example), data) in study.parts.iter().zip(&examples).zip(&data) {
        let curves = curves(part);
        let images = [
            ("", "png", curves.to_png(SCALE)?),
            ("", "svg", curves.to_svg().into_bytes()),
            ("-shown", "png", example.to_png(SCALE)?),
        ];
        for (what, ending, bytes) in images {
            files.push(write(&args.out, &format!("{}{what}.{ending}", file_name(data)), &bytes)?);
        }
    }
    if args.json {
        out::json(&study.report(files))?;
    } else {
        let parts: Vec<String> = study.parts.iter().map(text).collect();
        let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        out::print(&format!("{}\nwritten: {}\n", parts.join("\n"), files.join(", ")))?;
    }
    Ok(0)
}

/// A usage error for wrong settings, and other errors as they are.
fn known(error: FlattenError) -> anyhow::Error {
    match error {
        FlattenError::Setting { .. } | FlattenError::Twice { .. } => Usage(error.to_string()).into(),
        error => error.into(),
    }
}

fn progress(is_quiet: bool) -> ProgressBar {
    let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
    let template = "{bar:24.cyan}  {pos}/{len} runs, {elapsed}  {msg}";
    let style = ProgressStyle::with_template(template).expect("a template without faults");
    bar.set_style(style.progress_chars("━╸─"));
    bar
}

fn said(finished: &Finished) -> String {
    let accuracy = percent(Some(finished.hits as f64 / finished.images as f64));
    printable(format!("{}: {accuracy} of {}", finished.run.name(), grouped(finished.images as u64)))
}

/// The name of the data set with characters replaced that are unsafe in a file name.
fn file_name(data: &Dataset) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_".contains(c) { c } else { '-' };
    data.name.chars().map(plain).collect()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    write_atomically(&path, bytes).with_context(|| format!("{}: cannot write", path.display()))?;
    Ok(path)
}
