//! `striate models`: the networks known by name.

use std::fmt::Write;

use clap::Args as ClapArgs;
use striate::models::{ModelInfo, ModelReport, registry};
use striate::report::text::{Align, Table, UNDEFINED, grouped, short_count};

use crate::exit::Usage;
use crate::out;

/// List the networks known by name, with their cost and published weights
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  striate models
  striate models resnet    the names that contain 'resnet'
  striate models resnet50  everything about one network")]
pub(crate) struct Args {
    /// List only matching names: '*' stands for any text and '?' for one character; a pattern without either lists the names
    /// that contain it
    pattern: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Up to this many matching networks are described in full, rather than in a row of a table each.
const FEW: usize = 3;

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let pattern = args.pattern.as_deref().unwrap_or("*");
    let rows: Vec<ModelReport> = registry::matching(pattern).map(ModelInfo::report).collect();
    if rows.is_empty() {
        return Err(Usage(format!(
            "no model matches {pattern:?}; `striate models` without a pattern lists all of them"
        ))
        .into());
    }
    if args.json {
        out::json(&rows)?;
    } else if rows.len() <= FEW {
        out::print(&rows.iter().map(in_full).collect::<Vec<_>>().join("\n"))?;
    } else {
        out::print(&table(&rows))?;
    }
    Ok(0)
}

/// The authors and the year, such as `He et al. 2016`.
fn paper_short(row: &ModelReport) -> &'static str {
    row.paper.split(',').next().unwrap_or_default()
}

fn input(row: &ModelReport) -> String {
    row.input_shape.map(|n| n.to_string()).join(" x ")
}

fn table(rows: &[ModelReport]) -> String {
    let mut table = Table::new([
        ("name", Align::Left),
        ("paper", Align::Left),
        ("input", Align::Left),
        ("parameters", Align::Right),
        ("multiply-adds", Align::Right),
        ("weights", Align::Left),
        ("top-1", Align::Right),
    ]);
    for row in rows {
        let tags = row.weights.iter().map(|w| w.name.rsplit('.').next().unwrap_or_default());
        let best = row.weights.iter().filter_map(|w| w.top1_percent).fold(f32::NAN, f32::max);
        table.row([
            row.name.into(),
            paper_short(row).into(),
            input(row),
            short_count(row.parameters),
            short_count(row.multiply_adds),
            tags.collect::<Vec<_>>().join(" "),
            percent(Some(best).filter(|best| best.is_finite()), ""),
        ]);
    }
    let mut text = table.to_string();
    let name = rows[0].name;
    let _ = writeln!(
        text,
        "\nParameters and multiply-adds are for the published number of classes; top-1 is the published ImageNet accuracy of the \
         best weights.\nFor all details of a network, its weights and their licenses: striate models {name}"
    );
    text
}

/// `69.76 %`.
fn percent(value: Option<f32>, none: &str) -> String {
    value.map_or(none.to_owned(), |value| format!("{value:.2} %"))
}

fn in_full(row: &ModelReport) -> String {
    let mut text = format!("{}: {}\n", row.name, row.description);
    let mut line = |what: &str, value: String| {
        let _ = writeln!(text, "  {what:<14}{value}");
    };
    if !row.paper.is_empty() {
        line("paper", row.paper.to_owned());
    }
    line("input", input(row));
    line("parameters", format!("{} for {} classes", grouped(row.parameters), row.num_classes));
    line("multiply-adds", grouped(row.multiply_adds));
    for weights in &row.weights {
        let accuracy = match (weights.top1_percent, weights.top5_percent) {
            (None, None) => String::new(),
            (top1, top5) => {
                format!("{} top-1, {} top-5; ", percent(top1, UNDEFINED), percent(top5, UNDEFINED))
            }
        };
        line("weights", format!("{}: {accuracy}{}", weights.name, weights.license));
    }
    line("next", format!("striate summary {0}, or striate train --model {0}", row.name));
    text
}
