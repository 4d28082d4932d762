//! Units that are dead, constant, or duplicates of another unit.

use serde::Serialize;

use super::layers::Layer;
use super::record::Record;

/// The minimum correlation of two units that count as duplicates.
pub const DUPLICATE: f64 = 0.95;
/// The largest standard deviation, as a share of the root mean square, of a unit that counts as constant.
pub const CONSTANT: f64 = 0.01;

/// A remarkable property of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Badge {
    /// The unit is 0 after its ReLU on every training image.
    Dead,
    /// The standard deviation of its values is less than 1 % of their root mean square.
    Constant,
    /// The maximum of the unit correlates with that of another unit of the layer, image by image.
    Duplicate {
        /// The unit most similar to it.
        of: usize,
        /// Pearson's correlation of the maxima in the images of the sample, at least 0.95.
        correlation: f64,
    },
}

impl Badge {
    /// A description in a sentence, for people.
    pub fn text(self) -> String {
        match self {
            Self::Dead => "dead: 0 on every training image".into(),
            Self::Constant => "nearly constant: it does not distinguish images".into(),
            Self::Duplicate { of, correlation } => {
                format!("duplicate of map {of}: the correlation of their maxima is {correlation:.3}")
            }
        }
    }

    /// A description in a word or two.
    pub fn word(self) -> String {
        match self {
            Self::Dead => "dead".into(),
            Self::Constant => "constant".into(),
            Self::Duplicate { of, .. } => format!("like {of}"),
        }
    }
}

/// Determines the badges of each unit of a layer.
pub fn badges(layer: &Layer, records: &[Record]) -> Vec<Vec<Badge>> {
    let centered: Vec<Option<Vec<f64>>> = records.iter().map(centered).collect();
    (0..records.len()).map(|unit| of_one(layer, records, &centered, unit)).collect()
}

fn of_one(layer: &Layer, records: &[Record], centered: &[Option<Vec<f64>>], unit: usize) -> Vec<Badge> {
    let record = &records[unit];
    if record.values == 0 {
        return Vec::new();
    }
    if !layer.is_signed && record.max <= 0.0 {
        return vec![Badge::Dead];
    }
    let mut badges = Vec::new();
    let variance = record.rms().powi(2) - record.mean().powi(2);
    if variance.max(0.0).sqrt() < CONSTANT * record.rms() {
        badges.push(Badge::Constant);
    }
    let Some(own) = &centered[unit] else { return badges };
    let others = centered.iter().enumerate().filter(|&(other, _)| other != unit);
    let like = |(other, values): (usize, &Option<Vec<f64>>)| {
        let values = values.as_ref()?;
        Some((other, own.iter().zip(values).map(|(a, b)| a * b).sum::<f64>()))
    };
    let most =
        others.filter_map(like).fold(None, |best: Option<(usize, f64)>, (other, correlation)| match best {
            Some((_, most)) if most >= correlation => best,
            _ => Some((other, correlation)),
        });
    if let Some((of, correlation)) = most
        && correlation >= DUPLICATE
    {
        badges.push(Badge::Duplicate { of, correlation: correlation.min(1.0) });
    }
    badges
}

/// The maxima of the sample less their mean, of norm 1, so that a product of two is a correlation; `None` when they do not
/// vary or are not all finite.
fn centered(record: &Record) -> Option<Vec<f64>> {
    let values: Vec<f64> = record.sample.iter().map(|entry| f64::from(entry.value)).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let rest: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let norm = rest.iter().map(|value| value * value).sum::<f64>().sqrt();
    let size = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    // Variation from rounding alone does not count.
    (norm.is_finite() && norm > 1e-6 * size).then(|| rest.iter().map(|value| value / norm).collect())
}
