//! Predictions as a table, as JSON, as CSV.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use striate::Prediction;
use striate::inspect::text::{Align, Table, percent, printable};

use super::Format;
use crate::out;

/// Collects what is to be printed; CSV goes out batch by batch.
pub(super) struct Show {
    format: Format,
    topk: usize,
    table: Table<4>,
    rows: usize,
    csv: String,
    document: Document,
}

#[derive(Serialize)]
struct Document {
    model: String,
    predictions: Vec<Shown>,
    failures: Vec<Failure>,
}

#[derive(Serialize)]
struct Shown {
    picture: String,
    top: Vec<Class>,
}

#[derive(Serialize)]
struct Class {
    class: String,
    class_index: usize,
    probability: f32,
}

#[derive(Serialize)]
struct Failure {
    picture: String,
    error: String,
}

impl Show {
    pub(super) fn new(format: Format, topk: usize, model: &Path) -> Self {
        let table = Table::new([
            ("picture", Align::Left),
            ("class", Align::Left),
            ("probability", Align::Right),
            ("", Align::Left),
        ]);
        let csv = "picture,rank,class,class_index,probability\n".into();
        let document =
            Document { model: model.display().to_string(), predictions: Vec::new(), failures: Vec::new() };
        Self { format, topk, table, rows: 0, csv, document }
    }

    pub(super) fn prediction(&mut self, picture: &str, prediction: &Prediction) {
        let top = prediction.top(self.topk);
        match self.format {
            Format::Table => {
                let rest = top
                    .iter()
                    .skip(1)
                    .map(|&(class, p)| format!("{} {}", prediction.name(class), percent(Some(p.into()))));
                self.table.row([
                    picture.into(),
                    prediction.class().into(),
                    percent(Some(prediction.probability().into())),
                    rest.collect::<Vec<_>>().join("   "),
                ]);
                self.rows += 1;
            }
            Format::Json => {
                let class = |&(class_index, probability): &(usize, f32)| Class {
                    class: prediction.name(class_index).into(),
                    class_index,
                    probability,
                };
                let top = top.iter().map(class).collect();
                self.document.predictions.push(Shown { picture: picture.into(), top });
            }
            Format::Csv => {
                for (rank, &(class, p)) in top.iter().enumerate() {
                    let (picture, name) = (quoted(picture), quoted(prediction.name(class)));
                    writeln!(self.csv, "{picture},{},{name},{class},{p}", rank + 1).expect("strings grow");
                }
            }
        }
    }

    pub(super) fn failure(&mut self, picture: &str, error: &str) {
        self.document.failures.push(Failure { picture: picture.into(), error: printable(error.into()) });
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        if self.format == Format::Csv {
            out::print(&self.csv)?;
            self.csv.clear();
        }
        Ok(())
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self.format {
            Format::Json => out::json(&self.document),
            Format::Table if self.rows > 0 => Ok(out::print(&self.table.to_string())?),
            Format::Table | Format::Csv => Ok(()),
        }
    }
}

/// A field of CSV as RFC 4180 has it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.into()
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn csv_fields_survive_commas_and_quotes() {
        for (field, want) in
            [("a b", "a b"), ("T-shirt, top", "\"T-shirt, top\""), ("5\" disk", "\"5\"\" disk\"")]
        {
            assert_eq!(quoted(field), want);
        }
    }
}
