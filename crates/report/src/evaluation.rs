//! The evaluation of a model as data.

use std::fmt::Write;

use serde::Serialize;

use crate::metrics::{Confusion, Report};
use crate::text::{duration, grouped, percent};

/// The most classes for which the text has the confusion matrix.
const MATRIX_CLASSES: usize = 20;
/// With this many classes, the five highest logits are all of them.
const TOP: usize = 5;

/// The metrics of a model and the images that they were measured on, as `striate val --json` prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationReport {
    /// The name of the model, such as the path of its file.
    pub model: String,
    /// The name of the data set.
    pub data: String,
    /// The SHA-256 of the content of the data set, in hexadecimal.
    pub data_sha256: String,
    /// A description of the evaluated images, such as `2,000 test images of digits`.
    pub measured: String,
    /// The mean cross entropy.
    pub loss: f64,
    /// The evaluated images per second of wall time, decoding included.
    pub images_per_s: f64,
    /// The metrics.
    #[serde(flatten)]
    pub report: Report,
}

impl EvaluationReport {
    /// The evaluation as text, as `striate val` prints it: the metrics of each class and their mean, the confusion matrix if the
    /// classes are few, and the accuracy. `confusion` is the matrix behind the metrics, and `seconds` is how long the evaluation
    /// took.
    ///
    /// # Example
    /// ```
    /// use striate_report::{Confusion, EvaluationReport, Report};
    ///
    /// let mut confusion = Confusion::new(2);
    /// confusion.add(1, 1)?;
    /// let evaluation = EvaluationReport {
    ///     model: "runs/train".into(),
    ///     data: "pets".into(),
    ///     data_sha256: "00ff".into(),
    ///     measured: "1 test image of pets".into(),
    ///     loss: 0.5,
    ///     images_per_s: 2.0,
    ///     report: Report::new(&confusion, &["cat", "dog"], None)?,
    /// };
    /// let text = evaluation.to_text(&confusion, 0.5);
    /// assert!(text.contains("Evaluated on 1 test image of pets in 500 ms, mean loss 0.5000\ntop-1 accuracy 100.00 %"));
    /// # Ok::<(), striate_report::ReportError>(())
    /// ```
    pub fn to_text(&self, confusion: &Confusion, seconds: f64) -> String {
        let report = &self.report;
        let mut table = report.class_table();
        table.rule();
        let [precision, recall, f1] =
            [report.precision_macro, report.recall_macro, report.f1_macro].map(percent);
        table.row(["mean".into(), grouped(report.images), precision, recall, f1]);
        let mut text = table.to_string();
        let classes: Vec<String> = report.per_class.iter().map(|class| class.class.clone()).collect();
        if classes.len() <= MATRIX_CLASSES {
            let matrix = confusion.to_text(&classes);
            text += &format!("\nConfusion matrix (rows: labels, columns: predictions):\n\n{matrix}");
        }
        let _ = writeln!(
            text,
            "\nEvaluated on {} in {}, mean loss {:.4}",
            self.measured,
            duration(seconds),
            self.loss
        );
        if classes.len() > TOP {
            let _ = writeln!(text, "top-5 accuracy {}", percent(report.accuracy_top5));
        }
        let _ = writeln!(text, "top-1 accuracy {}", report.accuracy_text());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_text_has_every_class_and_the_matrix_of_few() {
        let evaluation = |classes: usize| {
            let names: Vec<String> = (0..classes).map(|i| format!("class number {i}")).collect();
            let mut confusion = Confusion::new(classes);
            for (label, predicted) in [(0, 0), (0, 1), (1, 1)] {
                confusion.add(label, predicted).unwrap();
            }
            let report = EvaluationReport {
                model: "runs/train".into(),
                data: "pets".into(),
                data_sha256: "00ff".into(),
                measured: "3 test images of pets".into(),
                loss: 0.25,
                images_per_s: 2.0,
                report: Report::new(&confusion, &names, Some(3)).unwrap(),
            };
            report.to_text(&confusion, 90.0)
        };
        expect![[r#"
            class           images  precision    recall       F1
            ──────────────  ──────  ─────────  ────────  ───────
            class number 0       2   100.00 %   50.00 %  66.67 %
            class number 1       1    50.00 %  100.00 %  66.67 %
            ──────────────  ──────  ─────────  ────────  ───────
            mean                 3    75.00 %   75.00 %  66.67 %

            Confusion matrix (rows: labels, columns: predictions):

                          cla  cla
            class number    1    1
            class number    ·    1

            Evaluated on 3 test images of pets in 1 min 30 s, mean loss 0.2500
            top-1 accuracy 66.67 % (95 % interval 20.77 to 93.85 %)
        "#]]
        .assert_eq(&evaluation(2));
        assert!(evaluation(20).contains("Confusion matrix") && !evaluation(21).contains("Confusion matrix"));
        assert!(!evaluation(5).contains("top-5") && evaluation(6).contains("\ntop-5 accuracy 100.00 %\n"));
    }

    #[test]
    fn the_metrics_follow_what_was_measured() {
        let mut confusion = Confusion::new(2);
        confusion.add(1, 1).unwrap();
        let report = EvaluationReport {
            model: "runs/train".into(),
            data: "pets".into(),
            data_sha256: "00ff".into(),
            measured: "1 test image of pets".into(),
            loss: 0.5,
            images_per_s: 2.0,
            report: Report::new(&confusion, &["cat", "dog"], None).unwrap(),
        };
        let text = serde_json::to_string(&report).unwrap();
        let start = concat!(
            r#"{"model":"runs/train","data":"pets","data_sha256":"00ff","measured":"1 test image of pets","#,
            r#""loss":0.5,"images_per_s":2.0,"images":1,"accuracy_top1":1.0,"#
        );
        assert!(text.starts_with(start), "{text}");
    }
}
