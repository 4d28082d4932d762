//! MixUp and CutMix: a sample is mixed with another one, and so is its label.
//!
//! ```text
//! MixUp:   x = lambda a + (1 - lambda) b                             lambda ~ Beta(alpha, alpha)
//! CutMix:  x = a, but for a rectangle of 1 - lambda of the area, which is b's; then lambda is what is left of a
//! ```
//! The other sample, lambda and the rectangle are drawn independently for each sample.
//!
//! # PyTorch
//! `v2.MixUp(alpha)` and `v2.CutMix(alpha)`, which draw once per batch, and `v2.RandomChoice` of the two when both are on.
//!
//! # Source
//! Zhang 2018, Yun 2019.

use super::Augment;
use crate::rng::{Draws, Use, below};
use striate_base::math::{exp, ln};
use striate_kernels::Target;

/// How one sample is mixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mix {
    /// The sample that is mixed in.
    pub(crate) partner: u32,
    lambda: f64,
    /// The middle of the rectangle as parts of the width and of the height; `None`: MixUp.
    middle: Option<[f64; 2]>,
}

impl Augment {
    /// How a sample is mixed, if it is.
    pub(crate) fn mix(&self, (seed, epoch, sample): (u64, u32, u32), samples: u32) -> Option<Mix> {
        if self.mixup == 0.0 && self.cutmix == 0.0 {
            return None;
        }
        let draws = Draws::new(seed, epoch, sample, Use::Mix);
        let mut words = (0u32..).flat_map(|index| draws.block(index));
        let partner = below(samples, &mut words);
        let [which, x, y] = std::array::from_fn(|_| uniform(&mut words));
        let is_cut = self.mixup == 0.0 || self.cutmix > 0.0 && which < 0.5;
        let alpha = if is_cut { self.cutmix } else { self.mixup };
        let lambda = beta(f64::from(alpha), &mut words);
        Some(Mix { partner, lambda, middle: is_cut.then_some([x, y]) })
    }
}

impl Mix {
    /// Mixes images `[C, H, W]` and their labels.
    pub(crate) fn apply(
        &self,
        [_, height, width]: [usize; 3],
        image: &mut [f32],
        partner: &[f32],
        [a, b]: [u32; 2],
    ) -> Target {
        let Some(middle) = self.middle else {
            let lambda = self.lambda as f32;
            image.iter_mut().zip(partner).for_each(|(x, &y)| *x = lambda * *x + (1.0 - lambda) * y);
            return Target { a, b, lambda };
        };
        let half = 0.5 * (1.0 - self.lambda).sqrt();
        let range = |middle: f64, side: usize| {
            let (middle, half) = ((middle * side as f64) as usize, (half * side as f64) as usize);
            middle.saturating_sub(half)..(middle + half).min(side)
        };
        let (columns, rows) = (range(middle[0], width), range(middle[1], height));
        for (image, partner) in
            image.chunks_exact_mut(height * width).zip(partner.chunks_exact(height * width))
        {
            for y in rows.clone() {
                let row = y * width + columns.start..y * width + columns.end;
                image[row.clone()].copy_from_slice(&partner[row]);
            }
        }
        let covered = (columns.len() * rows.len()) as f64 / (height * width) as f64;
        Target { a, b, lambda: (1.0 - covered) as f32 }
    }
}

/// Uniform between 0 and 1, neither of which it reaches.
fn uniform(words: &mut impl Iterator<Item = u32>) -> f64 {
    let word = words.next().expect("the stream has 2^34 words");
    (f64::from(word) + 0.5) / 4_294_967_296.0
}

/// One draw of Beta(alpha, alpha), for alpha above 0 and at most 1.
///
/// # Source
/// Jöhnk 1964: of `u^(1/alpha)` and `v^(1/alpha)`, whose sum is at most 1, the share of the first. In logarithms, as a
/// small alpha makes both too small for a float.
fn beta(alpha: f64, words: &mut impl Iterator<Item = u32>) -> f64 {
    loop {
        let (x, y) = (ln(uniform(words)) / alpha, ln(uniform(words)) / alpha);
        if exp(x) + exp(y) <= 1.0 {
            return if y - x > 700.0 { 0.0 } else { 1.0 / (1.0 + exp(y - x)) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seed: u64) -> impl Iterator<Item = u32> {
        let draws = Draws::new(seed, 0, 0, Use::Mix);
        (0u32..).flat_map(move |index| draws.block(index))
    }

    #[test]
    fn the_beta_distribution_has_its_moments() {
        for alpha in [0.1, 0.2, 0.5, 1.0] {
            let mut words = words(9);
            let draws: Vec<f64> = (0..20_000).map(|_| beta(alpha, &mut words)).collect();
            assert!(draws.iter().all(|x| (0.0..=1.0).contains(x)));
            let mean = draws.iter().sum::<f64>() / 20_000.0;
            let variance = draws.iter().map(|x| (x - 0.5).powi(2)).sum::<f64>() / 20_000.0;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.01, "alpha {alpha}: mean {mean}");
            assert!(
                (variance - expected).abs() < 0.005,
                "alpha {alpha}: variance {variance}, not {expected}"
            );
        }
        assert!((0..1000).all(|seed| beta(1e-3, &mut words(seed)).is_finite()));
    }

    #[test]
    fn mixup_by_hand() {
        let mix = Mix { partner: 1, lambda: 0.75, middle: None };
        let mut image = [4.0, 8.0];
        let target = mix.apply([1, 1, 2], &mut image, &[0.0, 4.0], [3, 5]);
        assert_eq!(image, [3.0, 7.0]);
        assert_eq!(target, Target { a: 3, b: 5, lambda: 0.75 });
    }

    #[test]
    fn cutmix_by_hand() {
        // A quarter of 4 x 4: half a side each way from the middle (2, 2) is 1 pixel.
        let mix = Mix { partner: 1, lambda: 0.75, middle: Some([0.5, 0.5]) };
        let mut image = [1.0; 32];
        let target = mix.apply([2, 4, 4], &mut image, &[9.0; 32], [0, 1]);
        let plane = [1., 1., 1., 1., 1., 9., 9., 1., 1., 9., 9., 1., 1., 1., 1., 1.];
        assert_eq!(image[..16], plane);
        assert_eq!(image[16..], plane);
        assert_eq!(target.lambda, 0.75);
        // In the corner a quarter of the rectangle is left, and lambda says so.
        let corner = Mix { middle: Some([0.0, 0.0]), ..mix };
        let mut image = [1.0; 32];
        assert_eq!(corner.apply([2, 4, 4], &mut image, &[9.0; 32], [0, 1]).lambda, 15.0 / 16.0);
        assert_eq!(image.iter().filter(|&&x| x == 9.0).count(), 2);
    }

    #[test]
    fn with_both_on_each_sample_gets_one() {
        let both = Augment { mixup: 0.2, cutmix: 1.0, ..Augment::default() };
        let mixes: Vec<Mix> = (0..1000).map(|sample| both.mix((1, 0, sample), 50).unwrap()).collect();
        let cut = mixes.iter().filter(|mix| mix.middle.is_some()).count();
        assert!((430..570).contains(&cut), "{cut} of 1000 are cut");
        assert!((0..50).all(|partner| mixes.iter().any(|mix| mix.partner == partner)));
        assert_eq!(Augment::default().mix((1, 0, 0), 50), None);
        let one = Augment { mixup: 0.2, ..Augment::default() };
        assert!((0..100).all(|sample| one.mix((1, 0, sample), 50).unwrap().middle.is_none()));
    }
}
