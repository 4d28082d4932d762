//! Random numbers by counting: each a pure function of (seed, place).

/// Uniform in [-1, 1), of 53 bits.
///
/// # Source
/// Steele 2014: the mixing function of SplitMix64, over the seed and over the place.
pub(crate) fn signed_unit(seed: u64, place: u64) -> f64 {
    (word(seed, place) >> 11) as f64 * (2.0 / (1_u64 << 53) as f64) - 1.0
}

/// Uniform below `bound`, but for a bias of less than `bound / 2^64`.
pub(crate) fn below(bound: u64, seed: u64, place: u64) -> u64 {
    ((u128::from(word(seed, place)) * u128::from(bound)) >> 64) as u64
}

fn word(seed: u64, place: u64) -> u64 {
    mix(mix(seed.wrapping_add(GAMMA)).wrapping_add(place.wrapping_mul(GAMMA)))
}

/// The golden ratio in 64 bits.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_is_that_of_the_authors() {
        // SplitMix64 from state 0 gives these first.
        assert_eq!(mix(GAMMA), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(GAMMA.wrapping_mul(2)), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn draws_fill_their_range_and_differ_by_seed_and_place() {
        let draws: Vec<f64> = (0..10_000).map(|place| signed_unit(1, place)).collect();
        assert!(draws.iter().all(|d| (-1.0..1.0).contains(d)));
        let mean = draws.iter().sum::<f64>() / 1e4;
        // Five standard deviations of the mean of 10,000.
        assert!(mean.abs() < 5.0 * (1.0 / 3.0_f64).sqrt() / 100.0, "{mean}");
        assert!((0..100).all(|place| signed_unit(1, place) != signed_unit(2, place)));
        let counts = (0..9000).fold([0; 9], |mut counts, place| {
            counts[below(9, 5, place) as usize] += 1;
            counts
        });
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
