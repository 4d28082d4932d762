//! A figure over the seeds.

use serde::Serialize;

/// One figure over the seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Of the worst seed.
    pub low: f64,
    /// Of the best seed.
    pub high: f64,
    /// Standard deviation of the seeds, with n - 1; `None` for one.
    pub deviation: Option<f64>,
    /// Of each seed, in their order.
    pub seeds: Vec<f64>,
}

impl Spread {
    /// Of these values, one a seed.
    ///
    /// # Panics
    /// When there is none.
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
