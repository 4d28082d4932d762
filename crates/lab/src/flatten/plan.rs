//! The runs that the settings require.

use super::nets::Network;
use super::run::{EDITION, Run, Source};
use super::settings::Settings;

/// A run with the settings that all have, measured by the test split; its rate is still to be set.
pub(crate) fn run(
    data: &Source<'_>,
    settings: &Settings,
    network: Network,
    hidden: &[usize],
    seed: u64,
    train_images: usize,
    scrambled: bool,
) -> Run {
    Run {
        edition: EDITION,
        data: data.name.to_string(),
        data_sha256: data.sha256.to_string(),
        network,
        hidden: hidden.to_vec(),
        seed,
        train_images,
        passes: settings.passes(train_images),
        batch_size: settings.batch_size,
        learning_rate: 0.0,
        scrambled,
        held_out: None,
        moved_images: 0,
        moves: Vec::new(),
    }
}

/// The number of runs that are reported.
pub(crate) fn planned(sources: &[Source<'_>], settings: &Settings) -> usize {
    let sizes = |data: &Source<'_>| settings.train_images.iter().filter(|&&n| n < data.train.len()).count();
    let scrambled = Network::ALL.iter().filter(|network| network.can_be_scrambled()).count();
    let of = |data| Network::ALL.len() * (1 + sizes(data)) + scrambled;
    settings.seeds.len() * sources.iter().map(of).sum::<usize>()
}
