//! The binary `striate`: parses flags, calls the library, prints, exits. One module a verb.

mod bench;
mod cli;
mod data;
mod exit;
mod filters;
mod finetune;
mod flags;
mod flags_weights;
mod look;
mod maps;
mod models;
mod out;
mod predict;
mod pretrained;
mod report;
mod scenes;
mod stop;
mod summary;
mod train;
mod val;
mod why;
mod xray;

fn main() -> std::process::ExitCode {
    exit::finish(cli::run())
}
