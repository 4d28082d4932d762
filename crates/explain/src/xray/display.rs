//! A decomposed value as text.

use std::fmt;

use super::{Cell, Norm, Sum, ValueStep, Work, Xray};
use striate_report::scale::number;
use striate_report::text::{Align, Table};

/// The most rows of a table.
const MOST: usize = 8;

/// A row and a column.
pub(super) fn place([y, x]: [impl fmt::Display; 2]) -> String {
    format!("({y}, {x})").replace('-', "−")
}

/// A value with all its digits.
pub(super) fn full(value: f32) -> String {
    value.to_string().replace('-', "−")
}

/// A value with more digits than f32 has.
pub(super) fn exact(value: f64) -> String {
    format!("{value:.10}").replace('-', "−")
}

impl Xray {
    /// Returns a title such as `conv2 map 5 at (7, 12)`, or for a value of a vector `fc1 value 5`.
    pub fn title(&self) -> String {
        match self.shape {
            [_, 1, 1] => format!("{} value {}", self.layer, self.map),
            _ => format!("{} map {} at {}", self.layer, self.map, place(self.at)),
        }
    }

    /// The operations, first to last: `conv2d, batch_norm2d, relu`.
    pub(super) fn operations(&self) -> String {
        self.steps.iter().map(|step| step.op).collect::<Vec<_>>().join(", ")
    }

    /// `receptive field: rows 12-19, columns 22-27 (48 of 784 pixels)`.
    pub(super) fn sees(&self) -> String {
        let [height, width] = self.image;
        let pixels = self.field.seen_pixels();
        if pixels == 0 {
            return "receptive field: only padding, no pixel of the image".into();
        }
        let bound = match self.field.status {
            crate::receptive_field::Status::Exact => "",
            crate::receptive_field::Status::UpperBound => " (upper bound)",
        };
        let [[y0, y1], [x0, x1]] = self.field.seen;
        let [y1, x1] = [y1 - 1, x1 - 1];
        format!(
            "receptive field{bound}: rows {y0}-{y1}, columns {x0}-{x1} ({pixels} of {} pixels)",
            height * width
        )
    }

    /// The number of pixels with an influence on the value before its activation.
    pub(super) fn influence(&self) -> String {
        format!("the gradient is non-zero at {} of them", self.slope_pixels)
    }
}

/// A batch norm as a formula.
pub(super) fn norm(norm: &Norm) -> String {
    let sign = if norm.shift < 0.0 { '−' } else { '+' };
    format!("x · {} {sign} {}", number(norm.scale as f32), number(norm.shift.abs() as f32))
}

impl ValueStep {
    /// Both results of a step, in words.
    pub(super) fn proof_line(&self) -> String {
        let proof = &self.proof;
        format!("by hand {}, engine {}: {}", full(proof.by_hand), full(proof.engine), proof.verdict())
    }
}

impl fmt::Display for Xray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} = {}   ({})", self.title(), full(self.value), self.operations())?;
        writeln!(f, "{}; {}\n", self.sees(), self.influence())?;
        match &self.work {
            Work::Sum(sum) => write_sum(f, sum)?,
            Work::Max { input, cells, winner } => {
                writeln!(f, "the largest of {} values of {input}:", cells.len())?;
                write_cells(f, cells, *winner)?;
            }
            Work::Mean { input, cells, divisor } => {
                writeln!(f, "the sum of {} values of {input}, divided by {divisor}:", cells.len())?;
                write_cells(f, cells, None)?;
            }
            Work::Add { inputs: [a, b], values } => {
                writeln!(f, "{a} {} + {b} {}", full(values[0]), full(values[1]))?;
            }
            Work::Value { input, value } => writeln!(f, "{input} {}", full(*value))?,
        }
        writeln!(f)?;
        let mut table = Table::new([
            ("step", Align::Left),
            ("does", Align::Left),
            ("by hand", Align::Right),
            ("engine", Align::Right),
            ("", Align::Left),
        ]);
        for step in &self.steps {
            let does = step.norm.as_ref().map_or_else(|| step.op.to_owned(), norm);
            let proof = &step.proof;
            table.row([step.name.clone(), does, full(proof.by_hand), full(proof.engine), proof.verdict()]);
        }
        if let Some(proof) = &self.in_use {
            let name = self.steps.get(1).map_or("", |step| step.name.as_str());
            let does = "norm folded into the weights".to_owned();
            table.row([name.into(), does, full(proof.by_hand), full(proof.engine), proof.verdict()]);
        }
        write!(f, "{table}")?;
        if let Some(step) = self.steps.first().filter(|step| step.proof.bound > 0.0) {
            let proof = &step.proof;
            let off = (f64::from(proof.engine) - proof.exact).abs();
            writeln!(
                f,
                "\nComputed by hand in the engine's summation order ({}). In double precision, {} is {}; the engine's error is {off:.1e} (bound: {:.1e}).",
                self.isa,
                step.name,
                exact(proof.exact),
                proof.bound
            )?;
        }
        Ok(())
    }
}

fn write_sum(f: &mut fmt::Formatter<'_>, sum: &Sum) -> fmt::Result {
    let is_vector = sum.window == [1, 1] && sum.first == [0, 0];
    let mut table = Table::new([
        (if is_vector { "value" } else { "channel" }, Align::Right),
        ("subtotal", Align::Right),
        ("sum so far", Align::Right),
        ("largest product", Align::Left),
    ]);
    let mut so_far = f64::from(sum.bias.unwrap_or(0.0));
    if sum.bias.is_some() {
        table.row(["bias".into(), number(so_far as f32), number(so_far as f32), String::new()]);
    }
    for channel in sum.channels.iter().take(MOST) {
        so_far += channel.subtotal;
        let largest = |best: usize, i: usize| {
            if channel.products[i].abs() > channel.products[best].abs() { i } else { best }
        };
        let largest = (0..channel.products.len()).reduce(largest).unwrap_or(0);
        let tap = [largest / sum.window[1], largest % sum.window[1]];
        let at = [0, 1].map(|a| sum.first[a] + (tap[a] * sum.dilation[a]) as isize);
        let words = match channel.window[largest] {
            Some(x) => {
                let of = if is_vector { String::new() } else { format!(" at {}", place(at)) };
                format!("{} · {}{of}", number(x), number(channel.kernel[largest]))
            }
            None => "only padding".into(),
        };
        let subtotal = number(channel.subtotal as f32);
        table.row([channel.channel.to_string(), subtotal, number(so_far as f32), words]);
    }
    let rest = sum.channels.get(MOST..).unwrap_or_default();
    if !rest.is_empty() {
        let subtotal: f64 = rest.iter().map(|channel| channel.subtotal).sum();
        so_far += subtotal;
        let name = format!("{} more", rest.len());
        table.row([name, number(subtotal as f32), number(so_far as f32), String::new()]);
    }
    let [rows, columns] = sum.window;
    if is_vector {
        writeln!(
            f,
            "{} values of {} times their weights, the largest products first:",
            sum.channels.len(),
            sum.input
        )?;
    } else {
        writeln!(
            f,
            "windows of {rows} x {columns} starting at {} of {}, times their kernels, the largest subtotals first:",
            place(sum.first),
            sum.input
        )?;
    }
    write!(f, "{table}")
}

fn write_cells(f: &mut fmt::Formatter<'_>, cells: &[Cell], winner: Option<usize>) -> fmt::Result {
    const SHOWN: usize = 16;
    for (i, cell) in cells.iter().enumerate().take(SHOWN) {
        let wins = if winner == Some(i) { "  wins" } else { "" };
        writeln!(f, "  {:>9}  {:>9}{wins}", place(cell.at), number(cell.value))?;
    }
    if cells.len() > SHOWN {
        writeln!(f, "  and {} more", cells.len() - SHOWN)?;
    }
    if let Some(cell) = winner.filter(|&winner| winner >= SHOWN).map(|winner| cells[winner]) {
        writeln!(f, "  {:>9}  {:>9}  wins", place(cell.at), number(cell.value))?;
    }
    Ok(())
}
