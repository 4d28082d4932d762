//! The accuracy of nearest neighbors, which shows whether neighbors share a class.

use serde::Serialize;

use super::gram::Gram;

/// The result of a classification by nearest neighbors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Knn {
    /// The number of neighbors that vote.
    pub neighbors: usize,
    /// The number of points that their neighbors classify correctly.
    pub right: usize,
    /// The share of points that are classified correctly, 0 to 1.
    pub accuracy: f64,
}

/// Computes the leave-one-out accuracy: the `neighbors` nearest points vote on the class of each point.
///
/// Of two points at the same distance, the one with the lower index is nearer; of classes with equally many votes, the one with
/// the nearest member wins.
///
/// # Panics
/// When there is not one label per point.
pub fn knn(gram: &Gram, labels: &[u32], neighbors: usize) -> Knn {
    let n = gram.len();
    assert_eq!(labels.len(), n, "one label a point");
    let mut right = 0;
    for i in 0..n {
        let mut others: Vec<(f64, usize)> =
            (0..n).filter(|&j| j != i).map(|j| (gram.distance_squared(i, j), j)).collect();
        let k = neighbors.min(others.len());
        if k == 0 {
            continue;
        }
        let nearer = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        others.select_nth_unstable_by(k - 1, nearer);
        others.truncate(k);
        others.sort_by(nearer);
        let votes = |class: u32| others.iter().filter(|(_, j)| labels[*j] == class).count();
        // The first of those with most votes: nearest first.
        let elected = others
            .iter()
            .map(|&(_, j)| labels[j])
            .reduce(|best, class| if votes(class) > votes(best) { class } else { best });
        right += usize::from(elected == Some(labels[i]));
    }
    Knn { neighbors, right, accuracy: right as f64 / n as f64 }
}
