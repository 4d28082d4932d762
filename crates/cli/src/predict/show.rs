//! Predictions as a table, JSON or CSV.

use std::fmt::Write;

use clap::ValueEnum;
use serde::Serialize;
use striate::Prediction;
use striate::report::text::{Align, Table, percent};
use striate::report::{ClassProbability, PredictionFailure, PredictionReport};

use crate::out;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
    Csv,
}

/// Collects the output; JSON and CSV are printed batch by batch.
pub(super) struct Show {
    format: Format,
    topk: usize,
    tta: bool,
    table: Table<4>,
    rows: usize,
    /// Text to print with the next flush.
    text: String,
    failures: Vec<PredictionFailure>,
    /// The exit code of the first failure.
    code: Option<u8>,
}

impl Show {
    pub(super) fn new(format: Format, topk: usize, model: &str, tta: bool) -> Self {
        let table = Table::new([
            ("image", Align::Left),
            ("class", Align::Left),
            ("probability", Align::Right),
            ("", Align::Left),
        ]);
        let text = match format {
            Format::Table => String::new(),
            Format::Json => {
                format!("{{\n  \"model\": {},\n  \"tta\": {tta},\n  \"predictions\": [", json(model))
            }
            Format::Csv => PredictionReport::CSV_HEADER.into(),
        };
        Self { format, topk, tta, table, rows: 0, text, failures: Vec::new(), code: None }
    }

    pub(super) fn prediction(&mut self, image: &str, prediction: &Prediction) {
        let report = prediction.report(image, self.topk);
        match self.format {
            Format::Table => {
                let of_class = |top: &ClassProbability| {
                    format!("{} {}", top.class, percent(Some(top.probability.into())))
                };
                let rest = report.top.iter().skip(1).map(of_class);
                self.table.row([
                    image.into(),
                    prediction.class().into(),
                    percent(Some(prediction.probability().into())),
                    rest.collect::<Vec<_>>().join("   "),
                ]);
            }
            Format::Json => {
                let comma = if self.rows == 0 { "" } else { "," };
                write!(self.text, "{comma}\n    {}", json(&report)).expect("strings grow");
            }
            Format::Csv => self.text += &report.to_csv(),
        }
        self.rows += 1;
    }

    /// Records an image without a prediction; it is reported at the end, where it is not overlooked.
    pub(super) fn failure(&mut self, image: &str, error: &str, code: u8) {
        self.failures.push(PredictionFailure { image: image.into(), error: error.into() });
        self.code.get_or_insert(code);
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        out::print(&self.text)?;
        self.text.clear();
        Ok(())
    }

    /// Prints the rest, and returns the exit code of the first failure.
    pub(super) fn finish(mut self) -> anyhow::Result<Option<u8>> {
        match self.format {
            Format::Json => {
                let line = if self.rows == 0 { "" } else { "\n  " };
                write!(self.text, "{line}],\n  \"failures\": {}\n}}\n", json(&self.failures))?;
            }
            Format::Table if self.rows > 0 => {
                self.text = self.table.to_string();
                if self.tta {
                    self.text += "\nThe probabilities are the means of each image and its mirror image.\n";
                }
            }
            Format::Table | Format::Csv => {}
        }
        self.flush()?;
        self.failures.iter().for_each(|failure| out::tell(format!("error: {}", failure.error)));
        let all = self.rows + self.failures.len();
        if !self.failures.is_empty() && all > 1 {
            out::tell(format!("{} of {all} images could not be classified", self.failures.len()));
        }
        Ok(self.code)
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> String {
    out::json_escaped(serde_json::to_string(value).expect("plain data has a JSON form"))
}
