//! The build system of Striate, in Rust, so that it runs wherever the project builds: `cargo xtask NAME`.
//!
//! Start reading at [`ci`], then `tidy/mod.rs`, which lists every rule that the repository keeps.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod book;
mod cargo;
mod ci;
mod dist;
mod features;
mod golden;
mod modules;
mod msrv;
mod shipped;
mod size;
mod source;
mod tidy;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask TASK

  ci               everything that CI runs: format, lints, dependencies, docs, packages, tests, features, oldest Rust, book,
                   WebAssembly, tidy; stops at the first failure
  tidy             the rules that no compiler checks: floors, circles, unsafe, headers, dependencies, links, words
  size             lines per crate, largest files, ratio of docs and tests to code, number of unsafe; the files that the last
                   operation, layer and network touched; the size of the binary, if it has been built
  book [--all] [--check] [--debug] [--quick] [PAGE ...]
                   runs the commands of docs/book again, and updates quoted lines and images that differ;
                   --check writes nothing and fails instead; --all also runs commands that need data or photos from outside;
                   --debug uses the debug build; --quick skips the pages that train for minutes
  features         compiles the library with each feature alone, and counts the crates of a program that only predicts
  msrv             compiles with the oldest Rust that the manifests promise
  dist             builds the release binary and packs it, with its digest, in target/dist
  golden [--check] remakes the golden files with their scripts; --check compares and writes nothing
  shipped [--data FOLDER]
                   retrains the included networks on MNIST (in FOLDER/mnist), and compares the files byte by byte";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["ci"] => ci::run(),
        ["tidy"] => tidy::run(),
        ["size"] => size::run(),
        ["book", ref rest @ ..] if let Some(asked) = book::Asked::parse(rest) => book::run(&asked),
        ["features"] => features::run(),
        ["msrv"] => msrv::run(),
        ["dist"] => dist::run(),
        ["golden"] => golden::run(false),
        ["golden", "--check"] => golden::run(true),
        ["shipped"] => shipped::run(None),
        ["shipped", "--data", folder] => shipped::run(Some(folder)),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("xtask: expected a task, got `{}`\n\n{USAGE}", args.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
