//! The evaluation of a model as data.

use serde::Serialize;

use crate::Report;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Confusion;

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
