//! `striate data`: lists the known data sets and their folders, downloads them, and checks a folder.

mod check;

use std::fmt::Write;

use clap::{Args as ClapArgs, Subcommand};
use striate::data::fetch::fetch;
use striate::data::registry::{KNOWN, Known};
use striate::data::{DataError, Found, Places, find, registry};
use striate::report::text::{Align, Table, bytes};

use crate::flags_data::LayoutFlag;
use crate::flags_weights::{FetchBar, LoadFlags};
use crate::out;

/// List, check or download data sets
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  striate data list
  striate data check FOLDER  find unreadable images, duplicates and leaks
  striate data fetch mnist")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the data sets known by name, and whether they are on this machine
    List,
    /// Download a data set; this is the only command that uses the internet without --fetch
    Fetch {
        /// Name of the data set ('striate data list' shows them)
        name: String,
    },
    /// Check every image of a folder: unreadable files, duplicates, leaks between the parts, class sizes
    Check {
        /// A folder, FOLDER/CLASS/... or FOLDER/{train,val}/CLASS/..., or the name of a data set
        folder: String,
        #[command(flatten)]
        layout: LayoutFlag,
        /// Also look for wrong labels, using the features of this pretrained network ('striate models' lists them)
        #[arg(short, long, value_name = "NAME")]
        model: Option<String>,
        /// Weights of this network: a name, a file (.safetensors, .pth), or a URL [default: those named after the network]
        #[arg(short, long, value_name = "SOURCE", requires = "model")]
        weights: Option<String>,
        #[command(flatten)]
        load: LoadFlags,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Print the folder of a data set
    Path {
        /// Name of the data set, or a folder
        name: String,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.verb {
        Verb::List => list(),
        Verb::Fetch { name } => get(name),
        Verb::Check { folder, layout, model, weights, load, json } => {
            let labels = model.as_deref().map(|model| (model, weights.as_deref(), load));
            check::run(folder, *layout, labels, *json)
        }
        Verb::Path { name } => path(name),
    }
}

fn list() -> anyhow::Result<u8> {
    let mut table = Table::new([
        ("name", Align::Left),
        ("what it is", Align::Left),
        ("where", Align::Left),
        ("license", Align::Left),
    ]);
    for known in KNOWN {
        table.row([known.name.into(), known.about.into(), place(known), known.license.into()]);
    }
    let mut text = table.to_string();
    writeln!(
        text,
        "\nA folder of images, FOLDER/CLASS/..., or of four idx files is a data set, too. Next: striate train mnist"
    )?;
    out::print(&text)?;
    Ok(0)
}

fn place(known: &Known) -> String {
    match find(known.name) {
        Ok(Found::Folder { folder, .. }) => folder.display().to_string(),
        Ok(_) => "built in".into(),
        Err(_) => {
            format!("not here: striate data fetch {} ({})", known.name, bytes(known.download_bytes()))
        }
    }
}

fn known(name: &str) -> Result<&'static Known, DataError> {
    Known::get(name)
        .ok_or_else(|| DataError::UnknownName { name: name.into(), nearest: registry::nearest(name) })
}

fn get(name: &str) -> anyhow::Result<u8> {
    let known = known(name)?;
    if known.files.is_none() {
        out::print(&format!("{name} is built into this program; there is nothing to download\n"))?;
        return Ok(0);
    }
    let folder = Places::from_env().cache_of(known)?;
    let bar = FetchBar::new();
    fetch(known, &folder, &mut |event| bar.tell(&event))?;
    bar.finish();
    out::print(&format!("{name} is in {}\nNext: striate train {name}\n", folder.display()))?;
    Ok(0)
}

fn path(name: &str) -> anyhow::Result<u8> {
    let place = match find(name)? {
        Found::Folder { folder, .. } | Found::Images { folder } => format!("{}\n", folder.display()),
        _ => {
            out::tell(format!("{name} is built into this program and has no folder"));
            return Ok(0);
        }
    };
    out::print(&place)?;
    Ok(0)
}
