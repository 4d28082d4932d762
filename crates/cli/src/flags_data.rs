//! The flags that choose the images of a data set: one rule and one pair of flags for every command.

use clap::Args as ClapArgs;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use striate::data::{DataError, Layout, Measured, SplitChoice, Splits};

use crate::out;

/// How folders are interpreted; flattened into every command that reads a data set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct LayoutFlag {
    /// Interpret the subfolders as parts (train, val, test) or as classes, where they could be either
    #[arg(long, value_name = "parts|classes", value_parser = layouts(), help_heading = "Images")]
    layout: Option<Layout>,
}

/// The images to evaluate on; flattened into the commands that evaluate.
#[derive(Debug, Clone, Copy, Default, ClapArgs)]
pub(crate) struct PartFlags {
    /// Part of the data: train, val, test or all [default: test; without one, val; all of a folder of classes]
    #[arg(long, value_name = "PART", value_parser = choices(), help_heading = "Images")]
    pub(crate) split: Option<SplitChoice>,
    #[command(flatten)]
    pub(crate) layout: LayoutFlag,
}

impl LayoutFlag {
    /// Opens a data set, and prints which folder was taken for which part and what was skipped.
    pub(crate) fn open(self, data: &str) -> Result<Splits, DataError> {
        let splits = self.quietly(data)?;
        splits.notes.iter().for_each(out::tell);
        Ok(splits)
    }

    /// Opens a data set without printing its notes, which were shown already.
    pub(crate) fn quietly(self, data: &str) -> Result<Splits, DataError> {
        Splits::open(data, self.layout)
    }
}

impl PartFlags {
    /// The images of `data` that these flags select.
    pub(crate) fn measured(self, data: &str) -> Result<Measured, DataError> {
        self.layout.open(data)?.measured(self.split)
    }
}

fn layouts() -> impl TypedValueParser<Value = Layout> {
    PossibleValuesParser::new(["parts", "classes"]).map(|text| match text.as_str() {
        "parts" => Layout::Parts,
        _ => Layout::Classes,
    })
}

fn choices() -> impl TypedValueParser<Value = SplitChoice> {
    let get = |text: String| SplitChoice::get(&text).unwrap_or(SplitChoice::All);
    PossibleValuesParser::new(SplitChoice::ALL.map(SplitChoice::name)).map(get)
}
