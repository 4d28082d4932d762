//! `striate train`: trains a network on a data set and writes the run to a folder of its own.

pub(crate) mod advice;
mod args;
pub(crate) mod augment;
mod beginning;
pub(crate) mod command;
pub(crate) mod epoch_bar;
mod look;
mod options;
mod plan;
pub(crate) mod prepare;
mod recipe;
mod report;
pub(crate) mod run_dir;

use clap::{ArgMatches, Command};
use striate::models::registry;
use striate::train::{Job, Outcome, Setup, check, fit};

use crate::kept::kept;
use crate::out;
use crate::stop::Stop;
pub(crate) use args::Args;
use beginning::{Beginning, beginning};
use epoch_bar::EpochBar;

/// `program` is the whole command line, of which this is one command.
pub(crate) fn run(args: &Args, matches: &ArgMatches, program: &Command) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let engine = args.threads.engine()?;
    let mut plan = match &args.resume {
        None => plan::new(args, matches, program),
        Some(named) => plan::resumed(args, matches, program, named.as_ref())?,
    };
    let info = registry::find(&plan.model)?;
    let data = prepare::data(&plan.data, plan.layout, plan.skip_bad, args.quiet)?;
    let Beginning { config, preprocess, initial } = beginning(&plan, args, info, &data)?;
    let net = (info.build)(data.classes.len(), preprocess.channels);
    let setup = Setup {
        net: net.as_ref(),
        model_name: info.name,
        data: &data,
        data_source: &kept(&plan.data),
        engine,
        command: &plan.command,
    };
    let mut job = Job {
        resume: plan.resume,
        initial: initial.as_ref(),
        ..Job::new(setup, &preprocess, &config, stop.flag())
    };
    if args.preview {
        return look::seen(&job, &args.project).map(|()| 0);
    }
    if args.find_lr {
        return look::rates(&job, &args.project, args.json).map(|()| 0);
    }
    check(&job)?;
    if !plan.resume {
        // As late as possible, so that a run that is refused leaves no folder.
        let (folder, lock) = run_dir::claim(&args.project, &args.name, args.exist_ok)?;
        (plan.folder, plan.lock) = (folder, Some(lock));
    }
    job.run_dir = Some(&plan.folder);
    job.lock = plan.lock.as_ref();
    let mut bar = EpochBar::new(args.quiet);
    match fit(&job, &mut [&mut bar])? {
        Outcome::Finished(trained) => {
            report::finished(&plan.folder, &data, &config, &trained, args.json)?;
            Ok(0)
        }
        Outcome::Interrupted { epoch, step, steps, .. } => {
            let resume =
                ["striate".into(), "train".into(), "--resume".into(), plan.folder.display().to_string()];
            out::tell(format!(
                "\ninterrupted in epoch {epoch} after step {step} of {steps}; the run is saved"
            ));
            out::tell_as_is(&format!("resume with: {}", command::join(&resume)));
            Ok(stop.exit_code().unwrap_or(130))
        }
    }
}
