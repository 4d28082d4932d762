//! `striate train`: trains a network on a data set and writes the run to a folder of its own.

pub(crate) mod advice;
pub(crate) mod augment;
pub(crate) mod command;
pub(crate) mod epoch_bar;
mod look;
mod options;
pub(crate) mod prepare;
mod recipe;
mod report;
pub(crate) mod run_dir;

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args as ClapArgs, Command, FromArgMatches};
use striate::data::Preprocess;
use striate::models::registry;
use striate::train::{FitConfig, FolderLock, Job, Outcome, RunFolder, Setup, check, fit, saved_run};

use crate::exit::Usage;
use crate::flags::{Threads, side};
use crate::flags_data::LayoutFlag;
use crate::flags_weights::LoadFlags;
use crate::kept::{found, kept};
use crate::out;
use crate::stop::Stop;
use epoch_bar::EpochBar;
use recipe::RecipeFlags;

/// Train a network on labeled images
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Without arguments, it trains convnet on the handwritten digits built into this program. Each run has its own folder, which \
receives the model of the best epoch, a checkpoint to resume from, the settings, the results and the curves. Ctrl-C saves the \
run before it stops.

The best epoch is selected on a tenth of the training images, which are held out, or on the val part of the data set. The test \
images are evaluated once, at the end, so this selection does not bias their figures.

Examples:
  striate train                                    train on the embedded digits
  striate train digits --model lenet5 --epochs 20  another network, for longer
  striate train --resume                           continue the last run that was stopped")]
pub(crate) struct Args {
    /// A data set by name ('striate data list' shows them), a folder of images (DIR/CLASS/IMAGE), or a folder of idx files
    #[arg(default_value = "digits")]
    data: String,
    /// Same as DATA
    #[arg(short, long = "data", value_name = "DATA", conflicts_with = "data", hide = true)]
    data_flag: Option<String>,
    /// The network ('striate models' lists them)
    #[arg(short, long, value_name = "NAME", default_value = advice::DEFAULT_MODEL)]
    model: String,
    /// Start from these weights: a name ('striate models' lists them), a file (.safetensors, .pth), or a URL
    #[arg(short, long, value_name = "SOURCE")]
    weights: Option<String>,
    #[command(flatten)]
    fetch: LoadFlags,
    /// Replace the last layer of --weights with a new one if the number of classes differs
    #[arg(long, requires = "weights")]
    new_head: bool,
    /// Height and width of the network's input, for photos [default: the network's own]
    #[arg(long, value_name = "PX", value_parser = side, alias = "img-size")]
    imgsz: Option<usize>,
    /// Skip unreadable images instead of stopping before training
    #[arg(long)]
    skip_bad: bool,
    #[command(flatten)]
    layout: LayoutFlag,
    #[command(flatten)]
    recipe: RecipeFlags,
    /// Only draw a sheet of images as the network will see them, preview.png in the --project folder
    #[arg(long, conflicts_with_all = ["resume", "find_lr"], help_heading = "Before training")]
    preview: bool,
    /// Only search for a learning rate and plot the search, find_lr.png in the --project folder
    #[arg(long, conflicts_with = "resume", help_heading = "Before training")]
    find_lr: bool,
    #[command(flatten)]
    threads: Threads,
    /// Resume the run in DIR, or the last one below --project; --epochs, --lr, --batch and --patience may change, and all other
    /// settings stay as they were
    #[arg(long, value_name = "DIR", help_heading = "Output folder")]
    resume: Option<Option<PathBuf>>,
    /// Folder that contains all runs
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Output folder")]
    project: PathBuf,
    /// Name of this run's folder in there; NAME2, NAME3, ... if that exists
    #[arg(long, value_name = "NAME", default_value = "train", help_heading = "Output folder")]
    name: String,
    /// Use the folder even if it exists, and replace the run in it
    #[arg(long, conflicts_with = "resume", help_heading = "Output folder")]
    exist_ok: bool,
    /// Print only the result, without progress
    #[arg(short, long)]
    quiet: bool,
    /// Print the result as one JSON document
    #[arg(long)]
    json: bool,
}

/// What to train, on what and how: from the flags, or from the run that is resumed.
struct Plan {
    folder: PathBuf,
    /// The lock on the folder, held from before it is first read until its last file is written.
    lock: Option<FolderLock>,
    resume: bool,
    model: String,
    data: String,
    /// Of the run that is resumed, with what changes.
    saved: Option<(FitConfig, Preprocess)>,
    /// Whether the command that resumes it repeats its data set, or flags that cannot change.
    is_said_again: bool,
    skip_bad: bool,
    layout: LayoutFlag,
    weights: Option<String>,
    new_head: bool,
    imgsz: Option<usize>,
    recipe: RecipeFlags,
    command: String,
}

/// `program` is the whole command line, of which this is one command.
pub(crate) fn run(args: &Args, matches: &ArgMatches, program: &Command) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let engine = args.threads.engine()?;
    let mut plan = match &args.resume {
        None => new(args, matches, program),
        Some(named) => resumed(args, matches, program, named.as_ref())?,
    };
    let info = registry::find(&plan.model)?;
    let data = prepare::data(&plan.data, plan.layout, plan.skip_bad, args.quiet)?;
    let classes = data.classes.len();
    let (config, preprocess, initial) = match plan.saved.take() {
        // Its parameters are in the checkpoint. Where flags were given that cannot change, they must mean what is stored.
        Some((config, preprocess)) if plan.is_said_again => {
            let asked = plan.recipe.config(info.name, &data)?;
            let FitConfig { epochs, batch_size, learning_rate, patience, auxiliary, .. } = config;
            let config = FitConfig { epochs, batch_size, learning_rate, patience, auxiliary, ..asked };
            (config, preprocess, None)
        }
        Some((config, preprocess)) => (config, preprocess, None),
        None => {
            let config = plan.recipe.config(info.name, &data)?;
            config.check(classes)?;
            let channels = data.train.fixed_shape().map_or(3, |[channels, ..]| channels);
            let how = (plan.new_head, config.seed, &args.fetch);
            let load = |source| prepare::initial(info, source, (classes, channels), plan.imgsz, how);
            let initial = plan.weights.as_deref().map(load).transpose()?;
            let of_weights = initial.as_ref().and_then(|initial| initial.preprocess.clone());
            let preprocess = prepare::preprocess(&data, info, plan.imgsz, of_weights)?;
            if let Some(warning) = advice::warning(&data, &plan.data, info.name, &preprocess) {
                out::tell(warning);
            }
            if let Some(note) = advice::note(&data).filter(|_| !args.quiet) {
                out::tell(note);
            }
            // Published weights lack auxiliary classifiers.
            let config = FitConfig { auxiliary: initial.is_none(), ..config };
            (config, preprocess, initial.map(|initial| initial.params))
        }
    };
    let net = (info.build)(classes, preprocess.channels);
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

fn new(args: &Args, matches: &ArgMatches, program: &Command) -> Plan {
    let data = args.data_flag.as_ref().unwrap_or(&args.data).clone();
    Plan {
        folder: PathBuf::new(),
        lock: None,
        resume: false,
        model: args.model.clone(),
        command: command::canonical(this_command(program), matches, &data),
        data,
        saved: None,
        is_said_again: false,
        skip_bad: args.skip_bad,
        layout: args.layout,
        weights: args.weights.clone(),
        new_head: args.new_head,
        imgsz: args.imgsz,
        recipe: args.recipe.clone(),
    }
}

fn this_command(program: &Command) -> &Command {
    program.find_subcommand("train").expect("this very subcommand")
}

/// The plan of the run in the folder, and what the flags of this command change in it.
fn resumed(
    args: &Args,
    matches: &ArgMatches,
    program: &Command,
    named: Option<&PathBuf>,
) -> anyhow::Result<Plan> {
    let folder = named.cloned().map_or_else(|| run_dir::latest(&args.project), Ok)?;
    // A folder that is not there is reported by what looks into it.
    let lock = folder.is_dir().then(|| FolderLock::take(&folder)).transpose()?;
    let saved = saved_run(&folder)?;
    let asked = new(args, matches, program);
    let Some(saved) = saved else {
        return Ok(Plan { folder: folder.clone(), lock, resume: true, ..begun(&folder, asked, program)? });
    };
    let fixed = command::fixed(this_command(program), matches);
    let names_data = ["data", "data_flag"].iter().any(|id| command::is_typed(matches, id));
    let old = command::split(&saved.command);
    let mut again = old.clone();
    again.extend(fixed.iter().flatten().cloned());
    if let (true, Some(data)) = (names_data, again.get_mut(2)) {
        *data = kept(&asked.data).into_owned();
    }
    // A run of the library has no command: then the flags alone say what is asked for.
    let (started, again) = (plan_of(&old, program), plan_of(&again, program).unwrap_or(asked));
    if let Some(started) = &started {
        let beginning = |plan: &Plan| (plan.weights.clone(), plan.new_head, plan.imgsz);
        if beginning(started) != beginning(&again) {
            let place = folder.display();
            let why = format!(
                "--resume {place}: --weights, --new-head and --imgsz decide how a run begins, so they cannot change when it is \
                 resumed; leave them out to continue it, or leave --resume out to start another run"
            );
            return Err(Usage(why).into());
        }
    }
    let is_said_again = !fixed.is_empty() || names_data;
    let (model, data) = match is_said_again {
        true => (again.model.clone(), again.data.clone()),
        false => (saved.model, found(&saved.data_source).into_owned()),
    };
    let config = args.recipe.changed(saved.config);
    let (saved, command) = (Some((config, saved.preprocess)), saved.command);
    Ok(Plan { folder, lock, resume: true, model, data, saved, is_said_again, command, ..again })
}

/// The plan of a run that was killed before its first checkpoint: the same command is run again.
fn begun(folder: &Path, asked: Plan, program: &Command) -> anyhow::Result<Plan> {
    let place = folder.display();
    let is_bare = asked.command == "striate train digits";
    let old = match RunFolder::of(folder).and_then(|run| run.command()) {
        None if is_bare => {
            let why = format!(
                "{place}: the run was stopped before it saved anything; start it again, with --exist-ok to use the same folder"
            );
            return Err(Usage(why).into());
        }
        None => return Ok(asked),
        Some(command) => command,
    };
    if !is_bare && asked.command != old {
        let why = format!(
            "--resume {place}: the run there has no checkpoint yet; it was started by\n  {old}\nand this command is\n  {}\n\
             leave the other flags out to start it again, or leave --resume out to start another run",
            asked.command
        );
        return Err(Usage(why).into());
    }
    let plan = plan_of(&command::split(&old), program);
    plan.ok_or_else(|| {
        Usage(format!("{place}: cannot start the run again, since its command is not valid: {old}")).into()
    })
}

/// The plan that a command line stands for, whose later flags replace earlier ones.
fn plan_of(words: &[String], program: &Command) -> Option<Plan> {
    let program = program.clone().mut_subcommand("train", |train| train.args_override_self(true));
    let matches =
        program.clone().try_get_matches_from(words.iter().map(|word| found(word).into_owned())).ok()?;
    let matches = matches.subcommand_matches("train")?;
    Some(new(&Args::from_arg_matches(matches).ok()?, matches, &program))
}
