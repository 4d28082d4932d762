//! `striate --help`: the commands in groups, each with its one line.

use std::fmt::Write as _;

use clap::Command;

/// The groups, in the order in which a newcomer needs them, and the commands of each.
pub(crate) const GROUPS: [(&str, &[&str]); 3] = [
    ("Learn", &["train", "finetune", "flatten"]),
    ("Look inside", &["summary", "maps", "filters", "why", "xray", "neuron", "embed", "trust", "explain"]),
    ("Use", &["predict", "val", "models", "data", "bench"]),
];

/// The program with its commands listed under the headings of [`GROUPS`]: clap has headings for options, but not for commands.
pub(crate) fn grouped(program: Command) -> Command {
    let template = template(&program);
    program.help_template(template)
}

/// In clap's template language, where `{options}` and the like are replaced.
fn template(program: &Command) -> String {
    let styles = program.get_styles();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let names = || GROUPS.iter().flat_map(|(_, names)| names.iter());
    let width = names().map(|name| name.len()).max().unwrap_or(0);
    let mut text = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (heading, names) in GROUPS {
        text += &format!("\n{header}{heading}:{header:#}\n");
        for name in names {
            let about = program.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {literal}{name:width$}{literal:#}  {about}");
        }
    }
    text + &format!("\n{header}Options:{header:#}\n{{options}}{{after-help}}")
}
