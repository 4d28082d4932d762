//! What is trained, on what and how: from the flags, or from the run that is resumed.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command, FromArgMatches};
use striate::data::Preprocess;
use striate::train::{FitConfig, FolderLock, RunFolder, saved_run};

use super::args::Args;
use super::recipe::RecipeFlags;
use super::{command, run_dir};
use crate::exit::Usage;
use crate::flags_data::LayoutFlag;
use crate::kept::{found, kept};

/// What to train, on what and how: from the flags, or from the run that is resumed.
pub(super) struct Plan {
    pub(super) folder: PathBuf,
    /// The lock on the folder, held from before it is first read until its last file is written.
    pub(super) lock: Option<FolderLock>,
    pub(super) resume: bool,
    pub(super) model: String,
    pub(super) data: String,
    /// Of the run that is resumed, with what changes.
    pub(super) saved: Option<(FitConfig, Preprocess)>,
    /// Whether the command that resumes it repeats its data set, or flags that cannot change.
    pub(super) is_said_again: bool,
    pub(super) skip_bad: bool,
    pub(super) layout: LayoutFlag,
    pub(super) weights: Option<String>,
    pub(super) new_head: bool,
    pub(super) imgsz: Option<usize>,
    pub(super) recipe: RecipeFlags,
    pub(super) command: String,
}

/// The plan of a new run, whose folder is claimed later.
pub(super) fn new(args: &Args, matches: &ArgMatches, program: &Command) -> Plan {
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
pub(super) fn resumed(
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
