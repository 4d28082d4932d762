//! `striate val`: evaluates a model, with a 95 % confidence interval of its accuracy.

mod args;

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use striate::Classifier;
use striate::data::{Dataset, Measured};
use striate::formats::ModelFile;
use striate::report::text::grouped;
use striate::train::{Evaluation, EvaluationPage, RunFolder};

use crate::flags::model_path;
use crate::kept::found;
use crate::look::open_model;
use crate::out;
use crate::report;
use crate::trained_on::data_for;
pub(crate) use args::Args;

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let (mut model, measured) = open(args)?;
    let data = &measured.data;
    let start = Instant::now();
    let result = model.evaluate(&data.test)?;
    let seconds = start.elapsed().as_secs_f64();
    let document = result.report(&args.subject(), data, &measured.what, seconds)?;
    let page = write_page(args, &model, &measured, &result)?;
    if args.json {
        out::json(&document)?;
    } else {
        let mut text = document.to_text(&result.confusion, seconds);
        if let Some(note) = learned_from(&model, data, args) {
            writeln!(text, "{note}")?;
        }
        if let Some(path) = &page {
            writeln!(text, "report: {}", path.display())?;
        }
        out::print(&text)?;
    }
    Ok(0)
}

/// The model, and the images that it is evaluated on.
fn open(args: &Args) -> anyhow::Result<(Classifier, Measured)> {
    let engine = args.compute.engine()?;
    let (file, data) = args.paths()?;
    // First, since its classes name the outputs of weights without class names.
    let measured = data.map(|data| args.which.measured(data)).transpose()?;
    let model = match (args.named.name(), file) {
        (Some(name), _) => {
            let usual = measured.as_ref().map(|measured| &measured.data.classes[..]).unwrap_or_default();
            args.named.load(name, usual, &engine)?
        }
        (None, Some(file)) => open_model(file)?,
        (None, None) => unreachable!("one of both names the model"),
    };
    let measured = match measured {
        Some(measured) => measured,
        None => data_for(None, args.which, &model)?,
    };
    args.compute.tell(&model.graph, &engine, false)?;
    let model = Classifier::new(model, engine)?;
    let measured = measured.with_classes(model.classes())?;
    Ok((model, measured))
}

/// A note for a model that is evaluated on images that it was trained on.
fn learned_from(model: &Classifier, data: &Dataset, args: &Args) -> Option<String> {
    let provenance = &model.file().provenance;
    let named = args.named();
    if data.test.photos().is_none() && args.which.split.is_none() {
        return None;
    }
    let splits = args.which.layout.quietly(named.unwrap_or(&found(provenance.source()))).ok()?;
    let set = splits.to_learn().ok()?;
    let known = model.known_images(&data.test, &set);
    (known > 0).then(|| {
        format!(
            "The model was trained on {} of these {} images; for its accuracy on unseen images, see the report of its run.",
            grouped(known as u64),
            grouped(data.test.len() as u64)
        )
    })
}

/// Writes the report and returns its path. For a model that is not part of a run, there is none unless `--report` asks for it.
fn write_page(
    args: &Args,
    model: &Classifier,
    measured: &Measured,
    evaluation: &Evaluation,
) -> anyhow::Result<Option<PathBuf>> {
    let data = &measured.data;
    let run = args.file().and_then(RunFolder::of);
    let id = format!("{} {} {}", model_sha256(args)?, data.sha256, measured.part);
    let path = match (&args.report, &run) {
        (Some(path), _) => path.clone(),
        (None, Some(run)) => run.page_path(&data.name, measured.part, &id),
        (None, None) => return Ok(None),
    };
    let provenance = &model.file().provenance;
    let made_by = Some(provenance.command.clone()).filter(|command| !command.is_empty());
    let page = EvaluationPage {
        provenance,
        measured,
        evaluation,
        run: run.as_ref(),
        links_to_run: run.as_ref().is_some_and(|run| path.parent() == Some(run.path())),
        notes: learned_from(model, data, args).into_iter().collect(),
        commands: made_by.into_iter().chain([args.typed()]).collect(),
        id,
    };
    report::write(&path, page.to_html()?.as_bytes())?;
    Ok(Some(path))
}

/// The SHA-256 of the model file; empty for a shipped model, which has no run.
fn model_sha256(args: &Args) -> anyhow::Result<String> {
    match args.file().map(model_path).filter(|path| path.is_file()) {
        Some(path) => Ok(ModelFile::sha256(&path)?),
        None => Ok(String::new()),
    }
}
