//! Figures that nobody measured.

use crate::flatten::{Contender, DatasetResult, Learned, Network, Point, Spread};

/// What a network is said to reach.
#[derive(Clone, Copy)]
pub(super) struct Figures {
    pub(super) clean: f64,
    /// Lost with each pixel, and with each 15 degrees.
    pub(super) per_px: f64,
    pub(super) per_turn: f64,
    pub(super) scrambled: f64,
    /// After 100, 1,000 and all images.
    pub(super) learned: [f64; 2],
}

const LIKE_A_CNN: Figures =
    Figures { clean: 0.985, per_px: 0.01, per_turn: 0.03, scrambled: 0.90, learned: [0.7, 0.93] };
const LIKE_AN_MLP: Figures =
    Figures { clean: 0.96, per_px: 0.2, per_turn: 0.1, scrambled: 0.96, learned: [0.6, 0.86] };

pub(super) fn cnn_wins(network: Network) -> Figures {
    if network.is_cnn() { LIKE_A_CNN } else { LIKE_AN_MLP }
}

pub(super) fn cnn_loses(network: Network) -> Figures {
    if network.is_cnn() { LIKE_AN_MLP } else { LIKE_A_CNN }
}

/// Results with so many seeds, 0.2 points apart.
pub(super) fn result(seeds: usize, of: impl Fn(Network) -> Figures) -> DatasetResult {
    let spread = |mean: f64| {
        let mean = mean.clamp(0.01, 0.99);
        let off = |seed: usize| 0.002 * (seed as f64 - (seeds - 1) as f64 / 2.0);
        Spread::new((0..seeds).map(|seed| mean + off(seed)).collect())
    };
    let one = |amount: u32, share: f64, clean: f64| Point { amount, accuracy: spread(clean * share) };
    let contender = |network: Network| {
        let f = of(network);
        let [few, some] = f.learned;
        Contender {
            network,
            name: network.name(),
            layers: String::new(),
            parameters: 88_906,
            learning_rate: 0.003,
            scrambled_learning_rate: None,
            tuning: Vec::new(),
            clean: spread(f.clean),
            shifts: (0..=10).map(|px| one(px, 1.0 - f.per_px * f64::from(px), f.clean)).collect(),
            rotations: (0..=12).map(|i| one(15 * i, 1.0 - f.per_turn * f64::from(i), f.clean)).collect(),
            scrambled: network.can_be_scrambled().then(|| spread(f.scrambled)),
            by_images: [(100, few), (1_000, some), (60_000, f.clean)]
                .map(|(images, accuracy)| Learned { images, accuracy: spread(accuracy) })
                .to_vec(),
        }
    };
    DatasetResult {
        data: "made-up".into(),
        data_sha256: String::new(),
        classes: 10,
        train_images: 60_000,
        test_images: 10_000,
        moved_images: 2_000,
        contenders: Network::ALL.into_iter().map(contender).collect(),
    }
}
