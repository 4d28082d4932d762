//! `striate val`: evaluates a model, with a 95 % confidence interval of its accuracy.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ClapArgs;
use striate::Classifier;
use striate::data::{Dataset, Measured};
use striate::formats::ModelFile;
use striate::report::text::grouped;
use striate::train::{Evaluation, EvaluationPage, RunFolder};

use crate::compute::Compute;
use crate::exit::Usage;
use crate::flags::model_path;
use crate::flags_data::PartFlags;
use crate::kept::found;
use crate::look::{NamedFlags, open_model};
use crate::out;
use crate::report;
use crate::train::command::join;
use crate::trained_on::data_for;

/// Measure a model's accuracy on a data set or a folder of images
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate val [OPTIONS] MODEL [DATA]
       striate val [OPTIONS] --model NAME [--weights SOURCE] DATA")]
#[command(after_help = "\
Examples:
  striate val convnet digits
  striate val runs/train                            the test images of the data set it was trained on
  striate val runs/train FOLDER --report page.html  every image in a folder")]
pub(crate) struct Args {
    /// A model file, the folder of a run, or one of the shipped models convnet, convnet_gap and mlp (not with --model)
    #[arg(value_name = "MODEL", required_unless_present = "model")]
    path: Option<PathBuf>,
    /// A data set by name, a folder of images (DIR/CLASS/IMAGE), or a folder of idx files [default: the held-out images of the
    /// data set that the model was trained on]
    data: Option<String>,
    /// Same as DATA
    #[arg(short, long = "data", value_name = "DATA", conflicts_with = "data", hide = true)]
    data_flag: Option<String>,
    #[command(flatten)]
    which: PartFlags,
    #[command(flatten)]
    named: NamedFlags,
    /// File for the report with curves, matrix, mistakes and calibration [default: report-val-DATA-PART.html in the run's folder]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: Compute,
}

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

impl Args {
    /// The model and the data as they were typed; with --model, the only path is the data.
    fn paths(&self) -> Result<(Option<&Path>, Option<&str>), Usage> {
        let data = self.data.as_deref().or(self.data_flag.as_deref());
        match (self.named.name(), &self.path, data) {
            (None, path, data) => Ok((path.as_deref(), data)),
            (Some(_), None, data) => Ok((None, data)),
            (Some(_), Some(path), None) => Ok((None, path.to_str())),
            (Some(_), Some(path), Some(_)) => {
                Err(Usage(format!("{}: with --model, expected only a data set, got 2 paths", path.display())))
            }
        }
    }

    /// The data set that was named.
    fn named(&self) -> Option<&str> {
        self.paths().ok().and_then(|(_, data)| data)
    }

    /// The model file, where one was given.
    fn file(&self) -> Option<&Path> {
        self.paths().ok().and_then(|(file, _)| file)
    }

    /// The command in one line, without what only says where the result goes.
    fn typed(&self) -> String {
        let mut words = vec!["striate".into(), "val".into()];
        words.extend(self.file().map(|file| file.display().to_string()));
        words.extend(self.named.typed());
        words.extend(self.named().map(Into::into));
        if let Some(choice) = self.which.split {
            words.extend(["--split".into(), choice.name().into()]);
        }
        join(&words)
    }

    /// The name of the model in messages.
    fn subject(&self) -> String {
        let name = self.named.name().map(Into::into);
        name.or(self.file().map(|file| file.display().to_string())).unwrap_or_default()
    }
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
