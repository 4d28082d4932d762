//! The command of a run as one canonical line: everything that determines the result, and nothing else.
//!
//! It is stored in the model file, so runs that differ only in threads or folder must have the same line. A run that was killed
//! before its first checkpoint is started again with it.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::kept::kept;

/// Flags that change the folder, the speed or the output of a run, but not what it learns.
const WITHOUT_EFFECT: [&str; 11] = [
    "threads",
    "project",
    "name",
    "exist_ok",
    "resume",
    "quiet",
    "json",
    "data_flag",
    "fetch",
    "preview",
    "find_lr",
];

/// Flags of `train` that may change when a run is resumed.
const CHANGEABLE: [&str; 4] = ["epochs", "batch", "lr", "patience"];

/// The words of each flag that was typed and decides the outcome, without those that may change when a run is resumed.
pub(super) fn fixed(command: &clap::Command, matches: &ArgMatches) -> Vec<Vec<String>> {
    let fixed = typed(command, matches).into_iter().filter(|(id, _)| !CHANGEABLE.contains(id));
    fixed.map(|(_, words)| words).collect()
}

/// Whether an argument stands on the command line.
pub(super) fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// `striate train digits --epochs 3`, in the order of the declarations; each word as it is [`kept`].
pub(crate) fn canonical(command: &clap::Command, matches: &ArgMatches, data: &str) -> String {
    let mut words = vec!["striate".to_owned(), command.get_name().to_owned(), kept(data).into_owned()];
    words.extend(typed(command, matches).into_iter().flat_map(|(_, words)| words));
    join(&words)
}

/// Each flag that was typed and decides the outcome: its identifier, and its words.
fn typed<'a>(command: &'a clap::Command, matches: &ArgMatches) -> Vec<(&'a str, Vec<String>)> {
    let mut all = Vec::new();
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let is_typed = is_typed(matches, id) && !WITHOUT_EFFECT.contains(&id);
        if let (true, Some(long), Ok(Some(values))) = (is_typed, arg.get_long(), matches.try_get_raw(id)) {
            let mut words = vec![format!("--{long}")];
            if arg.get_action().takes_values() {
                let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
                words.push(kept(&values.join(",")).into_owned());
            }
            all.push((id, words));
        }
    }
    all
}

/// The words in one line, quoted where necessary, for a POSIX shell and for [`split`]; a leading `~/` is not quoted, so that a
/// shell expands it.
pub(crate) fn join(words: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=,:+@%".contains(c);
    let quoted = |word: &String| {
        let (home, rest) = word.split_at(if word.starts_with("~/") { 2 } else { 0 });
        match !word.is_empty() && rest.chars().all(plain) {
            true => word.clone(),
            false => format!("{home}'{}'", rest.replace('\'', "'\\''")),
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The words of a line that [`join`] produced.
pub(crate) fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut in_quotes, mut chars) = (Vec::new(), None::<String>, false, line.chars());
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                in_quotes = !in_quotes;
                word.get_or_insert_default();
            }
            // What was changed later, see `striate::train::Job::resume`.
            '#' if !in_quotes && word.is_none() => break,
            ' ' if !in_quotes => words.extend(word.take()),
            '\\' if !in_quotes => word.get_or_insert_default().extend(chars.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_quoting() {
        for words in [
            vec!["striate", "train", "digits"],
            vec!["a b", "", "~/a", "~/a b", "it's", "'", "\\", "--lr", "1e-3", "é$(x)", "a\nb"],
            vec![],
        ] {
            let words: Vec<String> = words.into_iter().map(String::from).collect();
            assert_eq!(split(&join(&words)), words);
        }
        assert_eq!(split("striate train a#b # after epoch 2: epochs 5"), ["striate", "train", "a#b"]);
        assert_eq!(join(&["~/my data".into()]), "~/'my data'");
        assert_eq!(join(&["my data".into(), "--lr".into(), "0.003".into()]), "'my data' --lr 0.003");
    }
}
