//! Which epoch is the best, and when to stop waiting for a better one.

use crate::event::EpochRow;

/// The first of the epochs with the highest validation accuracy, as an index.
pub(crate) fn best(rows: &[EpochRow]) -> Option<usize> {
    // Of equals `max_by` takes the last: the order is turned round.
    (0..rows.len()).rev().max_by(|&a, &b| rows[a].val_accuracy.total_cmp(&rows[b].val_accuracy))
}

/// Whether the last `patience` epochs brought no better one.
pub(crate) fn is_exhausted(rows: &[EpochRow], patience: Option<usize>) -> bool {
    match (best(rows), patience) {
        (Some(best), Some(patience)) => rows.len() - 1 - best >= patience,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(accuracies: &[f64]) -> Vec<EpochRow> {
        let zero = EpochRow {
            epoch: 0,
            train_loss: 0.0,
            train_accuracy: 0.0,
            val_loss: 0.0,
            val_accuracy: 0.0,
            learning_rate: 0.0,
            images_per_s: 0.0,
            epoch_s: 0.0,
        };
        accuracies.iter().map(|&val_accuracy| EpochRow { val_accuracy, ..zero }).collect()
    }

    #[test]
    fn the_first_of_equals_is_the_best() {
        for (accuracies, expected) in
            [(&[][..], None), (&[0.5], Some(0)), (&[0.5, 0.9, 0.9, 0.7], Some(1)), (&[0.0, 0.0], Some(0))]
        {
            assert_eq!(best(&rows(accuracies)), expected, "{accuracies:?}");
        }
    }

    #[test]
    fn patience_counts_epochs_after_the_best() {
        let rows = rows(&[0.5, 0.9, 0.8, 0.9]);
        for (done, patience, expected) in [
            (2, Some(1), false),
            (3, Some(1), true),
            (3, Some(2), false),
            (4, Some(2), true),
            (4, None, false),
        ] {
            assert_eq!(
                is_exhausted(&rows[..done], patience),
                expected,
                "{done} epochs, patience {patience:?}"
            );
        }
        assert!(!is_exhausted(&[], Some(1)));
    }
}
