//! `striate models`: the networks known by name.

use std::fmt::Write;

use clap::Args as ClapArgs;
use serde::Serialize;
use striate::graph::{Mode, trace};
use striate::models::weights::{self, WeightsInfo};
use striate::models::{ModelInfo, registry};
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
    /// Only matching names: '*' stands for any text, '?' for one character; without either, names that contain it
    pattern: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    description: &'static str,
    paper: &'static str,
    input_shape: [usize; 3],
    num_classes: usize,
    parameters: u64,
    multiply_adds: u64,
    classifier: &'static str,
    first_conv: &'static str,
    weights: Vec<Weights>,
}

/// Published weights of a network.
#[derive(Debug, Serialize)]
struct Weights {
    name: String,
    /// In percent, as published; `null` where no figure was published.
    top1_percent: Option<f32>,
    top5_percent: Option<f32>,
    license: &'static str,
    url: &'static str,
    file: &'static str,
    sha256: &'static str,
}

impl Weights {
    fn new(info: &WeightsInfo) -> Self {
        Self {
            name: info.name(),
            top1_percent: info.accuracy.map(|(top1, _)| top1),
            top5_percent: info.accuracy.map(|(_, top5)| top5),
            license: info.license,
            url: info.url,
            file: info.file,
            sha256: info.sha256,
        }
    }
}

impl Row {
    fn new(info: &ModelInfo) -> anyhow::Result<Self> {
        let graph = trace((info.build)(info.num_classes, info.input[0]).as_ref(), Mode::Eval, info.input)?;
        Ok(Self {
            name: info.name,
            description: info.description,
            paper: info.paper,
            input_shape: info.input,
            num_classes: info.num_classes,
            parameters: graph.parameter_count() as u64,
            multiply_adds: graph.multiply_adds(),
            classifier: info.classifier,
            first_conv: info.first_conv,
            weights: weights::for_model(info.name).map(Weights::new).collect(),
        })
    }

    /// The authors and the year, such as `He et al. 2016`.
    fn paper_short(&self) -> &'static str {
        self.paper.split(',').next().unwrap_or_default()
    }

    fn input(&self) -> String {
        self.input_shape.map(|n| n.to_string()).join(" x ")
    }
}

/// Up to this many matching networks are described in full, rather than in a row of a table each.
const FEW: usize = 3;

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let pattern = args.pattern.as_deref().unwrap_or("*");
    let like = registry::all().iter().filter(|info| is_like(pattern, info.name));
    let rows = like.map(Row::new).collect::<anyhow::Result<Vec<Row>>>()?;
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

fn table(rows: &[Row]) -> String {
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
            row.paper_short().into(),
            row.input(),
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

fn in_full(row: &Row) -> String {
    let mut text = format!("{}: {}\n", row.name, row.description);
    let mut line = |what: &str, value: String| {
        let _ = writeln!(text, "  {what:<14}{value}");
    };
    if !row.paper.is_empty() {
        line("paper", row.paper.to_owned());
    }
    line("input", row.input());
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

/// Whether the whole name matches the shell wildcards, or a part of it matches a pattern without any.
fn is_like(pattern: &str, name: &str) -> bool {
    fn matches(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.first(), name.first()) {
            (None, None) => true,
            (Some(b'*'), _) => {
                matches(&pattern[1..], name) || (!name.is_empty() && matches(pattern, &name[1..]))
            }
            (Some(b'?'), Some(_)) => matches(&pattern[1..], &name[1..]),
            (Some(p), Some(n)) => p.eq_ignore_ascii_case(n) && matches(&pattern[1..], &name[1..]),
            _ => false,
        }
    }
    // Runs of stars mean one star, and one star keeps the search linear in practice.
    let mut pattern = pattern.to_owned();
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    if pattern.contains(['*', '?']) {
        matches(pattern.as_bytes(), name.as_bytes())
    } else {
        name.to_lowercase().contains(&pattern.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("*", "convnet", true),
            ("conv", "convnet", true),
            ("net", "convnet", true),
            ("NET", "convnet", true),
            ("vgg1?_bn", "vgg16_bn", true),
            ("vgg1?", "vgg16_bn", false),
            ("res*0", "resnet50", true),
            ("res*0", "resnet18", false),
            ("**", "mlp", true),
            ("", "mlp", true),
            ("lenet?", "lenet5", true),
        ] {
            assert_eq!(is_like(pattern, name), want, "{pattern} {name}");
        }
    }
}
