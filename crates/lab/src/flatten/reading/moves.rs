//! The sentences on shifts and rotations.

use super::Reader;
use super::words::{called, capital, listed, percent};
use crate::flatten::compare::{Stand, compare, is_guessing};
use crate::flatten::study::{Contender, Point};

/// The measured amount nearest to the one wanted.
pub(crate) fn nearest(points: &[Point], wanted: u32) -> usize {
    (0..points.len()).min_by_key(|&i| points[i].amount.abs_diff(wanted)).unwrap_or(0)
}

impl Reader<'_> {
    /// Some amounts, where accuracy falls below a half, and where a larger move is better than a smaller one.
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
        let images = self.result.moved_images as f64;
        let mut said = Vec::new();
        for i in at {
            let when = format!("{when} {} {unit},", measured[i].amount);
            let all = self.figures(|c| Some((&points(c)[i].accuracy, images)));
            said.push(self.ranking(&when, "of the test images right", all));
            let guesses = |c: &&Contender| is_guessing(&points(c)[i].accuracy, self.result.classes, images);
            let guessing: Vec<String> =
                self.contenders().iter().filter(guesses).map(|c| called(c.network).to_string()).collect();
            if !guessing.is_empty() {
                let chance = percent(1.0 / self.result.classes as f64);
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

    /// Where fewer than half of the images are right for the first time.
    pub(super) fn halves(&self, points: fn(&Contender) -> &[Point], unit: &str) -> String {
        let (mut falls, mut starts, mut stays) = (Vec::new(), Vec::new(), Vec::new());
        for contender in self.contenders() {
            let name = called(contender.network);
            match points(contender).iter().find(|point| point.accuracy.mean < 0.5).map(|point| point.amount) {
                Some(0) => starts.push(name.to_string()),
                Some(amount) => falls.push(format!("at {amount} {unit} for {name}")),
                None => stays.push(name.to_string()),
            }
        }
        let mut said = Vec::new();
        if !falls.is_empty() {
            said.push(format!("first falls below 50 % {}", listed(&falls)));
        }
        if !starts.is_empty() {
            said.push(format!("is below 50 % even unmoved for {}", listed(&starts)));
        }
        if !stays.is_empty() {
            said.push(format!("never falls below 50 % for {}", listed(&stays)));
        }
        format!("Accuracy {}.", said.join("; it "))
    }

    /// Where more is right after a larger move than after a smaller one.
    pub(super) fn returns(&self, points: fn(&Contender) -> &[Point], unit: &str) -> String {
        let images = self.result.moved_images as f64;
        let returns = self.contenders().iter().filter_map(|contender| {
            let points = points(contender);
            let mean = |i: usize| points[i].accuracy.mean;
            let by_mean = |&a: &usize, &b: &usize| mean(a).total_cmp(&mean(b));
            // The largest rise from one amount to a larger one.
            let rises = (1..points.len()).filter_map(|j| Some(((0..j).min_by(by_mean)?, j)));
            let rise = |&(i, j): &(usize, usize)| mean(j) - mean(i);
            let (i, j) = rises.max_by(|a, b| rise(a).total_cmp(&rise(b)))?;
            let (low, high) = (&points[i], &points[j]);
            let is_ahead = compare(&high.accuracy, &low.accuracy, [images; 2]) == Stand::Ahead;
            is_ahead.then(|| {
                format!(
                    "{} has {} at {} {unit}, but {} at {}",
                    called(contender.network),
                    percent(low.accuracy.mean),
                    low.amount,
                    percent(high.accuracy.mean),
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
