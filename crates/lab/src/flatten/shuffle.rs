//! Permutations drawn by a seed: a pure function of (seed, stream, length).

use striate_data::{Augment, Images, Loader, Preprocess, Split};

/// What an order is for; each use has its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// Which training images are held out, and which are taken of the rest.
    HeldOut = 1 << 20,
    /// Which training images a run learns from.
    Training,
    /// Which test images are moved, and in which direction each.
    Moved,
    /// Where each pixel goes.
    Scrambling,
}

/// The numbers below `len` in a random order, every order equally likely.
///
/// It is the [`Loader`]'s shuffle, whose epochs serve as streams; those of a training run are far below.
pub(crate) fn shuffled(len: usize, seed: u64, stream: Stream) -> Vec<u32> {
    if len == 0 {
        return Vec::new();
    }
    let dots = Images::new([1, 1, 1], vec![0; len], vec![0; len]).expect("one value and one label each");
    let preprocess = Preprocess::new([1, 1, 1], &[0.0], &[1.0]).expect("plain numbers");
    let split = Split::from(dots);
    let loader = Loader::new(&split, &preprocess, Augment::default(), 1, seed, true);
    loader.expect("at least one image").order(stream as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_permutation_and_each_stream_has_its_own() {
        let order = shuffled(1000, 7, Stream::Training);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
        assert_eq!(order, shuffled(1000, 7, Stream::Training));
        assert_ne!(order, shuffled(1000, 8, Stream::Training));
        assert_ne!(order, shuffled(1000, 7, Stream::HeldOut));
        assert!(shuffled(0, 7, Stream::Moved).is_empty());
    }
}
