//! A description of the results in sentences, which follow from the numbers by rules: `compare` decides which network is ahead.

mod duel;
mod few;
mod moves;
mod rank;
mod scrambled;
mod words;

pub(crate) use moves::nearest;
pub(crate) use words::percent;

use super::study::{Contender, DatasetResult};
use serde::Serialize;
use striate_report::text::grouped;

/// A few sentences about one of the questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// The question, in two or three words.
    pub about: &'static str,
    /// The answer in sentences.
    pub text: String,
}

/// Describes the results on one data set in sentences.
///
/// Every sentence follows from the numbers by a rule. Networks are named from the best to the worst. Two are "level" when the
/// ranges of their seeds overlap, or when their means differ by less than two standard errors from the choice of the test
/// images alone.
pub fn reading(result: &DatasetResult) -> Vec<Passage> {
    let reader = Reader { result };
    let mut passages = vec![
        Passage { about: "How to read this", text: reader.rules() },
        Passage { about: "Unmoved", text: reader.unmoved() },
        Passage { about: "Shifted", text: reader.moves(|c| &c.shifts, "Moved by", "px", &[6, 10]) },
        Passage {
            about: "Turned",
            text: reader.moves(|c| &c.rotations, "Turned by", "degrees", &[30, 90, 180]),
        },
        Passage { about: "Scrambled", text: reader.scrambled() },
        Passage { about: "Few images", text: reader.few() },
    ];
    passages.push(Passage { about: "Where flattening wins", text: reader.score() });
    passages.retain(|passage| !passage.text.is_empty());
    passages
}

/// The results on one data set, as they are described.
struct Reader<'a> {
    result: &'a DatasetResult,
}

impl<'a> Reader<'a> {
    fn contenders(&self) -> &'a [Contender] {
        &self.result.contenders
    }

    fn rules(&self) -> String {
        let seeds = self.contenders().first().map_or(0, |contender| contender.clean.seeds.len());
        let (test, moved) =
            (grouped(self.result.test_images as u64), grouped(self.result.moved_images as u64));
        let differ =
            "two figures differ by less than two standard errors due to the choice of the test images";
        let level = if seeds == 1 {
            format!("One seed, so the variation between seeds is unknown. Level means that {differ}.")
        } else {
            format!(
                "Means of {seeds} seeds. Level means that the ranges of the seeds overlap, or that {differ}."
            )
        };
        format!(
            "The pooled CNN averages its last maps, the flat CNN flattens them into linear layers; both MLPs flatten the pixels, \
             and the shift-trained one was trained on shifted images. {level} Accuracies are over {test} test images, \
             or {moved} of them when shifted or rotated: the same images, moved in the same way, for every network."
        )
    }

    fn unmoved(&self) -> String {
        let all = self.figures(|c| Some((&c.clean, self.result.test_images as f64)));
        self.ranking("With nothing moved", "of the test images right", all)
    }
}
