//! The settings of the experiment.

use super::canvas::{MARGIN, Move};
use super::error::FlattenError;
use serde::{Deserialize, Serialize};

/// The rates that tuning may come to, each about three times the one before. It starts with the middle three and goes on
/// to either side while the best is the last on that side.
pub(crate) const RATES: [f32; 7] = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1];

/// The settings of the experiment, which are the same for every network.
///
/// # Example
/// ```
/// use striate_lab::flatten::Settings;
///
/// let full = Settings::full(5);
/// assert_eq!((full.seeds.as_slice(), full.shifts_px.len()), (&[1, 2, 3, 4, 5][..], 11));
/// assert!(full.check().is_ok() && Settings::quick(1).check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The random seeds. Everything is run once per seed, which determines the initial parameters, the order, the training
    /// images and the scrambling.
    pub seeds: Vec<u64>,
    /// The number of times that every training image is seen; more if `min_steps` requires it.
    pub epochs: usize,
    /// The number of images per update.
    pub batch_size: usize,
    /// The minimum number of updates per run, so that training on few images is as thorough as on many.
    pub min_steps: usize,
    /// The numbers of training images besides all of them, in ascending order. Numbers that are not below the size of the data
    /// set are left out.
    pub train_images: Vec<usize>,
    /// The distances of the shifts in pixels; the first is 0.
    pub shifts_px: Vec<u32>,
    /// The angles of the rotations in degrees; the first is 0.
    pub rotations_deg: Vec<u32>,
    /// The number of test images that are shifted and rotated.
    pub moved_images: usize,
    /// The number of training images of each run that tunes a learning rate.
    pub tuning_images: usize,
    /// The number of training images on which such a run is evaluated, at most a sixth of all.
    pub held_out_images: usize,
}

impl Settings {
    /// The settings of the full experiment, with seeds 1 to `seeds`.
    pub fn full(seeds: usize) -> Self {
        Self {
            seeds: (1..=seeds as u64).collect(),
            epochs: 2,
            batch_size: 64,
            min_steps: 450,
            train_images: vec![100, 300, 1_000, 3_000, 10_000],
            shifts_px: (0..=10).collect(),
            rotations_deg: (0..=180).step_by(15).collect(),
            moved_images: 2_000,
            tuning_images: 10_000,
            held_out_images: 5_000,
        }
    }

    /// The settings for a faster, less precise experiment on the same questions.
    pub fn quick(seeds: usize) -> Self {
        Self {
            min_steps: 200,
            train_images: vec![100, 300, 1_000, 3_000],
            shifts_px: (0..=10).step_by(2).collect(),
            rotations_deg: (0..=180).step_by(30).collect(),
            moved_images: 1_000,
            tuning_images: 3_000,
            held_out_images: 1_000,
            ..Self::full(seeds)
        }
    }

    /// Every shift, then every rotation.
    pub(crate) fn moves(&self) -> Vec<Move> {
        let shifts = self.shifts_px.iter().map(|&px| Move::ShiftPx(px));
        shifts.chain(self.rotations_deg.iter().map(|&degrees| Move::RotateDeg(degrees))).collect()
    }

    /// How often each of so many training images is seen.
    pub(crate) fn passes(&self, train_images: usize) -> usize {
        self.epochs.max((self.min_steps * self.batch_size).div_ceil(train_images))
    }

    /// Checks that every field is in its valid range.
    ///
    /// # Errors
    /// [`FlattenError::Setting`] with the first field that is not.
    pub fn check(&self) -> Result<(), FlattenError> {
        let refuse = |what, expected: String, got: String| Err(FlattenError::Setting { what, expected, got });
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        // 0 is the seed of tuning: a run that is reported must not be one that was chosen by.
        if seeds.is_empty() || seeds.len() != self.seeds.len() || seeds[0] == 0 {
            return refuse("seeds", "different numbers from 1".into(), format!("{:?}", self.seeds));
        }
        for (what, value, least, most) in [
            ("epochs", self.epochs, 1, 1_000),
            ("batch_size", self.batch_size, 1, 1 << 16),
            ("min_steps", self.min_steps, 1, 100_000),
            ("moved_images", self.moved_images, 1, usize::MAX),
            ("tuning_images", self.tuning_images, 1, usize::MAX),
            ("held_out_images", self.held_out_images, 1, usize::MAX),
        ] {
            if !(least..=most).contains(&value) {
                let expected = format!(
                    "at least {least}{}",
                    if most == usize::MAX { String::new() } else { format!(", at most {most}") }
                );
                return refuse(what, expected, value.to_string());
            }
        }
        if self.train_images.contains(&0) || !self.train_images.is_sorted_by(|a, b| a < b) {
            return refuse(
                "train_images",
                "rising numbers from 1".into(),
                format!("{:?}", self.train_images),
            );
        }
        for (what, values, most) in
            [("shifts_px", &self.shifts_px, MARGIN as u32), ("rotations_deg", &self.rotations_deg, 180)]
        {
            let rising = values.is_sorted_by(|a, b| a < b) && values.first() == Some(&0);
            if !rising || values.last().is_none_or(|&last| last > most) {
                return refuse(what, format!("rising numbers from 0 to {most}"), format!("{values:?}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn small_sets_are_seen_often_enough() {
        let settings = Settings { epochs: 3, batch_size: 64, min_steps: 450, ..Settings::full(5) };
        assert_eq!(settings.passes(60_000), 3);
        assert_eq!(settings.passes(100), 288); // 28,800 images make 450 batches of 64
        assert_eq!(settings.passes(9_600), 3);
        assert_eq!(settings.passes(9_599), 4);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let said = |change: fn(&mut Settings)| {
            let mut settings = Settings::full(2);
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        let all = [
            said(|s| s.seeds = vec![1, 0]),
            said(|s| s.seeds.clear()),
            said(|s| s.epochs = 0),
            said(|s| s.moved_images = 0),
            said(|s| s.train_images = vec![300, 100]),
            said(|s| s.shifts_px = vec![0, 11]),
            said(|s| s.rotations_deg = vec![15, 30]),
        ];
        expect![[r#"
            seeds: expected different numbers from 1, got [1, 0]
            seeds: expected different numbers from 1, got []
            epochs: expected at least 1, at most 1000, got 0
            moved_images: expected at least 1, got 0
            train_images: expected rising numbers from 1, got [300, 100]
            shifts_px: expected rising numbers from 0 to 10, got [0, 11]
            rotations_deg: expected rising numbers from 0 to 180, got [15, 30]"#]]
        .assert_eq(&all.join("\n"));
    }
}
