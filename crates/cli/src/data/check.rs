//! `striate data check`: reports everything that is wrong with a folder of images, and how training would use it.

use std::fmt::Write;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use striate::data::check::{Check, Copies, Verdict, check};
use striate::data::nature::{Ground, ImageKind, Nature};
use striate::data::{Dataset, Photos, Split, path_text};
use striate::report::text::{Align, Table, bytes, grouped, printable};
use striate::train::finetune::SuspiciousLabel;

use crate::exit::BAD_DATA;
use crate::finetune::suspicious;
use crate::flags_data::LayoutFlag;
use crate::flags_weights::LoadFlags;
use crate::out;
use crate::train::advice::commands;

/// From this ratio of the largest to the smallest class on, the imbalance is reported.
const UNEQUAL: f64 = 3.0;

#[derive(Serialize)]
struct Document<'a> {
    data: &'a str,
    sha256: &'a str,
    bad: bool,
    #[serde(flatten)]
    check: &'a Check,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspicious_labels: Option<Vec<SuspiciousLabel>>,
}

/// The network for the search for wrong labels: its name, its weights, and the flags that choose them.
type Network<'a> = (&'a str, Option<&'a str>, &'a LoadFlags);

/// Returns the exit code for bad data if a problem would make training or evaluation wrong.
pub(super) fn run(
    name: &str,
    layout: LayoutFlag,
    labels: Option<Network<'_>>,
    as_json: bool,
) -> anyhow::Result<u8> {
    let data = layout.open(name)?.to_look_at()?;
    let splits = [Some(&data.train), data.val.as_ref(), Some(&data.test)];
    let total: usize = splits.into_iter().flatten().filter_map(Split::photos).map(Photos::len).sum();
    let bar = ProgressBar::new(total as u64);
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {pos} of {len} images  {per_sec}")
            .expect("a template without faults"),
    );
    let found = check(&data, &|| bar.inc(1));
    bar.finish_and_clear();
    let is_bad = found.is_bad();
    if !as_json {
        out::print(&text(name, &data, &found)?)?;
    }
    let suspicious_labels = match labels {
        Some((model, weights, fetch)) if found.unreadable.is_empty() => {
            Some(suspicious::look(&data, model, weights, fetch)?)
        }
        _ => None,
    };
    if as_json {
        let (data, sha256) = (&data.name, &data.sha256);
        out::json(&Document { data, sha256, bad: is_bad, check: &found, suspicious_labels })?;
    } else if let Some(list) = suspicious_labels {
        let nothing = || "No label looks wrong.".to_owned();
        out::print(&format!("\n{}\n", suspicious::text(&list).unwrap_or_else(nothing)))?;
    } else if labels.is_some() {
        out::print("Labels are checked only when every image can be read.\n")?;
    }
    Ok(if is_bad { BAD_DATA } else { 0 })
}

fn text(name: &str, data: &Dataset, found: &Check) -> Result<String, std::fmt::Error> {
    let mut text = format!("{} classes, {} images", found.classes.len(), grouped(found.images as u64));
    if found.bytes > 0 {
        write!(text, ", {}", bytes(found.bytes))?;
    }
    if let Some([[w0, h0], [w1, h1], [w2, h2]]) = found.sizes_px {
        write!(text, "; {w0}x{h0} to {w2}x{h2} pixels, median {w1}x{h1}")?;
    }
    let mut table = Table::new([("class", Align::Left), ("train", Align::Right), ("val", Align::Right)]);
    for class in &found.classes {
        table.row([printable(class.class.clone()), grouped(class.train as u64), grouped(class.val as u64)]);
    }
    write!(text, "\n\n{table}\n")?;
    let shown = |path: &Path| printable(path_text(path));
    let section = |text: &mut String, title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            *text += &format!("{title} ({}):\n  {}\n\n", lines.len(), lines.join("\n  "));
        }
    };
    let unreadable = found.unreadable.iter().map(|bad| format!("{}: {}", shown(&bad.path), bad.why));
    section(&mut text, "Unusable", unreadable.collect());
    let empty = found.empty.iter().map(|class| printable(class.clone()));
    section(&mut text, "Classes without training images", empty.collect());
    for (what, sign, all) in
        [("Duplicates", " = ", &found.copies), ("Near duplicates", " ~ ", &found.near_copies)]
    {
        for (title, kind) in [
            ("in both training and evaluation images, which inflates the accuracy", [true, false]),
            ("in more than one class, so at least one label is wrong", [false, true]),
            ("in both training and evaluation images, and in more than one class", [true, true]),
            ("within one class", [false, false]),
        ] {
            let of_kind = all.iter().filter(|copies| [copies.is_leak, copies.is_contradiction] == kind);
            let line =
                |copies: &Copies| copies.paths.iter().map(|path| shown(path)).collect::<Vec<_>>().join(sign);
            section(&mut text, &format!("{what} {title}"), of_kind.map(line).collect());
        }
    }
    let dark = found
        .dark
        .iter()
        .map(|d| format!("{}: the brightest value is {} of 255", shown(&d.path), d.brightest));
    section(
        &mut text,
        "Nearly black, like 10- to 14-bit data stored unscaled in a 16-bit file",
        dark.collect(),
    );
    let misnamed = found.misnamed.iter().map(|m| format!("{}: the content is {}", shown(&m.path), m.content));
    section(&mut text, "Wrong file extension (the files are read all the same)", misnamed.collect());
    if found.imbalance >= UNEQUAL {
        writeln!(
            text,
            "The largest class has {:.1} times as many training images as the smallest.\n",
            found.imbalance
        )?;
    }
    let usable = |split: &Split| grouped(found.usable(split) as u64);
    let chosen =
        data.val.as_ref().map_or(String::new(), |val| format!("select the epoch on {}, ", usable(val)));
    let comma = if chosen.is_empty() { "" } else { "," };
    writeln!(
        text,
        "Training would use {} images{comma} {chosen}and evaluate on {}.",
        usable(&data.train),
        usable(&data.test)
    )?;
    let verdict = match found.verdict() {
        Verdict::Unreadable => {
            "Repair or remove the unusable images, or skip them with --skip-bad; otherwise training refuses to start.".into()
        }
        Verdict::EmptyClasses => {
            "Add images to the classes without training images, or remove these classes; otherwise training refuses to start.".into()
        }
        Verdict::OneClass => {
            "There is only one class, but a classifier needs at least two. To evaluate a model on these images: striate val MODEL FOLDER.".into()
        }
        Verdict::NothingHeldOut => {
            "Every class has only one image, so none can be held out for evaluation; training refuses to start.".into()
        }
        Verdict::Duplicates => "Remove the duplicates; with them, the measured accuracy is meaningless.".into(),
        Verdict::Sound => next(name, data, found),
    };
    writeln!(text, "{verdict}")?;
    Ok(text)
}

/// The advice for images without problems.
fn next(name: &str, data: &Dataset, found: &Check) -> String {
    let kind = found.nature.as_ref().map_or(String::new(), |nature| format!("{} ", described(nature)));
    let look = match found.near_copies.iter().any(|copies| copies.is_leak || copies.is_contradiction) {
        true => {
            "Check the near duplicates: if they show the same image, the accuracy is inflated or a label is wrong."
        }
        false => "No problems were found.",
    };
    let commands = commands(name, data.train.len(), found.nature.as_ref());
    format!("{kind}{look} Next: {}", commands.join("\nor, from scratch: "))
}

/// A sentence about the kind of the images.
fn described(nature: &Nature) -> String {
    let color = if nature.is_gray { "gray" } else { "color" };
    let ground = match nature.ground {
        Ground::Dark => ", light on dark",
        Ground::Light => ", on a light background",
        Ground::Mixed => "",
    };
    match nature.kind {
        ImageKind::Strokes => format!("These are strokes, such as digits or letters{ground}."),
        ImageKind::Small => format!("These are small {color} images{ground}."),
        ImageKind::Photos => format!("These are {color} photos{ground}."),
    }
}
