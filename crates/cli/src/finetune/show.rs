//! The results of `finetune`: printed at the end, as JSON, and in its report.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;
use striate::data::Dataset;
use striate::formats::{ModelFile, write_atomically};
use striate::graph::Params;
use striate::report::page::{Comparison, Page};
use striate::report::text::{Align, Table, counted, duration, grouped, percent};
use striate::report::{Calibration, Confusion, chart, wilson_interval};
use striate::train::probe::{self, CrossValidation, Features};
use striate::train::{BEST_MODEL, CONFUSION_PNG, CONFUSION_SVG};

use super::args::Args;
use super::cost::{Cost, advice};
use super::frozen::{Baselines, FOLDS, Frozen, image, name};
use super::suspicious::{self, Suspicious};
use crate::out;
use crate::report::{self, MISTAKES, REPORT};
use crate::train::command::join;

/// z of the two-sided 95 % interval of a normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// Everything that `finetune` reports.
pub(super) struct Found<'a> {
    pub(super) args: &'a Args,
    pub(super) data: &'a Dataset,
    pub(super) frozen: &'a Frozen,
    pub(super) model: &'a ModelFile,
    pub(super) confusion: Confusion,
    pub(super) calibration: Calibration,
    judged: &'a CrossValidation,
    suspicions: Vec<Suspicious>,
    lines: Vec<Comparison>,
    advice: String,
    start: Instant,
}

/// The JSON document.
#[derive(Serialize)]
struct Document<'a> {
    run_dir: String,
    model: &'a str,
    weights: &'a str,
    data: &'a str,
    images: usize,
    classes: &'a [String],
    folds: usize,
    accuracy: Option<f64>,
    accuracy_interval_95: Option<(f64, f64)>,
    expected_calibration_error: Option<f64>,
    compared_with: Vec<Line<'a>>,
    suspicious_labels: &'a [Suspicious],
    unfreeze: &'a str,
    seconds: f64,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    hits: u64,
    images: u64,
}

impl<'a> Found<'a> {
    #[allow(clippy::too_many_arguments)] // each is a part of the result
    pub(super) fn new(
        args: &'a Args,
        data: &'a Dataset,
        frozen: &'a Frozen,
        model: &'a ModelFile,
        judged: &'a CrossValidation,
        baselines: &Baselines,
        cost: &Cost,
        start: Instant,
    ) -> anyhow::Result<Self> {
        let labels = &frozen.features.labels;
        let confusion = judged.confusion(labels)?;
        let mut lines = Vec::new();
        let mut line = |name: &str, confusion: &Confusion| {
            lines.push(Comparison { name: name.into(), hits: confusion.hits(), images: confusion.total() });
        };
        if let Some(apart) = frozen.apart() {
            line("this classifier on the held-out images", &on(&model.params, frozen, apart)?);
        }
        line("nearest class mean of the same features", &baselines.nearest_mean.confusion(labels)?);
        if let Some(raw) = &baselines.raw_pixels {
            let name = match raw.stride {
                1 => "raw pixels, the same method".to_owned(),
                n => format!("raw pixels of one image in {n}, the same method"),
            };
            line(&name, &raw.judged.confusion(&raw.labels)?);
        }
        let error = 1.0 - confusion.accuracy().unwrap_or(0.0);
        let advice = format!(
            "Training all layers (--unfreeze) is {}; {} would take about {} here, since one update of {} images takes {}.",
            advice(error, labels.len(), data.classes.len()),
            counted(args.epochs, "epoch"),
            duration(cost.total_s),
            args.batch.min(data.train.len()),
            duration(cost.step_s),
        );
        let calibration = judged.calibration(labels)?;
        let suspicions = suspicious::named(data, &probe::suspicious(judged, labels), &|i| name(data, i));
        Ok(Self {
            args,
            data,
            frozen,
            model,
            confusion,
            calibration,
            judged,
            suspicions,
            lines,
            advice,
            start,
        })
    }

    /// Writes the files of the run: the model, the confusion matrix, the mistakes and the report.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        self.model.save(&folder.join(BEST_MODEL))?;
        let title = format!("{} on {}", self.frozen.info.name, self.data.name);
        let matrix = chart::confusion(&title, &self.confusion, &self.data.classes)?;
        let save = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            write_atomically(&path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
        };
        save(CONFUSION_SVG, matrix.to_svg().as_bytes())?;
        save(CONFUSION_PNG, &matrix.to_png(2.0)?)?;
        let mut page = Page::new(&title, &self.data.classes, &self.confusion);
        page.subtitle = format!(
            "{FOLDS}-fold cross-validation of {} images: each was classified by a last layer that had not seen it.",
            grouped(self.confusion.total())
        );
        page.calibration = Some(&self.calibration);
        page.comparisons = self.lines.clone();
        page.mistakes =
            report::mistakes(&self.judged.answers(&self.frozen.features.labels), &|i| image(self.data, i))?;
        page.notes = vec![
            "The pretrained layers are unchanged; a new last layer was fitted to their features.".into(),
            "The model in this folder was fitted to all of these images. The figures are an estimate, by cross-validation, of \
             its accuracy on other images like them."
                .into(),
            self.advice.clone(),
        ];
        page.notes.extend(suspicious::note(&self.suspicions));
        page.facts = report::facts(&self.model.provenance, 0);
        page.facts.insert(1, ("Pretrained weights", self.frozen.source.clone()));
        page.commands = vec![self.model.provenance.command.clone()];
        report::write_mistakes(&folder.join(MISTAKES), &page)?;
        report::write(&folder.join(REPORT), &page)
    }

    pub(super) fn print(&self, folder: &Path) -> anyhow::Result<()> {
        let confusion = &self.confusion;
        let seconds = self.start.elapsed().as_secs_f64();
        if self.args.json {
            return out::json(&Document {
                run_dir: folder.display().to_string(),
                model: self.frozen.info.name,
                weights: &self.frozen.source,
                data: &self.data.name,
                images: self.frozen.features.len(),
                classes: &self.data.classes,
                folds: FOLDS,
                accuracy: confusion.accuracy(),
                accuracy_interval_95: wilson_interval(confusion.hits(), confusion.total(), Z_95),
                expected_calibration_error: self.calibration.ece(),
                compared_with: self
                    .lines
                    .iter()
                    .map(|l| Line { name: &l.name, hits: l.hits, images: l.images })
                    .collect(),
                suspicious_labels: &self.suspicions,
                unfreeze: &self.advice,
                seconds,
            });
        }
        let mut table = Table::new([
            ("class", Align::Left),
            ("images", Align::Right),
            ("precision", Align::Right),
            ("recall", Align::Right),
            ("F1", Align::Right),
        ]);
        for (class, name) in self.data.classes.iter().enumerate() {
            let m = confusion.class_metrics(class);
            table.row([
                name.clone(),
                grouped(m.support),
                percent(m.precision),
                percent(m.recall),
                percent(m.f1),
            ]);
        }
        let mut text = format!("{table}\n");
        let mut lines = Table::new([
            ("evaluated on unseen images", Align::Left),
            ("accuracy", Align::Right),
            ("95 % interval", Align::Right),
        ]);
        let own = format!("{} with a fitted last layer", self.frozen.info.name);
        let own = (own.as_str(), confusion.hits(), confusion.total());
        for (name, hits, images) in
            std::iter::once(own).chain(self.lines.iter().map(|l| (l.name.as_str(), l.hits, l.images)))
        {
            let interval = wilson_interval(hits, images, Z_95)
                .map_or(String::new(), |(low, high)| format!("{:.1} to {:.1} %", 100.0 * low, 100.0 * high));
            lines.row([name.into(), percent((images > 0).then(|| hits as f64 / images as f64)), interval]);
        }
        let file = |name: &str| folder.join(name).display().to_string();
        write!(text, "{lines}")?;
        writeln!(
            text,
            "\n{}-fold cross-validation of {} images, {} in all",
            FOLDS,
            grouped(confusion.total()),
            duration(seconds)
        )?;
        writeln!(text, "{}", self.advice)?;
        if let Some(list) = suspicious::text(&self.suspicions) {
            writeln!(text, "\n{list}")?;
        }
        writeln!(text, "\nModel:    {}", file(BEST_MODEL))?;
        writeln!(text, "Report:   {}", file(REPORT))?;
        writeln!(text, "Charts:   {}, {}", file(MISTAKES), file(CONFUSION_PNG))?;
        writeln!(text, "\nNext:\n  {}", next(folder, self.data, &self.args.data))?;
        Ok(out::print(&text)?)
    }
}

/// The command to try next, on the first held-out image.
pub(super) fn next(folder: &Path, data: &Dataset, source: &str) -> String {
    let image = match data.test.photos() {
        Some(photos) => photos.path(0).display().to_string(),
        None => format!("{source}:0"),
    };
    join(&["striate".into(), "predict".into(), folder.display().to_string(), image])
}

/// Evaluates the last layer of these parameters on features.
pub(super) fn on(params: &Params, frozen: &Frozen, features: &Features) -> anyhow::Result<Confusion> {
    let head = frozen.head_of(params);
    let mut confusion = Confusion::new(features.classes);
    for (row, &label) in features.rows.rows().into_iter().zip(&features.labels) {
        let p = head.probabilities(row.mapv(f64::from).view());
        let best = (0..p.len()).fold(0, |best, i| if p[i] > p[best] { i } else { best });
        confusion.add(label as usize, best)?;
    }
    Ok(confusion)
}
