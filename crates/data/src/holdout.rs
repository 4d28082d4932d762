//! Keeps a part of each class apart to measure by.

use std::collections::HashSet;

use crate::photos::Photo;
use crate::rng::{Draws, Use, below};

/// The part of each class that is kept apart when a folder has no `val`.
pub(crate) const VAL_SHARE: f64 = 0.2;

/// Photos to learn from and photos to measure by: of each class `round(share * n)` are drawn, at least one of two and
/// never all.
///
/// The same files in the same order give the same parts for a seed, on every machine. A photo whose file is also among
/// those to learn from is moved there: what was learned by heart measures nothing.
pub(crate) fn split(photos: Vec<Photo>, classes: usize, share: f64, seed: u64) -> (Vec<Photo>, Vec<Photo>) {
    let mut is_val = vec![false; photos.len()];
    for class in 0..classes as u32 {
        let mut members: Vec<usize> = (0..photos.len()).filter(|&i| photos[i].label == class).collect();
        let draws = Draws::new(seed, 0, class, Use::Holdout);
        let mut words = (0u32..).flat_map(|index| draws.block(index));
        for i in (1..members.len()).rev() {
            members.swap(i, below(i as u32 + 1, &mut words) as usize);
        }
        let most = members.len().saturating_sub(1);
        let wanted = ((share * members.len() as f64).round() as usize).max(1).min(most);
        members[..wanted].iter().for_each(|&i| is_val[i] = true);
    }
    let learned: HashSet<[u8; 32]> =
        photos.iter().zip(&is_val).filter(|(_, is_val)| !**is_val).map(|(photo, _)| photo.sha256).collect();
    let mut is_val = is_val.into_iter();
    let (mut val, train): (Vec<Photo>, Vec<Photo>) =
        photos.into_iter().partition(|_| is_val.next().expect("one a photo"));
    let mut train = train;
    let leaked = val.extract_if(.., |photo| learned.contains(&photo.sha256));
    train.extend(leaked);
    train.sort_by(|a, b| a.label.cmp(&b.label).then_with(|| a.path.cmp(&b.path)));
    (train, val)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photos(counts: &[usize]) -> Vec<Photo> {
        let photo = |label: usize, i: usize| {
            let mut sha256 = [0; 32];
            (sha256[0], sha256[1]) = (label as u8, i as u8);
            Photo { path: format!("{label}/{i:03}").into(), label: label as u32, sha256 }
        };
        counts.iter().enumerate().flat_map(|(label, &n)| (0..n).map(move |i| photo(label, i))).collect()
    }

    #[test]
    fn each_class_gives_its_share() {
        let (train, val) = split(photos(&[10, 1, 2, 53]), 4, 0.2, 0);
        let count = |of: &[Photo], class| of.iter().filter(|photo| photo.label == class).count();
        assert_eq!([0, 1, 2, 3].map(|class| count(&val, class)), [2, 0, 1, 11]);
        assert_eq!([0, 1, 2, 3].map(|class| count(&train, class)), [8, 1, 1, 42]);
        assert!(train.is_sorted_by_key(|photo| (photo.label, &photo.path)));
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let (_, first) = split(photos(&[40, 40]), 2, 0.2, 0);
        assert_eq!(first, split(photos(&[40, 40]), 2, 0.2, 0).1);
        assert_ne!(first, split(photos(&[40, 40]), 2, 0.2, 1).1);
        let paths = |val: &[Photo], class| -> Vec<String> {
            let of_class = val.iter().filter(|photo| photo.label == class);
            of_class.map(|photo| photo.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_ne!(paths(&first, 0), paths(&first, 1), "each class has draws of its own");
    }

    #[test]
    fn copies_never_lie_on_both_sides() {
        let mut all = photos(&[20]);
        all.iter_mut().for_each(|photo| photo.sha256[1] /= 2); // ten pairs
        for seed in 0..20 {
            let (train, val) = split(all.clone(), 1, 0.3, seed);
            assert_eq!(train.len() + val.len(), 20);
            assert!(val.iter().all(|v| train.iter().all(|t| t.sha256 != v.sha256)), "seed {seed}");
        }
    }
}
