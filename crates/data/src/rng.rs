//! Counter-based random numbers, from [`philox`].
//!
//! A block of four words is a function of a key and a counter, so every draw of a run can be computed on its own and in any
//! order. The key is the seed; the counter identifies the purpose of the draw.

use striate_base::random::philox;

/// What random numbers are used for; each use has its own stream.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Use {
    /// The order of the samples in an epoch.
    Order = 1,
    /// The augmentation of one sample.
    Augment = 2,
    /// Which samples are mixed with which, and how.
    Mix = 3,
    /// The images that are held out to measure by.
    Holdout = 4,
    /// The images that are held out to choose by.
    Validation = 5,
}

/// The draws that belong to one (seed, epoch, sample, use).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    key: [u32; 2],
    epoch: u32,
    sample: u32,
    purpose: Use,
}

impl Draws {
    pub(crate) fn new(seed: u64, epoch: u32, sample: u32, purpose: Use) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], epoch, sample, purpose }
    }

    /// The four words of one block.
    pub(crate) fn block(&self, index: u32) -> [u32; 4] {
        let counter = [index, self.sample, self.epoch, self.purpose as u32];
        philox(counter.map(|word| [word]), self.key).map(|[word]| word)
    }
}

/// Uniform in [0, 1): the upper 24 bits, which an `f32` holds exactly.
pub(crate) fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Uniform below `bound`, without bias.
///
/// # Source
/// Lemire: *Fast random integer generation in an interval*, ACM TOMACS 29(1), 2019.
pub(crate) fn below(bound: u32, words: &mut impl Iterator<Item = u32>) -> u32 {
    loop {
        let word = words.next().expect("the stream has 2^34 words");
        let product = u64::from(word) * u64::from(bound);
        // The low half tells the words of which some values would get one more than others.
        if product as u32 >= bound.wrapping_neg() % bound {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_counter_matters() {
        let base = Draws::new(1, 2, 3, Use::Order).block(4);
        for other in [
            Draws::new(2, 2, 3, Use::Order).block(4),
            Draws::new(1 | 1 << 40, 2, 3, Use::Order).block(4),
            Draws::new(1, 3, 3, Use::Order).block(4),
            Draws::new(1, 2, 4, Use::Order).block(4),
            Draws::new(1, 2, 3, Use::Augment).block(4),
            Draws::new(1, 2, 3, Use::Order).block(5),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn unit_stays_below_one() {
        assert_eq!(unit(0), 0.0);
        assert!(unit(u32::MAX) < 1.0);
    }

    #[test]
    fn words_that_would_bias_are_skipped() {
        // 2^32 leaves 1 when divided by 3, so one word is too many: 0.
        assert_eq!(below(3, &mut [0, 1 << 31].into_iter()), 1);
        assert_eq!(below(3, &mut [1, 1 << 31].into_iter()), 0);
        // A power of two needs no word to be skipped.
        assert_eq!(below(4, &mut [0].into_iter()), 0);
        assert_eq!(below(4, &mut [u32::MAX].into_iter()), 3);
    }
}
