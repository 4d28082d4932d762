//! `striate data check`: everything that is wrong with a folder of pictures, and what training would see of it.

use std::fmt::Write;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use striate::data::check::{Check, check};
use striate::data::{Dataset, load};
use striate::inspect::text::{Align, Table, bytes, grouped, printable};

use crate::exit::BAD_DATA;
use crate::flags::me;
use crate::out;

/// From this factor on classes are called unequal: a network that always says the largest is right that much more often.
const UNEQUAL: f64 = 3.0;

#[derive(Serialize)]
struct Document<'a> {
    data: &'a str,
    sha256: &'a str,
    bad: bool,
    #[serde(flatten)]
    check: &'a Check,
}

/// Gives the exit code for bad data when something makes training or its measure wrong.
pub(super) fn run(name: &str, as_json: bool) -> anyhow::Result<u8> {
    let data = load(name)?;
    let total =
        [&data.train, &data.test].iter().filter_map(|split| split.photos()).map(|p| p.len()).sum::<usize>();
    let bar = ProgressBar::new(total as u64);
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {pos} of {len} pictures  {per_sec}")
            .expect("a template without faults"),
    );
    let found = check(&data, &|| bar.inc(1));
    bar.finish_and_clear();
    let is_bad = found.is_bad();
    if as_json {
        out::json(&Document { data: &data.name, sha256: &data.sha256, bad: is_bad, check: &found })?;
    } else {
        out::print(&text(name, &data, &found)?)?;
    }
    Ok(if is_bad { BAD_DATA } else { 0 })
}

fn text(name: &str, data: &Dataset, found: &Check) -> Result<String, std::fmt::Error> {
    let mut text = format!("{} classes, {} pictures", found.classes.len(), grouped(found.pictures as u64));
    if found.bytes > 0 {
        write!(text, ", {}", bytes(found.bytes))?;
    }
    if let Some([[w0, h0], [w1, h1], [w2, h2]]) = found.sizes_px {
        write!(text, "; {w0}x{h0} to {w2}x{h2} pixels, half of them {w1}x{h1} or more")?;
    }
    let mut table = Table::new([("class", Align::Left), ("train", Align::Right), ("val", Align::Right)]);
    for class in &found.classes {
        table.row([printable(class.class.clone()), grouped(class.train as u64), grouped(class.val as u64)]);
    }
    write!(text, "\n\n{table}\n")?;
    let shown = |path: &PathBuf| printable(path.display().to_string());
    let section = |text: &mut String, title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            *text += &format!("{title} ({}):\n  {}\n\n", lines.len(), lines.join("\n  "));
        }
    };
    let unreadable = found.unreadable.iter().map(|bad| format!("{}: {}", shown(&bad.path), bad.why));
    section(&mut text, "Cannot be used", unreadable.collect());
    for (title, kind) in [
        ("Both to learn from and to measure by, so that the measure flatters", [true, false]),
        ("In more than one class, so that one of them is wrong", [false, true]),
        ("Both to learn from and to measure by, and in more than one class", [true, true]),
        ("There more than once", [false, false]),
    ] {
        let of_kind = found.copies.iter().filter(|copies| [copies.is_leak, copies.is_contradiction] == kind);
        let lines =
            of_kind.map(|copies| copies.paths.iter().map(shown).collect::<Vec<_>>().join(" = ")).collect();
        section(&mut text, title, lines);
    }
    let misnamed = found.misnamed.iter().map(|m| format!("{}: its content is {}", shown(&m.path), m.content));
    section(&mut text, "Called otherwise than they are, and read nevertheless", misnamed.collect());
    if found.imbalance >= UNEQUAL {
        writeln!(
            text,
            "The largest class has {:.1} times as many pictures to learn from as the smallest.\n",
            found.imbalance
        )?;
    }
    let usable = |split: usize, is_val: bool| {
        let bad = found.unreadable.iter().filter(|bad| {
            let split = if is_val { &data.test } else { &data.train };
            split.photos().is_some_and(|photos| photos.files().iter().any(|photo| photo.path == bad.path))
        });
        grouped((split - bad.count()) as u64)
    };
    writeln!(
        text,
        "Training would learn from {} and measure by {}.",
        usable(data.train.len(), false),
        usable(data.test.len(), true)
    )?;
    let verdict = match (found.is_bad(), found.unreadable.is_empty()) {
        (false, _) => format!("Nothing is in the way. Next: {} train {name}", me()),
        (true, false) => {
            "Repair or remove what cannot be used, or leave it out with --skip-bad: training stops before it starts.".into()
        }
        (true, true) => "Remove the copies: an accuracy measured with them is no measure.".into(),
    };
    writeln!(text, "{verdict}")?;
    Ok(text)
}
