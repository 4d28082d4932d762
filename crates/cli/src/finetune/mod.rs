//! `striate finetune`: a folder of images and a pretrained network become a classifier, with an honest figure of how good
//! it is.

mod args;
mod cost;
mod frozen;
mod show;
pub(crate) mod suspicious;
mod unfreeze;

use std::time::Instant;

use clap::{ArgMatches, Command};
use striate::data::Dataset;
use striate::models::registry;
use striate::models::weights::LoadOptions;
use striate::train::probe::cross_validate;

use crate::exit::{BadData, Usage};
use crate::kept::kept;
use crate::train::{command, prepare, run_dir};
use crate::working::Working;
pub(crate) use args::Args;
use frozen::{FOLDS, Frozen};
use striate::Pretrained;

/// `program` is the whole command line, of which this is one command.
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
    let cost = cost::cost(&frozen, &model, &data, args, &engine)?;
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

/// The images, every one of them decoded once: what cannot be read is said before anything is computed.
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
            "{place}: expected at least 2 images of each class, one to learn from and one to judge by; too few have {}; \
             add images, or take the folder away",
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
