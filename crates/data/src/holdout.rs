//! Holds out a share of each class, for selection or evaluation.

use std::collections::HashSet;
use std::hash::Hash;

use crate::images::Images;
use crate::rng::{Draws, Use, below};
use crate::split::Split;

/// The share of a split that is held out, and how it is drawn.
///
/// # Example
/// ```
/// use striate_data::{HoldOut, Images, Split};
///
/// let all = Split::from(Images::new([1, 1, 1], (0..100).collect(), (0..100).map(|i| i % 2).collect())?);
/// let [rest, held_out] = all.hold_out(HoldOut::to_choose_by(0.1, 0));
/// assert_eq!((rest.len(), held_out.len()), (90, 10));
/// assert_eq!(all.select(&held_out).class_counts(2), [5, 5]);
/// # Ok::<(), striate_data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HoldOut {
    /// Of each class.
    share: f64,
    /// Of all classes together.
    most: usize,
    seed: u64,
    purpose: Use,
    /// Whether it may contain copies of training images.
    with_copies: bool,
}

impl HoldOut {
    /// Holds out a fifth of each class for evaluation, for a data set that has no split for it. The draw is always the same for
    /// the same images.
    ///
    /// An image that is identical to a remaining one, byte for byte, is not held out, since the accuracy on memorized images
    /// means nothing. The held-out set may therefore be empty, if every class consists of copies of one image.
    pub fn to_test_by() -> Self {
        Self { share: 0.2, most: usize::MAX, seed: 0, purpose: Use::Holdout, with_copies: false }
    }

    /// Holds out this share of each class, but no more than 5,000 images in total, drawn by `seed`, to select the best epoch of
    /// a run. These images are not used for evaluation, so copies of one image may be on both sides.
    pub fn to_choose_by(share: f64, seed: u64) -> Self {
        Self { share, most: 5000, seed, purpose: Use::Validation, with_copies: true }
    }
}

impl Split {
    /// Chooses the images to hold out, and returns the indices of the remaining images and those of the held-out images, both
    /// in ascending order.
    ///
    /// Of a class with `n` images, `round(share * n)` are drawn, at least one of two and never all; where the total is above
    /// the limit, the largest classes contribute less. The same images in the same order give the same result on every machine.
    pub fn hold_out(&self, how: HoldOut) -> [Vec<usize>; 2] {
        let labels: Vec<u32> = self.labels().collect();
        let drawn = draw(&labels, how);
        let is_held_out = match self {
            _ if how.with_copies => drawn,
            Self::Images(images) => without_copies(drawn, |i| images.sample(i)),
            Self::Photos(photos) => without_copies(drawn, |i| photos.files()[i].sha256),
        };
        [false, true].map(|wanted| (0..labels.len()).filter(|&i| is_held_out[i] == wanted).collect())
    }

    /// Returns a split of these images, in this order.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len).
    pub fn select(&self, indices: &[usize]) -> Self {
        match self {
            Self::Images(images) => {
                let mut pixels = Vec::with_capacity(indices.len() * images.sample_len());
                indices.iter().for_each(|&i| pixels.extend_from_slice(images.sample(i)));
                let labels = indices.iter().map(|&i| images.labels[i]).collect();
                Self::Images(Images { pixels, labels, ..*images })
            }
            Self::Photos(photos) => Self::Photos(photos.select(indices)),
        }
    }
}

/// Which images are drawn.
fn draw(labels: &[u32], how: HoldOut) -> Vec<bool> {
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut members = vec![Vec::new(); classes];
    labels.iter().enumerate().for_each(|(i, &label)| members[label as usize].push(i));
    let share = how.share.min(how.most as f64 / labels.len() as f64);
    let wanted = |members: &Vec<usize>| {
        let most = members.len().saturating_sub(1);
        ((share * members.len() as f64).round() as usize).max(1).min(most)
    };
    let mut wanted: Vec<usize> = members.iter().map(wanted).collect();
    // What rounding, and the one of a rare class, put over the bound.
    for _ in how.most..wanted.iter().sum() {
        // Of equals the first.
        let largest = (0..classes).rev().max_by_key(|&class| wanted[class]);
        wanted[largest.expect("some class gives something")] -= 1;
    }
    let mut is_drawn = vec![false; labels.len()];
    for ((class, members), wanted) in (0..).zip(&mut members).zip(wanted) {
        let draws = Draws::new(how.seed, 0, class, how.purpose);
        let mut words = (0u32..).flat_map(|index| draws.block(index));
        for i in (1..members.len()).rev() {
            members.swap(i, below(i as u32 + 1, &mut words) as usize);
        }
        members[..wanted].iter().for_each(|&i| is_drawn[i] = true);
    }
    is_drawn
}

/// The drawn images but for those whose content is also among the others.
fn without_copies<C: Hash + Eq>(drawn: Vec<bool>, content: impl Fn(usize) -> C) -> Vec<bool> {
    let learned: HashSet<C> = (0..drawn.len()).filter(|&i| !drawn[i]).map(&content).collect();
    let is_apart = |(i, drawn)| drawn && !learned.contains(&content(i));
    drawn.into_iter().enumerate().map(is_apart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photos::{Photo, Photos};

    fn files(counts: &[usize]) -> Vec<Photo> {
        let photo = |label: usize, i: usize| {
            let mut sha256 = [0; 32];
            (sha256[0], sha256[1]) = (label as u8, i as u8);
            Photo { path: format!("{label}/{i:03}").into(), label: label as u32, sha256 }
        };
        counts.iter().enumerate().flat_map(|(label, &n)| (0..n).map(move |i| photo(label, i))).collect()
    }

    fn photos(files: Vec<Photo>) -> Split {
        Photos::new("root".as_ref(), files, None).into()
    }

    /// The rest and what is held out.
    fn split(all: &Split, how: HoldOut) -> (Split, Split) {
        let [rest, held_out] = all.hold_out(how);
        (all.select(&rest), all.select(&held_out))
    }

    /// Images of two pixels, of which no two are the same, and so many of each class.
    fn images(counts: &[usize]) -> Split {
        let labels: Vec<u8> =
            counts.iter().enumerate().flat_map(|(label, &n)| vec![label as u8; n]).collect();
        let pixels = (0..labels.len()).flat_map(|i| (i as u16).to_le_bytes()).collect();
        Images::new([1, 1, 2], pixels, labels).unwrap().into()
    }

    #[test]
    fn each_class_gives_its_share() {
        let (train, val) = split(&photos(files(&[10, 1, 2, 53])), HoldOut::to_test_by());
        assert_eq!(val.class_counts(4), [2, 0, 1, 11]);
        assert_eq!(train.class_counts(4), [8, 1, 1, 42]);
        let files = train.photos().unwrap().files();
        assert!(files.is_sorted_by_key(|photo| (photo.label, &photo.path)), "the order stays");
        let (train, val) = split(&images(&[10, 1, 2, 53]), HoldOut::to_choose_by(0.1, 0));
        assert_eq!(val.class_counts(4), [1, 0, 1, 5]);
        assert_eq!((train.len(), train.fixed_shape()), (59, Some([1, 1, 2])));
    }

    #[test]
    fn every_image_is_in_one_of_both_parts() {
        let all = images(&[40, 30]);
        let (rest, held_out) = split(&all, HoldOut::to_choose_by(0.3, 5));
        let seen = |split: &Split| -> Vec<(Vec<u8>, u32)> {
            (0..split.len()).map(|i| (split.image(i).unwrap().pixels, split.label(i))).collect()
        };
        let mut both = [seen(&rest), seen(&held_out)].concat();
        both.sort();
        let mut all = seen(&all);
        all.sort();
        assert_eq!(both, all);
    }

    /// The usual validation part of MNIST is of 5,000 images, and so it is here: the classes are as many as MNIST's.
    #[test]
    fn a_large_split_gives_no_more_than_the_bound() {
        let mnist = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
        let (rest, held_out) = split(&images(&mnist), HoldOut::to_choose_by(0.1, 0));
        assert_eq!((rest.len(), held_out.len()), (55_000, 5000));
        for (all, of_class) in mnist.into_iter().zip(held_out.class_counts(10)) {
            assert!((all as f64 / 12.0 - of_class as f64).abs() <= 2.0, "{of_class} of {all}");
        }
        // More classes than the bound: some give nothing.
        let (_, held_out) = split(&images(&[2; 250]), HoldOut { most: 200, ..HoldOut::to_test_by() });
        assert_eq!(held_out.len(), 200);
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let of_seed = |seed| split(&images(&[40, 40]), HoldOut::to_choose_by(0.2, seed)).1;
        assert_eq!(of_seed(0), of_seed(0));
        assert_ne!(of_seed(0), of_seed(1));
        let to_test_by = split(&images(&[40, 40]), HoldOut::to_test_by()).1;
        assert_ne!(to_test_by, of_seed(0), "each purpose has draws of its own");
        let (_, photos) = split(&photos(files(&[40, 40])), HoldOut::to_test_by());
        let names = |class| -> Vec<String> {
            let of_class = (0..photos.len()).filter(|&i| photos.label(i) == class);
            of_class.map(|i| photos.name(i)[2..].to_owned()).collect()
        };
        assert_ne!(names(0), names(1), "each class has draws of its own");
    }

    #[test]
    fn copies_never_lie_on_both_sides() {
        let mut all = files(&[20]);
        all.iter_mut().for_each(|photo| photo.sha256[1] /= 2); // ten pairs
        for seed in 0..20 {
            let (train, val) =
                split(&photos(all.clone()), HoldOut { share: 0.3, seed, ..HoldOut::to_test_by() });
            assert_eq!(train.len() + val.len(), 20);
            let apart = |v: usize| (0..train.len()).all(|t| train.sha256(t) != val.sha256(v));
            assert!((0..val.len()).all(apart), "seed {seed}");
        }
        let alike = Images::new([1, 1, 1], vec![7; 20], vec![0; 20]).unwrap();
        let alike = Split::from(alike);
        let counts = |how| alike.hold_out(how).map(|places| places.len());
        assert_eq!(counts(HoldOut::to_test_by()), [20, 0], "copies of one image measure nothing");
        assert_eq!(counts(HoldOut::to_choose_by(0.1, 0)), [18, 2], "though they may choose");
    }
}
