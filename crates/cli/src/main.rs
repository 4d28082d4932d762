//! The binary `striate`: parses flags, calls the library, prints, exits. One module a verb.

mod bench;
mod cli;
mod data;
mod embed;
mod exit;
mod fault;
mod filters;
mod finetune;
mod flags;
mod flags_data;
mod flags_weights;
mod flatten;
mod kept;
mod look;
mod maps;
mod mismatch;
mod models;
mod neuron;
mod out;
mod predict;
mod pretrained;
mod report;
mod scenes;
mod stop;
mod summary;
mod train;
mod trained_on;
mod trust;
mod val;
mod why;
mod working;
mod xray;

fn main() -> std::process::ExitCode {
    fault::listen();
    exit::finish(cli::run())
}
