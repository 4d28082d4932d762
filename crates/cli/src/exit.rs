//! How the program ends: the error message and the exit code.

use std::error::Error;
use std::io;

use striate::data::DataError;
use striate::formats::FormatError;
use striate::graph::PlanError;
use striate::image::{ImageError, InputError};
use striate::lab::LabError;
use striate::models::registry::UnknownModel;
use striate::models::weights::WeightsError;
use striate::train::FitError;

use crate::hint::hint;
use crate::out::OutError;

/// The exit code when the command cannot be carried out as it was typed.
pub(crate) const USAGE: u8 = 2;
/// The exit code when a file or a data set does not contain what it should.
pub(crate) const BAD_DATA: u8 = 65;
/// The exit code when reading or writing failed.
pub(crate) const IO: u8 = 74;

/// The command cannot be carried out as it was typed: exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);
impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl Error for Usage {}

/// Data that does not fit the command: exit code 65.
#[derive(Debug)]
pub(crate) struct BadData(pub(crate) String);
impl std::fmt::Display for BadData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl Error for BadData {}

/// The message and those of its causes, without repetition, since many errors quote their cause already; and what to type.
pub(crate) fn text(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    if let Some(hint) = error.chain().find_map(hint) {
        text += &format!("\n  {hint}");
    }
    text
}

/// The exit code of the first error in the chain that has one.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(code_of).unwrap_or(BAD_DATA)
}

fn code_of(error: &(dyn Error + 'static)) -> Option<u8> {
    // Transparent errors do not appear in the chain themselves, so each is matched here.
    if let Some(error) = error.downcast_ref::<striate::Error>() {
        return Some(match error {
            striate::Error::Data(error) => data(error),
            striate::Error::Input(error) => input(error),
            striate::Error::Format(error) => format(error),
            striate::Error::Fit(error) => fit(error),
            striate::Error::Weights(error) => weights(error),
            striate::Error::Engine(_) | striate::Error::Model(_) => USAGE,
            _ => BAD_DATA,
        });
    }
    let known = [
        error.downcast_ref().map(fit),
        error.downcast_ref().map(format),
        error.downcast_ref().map(data),
        error.downcast_ref().map(input),
        error.downcast_ref::<UnknownModel>().map(|_| USAGE),
        error.downcast_ref().map(weights),
        error.downcast_ref().map(lab),
        error.downcast_ref::<Usage>().map(|_| USAGE),
        error.downcast_ref::<BadData>().map(|_| BAD_DATA),
        error.downcast_ref::<OutError>().map(|_| IO),
        error.downcast_ref::<io::Error>().map(|_| IO),
    ];
    known.into_iter().flatten().next()
}

fn fit(error: &FitError) -> u8 {
    match error {
        FitError::Format(error) => format(error),
        FitError::Data(error) => data(error),
        FitError::Plan(
            PlanError::Pattern { .. }
            | PlanError::Scale { .. }
            | PlanError::Frozen { .. }
            | PlanError::Option { .. },
        )
        | FitError::Setting { .. }
        | FitError::Schedule(_)
        | FitError::Optimizer(_)
        | FitError::Engine(_)
        | FitError::RunExists { .. }
        | FitError::InUse { .. }
        | FitError::NothingToResume { .. }
        | FitError::NoFolder
        | FitError::OtherRun { .. } => USAGE,
        _ => BAD_DATA,
    }
}

fn lab(error: &LabError) -> u8 {
    match error {
        LabError::Data(error) => data(error),
        LabError::Fit(error) => fit(error),
        LabError::NoUnits { .. }
        | LabError::NoUnit { .. }
        | LabError::Dream { .. }
        | LabError::Embedding { .. } => USAGE,
        _ => BAD_DATA,
    }
}

fn weights(error: &WeightsError) -> u8 {
    match error {
        WeightsError::Unknown { .. }
        | WeightsError::OtherModel { .. }
        | WeightsError::Url { .. }
        | WeightsError::Key { .. }
        | WeightsError::Prefix { .. }
        | WeightsError::Ambiguous { .. } => USAGE,
        WeightsError::NotHere { .. } => IO,
        WeightsError::Format(error) => format(error),
        WeightsError::Data(error) => data(error),
        _ => BAD_DATA,
    }
}

fn format(error: &FormatError) -> u8 {
    match error {
        FormatError::Read { .. } | FormatError::Write { .. } => IO,
        _ => BAD_DATA,
    }
}

fn data(error: &DataError) -> u8 {
    match error {
        DataError::UnknownName { .. } | DataError::Augment { .. } | DataError::Loader { .. } => USAGE,
        DataError::NotFound { .. }
        | DataError::FolderIncomplete { .. }
        | DataError::NoClasses { .. }
        | DataError::NoCache
        | DataError::Fetch { .. }
        | DataError::Io { .. } => IO,
        DataError::Input(error) => input(error),
        _ => BAD_DATA,
    }
}

fn input(error: &InputError) -> u8 {
    match error {
        InputError::Image { problem: ImageError::Io { .. }, .. } => IO,
        _ => BAD_DATA,
    }
}
