//! The rule that decides whether one network is better than another.
//!
//! A network is ahead if its worst seed is better than the other's best, and the means differ by more than
//! `2 √(p(1−p)/n + q(1−q)/n)`, two standard errors from the choice of n test images alone. Otherwise the two are level.

use super::spread::Spread;

/// How one figure stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    Ahead,
    Level,
    Behind,
}

/// How a fraction stands to another, each measured on so many images.
pub(crate) fn compare(a: &Spread, b: &Spread, [n_a, n_b]: [f64; 2]) -> Stand {
    let variance = |spread: &Spread, n: f64| spread.mean * (1.0 - spread.mean) / n.max(1.0);
    let chance = 2.0 * (variance(a, n_a) + variance(b, n_b)).sqrt();
    if a.low > b.high && a.mean - b.mean > chance {
        Stand::Ahead
    } else if b.low > a.high && b.mean - a.mean > chance {
        Stand::Behind
    } else {
        Stand::Level
    }
}

/// Whether a fraction of n images is no more than guessing among so many classes gives, two standard errors included.
pub(crate) fn is_guessing(accuracy: &Spread, classes: usize, n: f64) -> bool {
    let guess = 1.0 / classes as f64;
    accuracy.mean <= guess + 2.0 * (guess * (1.0 - guess) / n.max(1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ahead_needs_every_seed_and_more_than_the_images_could_bring() {
        let of = |seeds: &[f64]| Spread::new(seeds.to_vec());
        let (high, low) = (of(&[0.98, 0.97, 0.99]), of(&[0.95, 0.96, 0.955]));
        assert_eq!(compare(&high, &low, [10_000.0; 2]), Stand::Ahead);
        assert_eq!(compare(&low, &high, [10_000.0; 2]), Stand::Behind);
        // One seed on the wrong side.
        assert_eq!(compare(&of(&[0.98, 0.955, 0.99]), &low, [10_000.0; 2]), Stand::Level);
        // 100 images: 2 √(0.98·0.02/100 + 0.955·0.045/100) = 0.05.
        assert_eq!(compare(&high, &low, [100.0; 2]), Stand::Level);
        assert_eq!(compare(&high, &high, [1e9; 2]), Stand::Level);
    }

    #[test]
    fn guessing_has_a_margin() {
        // 1/10 ± 2 √(0.09/900) = 0.1 ± 0.02
        assert!(is_guessing(&Spread::new(vec![0.119]), 10, 900.0));
        assert!(!is_guessing(&Spread::new(vec![0.121]), 10, 900.0));
    }
}
