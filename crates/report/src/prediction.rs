//! Predictions as data: the most probable classes of an image, or the reason why there are none.

use serde::Serialize;

use crate::text::csv_field;

/// The most probable classes of one image, as `striate predict --json` prints them.
///
/// # Example
/// ```
/// use striate_report::PredictionReport;
///
/// let classes = ["cat", "dog, wet"].map(String::from);
/// let report = PredictionReport::new("a.png", &[(1, 0.75), (0, 0.25)], &classes);
/// assert_eq!(report.top[0].class, "dog, wet");
/// assert_eq!(report.to_csv(), "a.png,1,\"dog, wet\",1,0.75\na.png,2,cat,0,0.25\n");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictionReport {
    /// The name of the image, such as its path.
    pub image: String,
    /// The classes, the most probable first.
    pub top: Vec<ClassProbability>,
}

/// One class of a prediction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassProbability {
    /// The name of the class.
    pub class: String,
    /// The index of the class among the outputs of the network, from 0.
    pub class_index: usize,
    /// The probability of the class, 0 to 1.
    pub probability: f32,
}

/// An image without a prediction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PredictionFailure {
    /// The name of the image, such as its path.
    pub image: String,
    /// The problem, in words.
    pub error: String,
}

impl PredictionReport {
    /// The first line of a CSV file of predictions.
    pub const CSV_HEADER: &'static str = "image,rank,class,class_index,probability\n";

    /// Creates the prediction for an image. `top` has the index and the probability of each class, the most probable first;
    /// `classes` are the names of all classes.
    ///
    /// # Panics
    /// When an index has no name.
    pub fn new(image: &str, top: &[(usize, f32)], classes: &[String]) -> Self {
        let class = |&(class_index, probability): &(usize, f32)| ClassProbability {
            class: classes[class_index].clone(),
            class_index,
            probability,
        };
        Self { image: image.to_owned(), top: top.iter().map(class).collect() }
    }

    /// Formats one line per class, with the columns of [`CSV_HEADER`](Self::CSV_HEADER); the rank counts from 1.
    pub fn to_csv(&self) -> String {
        let image = csv_field(&self.image);
        let line = |(rank, top): (usize, &ClassProbability)| {
            let ClassProbability { class, class_index, probability } = top;
            format!("{image},{},{},{class_index},{probability}\n", rank + 1, csv_field(class))
        };
        self.top.iter().enumerate().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_and_failures_are_one_object_each() {
        let report = PredictionReport::new("a.png", &[(1, 0.75)], &["cat".into(), "dog".into()]);
        assert_eq!(
            serde_json::to_string(&report).unwrap(),
            r#"{"image":"a.png","top":[{"class":"dog","class_index":1,"probability":0.75}]}"#
        );
        let failure = PredictionFailure { image: "b.png".into(), error: "b.png: is empty".into() };
        assert_eq!(
            serde_json::to_string(&failure).unwrap(),
            r#"{"image":"b.png","error":"b.png: is empty"}"#
        );
    }
}
