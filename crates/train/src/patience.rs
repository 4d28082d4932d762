//! Selection of the best epoch, and early stopping when there is no better one for some epochs.

use crate::metric::Metric;
use crate::row::EpochRow;

/// The epoch that is best by the metric, as an index; of equals the one of the smaller loss, and then the first. Where a few
/// images choose, most epochs are equal.
pub(crate) fn best(rows: &[EpochRow], metric: Metric) -> Option<usize> {
    let score = |i: usize| [metric, Metric::Loss].map(|metric| metric.score(&rows[i]));
    // Of equals `max_by` takes the last: the order is turned round.
    (0..rows.len()).rev().max_by(|&a, &b| {
        let ([a, a_loss], [b, b_loss]) = (score(a), score(b));
        a.total_cmp(&b).then(a_loss.total_cmp(&b_loss))
    })
}

/// Whether the last `patience` epochs brought no better one.
pub(crate) fn is_exhausted(rows: &[EpochRow], patience: Option<usize>, metric: Metric) -> bool {
    match (best(rows, metric), patience) {
        (Some(best), Some(patience)) => rows.len() - 1 - best >= patience,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: EpochRow = EpochRow {
        epoch: 0,
        train_loss: 0.0,
        train_accuracy: 0.0,
        val_loss: 0.0,
        val_accuracy: 0.0,
        val_f1_macro: 0.0,
        learning_rate: 0.0,
        images_per_s: 0.0,
        epoch_s: 0.0,
    };

    fn rows(accuracies: &[f64]) -> Vec<EpochRow> {
        accuracies.iter().map(|&val_accuracy| EpochRow { val_accuracy, ..ZERO }).collect()
    }

    #[test]
    fn the_first_of_equals_is_the_best() {
        for (accuracies, expected) in
            [(&[][..], None), (&[0.5], Some(0)), (&[0.5, 0.9, 0.9, 0.7], Some(1)), (&[0.0, 0.0], Some(0))]
        {
            assert_eq!(best(&rows(accuracies), Metric::AccuracyTop1), expected, "{accuracies:?}");
        }
    }

    #[test]
    fn of_equals_the_smaller_loss_is_the_best() {
        let row = |val_accuracy, val_loss| EpochRow { val_accuracy, val_loss, ..ZERO };
        let rows = [row(0.9, 0.1), row(1.0, 0.5), row(1.0, 0.3), row(1.0, 0.4), row(1.0, f64::NAN)];
        assert_eq!(best(&rows, Metric::AccuracyTop1), Some(2));
        assert_eq!(best(&rows, Metric::Loss), Some(0));
        assert!(
            is_exhausted(&rows, Some(2), Metric::AccuracyTop1)
                && !is_exhausted(&rows, Some(3), Metric::AccuracyTop1)
        );
    }

    #[test]
    fn each_metric_has_its_own_best() {
        let row =
            |val_accuracy, val_loss, val_f1_macro| EpochRow { val_accuracy, val_loss, val_f1_macro, ..ZERO };
        let rows = [row(0.9, 0.5, 0.1), row(0.8, 0.4, 0.2), row(0.7, f64::NAN, 0.3)];
        let best = |metric| best(&rows, metric).unwrap();
        assert_eq!([Metric::AccuracyTop1, Metric::Loss, Metric::F1Macro].map(best), [0, 1, 2]);
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
                is_exhausted(&rows[..done], patience, Metric::AccuracyTop1),
                expected,
                "{done} epochs, patience {patience:?}"
            );
        }
        assert!(!is_exhausted(&[], Some(1), Metric::Loss));
    }
}
