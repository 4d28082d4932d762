//! The mean and spread of a figure over the seeds.

use serde::Serialize;

/// The mean and spread of one figure over the seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// The mean over the seeds.
    pub mean: f64,
    /// The value of the worst seed.
    pub low: f64,
    /// The value of the best seed.
    pub high: f64,
    /// The standard deviation over the seeds, with n - 1; `None` for a single seed.
    pub deviation: Option<f64>,
    /// The value of each seed, in the order of the seeds.
    pub seeds: Vec<f64>,
}

impl Spread {
    /// Computes the spread of these values, one per seed.
    ///
    /// # Panics
    /// When there are no values.
    pub fn new(seeds: Vec<f64>) -> Self {
        assert!(!seeds.is_empty(), "a figure needs at least one seed");
        let count = seeds.len() as f64;
        let mean = seeds.iter().sum::<f64>() / count;
        let squares: f64 = seeds.iter().map(|value| (value - mean).powi(2)).sum();
        Self {
            mean,
            low: seeds.iter().copied().fold(f64::INFINITY, f64::min),
            high: seeds.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            deviation: (seeds.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
            seeds,
        }
    }
}
