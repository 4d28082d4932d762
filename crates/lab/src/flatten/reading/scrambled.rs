//! The sentences on one fixed permutation of the pixels.

use super::Reader;
use super::words::{called, listed, percent};
use crate::flatten::compare::{Stand, compare};

impl Reader<'_> {
    pub(super) fn scrambled(&self) -> String {
        let images = self.result.test_images as f64;
        let changes = self.contenders().iter().filter_map(|contender| {
            let (clean, scrambled) = (&contender.clean, contender.scrambled.as_ref()?);
            let points = 100.0 * (scrambled.mean - clean.mean);
            let change = match compare(scrambled, clean, [images; 2]) {
                Stand::Level => "level".to_string(),
                Stand::Ahead => format!("{points:.1} points more"),
                Stand::Behind => format!("{:.1} points less", -points),
            };
            let (from, to) = (percent(clean.mean), percent(scrambled.mean));
            Some(format!("{} from {from} to {to} ({change})", called(contender.network)))
        });
        let changes: Vec<String> = changes.collect();
        if changes.is_empty() {
            return String::new();
        }
        let all = self.figures(|c| c.scrambled.as_ref().map(|scrambled| (scrambled, images)));
        let ranking = self.ranking("With scrambled pixels", "of the test images right", all);
        format!(
            "With the pixels of every image scrambled in one fixed order, accuracy goes for {}. {ranking}",
            listed(&changes)
        )
    }
}
