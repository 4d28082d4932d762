//! The results of `finetune`: printed at the end, as JSON, and in its report.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use striate::data::Dataset;
use striate::report::page::{Mistake, Page};
use striate::report::text::{Align, Table, duration, grouped, percent};
use striate::report::{Report, Z_95, chart, wilson_interval};
use striate::train::finetune::{FinetuneReport, LastLayer, image_at};
use striate::train::{BEST_MODEL, CONFUSION_PNG, CONFUSION_SVG, REPORT, facts};

use super::args::Args;
use super::suspicious;
use crate::out;
use crate::report::{self, MISTAKES};
use crate::train::command::join;

/// The JSON document.
#[derive(Serialize)]
struct Document<'a> {
    run_dir: String,
    #[serde(flatten)]
    report: &'a FinetuneReport,
}

/// The worst mistakes in the cross-validation, with their images.
pub(super) fn mistakes(fitted: &LastLayer, data: &Dataset) -> anyhow::Result<Vec<Mistake>> {
    Ok(striate::train::mistakes(&fitted.answers, |i| image_at(data, i))?)
}

/// Writes the files of the run: the model, the confusion matrix, the mistakes and the report.
pub(super) fn write(
    fitted: &LastLayer,
    data: &Dataset,
    mistakes: Vec<Mistake>,
    folder: &Path,
) -> anyhow::Result<()> {
    let LastLayer { model, report, confusion, calibration, .. } = fitted;
    model.save(&folder.join(BEST_MODEL))?;
    let title = format!("{} on {}", report.model, data.name);
    let matrix = chart::confusion(&title, confusion, &data.classes)?;
    report::write(&folder.join(CONFUSION_SVG), matrix.to_svg().as_bytes())?;
    report::write(&folder.join(CONFUSION_PNG), &matrix.to_png(2.0)?)?;
    let mut page = Page::new(&title, &data.classes, confusion);
    page.subtitle = format!(
        "{}-fold cross-validation of {} images: each was classified by a last layer that had not seen it.",
        report.folds,
        grouped(confusion.total())
    );
    page.calibration = Some(calibration);
    page.comparisons = report.compared_with.clone();
    page.mistakes = mistakes;
    page.notes = vec![
        "The pretrained layers are unchanged; a new last layer was fitted to their features.".into(),
        "The model in this folder was fitted to all of these images. The figures are an estimate, by cross-validation, of \
         its accuracy on other images like them."
            .into(),
        unfreezing(report),
    ];
    page.notes.extend(suspicious::note(&report.suspicious_labels));
    page.facts = facts(&model.provenance, 0);
    page.facts.insert(1, ("Pretrained weights", report.weights.clone()));
    page.commands = vec![model.provenance.command.clone()];
    report::write_mistakes(&folder.join(MISTAKES), &page)?;
    report::write(&folder.join(REPORT), page.to_html()?.as_bytes())
}

/// Prints the result as text or as one JSON document.
pub(super) fn print(fitted: &LastLayer, data: &Dataset, args: &Args, folder: &Path) -> anyhow::Result<()> {
    let LastLayer { report, confusion, .. } = fitted;
    if args.json {
        return out::json(&Document { run_dir: folder.display().to_string(), report });
    }
    let mut text = format!("{}\n", Report::new(confusion, &data.classes, None)?.class_table());
    let mut lines = Table::new([
        ("evaluated on unseen images", Align::Left),
        ("accuracy", Align::Right),
        ("95 % interval", Align::Right),
    ]);
    let own = format!("{} with a fitted last layer", report.model);
    let own = (own.as_str(), confusion.hits(), confusion.total());
    let others = report.compared_with.iter().map(|l| (l.name.as_str(), l.hits, l.images));
    for (name, hits, images) in std::iter::once(own).chain(others) {
        let interval = wilson_interval(hits, images, Z_95)
            .map_or(String::new(), |(low, high)| format!("{:.1} to {:.1} %", 100.0 * low, 100.0 * high));
        lines.row([name.into(), percent((images > 0).then(|| hits as f64 / images as f64)), interval]);
    }
    let file = |name: &str| folder.join(name).display().to_string();
    write!(text, "{lines}")?;
    writeln!(
        text,
        "\n{}-fold cross-validation of {} images; everything took {}",
        report.folds,
        grouped(confusion.total()),
        duration(report.seconds)
    )?;
    writeln!(text, "{}", unfreezing(report))?;
    if let Some(list) = suspicious::text(&report.suspicious_labels) {
        writeln!(text, "\n{list}")?;
    }
    writeln!(text, "\nModel:    {}", file(BEST_MODEL))?;
    writeln!(text, "Report:   {}", file(REPORT))?;
    writeln!(text, "Charts:   {}, {}", file(MISTAKES), file(CONFUSION_PNG))?;
    writeln!(text, "\nNext:\n  {}", next(folder, data, &args.data))?;
    Ok(out::print(&text)?)
}

/// What training all layers would take and be worth, and the flag for it.
fn unfreezing(report: &FinetuneReport) -> String {
    format!("{} To train them, add --unfreeze.", report.unfreeze)
}

/// The command to try next, on the first held-out image.
pub(super) fn next(folder: &Path, data: &Dataset, source: &str) -> String {
    let image = match data.test.photos() {
        Some(photos) => photos.path(0).display().to_string(),
        None => format!("{source}:0"),
    };
    join(&["striate".into(), "predict".into(), folder.display().to_string(), image])
}
