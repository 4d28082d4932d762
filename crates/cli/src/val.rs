//! `striate val`: how good a model is, with the interval that its number of test images allows.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args as ClapArgs;
use serde::Serialize;
use striate::Classifier;
use striate::data::{Dataset, load};
use striate::inspect::text::{Align, Table, duration, grouped, percent, printable};
use striate::inspect::{Confusion, Report};

use crate::exit::BadData;
use crate::flags::{Threads, model_path};
use crate::out;

/// Classes up to which the confusion matrix fits on a screen.
const SCREEN: usize = 20;

/// Measure a model on the test images of a data set
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A model file, or the folder of a run
    model: PathBuf,
    /// A data set by name, or a folder of idx files [default: the one it was trained on]
    data: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Serialize)]
struct Document {
    model: String,
    data: String,
    data_sha256: String,
    loss: f64,
    images_per_s: f64,
    #[serde(flatten)]
    report: Report,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let mut model = Classifier::load_with(&model_path(&args.model), args.threads.engine()?)?;
    let name = args.data.clone().unwrap_or_else(|| model.file().provenance.data.clone());
    let data = load(&name)?;
    check_classes(&model, &data)?;
    let start = Instant::now();
    let result = model.evaluate(&data.test)?;
    let seconds = start.elapsed().as_secs_f64();
    let report = Report::new(&result.confusion, model.classes(), Some(result.top5_hits))?;
    let document = Document {
        model: args.model.display().to_string(),
        data: data.name.clone(),
        data_sha256: data.sha256.clone(),
        loss: result.loss,
        images_per_s: data.test.len() as f64 / seconds,
        report,
    };
    if args.json {
        out::json(&document)?;
    } else {
        out::print(&text(&document, &result.confusion, model.classes(), seconds)?)?;
    }
    Ok(0)
}

fn check_classes(model: &Classifier, data: &Dataset) -> Result<(), BadData> {
    if model.classes() == data.classes {
        return Ok(());
    }
    let (expected, got) = (model.classes().join(", "), data.classes.join(", "));
    let name = &data.name;
    Err(BadData(format!(
        "{name}: its classes are not the model's; expected {expected}; got {got}; give the data set it was trained on"
    )))
}

fn text(
    document: &Document,
    confusion: &Confusion,
    classes: &[String],
    seconds: f64,
) -> anyhow::Result<String> {
    let report = &document.report;
    let mut table = Table::new([
        ("class", Align::Left),
        ("images", Align::Right),
        ("precision", Align::Right),
        ("recall", Align::Right),
        ("F1", Align::Right),
    ]);
    for class in &report.per_class {
        let m = &class.metrics;
        table.row([
            class.class.clone(),
            grouped(m.support),
            percent(m.precision),
            percent(m.recall),
            percent(m.f1),
        ]);
    }
    table.rule();
    let mean = [report.precision_macro, report.recall_macro, report.f1_macro].map(percent);
    let [precision, recall, f1] = mean;
    table.row(["mean".into(), grouped(report.images), precision, recall, f1]);
    let mut text = table.to_string();
    if classes.len() <= SCREEN {
        write!(text, "\nRows are the truth, columns what the model said:\n\n{}", matrix(confusion, classes))?;
    }
    writeln!(
        text,
        "\n{} images of {} in {}, mean loss {:.4}",
        grouped(report.images),
        document.data,
        duration(seconds),
        document.loss
    )?;
    if classes.len() > 5 {
        writeln!(text, "top-5 accuracy {}", percent(report.accuracy_top5))?;
    }
    writeln!(text, "top-1 accuracy {}", accuracy(report))?;
    Ok(text)
}

/// `98.05 % (95 % interval 97.35 to 98.57 %)`.
pub(crate) fn accuracy(report: &Report) -> String {
    let mut text = percent(report.accuracy_top1);
    if let Some((low, high)) = report.accuracy_top1_interval_95 {
        text += &format!(" (95 % interval {:.2} to {:.2} %)", 100.0 * low, 100.0 * high);
    }
    text
}

fn matrix(confusion: &Confusion, classes: &[String]) -> String {
    let cell = |label: usize, predicted: usize| match confusion.count(label, predicted) {
        0 => "·".to_owned(),
        count => count.to_string(),
    };
    let rows: Vec<Vec<String>> =
        (0..classes.len()).map(|label| (0..classes.len()).map(|p| cell(label, p)).collect()).collect();
    let classes: Vec<String> = classes.iter().cloned().map(printable).collect();
    let name_width = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(12);
    let width = rows.iter().flatten().map(|c| c.chars().count()).max().unwrap_or(1).max(3);
    let short = |name: &str, width: usize| -> String { name.chars().take(width).collect() };
    let mut text = " ".repeat(name_width);
    for name in &classes {
        text += &format!("  {:>width$}", short(name, width));
    }
    text.push('\n');
    for (name, row) in classes.iter().zip(rows) {
        text += &format!("{:name_width$}", short(name, name_width));
        for cell in row {
            text += &format!("  {cell:>width$}");
        }
        text.push('\n');
    }
    text
}
