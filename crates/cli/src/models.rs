//! `striate models`: the networks that are known by name.

use std::fmt::Write;

use clap::Args as ClapArgs;
use serde::Serialize;
use striate::graph::{Mode, trace};
use striate::inspect::text::{Align, Table, grouped};
use striate::models::registry;

use crate::exit::Usage;
use crate::flags::me;
use crate::out;

/// List the networks that can be trained by name
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Only names like this: '*' stands for any letters, '?' for one; without them, names that contain it
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
    parameters: u64,
    multiply_adds: u64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let pattern = args.pattern.as_deref().unwrap_or("*");
    let mut rows = Vec::new();
    for info in registry::all().iter().filter(|info| is_like(pattern, info.name)) {
        let graph = trace((info.build)(10, info.input[0]).as_ref(), Mode::Eval, info.input)?;
        rows.push(Row {
            name: info.name,
            description: info.description,
            paper: info.paper,
            input_shape: info.input,
            parameters: graph.parameter_count() as u64,
            multiply_adds: graph.multiply_adds(),
        });
    }
    if rows.is_empty() {
        let names: Vec<&str> = registry::all().iter().map(|info| info.name).collect();
        return Err(Usage(format!("no model is like {pattern:?}; there are {}", names.join(", "))).into());
    }
    if args.json {
        out::json(&rows)?;
        return Ok(0);
    }
    let mut table = Table::new([
        ("name", Align::Left),
        ("input", Align::Left),
        ("parameters", Align::Right),
        ("multiply-adds", Align::Right),
        ("what it is", Align::Left),
    ]);
    for row in &rows {
        let [c, h, w] = row.input_shape;
        table.row([
            row.name.into(),
            format!("{c} x {h} x {w}"),
            grouped(row.parameters),
            grouped(row.multiply_adds),
            row.description.into(),
        ]);
    }
    let mut text = table.to_string();
    let (me, name) = (me(), rows[0].name);
    writeln!(text, "\nFigures for 10 classes. Next: {me} summary {name}, or {me} train --model {name}")?;
    out::print(&text)?;
    Ok(0)
}

/// Shell wildcards over the whole name, or a part of it where there are none.
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
