use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn confusion(classes: usize, labels: &[usize], predicted: &[usize]) -> Confusion {
    let mut confusion = Confusion::new(classes);
    for (&label, &predicted) in labels.iter().zip(predicted) {
        confusion.add(label, predicted).unwrap();
    }
    confusion
}

fn close(got: Option<f64>, want: f64) {
    assert!(got.is_some_and(|got| (got - want).abs() < 5e-5), "got {got:?}, expected {want}");
}

/// The example of scikit-learn's `classification_report`, as printed in its documentation.
#[test]
fn per_class_metrics_match_scikit_learns_report() {
    let confusion = confusion(3, &[0, 1, 2, 2, 2], &[0, 0, 2, 2, 1]);
    let expected = [(0.5, 1.0, 0.6667, 1), (0.0, 0.0, 0.0, 1), (1.0, 0.6667, 0.8, 3)];
    for (class, (precision, recall, f1, support)) in expected.into_iter().enumerate() {
        let m = confusion.class_metrics(class);
        close(m.precision, precision);
        close(m.recall, recall);
        close(m.f1, f1);
        assert_eq!(m.support, support);
    }
    close(confusion.accuracy(), 0.6);
    let average = confusion.macro_average();
    close(average.precision, 0.5);
    close(average.recall, 0.5556);
    close(average.f1, 0.4889);
    assert_eq!(average.support, 5);
}

/// The example of scikit-learn's `precision_score` and its siblings: 0.22, 0.33, 0.26.
#[test]
fn macro_averages_match_scikit_learns_scores() {
    let average = confusion(3, &[0, 1, 2, 0, 1, 2], &[0, 2, 1, 0, 0, 1]).macro_average();
    close(average.precision, 2.0 / 9.0);
    close(average.recall, 1.0 / 3.0);
    close(average.f1, 4.0 / 15.0);
}

#[test]
fn undefined_is_none_but_a_never_predicted_class_still_lowers_the_average() {
    // Class 1 is never predicted; class 2 occurs nowhere.
    let confusion = confusion(3, &[0, 1], &[0, 0]);
    let never_predicted = confusion.class_metrics(1);
    assert_eq!((never_predicted.precision, never_predicted.recall), (None, Some(0.0)));
    assert_eq!(never_predicted.f1, Some(0.0));
    let absent = confusion.class_metrics(2);
    assert_eq!((absent.precision, absent.recall, absent.f1, absent.support), (None, None, None, 0));
    close(confusion.macro_average().precision, 0.25);

    let empty = Confusion::new(3);
    assert_eq!((empty.accuracy(), empty.macro_average().f1), (None, None));
}

#[test]
fn counts_are_label_then_prediction() {
    let confusion = confusion(2, &[0, 0, 1], &[1, 1, 1]);
    assert_eq!(confusion.count(0, 1), 2);
    assert_eq!(confusion.count(1, 0), 0);
    assert_eq!(confusion.cells().collect::<Vec<_>>(), [(0, 1, 2), (1, 1, 1)]);
    assert_eq!((confusion.hits(), confusion.total(), confusion.support(0)), (1, 3, 2));
}

#[test]
fn an_index_outside_is_an_error_and_counts_nothing() {
    let mut confusion = Confusion::new(10);
    let message = confusion.add(3, 10).unwrap_err().to_string();
    expect!["confusion matrix: prediction 10 is not one of its 10 classes (0 to 9); use a data set and a model with the same classes"].assert_eq(&message);
    assert!(confusion.add(26, 0).unwrap_err().to_string().contains("label 26"));
    assert_eq!(confusion, Confusion::new(10));
}

/// Table I of R. G. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, method 3.
#[test]
fn wilson_matches_newcombes_table() {
    for (hits, n, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let interval = wilson_interval(hits, n, Z_95);
        close(interval.map(|i| i.0), low);
        close(interval.map(|i| i.1), high);
    }
    assert_eq!(wilson_interval(0, 0, Z_95), None);
    assert_eq!(wilson_interval(2, 1, Z_95), None);
    assert_eq!(wilson_interval(1, 2, f64::NAN), None);
    assert_eq!(wilson_interval(20, 20, Z_95).unwrap().1, 1.0);
}

#[test]
fn top_k_breaks_ties_like_argmax_and_never_rewards_nan() {
    let tied = [1.0, 3.0, 3.0, 0.0];
    assert!(in_top_k(&tied, 1, 1) && !in_top_k(&tied, 2, 1) && in_top_k(&tied, 2, 2));
    assert!(!in_top_k(&tied, 4, 9) && !in_top_k(&tied, 1, 0));
    let broken = [f32::NAN; 10];
    assert!((0..10).all(|label| !in_top_k(&broken, label, 5)));
    assert!(!in_top_k(&[f32::NAN, 1.0], 1, 1));
}

#[test]
fn report_is_json_with_plain_keys() {
    let confusion = confusion(2, &[0, 0, 0, 0], &[0, 0, 0, 0]);
    let report = Report::new(&confusion, &["cat", "dog"], Some(4)).unwrap();
    expect![[r#"{"images":4,"accuracy_top1":1.0,"accuracy_top1_interval_95":[0.5101091635,1.0],"accuracy_top5":1.0,"precision_macro":1.0,"recall_macro":1.0,"f1_macro":1.0,"per_class":[{"class":"cat","precision":1.0,"recall":1.0,"f1":1.0,"support":4},{"class":"dog","precision":null,"recall":null,"f1":null,"support":0}],"confusion_matrix":[[4,0],[0,0]]}"#]]
        .assert_eq(&serde_json::to_string(&rounded(report)).unwrap());
    let message = Report::new(&confusion, &["cat"], None).unwrap_err().to_string();
    expect!["class names: expected 2, one per class, got 1; check the model's list of classes"]
        .assert_eq(&message);
}

fn rounded(mut report: Report) -> Report {
    let round = |x: f64| (x * 1e10).round() / 1e10;
    report.accuracy_top1_interval_95 = report.accuracy_top1_interval_95.map(|(a, b)| (round(a), round(b)));
    report
}

#[test]
fn very_many_classes_cost_only_what_was_seen() {
    let mut confusion = Confusion::new(100_000);
    confusion.add(99_999, 7).unwrap();
    assert_eq!(confusion.cells().count(), 1);
    let names = vec![""; 100_000];
    assert_eq!(Report::new(&confusion, &names, None).unwrap().confusion_matrix, None);
}

proptest! {
    #[test]
    fn top_k_equals_a_full_sort(logits in prop::collection::vec(-3i8..3, 1..30), label in 0usize..30, k in 0usize..8) {
        let logits: Vec<f32> = logits.into_iter().map(f32::from).collect();
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a])); // stable: ties keep the lower class first
        prop_assert_eq!(in_top_k(&logits, label, k), order.iter().take(k).any(|&class| class == label));
    }

    #[test]
    fn wilson_holds_the_proportion_and_shrinks_with_n(n in 1u64..10_000, share in 0.0f64..=1.0) {
        let hits = (n as f64 * share) as u64;
        let (low, high) = wilson_interval(hits, n, Z_95).unwrap();
        let p = hits as f64 / n as f64;
        prop_assert!(low <= p + 1e-12 && p <= high + 1e-12, "{low} {p} {high}");
        let (low4, high4) = wilson_interval(4 * hits, 4 * n, Z_95).unwrap();
        prop_assert!(high4 - low4 < high - low);
    }

    #[test]
    fn averages_follow_from_the_definitions(pairs in prop::collection::vec((0usize..5, 0usize..5), 1..200)) {
        let (labels, predicted): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        let confusion = confusion(5, &labels, &predicted);
        prop_assert_eq!(confusion.cells().map(|(_, _, count)| count).sum::<u64>(), pairs.len() as u64);
        let weighted: f64 = (0..5).filter_map(|c| {
            let m = confusion.class_metrics(c);
            m.recall.map(|r| r * m.support as f64)
        }).sum();
        // Recall weighted by support is accuracy.
        prop_assert!((weighted / pairs.len() as f64 - confusion.accuracy().unwrap()).abs() < 1e-12);
        for class in 0..5 {
            let m = confusion.class_metrics(class);
            if let (Some(p), Some(r), Some(f1)) = (m.precision, m.recall, m.f1) {
                let harmonic = if p + r == 0.0 { 0.0 } else { 2.0 * p * r / (p + r) };
                prop_assert!((f1 - harmonic).abs() < 1e-12);
            }
        }
    }
}
