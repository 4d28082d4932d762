//! Stratified folds of a data set: each has its share of every class.

use striate_base::random::splitmix64;

/// Which of `k` folds each sample is judged in: a pure function of labels and seed.
///
/// The samples of a class are shuffled and dealt out one by one, each class going on where the last one stopped. So each
/// fold has its share of each class to within one sample, and of all samples to within one.
pub(super) fn stratified(labels: &[u32], k: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&i| (labels[i], splitmix64(seed, i as u64), i));
    let mut fold = vec![0; labels.len()];
    order.into_iter().enumerate().for_each(|(place, i)| fold[i] = place % k);
    fold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fold_has_its_share_of_each_class() {
        let labels: Vec<u32> = [35, 64, 24, 26, 18].iter().zip(0..).flat_map(|(&n, c)| vec![c; n]).collect();
        for k in [2, 3, 5, 10] {
            let fold = stratified(&labels, k, 7);
            let count = |f: usize, c: Option<u32>| {
                (0..labels.len()).filter(|&i| fold[i] == f && c.is_none_or(|c| labels[i] == c)).count()
            };
            for f in 0..k {
                assert!((labels.len() / k..=labels.len().div_ceil(k)).contains(&count(f, None)), "{k} {f}");
                for c in 0..5 {
                    let n = labels.iter().filter(|&&l| l == c).count();
                    assert!(
                        (n / k..=n.div_ceil(k)).contains(&count(f, Some(c))),
                        "class {c} in fold {f} of {k}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let labels = vec![0; 40];
        assert_eq!(stratified(&labels, 5, 1), stratified(&labels, 5, 1));
        assert_ne!(stratified(&labels, 5, 1), stratified(&labels, 5, 2));
        // The neighbors of a film or of a burst of photos do not fall into folds by turns.
        assert_ne!(stratified(&labels, 5, 1)[..5], [0, 1, 2, 3, 4]);
    }
}
