//! `striate finetune`: a folder of pictures and a pretrained network become a classifier, with an honest figure of how good
//! it is.

mod frozen;
mod show;
pub(crate) mod suspicious;
mod unfreeze;

use std::path::PathBuf;
use std::time::Instant;

use clap::{ArgMatches, Args as ClapArgs, Command};
use striate::data::Dataset;
use striate::models::registry;
use striate::models::weights::LoadOptions;
use striate::train::probe::cross_validate;

use crate::exit::{BadData, Usage};
use crate::flags::{Threads, count, positive};
use crate::flags_data::LayoutFlag;
use crate::flags_weights::LoadFlags;
use crate::kept::kept;
use crate::pretrained::Pretrained;
use crate::train::{command, prepare, run_dir};
use crate::working::Working;
use frozen::Frozen;

/// Folds of the cross-validation.
const FOLDS: usize = 5;

/// Make a classifier for your own pictures from a pretrained network, in a minute
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Each picture passes once through the pretrained network; what comes out before its last layer is kept on disk, and a new
last layer is fitted to it, to convergence. Cross-validation says how good that is on pictures it has not seen, beside what
raw pixels would give, and which pictures are labelled as what they do not look like. The folder of the run gets the model,
the confusion matrix, the worst mistakes, and report.html.")]
pub(crate) struct Args {
    /// A folder of pictures: DIR/CLASS/PICTURE, or DIR/train/CLASS/PICTURE and DIR/val/CLASS/PICTURE
    data: String,
    /// The network ('striate models' lists them)
    #[arg(short, long, value_name = "NAME", default_value = "resnet18")]
    model: String,
    /// Its weights: a name, a file (.safetensors, .pth), or a URL [default: those named like the network]
    #[arg(short, long, value_name = "SOURCE")]
    weights: Option<String>,
    #[command(flatten)]
    fetch: LoadFlags,
    /// Then train all of the network, from the fitted last layer on
    #[arg(long)]
    unfreeze: bool,
    /// Epochs of --unfreeze
    #[arg(long, value_name = "N", value_parser = count, default_value_t = unfreeze::EPOCHS, requires = "unfreeze")]
    epochs: usize,
    /// Images for each update of --unfreeze
    #[arg(short, long, value_name = "N", value_parser = count, default_value_t = unfreeze::BATCH, requires = "unfreeze")]
    batch: usize,
    /// Highest learning rate of --unfreeze
    #[arg(long, value_name = "RATE", value_parser = positive, default_value_t = unfreeze::RATE, requires = "unfreeze")]
    lr: f32,
    /// Key of every random number: folds, and the order and augmentation of --unfreeze
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Leave out pictures that cannot be read, rather than stop
    #[arg(long)]
    skip_bad: bool,
    #[command(flatten)]
    layout: LayoutFlag,
    #[command(flatten)]
    threads: Threads,
    /// The folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Where it is kept")]
    project: PathBuf,
    /// The folder of this run below it; NAME2, NAME3, ... when it is taken
    #[arg(long, value_name = "NAME", default_value = "finetune", help_heading = "Where it is kept")]
    name: String,
    /// Use the folder even when it is taken, in place of the run in it
    #[arg(long, help_heading = "Where it is kept")]
    exist_ok: bool,
    /// Show no progress, only the result
    #[arg(short, long)]
    quiet: bool,
    /// Print the result as one JSON document
    #[arg(long, conflicts_with = "unfreeze")]
    json: bool,
}

/// `program` is the command line as a whole, of which this is one command.
pub(crate) fn run(args: &Args, matches: &ArgMatches, program: &Command) -> anyhow::Result<u8> {
    let start = Instant::now();
    let engine = args.threads.engine()?;
    let info = registry::find(&args.model)?;
    let working = Working::new(args.quiet);
    let source = args.weights.as_deref().unwrap_or(info.name);
    // Whatever its last layer is: another one takes its place.
    let load =
        |options: LoadOptions<'_>| Pretrained::load(info, source, LoadOptions { new_head: true, ..options });
    let pretrained = args.fetch.with(load)?;
    pretrained.report.notes.iter().for_each(|note| working.say(note));
    let data = read(args)?;
    let this_command = program.find_subcommand("finetune").expect("this very subcommand");
    let command = command::canonical(this_command, matches, &args.data);
    let frozen = Frozen::new(info, pretrained, &data, &engine, &working)?;
    let mut tell = |done: usize, total: usize| working.count("judging the last layer", done, total);
    let judged = cross_validate(&frozen.features, FOLDS, args.seed, &engine, &mut tell)?;
    let baselines = frozen.baselines(&data, args.seed, &engine, &working)?;
    let model = frozen.model(&data, &kept(&args.data), args.seed, &command, &engine, &working)?;
    working.begin("timing the network");
    let cost = unfreeze::cost(&frozen, &model, &data, args, &engine)?;
    drop(working);
    let found = show::Found::new(args, &data, &frozen, &model, &judged, &baselines, &cost, start)?;
    // As late as can be: what is refused leaves no folder.
    let (folder, _lock) = run_dir::claim(&args.project, &args.name, args.exist_ok)?;
    found.write(&folder)?;
    let printed = found.print(&folder);
    // What cannot be printed is no reason to learn nothing: it is said at the end.
    let code =
        if args.unfreeze { unfreeze::run(&frozen, &data, args, &command, &folder, &engine)? } else { 0 };
    printed.map(|()| code)
}

/// The pictures, every one of them decoded once: what cannot be read is said before anything is computed.
fn read(args: &Args) -> anyhow::Result<Dataset> {
    let data = prepare::data(&args.data, args.layout, args.skip_bad, args.quiet)?;
    let (place, classes) = (&args.data, data.classes.len());
    let counts = [&data.train, &data.test].map(|split| split.class_counts(classes));
    let few: Vec<String> = (data.classes.iter().zip(counts[0].iter().zip(&counts[1])))
        .filter(|(_, (train, test))| *train + *test < 2)
        .map(|(name, (train, test))| format!("{name} ({})", train + test))
        .collect();
    if !few.is_empty() {
        let why = format!(
            "{place}: expected at least 2 pictures of each class, one to learn from and one to judge by; too few have {}; \
             add pictures, or take the folder away",
            few.join(", ")
        );
        return Err(BadData(why).into());
    }
    if classes < 2 {
        return Err(Usage(format!(
            "{place}: expected a folder for each of at least 2 classes, got {classes}"
        ))
        .into());
    }
    Ok(data)
}
