//! SplitMix64, and random draws that are a function of a seed and a position.

/// The golden ratio in 64 bits.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Returns word number `place`, from 0, of the stream that begins at `seed`.
///
/// # Source
/// Steele 2014.
///
/// # Example
/// ```
/// assert_eq!(striate_base::random::splitmix64(0, 0), 0xe220_a839_7b1d_cdaf);
/// ```
pub const fn splitmix64(seed: u64, place: u64) -> u64 {
    mix(seed.wrapping_add(place.wrapping_add(1).wrapping_mul(GAMMA)))
}

/// Draws a uniform number in [-1, 1), with 53 bits. Both the seed and the position are mixed, so the streams of neighboring
/// seeds are unrelated.
pub fn signed_unit(seed: u64, place: u64) -> f64 {
    (word(seed, place) >> 11) as f64 * (2.0 / (1_u64 << 53) as f64) - 1.0
}

/// Draws a uniform integer below `bound`, with a bias of less than `bound / 2^64`.
pub fn below(bound: u64, seed: u64, place: u64) -> u64 {
    ((u128::from(word(seed, place)) * u128::from(bound)) >> 64) as u64
}

fn word(seed: u64, place: u64) -> u64 {
    mix(splitmix64(seed, 0).wrapping_add(place.wrapping_mul(GAMMA)))
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_authors() {
        // The first values for the seed 1234567, as published with the reference code, and two for the seed 0.
        let want = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([0, 1, 2].map(|place| splitmix64(1_234_567, place)), want);
        assert_eq!([0, 1].map(|place| splitmix64(0, place)), [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        assert_eq!(splitmix64(5, u64::MAX), mix(5));
    }

    /// Experiments that were made once come out the same: what was printed here.
    #[test]
    fn known_draws() {
        assert_eq!([0, 1].map(|place| signed_unit(7, place)), [-0.08820583838910978, 0.4430163612099405]);
        assert_eq!([0, 1, 2].map(|place| below(1000, 7, place)), [455, 721, 649]);
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
