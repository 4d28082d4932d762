//! The binary `striate`: parses flags, calls the library, prints, exits. One module a verb.

mod bench;
mod cli;
mod compute;
mod data;
mod embed;
mod exit;
mod explain;
mod fault;
mod filters;
mod finetune;
mod flags;
mod flags_data;
mod flags_weights;
mod flatten;
mod help;
mod hint;
mod kept;
mod look;
mod maps;
mod mismatch;
mod models;
mod neuron;
mod out;
mod predict;
mod report;
mod scenes;
mod stop;
mod subject;
mod summary;
mod train;
mod trained_on;
mod trust;
mod val;
mod why;
mod working;
mod xray;

use std::process::ExitCode;

use exit::{code, text};
use out::{OutError, tell};

fn main() -> ExitCode {
    fault::listen();
    finish(cli::run())
}

/// Ends the program: tells what went wrong, unless it is that nobody reads our output any more.
fn finish(result: anyhow::Result<u8>) -> ExitCode {
    let error = match result {
        Ok(code) => return code.into(),
        Err(error) => error,
    };
    if error.downcast_ref::<OutError>().is_some_and(OutError::reader_left) {
        return ExitCode::SUCCESS;
    }
    tell(format!("error: {}", text(&error)));
    code(&error).into()
}
