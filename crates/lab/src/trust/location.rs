//! Whether a map is located where the evidence is known to be: the pointing game, the share of relevance inside the mask, and
//! the area under the ROC curve of a classification into inside and outside by the map's values.

use super::similarity::ranks;

/// Whether the map's largest value is inside the mask. Of several equal values the first counts; a map without a positive value
/// points nowhere.
///
/// # Source
/// Zhang 2016.
pub fn points_inside(map: &[f32], mask: &[bool]) -> bool {
    assert_eq!(map.len(), mask.len(), "one place of the mask a value");
    let mut best = (0.0, false);
    for (&value, &inside) in map.iter().zip(mask) {
        if value > best.0 {
            best = (value, inside);
        }
    }
    best.1
}

/// Computes `Σ inside max(v, 0) / Σ max(v, 0)`: the share of the positive values that is inside the mask; `None` when no
/// value is positive.
///
/// # Source
/// Arras 2022, relevance mass accuracy.
pub fn share_inside(map: &[f32], mask: &[bool]) -> Option<f64> {
    assert_eq!(map.len(), mask.len(), "one place of the mask a value");
    let (mut inside, mut all) = (0.0, 0.0);
    for (&value, &is_inside) in map.iter().zip(mask) {
        let value = f64::from(value.max(0.0));
        all += value;
        if is_inside {
            inside += value;
        }
    }
    (all > 0.0).then(|| inside / all)
}

/// Computes the probability that a value inside the mask is larger than one outside, where equal values count half: 0.5 for a
/// map without information. `None` when the mask is empty or covers everything.
///
/// `AUC = (R - n (n + 1) / 2) / (n m)`, where R is the sum of the ranks of the n values inside, and m is the
/// number of values outside.
///
/// # Source
/// Mann 1947.
pub fn auc(map: &[f32], mask: &[bool]) -> Option<f64> {
    assert_eq!(map.len(), mask.len(), "one place of the mask a value");
    let n = mask.iter().filter(|&&inside| inside).count() as f64;
    let m = mask.len() as f64 - n;
    let sum: f64 = ranks(map).iter().zip(mask).filter(|(_, inside)| **inside).map(|(rank, _)| rank).sum();
    (n > 0.0 && m > 0.0).then(|| (sum - n * (n + 1.0) / 2.0) / (n * m))
}

/// The mask, and what is at most `by` pixels away from it in rows and columns.
pub(super) fn grown(mask: &[bool], [height, width]: [usize; 2], by: usize) -> Vec<bool> {
    let near = |i: usize| {
        let (y, x) = (i / width, i % width);
        let mut rows = y.saturating_sub(by)..(y + by + 1).min(height);
        rows.any(|y| {
            mask[y * width + x.saturating_sub(by)..y * width + (x + by + 1).min(width)].contains(&true)
        })
    };
    (0..height * width).map(near).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [bool; 5] = [false, true, true, false, false];

    #[test]
    fn the_pointing_game_by_hand() {
        assert!(points_inside(&[0.0, 0.2, 0.9, 0.8, -5.0], &MASK));
        assert!(!points_inside(&[0.0, 0.2, 0.8, 0.9, -5.0], &MASK));
        assert!(!points_inside(&[0.9, 0.9, 0.9, 0.0, 0.0], &MASK), "the first of equal ones");
        assert!(!points_inside(&[-3.0, -1.0, -2.0, -4.0, -5.0], &MASK), "nothing speaks for the class");
        assert!(!points_inside(&[f32::NAN; 5], &MASK));
    }

    #[test]
    fn shares_of_relevance_by_hand() {
        assert_eq!(share_inside(&[1.0, 2.0, 1.0, 0.0, -7.0], &MASK), Some(0.75));
        assert_eq!(share_inside(&[1.0, -2.0, 1.0, 2.0, 0.0], &MASK), Some(0.25));
        assert_eq!(share_inside(&[0.0, -2.0, 0.0, 0.0, 0.0], &MASK), None);
    }

    #[test]
    fn areas_under_the_curve_by_hand() {
        assert_eq!(auc(&[0.0, 8.0, 9.0, 1.0, 2.0], &MASK), Some(1.0));
        assert_eq!(auc(&[7.0, -1.0, 0.0, 1.0, 2.0], &MASK), Some(0.0));
        assert_eq!(auc(&[4.0; 5], &MASK), Some(0.5));
        // Six pairs: 5 beats 1 and 2 and not 6; 2 beats 1, ties with 2, and not 6: (2 + 1.5) / 6.
        assert_eq!(auc(&[6.0, 5.0, 2.0, 1.0, 2.0], &MASK), Some(3.5 / 6.0));
        assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
    }

    #[test]
    fn masks_grow_to_all_sides_and_not_around_edges() {
        let mut mask = vec![false; 20];
        mask[5 + 4] = true; // row 1, the last of 5 columns
        let grown = grown(&mask, [4, 5], 1);
        let inside: Vec<usize> = (0..20).filter(|&i| grown[i]).collect();
        assert_eq!(inside, [3, 4, 8, 9, 13, 14]);
        assert_eq!(super::grown(&mask, [4, 5], 0), mask);
    }
}
