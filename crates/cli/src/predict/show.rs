//! Predictions as a table, JSON or CSV.

use std::fmt::Write;

use clap::ValueEnum;
use serde::Serialize;
use striate::Prediction;
use striate::report::text::{Align, Table, csv_field, percent};

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
    failures: Vec<Failure>,
    /// The exit code of the first failure.
    code: Option<u8>,
}

#[derive(Serialize)]
struct Shown<'a> {
    image: &'a str,
    top: Vec<Class<'a>>,
}

#[derive(Serialize)]
struct Class<'a> {
    class: &'a str,
    class_index: usize,
    probability: f32,
}

#[derive(Serialize)]
struct Failure {
    image: String,
    error: String,
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
            Format::Csv => "image,rank,class,class_index,probability\n".into(),
        };
        Self { format, topk, tta, table, rows: 0, text, failures: Vec::new(), code: None }
    }

    pub(super) fn prediction(&mut self, image: &str, prediction: &Prediction) {
        let top = prediction.top(self.topk);
        match self.format {
            Format::Table => {
                let rest = top
                    .iter()
                    .skip(1)
                    .map(|&(class, p)| format!("{} {}", prediction.name(class), percent(Some(p.into()))));
                self.table.row([
                    image.into(),
                    prediction.class().into(),
                    percent(Some(prediction.probability().into())),
                    rest.collect::<Vec<_>>().join("   "),
                ]);
            }
            Format::Json => {
                let class = |&(class_index, probability): &(usize, f32)| Class {
                    class: prediction.name(class_index),
                    class_index,
                    probability,
                };
                let shown = Shown { image, top: top.iter().map(class).collect() };
                let comma = if self.rows == 0 { "" } else { "," };
                write!(self.text, "{comma}\n    {}", json(&shown)).expect("strings grow");
            }
            Format::Csv => {
                for (rank, &(class, p)) in top.iter().enumerate() {
                    let (image, name) = (csv_field(image), csv_field(prediction.name(class)));
                    writeln!(self.text, "{image},{},{name},{class},{p}", rank + 1).expect("strings grow");
                }
            }
        }
        self.rows += 1;
    }

    /// Records an image without a prediction; it is reported at the end, where it is not overlooked.
    pub(super) fn failure(&mut self, image: &str, error: &str, code: u8) {
        self.failures.push(Failure { image: image.into(), error: error.into() });
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
