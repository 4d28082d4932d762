//! The binary `striate`: parses flags, calls the library, prints, exits. One module a verb.

mod bench;
mod cli;
mod data;
mod exit;
mod flags;
mod models;
mod out;
mod predict;
mod stop;
mod summary;
mod train;
mod val;

fn main() -> std::process::ExitCode {
    exit::finish(cli::run())
}
