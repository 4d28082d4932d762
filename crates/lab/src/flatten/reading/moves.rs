//! What shifts and rotations leave.

use super::Reader;
use super::words::{called, capital, listed, percent};
use crate::flatten::compare::{Stand, compare, is_guessing};
use crate::flatten::study::{Contender, Point};

/// The measured amount nearest to the one wanted.
pub(crate) fn nearest(points: &[Point], wanted: u32) -> usize {
    (0..points.len()).min_by_key(|&i| points[i].amount.abs_diff(wanted)).unwrap_or(0)
}

impl Reader<'_> {
    /// Three amounts, from where on half is lost, and what comes back.
    pub(super) fn moves(
        &self,
        points: fn(&Contender) -> &[Point],
        when: &str,
        unit: &str,
        amounts: &[u32],
    ) -> String {
        let Some(measured) = self.contenders().first().map(points) else { return String::new() };
        let mut at: Vec<usize> = amounts.iter().map(|&amount| nearest(measured, amount)).collect();
        at.dedup();
        at.retain(|&i| measured[i].amount > 0);
        let mut said = Vec::new();
        for i in at {
            let when = format!("{when} {} {unit},", measured[i].amount);
            let all = self.figures(|c| Some((&points(c)[i].kept, self.read_unmoved(points(c)))));
            said.push(self.ranking(&when, "keeps", "of what it read unmoved", all));
            let images = self.part.moved_images as f64;
            let guesses = |c: &&Contender| is_guessing(&points(c)[i].accuracy, self.part.classes, images);
            let guessing: Vec<String> =
                self.contenders().iter().filter(guesses).map(|c| called(c.network).to_string()).collect();
            if !guessing.is_empty() {
                let chance = percent(1.0 / self.part.classes as f64);
                let does = if guessing.len() == 1 { "does" } else { "do" };
                let who = capital(&listed(&guessing));
                said.push(format!("{who} {does} no better there than guessing ({chance})."));
            }
        }
        said.push(self.halves(points, unit));
        said.push(self.returns(points, unit));
        said.retain(|text| !text.is_empty());
        said.join(" ")
    }

    /// Of how many images a share that is kept is one.
    pub(super) fn read_unmoved(&self, points: &[Point]) -> f64 {
        self.part.moved_images as f64 * points.first().map_or(1.0, |unmoved| unmoved.accuracy.mean)
    }

    pub(super) fn halves(&self, points: fn(&Contender) -> &[Point], unit: &str) -> String {
        let (mut falls, mut stays) = (Vec::new(), Vec::new());
        for contender in self.contenders() {
            match points(contender).iter().find(|point| point.kept.mean < 0.5) {
                Some(point) => {
                    falls.push(format!("at {} {unit} by {}", point.amount, called(contender.network)))
                }
                None => stays.push(called(contender.network).to_string()),
            }
        }
        match (&falls[..], &stays[..]) {
            ([], _) => "No network loses more than half at any amount measured.".into(),
            (falls, []) => format!("More than half is first lost {}.", listed(falls)),
            (falls, stays) => {
                format!("More than half is first lost {}; never by {}.", listed(falls), listed(stays))
            }
        }
    }

    /// Where more is kept after a larger move than after a smaller one.
    pub(super) fn returns(&self, points: fn(&Contender) -> &[Point], unit: &str) -> String {
        let returns = self.contenders().iter().filter_map(|contender| {
            let (points, images) = (points(contender), self.read_unmoved(points(contender)));
            let by_kept = |&a: &usize, &b: &usize| points[a].kept.mean.total_cmp(&points[b].kept.mean);
            // The largest rise from one amount to a larger one.
            let rises = (1..points.len()).filter_map(|j| Some(((0..j).min_by(by_kept)?, j)));
            let rise = |&(i, j): &(usize, usize)| points[j].kept.mean - points[i].kept.mean;
            let (i, j) = rises.max_by(|a, b| rise(a).total_cmp(&rise(b)))?;
            let (low, high) = (&points[i], &points[j]);
            let is_ahead = compare(&high.kept, &low.kept, [images; 2]) == Stand::Ahead;
            is_ahead.then(|| {
                format!(
                    "{} keeps {} at {} {unit}, but {} at {}",
                    called(contender.network),
                    percent(low.kept.mean),
                    low.amount,
                    percent(high.kept.mean),
                    high.amount,
                )
            })
        });
        let returns: Vec<String> = returns.collect();
        if returns.is_empty() {
            String::new()
        } else {
            format!("Not every larger move is worse: {}.", returns.join("; "))
        }
    }
}
