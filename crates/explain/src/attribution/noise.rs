//! Noise as a function of (seed, sample, position), the same on every machine: `Σ_12 uniform − 6`, whose mean is 0 and
//! whose variance is 1; its distribution function is within 0.0024 of the normal one's, and no value is beyond ±6.
//!
//! The sums are exact: a logarithm or a cosine of the platform's library would differ in its last bit from machine to machine.

use striate_base::random::splitmix64;

/// The noise at a position of a sample: three uniform values of 21 bits from each of four words.
pub(super) fn noise(seed: u64, sample: u64, place: u64) -> f64 {
    let mix = |z: u64| splitmix64(z, 0);
    let key = mix(mix(seed) ^ sample);
    let bits = |word: u64| (word >> 43) + (word >> 22 & 0x1f_ffff) + (word >> 1 & 0x1f_ffff);
    let sum: u64 = (0..4).map(|i| bits(mix(key.wrapping_add(4 * place + i)))).sum();
    // Each uniform value is the middle of its step, so that the mean is 0 exactly.
    (sum as f64 + 6.0) / f64::from(1 << 21) - 6.0
}

#[cfg(test)]
mod tests {
    use super::noise;

    #[test]
    fn its_moments_are_those_of_a_normal_distribution() {
        let n = 100_000;
        let all: Vec<f64> = (0..n).map(|i| noise(1, i / 1000, i % 1000)).collect();
        let moment = |k: i32| all.iter().map(|v| v.powi(k)).sum::<f64>() / n as f64;
        // Five standard errors; the fourth moment of a sum of twelve is 2.9, not 3.
        for (k, want, spread) in [(1, 0.0, 1.0), (2, 1.0, 1.9), (3, 0.0, 14.0), (4, 2.9, 80.0)] {
            let allowed = 5.0 * f64::sqrt(spread / n as f64);
            assert!((moment(k) - want).abs() < allowed, "moment {k}: {}, expected {want}", moment(k));
        }
        let neighbors = all.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64;
        assert!(neighbors.abs() < 5.0 / f64::sqrt(n as f64), "neighbors correlate: {neighbors}");
    }

    #[test]
    fn seed_sample_and_place_each_matter() {
        let base = noise(1, 2, 3);
        for other in [noise(2, 2, 3), noise(1 | 1 << 40, 2, 3), noise(1, 3, 3), noise(1, 2, 4)] {
            assert_ne!(base, other);
        }
        // What another sample has at another place is not what this one has here.
        assert_ne!(noise(0, 1, 0), noise(0, 0, 1));
    }

    /// The same on every machine: what was printed here once.
    #[test]
    fn known_values() {
        let got = [noise(0, 0, 0), noise(0, 0, 1), noise(0, 1, 0), noise(7, 3, 500)];
        assert_eq!(got, KNOWN);
    }
    const KNOWN: [f64; 4] =
        [1.4737520217895508, -0.7695236206054688, -1.0422120094299316, -0.16722536087036133];
}
