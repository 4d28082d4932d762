//! `striate finetune`: makes a classifier from a folder of images and a pretrained network, and estimates its accuracy by
//! cross-validation.

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
    // Its last layer may be anything, since it is replaced.
    let load =
        |options: LoadOptions<'_>| Pretrained::load(info, source, LoadOptions { new_head: true, ..options });
    let pretrained = args.fetch.with(load)?;
    pretrained.report.notes.iter().for_each(|note| working.say(note));
    let data = read(args)?;
    let this_command = program.find_subcommand("finetune").expect("this very subcommand");
    let command = command::canonical(this_command, matches, &args.data);
    let frozen = Frozen::new(info, pretrained, &data, &engine, &working)?;
    let mut tell = |done: usize, total: usize| working.count("cross-validating", done, total);
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
    // A failed print does not stop the training; it is reported at the end.
    let code =
        if args.unfreeze { unfreeze::run(&frozen, &data, args, &command, &folder, &engine)? } else { 0 };
    printed.map(|()| code)
}

/// Opens the images and decodes each once, so that unreadable ones are reported before anything is computed.
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
            "{place}: expected at least 2 images of each class, one for training and one for evaluation; classes with fewer: {}; \
             add images, or remove the folder",
            few.join(", ")
        );
        return Err(BadData(why).into());
    }
    if classes < 2 {
        return Err(Usage(format!(
            "{place}: expected at least 2 classes, each in a folder of its own, got {classes}"
        ))
        .into());
    }
    Ok(data)
}
