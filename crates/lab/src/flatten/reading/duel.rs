//! A count of all comparisons of a CNN with an MLP, and where the CNN is behind.

use super::Reader;
use super::words::called;
use crate::flatten::compare::{Stand, compare};
use crate::flatten::study::{Contender, Point};
use striate_report::text::grouped;

impl Reader<'_> {
    /// How often each CNN is ahead of each MLP, and every place where it is behind.
    pub(super) fn score(&self) -> String {
        let mut said = vec!["What counts is accuracy over all images, moved or not.".to_string()];
        for cnn in self.contenders().iter().filter(|c| c.network.is_cnn()) {
            for mlp in self.contenders().iter().filter(|c| !c.network.is_cnn()) {
                said.push(self.duel(cnn, mlp));
            }
        }
        said.join(" ")
    }

    pub(super) fn duel(&self, cnn: &Contender, mlp: &Contender) -> String {
        let images = [self.result.test_images as f64; 2];
        let mut stands = vec![("unmoved", 0, compare(&cnn.clean, &mlp.clean, images))];
        let mut moved = |unit, of: fn(&Contender) -> &[Point]| {
            let images = [self.result.moved_images as f64; 2];
            for (a, b) in of(cnn).iter().zip(of(mlp)).filter(|(a, _)| a.amount > 0) {
                stands.push((unit, a.amount as usize, compare(&a.accuracy, &b.accuracy, images)));
            }
        };
        moved("px", |c| &c.shifts);
        moved("degrees", |c| &c.rotations);
        if let (Some(a), Some(b)) = (&cnn.scrambled, &mlp.scrambled) {
            stands.push(("scrambled", 0, compare(a, b, images)));
        }
        for (a, b) in
            cnn.by_images.iter().zip(&mlp.by_images).filter(|(a, _)| a.images < self.result.train_images)
        {
            stands.push(("training images", a.images, compare(&a.accuracy, &b.accuracy, images)));
        }
        let count = |wanted| stands.iter().filter(|(.., stand)| *stand == wanted).count();
        let behind = match count(Stand::Behind) {
            0 => "behind in none".to_string(),
            n => format!("behind in {n}: {}", places(&stands)),
        };
        format!(
            "Against {}, {} is ahead in {} of {} comparisons, level in {} and {behind}.",
            called(mlp.network),
            called(cnn.network),
            count(Stand::Ahead),
            stands.len(),
            count(Stand::Level),
        )
    }
}

/// Where a network is behind: `unmoved; 1 to 3 px; 60 degrees`, from unit, amount and stand in the order of measurement.
fn places(stands: &[(&'static str, usize, Stand)]) -> String {
    let runs = stands.chunk_by(|a, b| (a.0, a.2) == (b.0, b.2)).filter(|run| run[0].2 == Stand::Behind);
    let said = runs.map(|run| {
        let (unit, first) = (run[0].0, grouped(run[0].1 as u64));
        match run {
            [(_, 0, _)] => unit.to_string(),
            [_] => format!("{first} {unit}"),
            [.., (_, last, _)] => format!("{first} to {} {unit}", grouped(*last as u64)),
            [] => String::new(),
        }
    });
    said.collect::<Vec<_>>().join("; ")
}
