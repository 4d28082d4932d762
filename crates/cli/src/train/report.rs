//! The last lines of a run: how good the model is, where it is, and what can be done with it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use striate::data::Dataset;
use striate::formats::write_atomically;
use striate::inspect::Report;
use striate::inspect::text::{duration, grouped};
use striate::train::{BEST_MODEL, CONFUSION_PNG, CURVES_PNG, Trained};

use super::command::join;
use crate::flags::me;
use crate::out;
use crate::val::accuracy;

/// A test image to try the model on.
const SAMPLE: &str = "sample.png";

#[derive(Serialize)]
struct Document<'a> {
    run_dir: PathBuf,
    model_path: PathBuf,
    model: &'a str,
    data: &'a str,
    epochs: usize,
    best_epoch: usize,
    stopped_early: bool,
    train_s: f64,
    images_per_s: f64,
    loss: f64,
    #[serde(flatten)]
    report: Report,
}

pub(super) fn finished(
    folder: &Path,
    data: &Dataset,
    trained: &Trained,
    as_json: bool,
) -> anyhow::Result<()> {
    let evaluation = &trained.evaluation;
    let report = Report::new(&evaluation.confusion, &data.classes, Some(evaluation.top5_hits))?;
    let model_path = trained.model_path.clone().unwrap_or_else(|| folder.join(BEST_MODEL));
    let train_s: f64 = trained.rows.iter().map(|row| row.epoch_s).sum();
    let sample = sample(folder, data)?;
    let page = crate::report::trained(folder, data, trained)?;
    if as_json {
        let images = data.train.len() * trained.rows.len();
        return out::json(&Document {
            run_dir: folder.to_path_buf(),
            model_path,
            model: &trained.model.provenance.model,
            data: &data.name,
            epochs: trained.rows.len(),
            best_epoch: trained.best_epoch,
            stopped_early: trained.stopped_early,
            train_s,
            images_per_s: images as f64 / train_s,
            loss: evaluation.loss,
            report,
        });
    }
    let file = |name: &str| folder.join(name).display().to_string();
    let command = |verb: &str, rest: &[String]| join(&[&[me(), verb.to_owned()], rest].concat());
    let model = model_path.display().to_string();
    let mut text = String::new();
    if trained.was_finished {
        writeln!(text, "This run was finished already.")?;
    }
    writeln!(text, "Test accuracy {}, on {} images", accuracy(&report), grouped(report.images))?;
    writeln!(
        text,
        "Trained for {} epochs in {}; the best was epoch {}",
        trained.rows.len(),
        duration(train_s),
        trained.best_epoch
    )?;
    writeln!(text, "Model:    {model}")?;
    writeln!(text, "Pictures: {}, {}", file(CURVES_PNG), file(CONFUSION_PNG))?;
    writeln!(text, "Report:   {}", page.display())?;
    writeln!(text, "\nNext:")?;
    writeln!(text, "  {}", command("val", std::slice::from_ref(&model)))?;
    writeln!(text, "  {}", command("predict", &[model.clone(), sample.display().to_string()]))?;
    writeln!(text, "  {}", command("summary", &[model]))?;
    out::print(&text)?;
    Ok(())
}

/// Writes the first test image as a picture, so that the command above has one to look at.
fn sample(folder: &Path, data: &Dataset) -> anyhow::Result<PathBuf> {
    let path = folder.join(SAMPLE);
    let picture = data.test.picture(0)?;
    let (width, height, channels) = (picture.width, picture.height, picture.channels);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.write_header()?.write_image_data(&picture.pixels)?;
    write_atomically(&path, &bytes).with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(path)
}
