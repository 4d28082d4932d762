//! Which images of a data set a command means: one rule and one pair of flags for all.

use clap::Args as ClapArgs;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use striate::data::{Choice, DataError, Layout, Measured, Parts};

use crate::out;

/// How folders are read; flattened into every command that reads a data set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct LayoutFlag {
    /// Read the folders in a folder of images as parts (train, val, test) or as classes, where they could be either
    #[arg(long, value_name = "parts|classes", value_parser = layouts(), help_heading = "Which images")]
    layout: Option<Layout>,
}

/// Which images are measured; flattened into the commands that measure.
#[derive(Debug, Clone, Copy, Default, ClapArgs)]
pub(crate) struct PartFlags {
    /// Which images: train, val, test or all [default: test, without one val, of a folder of classes all of them]
    #[arg(long, value_name = "PART", value_parser = choices(), help_heading = "Which images")]
    pub(crate) split: Option<Choice>,
    #[command(flatten)]
    pub(crate) layout: LayoutFlag,
}

impl LayoutFlag {
    /// Opens a data set, and says what was taken for what and what was passed over.
    pub(crate) fn open(self, data: &str) -> Result<Parts, DataError> {
        let parts = self.quietly(data)?;
        parts.notes.iter().for_each(out::tell);
        Ok(parts)
    }

    /// Opens a data set whose notes were shown already.
    pub(crate) fn quietly(self, data: &str) -> Result<Parts, DataError> {
        Parts::open(data, self.layout)
    }
}

impl PartFlags {
    /// The images of `data` that are meant.
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

fn choices() -> impl TypedValueParser<Value = Choice> {
    let get = |text: String| Choice::get(&text).unwrap_or(Choice::All);
    PossibleValuesParser::new(Choice::ALL.map(Choice::name)).map(get)
}
