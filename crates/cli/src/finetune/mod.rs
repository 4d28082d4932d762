//! `striate finetune`: makes a classifier from a folder of images and a pretrained network, and estimates its accuracy by
//! cross-validation.

mod args;
mod show;
pub(crate) mod suspicious;
mod unfreeze;

use std::time::Instant;

use clap::{ArgMatches, Command};
use striate::Pretrained;
use striate::data::{Dataset, Places};
use striate::models::registry;
use striate::models::weights::LoadOptions;
use striate::train::Setup;
use striate::train::finetune::{FinetuneConfig, FinetuneJob, fit_last_layer};
use striate::train::probe::FEATURES;

use crate::exit::{BadData, Usage};
use crate::kept::kept;
use crate::train::{command, prepare, run_dir};
use crate::working::Working;
pub(crate) use args::Args;

/// The folder, within that of the run, of the run that trains all layers.
const UNFROZEN: &str = "unfrozen";

/// `program` is the whole command line, of which this is one command.
pub(crate) fn run(args: &Args, matches: &ArgMatches, program: &Command) -> anyhow::Result<u8> {
    let start = Instant::now();
    let engine = args.threads.engine()?;
    let info = registry::find(&args.model)?;
    let mut working = Working::new(args.quiet);
    let source = args.weights.as_deref().unwrap_or(info.name);
    // Its last layer may be anything, since it is replaced.
    let load =
        |options: LoadOptions<'_>| Pretrained::load(info, source, LoadOptions { new_head: true, ..options });
    let pretrained = args.fetch.with(load)?;
    pretrained.report.notes.iter().for_each(|note| working.say(note));
    let data = read(args)?;
    let this_command = program.find_subcommand("finetune").expect("this very subcommand");
    let config = FinetuneConfig {
        seed: args.seed,
        unfreeze: args.unfreeze,
        epochs: args.epochs,
        batch_size: args.batch,
        learning_rate: args.lr,
    };
    let net = (info.build)(data.classes.len(), pretrained.preprocess.channels);
    let features_folder = Places::from_env().beside(FEATURES);
    let setup = Setup {
        net: net.as_ref(),
        model_name: info.name,
        data: &data,
        data_source: &kept(&args.data),
        engine,
        command: &command::canonical(this_command, matches, &args.data),
    };
    let job = FinetuneJob {
        base: pretrained.base(),
        weights: &pretrained.source(),
        setup,
        config: &config,
        features_folder: features_folder.as_deref(),
    };
    let mut fitted = fit_last_layer(&job, &mut [&mut working])?;
    drop(working);
    let mistakes = show::mistakes(&fitted, &data)?;
    // As late as can be: what is refused leaves no folder.
    let (folder, _lock) = run_dir::claim(&args.project, &args.name, args.exist_ok)?;
    let unfrozen = args.unfreeze.then(|| run_dir::claim(&folder, UNFROZEN, args.exist_ok)).transpose()?;
    show::write(&fitted, &data, mistakes, &folder)?;
    fitted.report.seconds = start.elapsed().as_secs_f64();
    let printed = show::print(&fitted, &data, args, &folder);
    // A failed print does not stop the training; it is reported at the end.
    let code = match &unfrozen {
        Some((_, lock)) => unfreeze::run(&job, &fitted, args, lock)?,
        None => 0,
    };
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
             add images, or remove the folders of these classes",
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
