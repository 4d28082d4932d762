//! `striate data`: which data sets there are, where they are, and getting them.

use std::fmt::Write;

use clap::{Args as ClapArgs, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use striate::data::fetch::{FetchEvent, fetch};
use striate::data::registry::{KNOWN, Known};
use striate::data::{DataError, Found, Places, find, registry};
use striate::inspect::text::{Align, Table, bytes};

use crate::flags::me;
use crate::out;

/// List data sets, say where they are, or download one
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the data sets that are known by name, and whether they are on this machine
    List,
    /// Download a data set: the only thing striate ever uses a network for
    Fetch {
        /// Which one
        name: String,
    },
    /// Print the folder where a data set is
    Path {
        /// Which one
        name: String,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.verb {
        Verb::List => list(),
        Verb::Fetch { name } => get(name),
        Verb::Path { name } => path(name),
    }
}

fn list() -> anyhow::Result<u8> {
    let mut table = Table::new([
        ("name", Align::Left),
        ("what it is", Align::Left),
        ("where", Align::Left),
        ("licence", Align::Left),
    ]);
    for known in KNOWN {
        table.row([known.name.into(), known.about.into(), place(known), known.licence.into()]);
    }
    let mut text = table.to_string();
    writeln!(
        text,
        "\nA folder with four idx files, raw or .gz, is a data set too. Next: {} train mnist",
        me()
    )?;
    out::print(&text)?;
    Ok(0)
}

fn place(known: &Known) -> String {
    match find(known.name) {
        Ok(Found::Folder { folder, .. }) => folder.display().to_string(),
        Ok(_) => "inside this program".into(),
        Err(_) => format!("not here: striate data fetch {} ({})", known.name, bytes(known.download_bytes())),
    }
}

fn known(name: &str) -> Result<&'static Known, DataError> {
    Known::get(name)
        .ok_or_else(|| DataError::UnknownName { name: name.into(), nearest: registry::nearest(name) })
}

fn get(name: &str) -> anyhow::Result<u8> {
    let known = known(name)?;
    if known.files.is_none() {
        out::print(&format!("{name} is inside this program: nothing to download\n"))?;
        return Ok(0);
    }
    let folder = Places::from_env().cache_of(known)?;
    let bar = ProgressBar::no_length();
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {bytes:>10} of {total_bytes}  {bytes_per_sec}  {msg}")
            .expect("a template without faults"),
    );
    fetch(known, &folder, &mut |event| match event {
        FetchEvent::Asking { url, bytes } => {
            bar.set_length(bytes);
            bar.set_position(0);
            bar.set_message(url.to_owned());
            if bar.is_hidden() {
                eprintln!("asking {url} for {}", striate::inspect::text::bytes(bytes));
            }
        }
        FetchEvent::Received { bytes, .. } => bar.set_position(bytes),
        FetchEvent::Failed { url, why } => bar.suspend(|| eprintln!("{url}: {why}")),
        FetchEvent::Stored { path } => bar.suspend(|| eprintln!("stored {}", path.display())),
        FetchEvent::Present { path } => bar.suspend(|| eprintln!("{} is here already", path.display())),
        _ => {}
    })?;
    bar.finish_and_clear();
    out::print(&format!("{name} is in {}\nNext: {} train {name}\n", folder.display(), me()))?;
    Ok(0)
}

fn path(name: &str) -> anyhow::Result<u8> {
    let place = match find(name)? {
        Found::Folder { folder, .. } => format!("{}\n", folder.display()),
        _ => {
            eprintln!("{name} is inside this program, in no folder");
            return Ok(0);
        }
    };
    out::print(&place)?;
    Ok(0)
}
