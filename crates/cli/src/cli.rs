//! The command line as a whole.

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::exit::USAGE;
use crate::help::grouped;
use crate::{
    bench, data, embed, explain, filters, finetune, flatten, maps, models, neuron, out, predict, summary,
    train, trust, val, why, xray,
};

/// Train, inspect and use convolutional image classifiers on the CPU
#[derive(Debug, Parser)]
#[command(
    name = "striate",
    bin_name = "striate",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Start here:
  striate train                     train a network on the handwritten digits built into this program
  striate predict runs/train IMAGE  classify an image with the trained model
  striate COMMAND --help            show all options of a command, with examples

Exit codes: 0 success; 1 a kernel is too slow (bench kernels --assert); 2 wrong usage; 65 bad data; 74 reading or writing \
failed; 101 a bug in Striate (please report the message); 129, 130 and 143 stopped by SIGHUP, SIGINT (Ctrl-C) or SIGTERM; \
134 aborted, for example when out of memory")]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Train(Box<train::Args>),
    Val(val::Args),
    Finetune(Box<finetune::Args>),
    Predict(predict::Args),
    Maps(maps::Args),
    Filters(filters::Args),
    Why(why::Args),
    Xray(xray::Args),
    Neuron(neuron::Args),
    Embed(embed::Args),
    Trust(trust::Args),
    Flatten(flatten::Args),
    Summary(summary::Args),
    Explain(explain::Args),
    Models(models::Args),
    Data(data::Args),
    Bench(bench::Args),
}

/// Does what was asked on the command line; gives the exit code.
pub(crate) fn run() -> anyhow::Result<u8> {
    let parsed = grouped(Cli::command())
        .try_get_matches()
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return answer(&error),
    };
    let typed = matches.subcommand().map_or(&matches, |(_, typed)| typed);
    match &cli.verb {
        Verb::Train(args) => train::run(args, typed, &Cli::command()),
        Verb::Val(args) => val::run(args),
        Verb::Finetune(args) => finetune::run(args, typed, &Cli::command()),
        Verb::Predict(args) => predict::run(args),
        Verb::Maps(args) => maps::run(args),
        Verb::Filters(args) => filters::run(args),
        Verb::Why(args) => why::run(args),
        Verb::Xray(args) => xray::run(args),
        Verb::Neuron(args) => neuron::run(args),
        Verb::Embed(args) => embed::run(args),
        Verb::Trust(args) => trust::run(args),
        Verb::Flatten(args) => flatten::run(args),
        Verb::Summary(args) => summary::run(args),
        Verb::Explain(args) => explain::run(args),
        Verb::Models(args) => models::run(args),
        Verb::Data(args) => data::run(args),
        Verb::Bench(args) => bench::run(args),
    }
}

/// Prints the help that was asked for, or what is wrong with the flags.
fn answer(error: &clap::Error) -> anyhow::Result<u8> {
    let code = if error.use_stderr() { USAGE } else { 0 };
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::DisplayVersion => out::help(error)?,
        // Without colors, which could not be told from those that a name in it may bring along.
        _ => out::tell_as_is(error.render().to_string().trim_end_matches('\n')),
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;
    use crate::help::{GROUPS, grouped};

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_is_in_one_group_of_the_help() {
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        listed.sort_unstable();
        let program = Cli::command();
        let mut all: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
        all.sort_unstable();
        assert_eq!(listed, all);
        let help = grouped(program).render_help().to_string();
        let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(wide.is_empty() && help.contains("\nLook inside:\n  summary   List"), "{help}");
    }

    /// The help of every command ends in up to three examples, and each can be typed as it is, up to its explanation.
    #[test]
    fn every_example_of_the_help_can_be_typed() {
        for verb in Cli::command().get_subcommands() {
            let name = verb.get_name();
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, examples) =
                help.split_once("Examples:\n").unwrap_or_else(|| panic!("{name}: no examples"));
            let lines: Vec<&str> = examples.lines().map(str::trim).collect();
            assert!((1..=3).contains(&lines.len()), "{name}: {lines:?}");
            for line in lines {
                let typed = line.split("  ").next().unwrap_or_default();
                assert!(typed.starts_with(&format!("striate {name}")), "{line}");
                let parsed = Cli::command().try_get_matches_from(typed.split(' '));
                assert!(parsed.is_ok(), "{typed}: {:?}", parsed.err());
            }
        }
    }

    /// Whoever may name a data set may write `-d` and `--data`.
    #[test]
    fn data_is_named_alike_everywhere() {
        let all = Cli::command();
        for verb in ["train", "val", "neuron", "embed", "trust", "flatten", "bench"] {
            let verb = all.find_subcommand(verb).unwrap_or_else(|| panic!("no {verb}"));
            let data = verb.get_arguments().find(|arg| arg.get_long() == Some("data"));
            assert_eq!(data.and_then(|arg| arg.get_short()), Some('d'), "{}", verb.get_name());
        }
        let named = all
            .get_subcommands()
            .filter(|verb| verb.get_arguments().any(|arg| arg.get_long() == Some("data")));
        assert_eq!(named.count(), 7, "name it above");
    }
}
