//! The last lines of a run: the model's accuracy, its files, and the commands to try next.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use striate::data::{Dataset, Split};
use striate::formats::write_atomically;
use striate::report::text::{counted, duration, grouped};
use striate::train::{CONFUSION_PNG, CURVES_PNG, ChosenBy, Counts, FitConfig, RunSplits, Trained};

use super::command::join;
use crate::out;

/// The name of the file with a test image to try the model on.
const SAMPLE: &str = "sample.png";

pub(super) fn finished(
    folder: &Path,
    data: &Dataset,
    config: &FitConfig,
    trained: &Trained,
    as_json: bool,
) -> anyhow::Result<()> {
    let report = trained.report(data, Some(folder))?;
    let splits = RunSplits::of(data, config)?;
    let sample = sample(folder, splits.judged())?;
    let page = crate::report::trained(folder, data, splits.judged(), trained, Vec::new())?;
    if as_json {
        return out::json(&report);
    }
    let file = |name: &str| folder.join(name).display().to_string();
    let command =
        |verb: &str, rest: &[String]| join(&[&["striate".to_owned(), verb.to_owned()], rest].concat());
    let model = report.model_path.as_ref().map_or_else(String::new, |path| path.display().to_string());
    let mut text = String::new();
    if trained.was_finished {
        writeln!(text, "This run had already finished.")?;
    }
    let what = if report.judged_by == "test" { "Test" } else { "Validation" };
    writeln!(
        text,
        "{what} accuracy {}, on {} images",
        report.report.accuracy_text(),
        grouped(report.report.images)
    )?;
    writeln!(
        text,
        "Trained for {} in {}; epoch {} was kept, the best on {}",
        counted(trained.rows.len(), "epoch"),
        duration(report.train_s),
        trained.best_epoch,
        trained.counts.chosen_on(),
    )?;
    if let Some(caveat) = caveat(trained) {
        writeln!(text, "{caveat}")?;
    }
    writeln!(text, "Model:    {model}")?;
    writeln!(text, "Charts:   {}, {}", file(CURVES_PNG), file(CONFUSION_PNG))?;
    writeln!(text, "Report:   {}", page.display())?;
    writeln!(text, "\nNext:")?;
    writeln!(text, "  {}", command("val", std::slice::from_ref(&model)))?;
    writeln!(text, "  {}", command("predict", &[model.clone(), sample.display().to_string()]))?;
    writeln!(text, "  {}", command("summary", &[model]))?;
    out::print(&text)?;
    Ok(())
}

/// The caveat for a run whose epoch was selected on the images that it is evaluated on.
fn caveat(trained: &Trained) -> Option<String> {
    let remedy = match trained.counts {
        _ if trained.rows.len() == 1 => return None,
        Counts { test: Some(_), .. } => return None,
        Counts { chosen_by: ChosenBy::Val, .. } => {
            "a test folder next to val would be evaluated once, at the end"
        }
        _ => "without --val-split 0, held-out training images would select the epoch",
    };
    Some(format!(
        "The epoch was selected using these images, so the accuracy is slightly optimistic; {remedy}"
    ))
}

/// Writes the first image that the run was evaluated on as a PNG, for the predict command above.
fn sample(folder: &Path, judged: &Split) -> anyhow::Result<PathBuf> {
    let path = folder.join(SAMPLE);
    let image = judged.image(0)?;
    let (width, height, channels) = (image.width, image.height, image.channels);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.write_header()?.write_image_data(&image.pixels)?;
    write_atomically(&path, &bytes).with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(path)
}
