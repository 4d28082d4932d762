//! The predictions of a classifier, for finding its worst mistakes.

/// The prediction of a classifier for one image, with its label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The true class.
    pub label: u32,
    /// The predicted class.
    pub predicted: u32,
    /// The probability of the predicted class, 0 to 1.
    pub probability: f32,
    /// The probability of the true class, 0 to 1.
    pub label_probability: f32,
}

impl Answer {
    /// Creates the prediction with these probabilities; ties go to the lower class.
    ///
    /// # Panics
    /// When the label is out of range.
    pub fn new(probabilities: &[f32], label: usize) -> Self {
        assert!(label < probabilities.len(), "label {label} of {} classes", probabilities.len());
        let larger = |best: usize, i: usize| if probabilities[i] > probabilities[best] { i } else { best };
        let predicted = (0..probabilities.len()).fold(0, larger);
        Self {
            label: label as u32,
            predicted: predicted as u32,
            probability: probabilities[predicted],
            label_probability: probabilities[label],
        }
    }

    /// Whether the prediction is correct.
    pub fn is_hit(&self) -> bool {
        self.label == self.predicted
    }
}

/// Returns the indices of the wrong predictions, the worst first: sorted by the probability of the true class, lowest first,
/// then by that of the predicted class, highest first.
///
/// # Example
/// ```
/// use striate_report::{Answer, worst};
///
/// let answers = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]].map(|p| Answer::new(&p, 1));
/// assert_eq!(worst(&answers), [0, 1]);
/// ```
pub fn worst(answers: &[Answer]) -> Vec<usize> {
    let mut wrong: Vec<usize> = (0..answers.len()).filter(|&i| !answers[i].is_hit()).collect();
    wrong.sort_by(|&a, &b| {
        let (x, y) = (&answers[a], &answers[b]);
        x.label_probability
            .total_cmp(&y.label_probability)
            .then(y.probability.total_cmp(&x.probability))
            .then(a.cmp(&b))
    });
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_first_of_the_largest() {
        let answer = Answer::new(&[0.1, 0.4, 0.4, 0.1], 3);
        assert_eq!((answer.predicted, answer.probability, answer.label_probability), (1, 0.4, 0.1));
        assert!(!answer.is_hit() && Answer::new(&[0.1, 0.9], 1).is_hit());
    }

    #[test]
    fn the_worst_is_the_one_that_gave_the_truth_least() {
        let answer = |probability, label_probability, predicted| Answer {
            label: 0,
            predicted,
            probability,
            label_probability,
        };
        let answers = [
            answer(0.5, 0.3, 1),
            answer(0.9, 0.9, 0), // right
            answer(0.6, 0.01, 2),
            answer(0.9, 0.01, 1),
            answer(0.9, 0.01, 3),
        ];
        assert_eq!(worst(&answers), [3, 4, 2, 0]);
        assert!(worst(&[]).is_empty());
    }
}
