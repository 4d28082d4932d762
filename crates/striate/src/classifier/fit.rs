//! Training and evaluation of a classifier.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use striate_data::{Dataset, Split};
use striate_graph::Forward;
use striate_train::{Evaluation, Event, FitConfig, FitError, Job, Observer, Outcome, Setup, evaluate, fit};

use super::Classifier;
use crate::{Error, preprocess_of};

/// Hands every event on.
pub(super) struct Telling<F>(pub(super) F);

impl<F: FnMut(&Event<'_>)> Observer for Telling<F> {
    fn on(&mut self, event: &Event<'_>) -> Result<(), FitError> {
        (self.0)(event);
        Ok(())
    }
}

impl Classifier {
    /// Trains a network on a data set, on all cores, with the default preprocessing of the data, and keeps the best epoch. The
    /// best epoch is selected on images held out of the training set ([`val_split`](FitConfig::val_split)), so that the test
    /// images can be used to evaluate it.
    ///
    /// To observe the progress, use [`fit_with`](Self::fit_with); for checkpoints and a folder with the results, use
    /// [`train::fit`](striate_train::fit()).
    ///
    /// # Errors
    /// When shapes do not fit together, a setting is out of range, or the loss becomes infinite or NaN.
    pub fn fit(net: &dyn Forward, data: &Dataset, config: &FitConfig) -> Result<Self, Error> {
        Self::fit_with(net, data, config, |_| ())
    }

    /// Trains like [`fit`](Self::fit), and calls `progress` with each event of the run: each step, and each epoch with its
    /// metrics.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit).
    ///
    /// # Example
    /// ```
    /// use striate::prelude::*;
    /// use striate::train::Event;
    ///
    /// // Dark images are of class 0, bright ones of class 1.
    /// let pixels = (0..64).flat_map(|i| [if i % 2 == 0 { 20 } else { 220 }; 16]).collect();
    /// let images = Images::new([1, 4, 4], pixels, (0..64).map(|i| i % 2).collect())?;
    /// let data = Dataset::new("tones", images.clone(), images, vec!["dark".into(), "bright".into()])?;
    /// let net = Sequential::new().append(Flatten::new()).append(Linear::new(16, 2));
    ///
    /// let mut epochs = 0;
    /// let config = FitConfig { epochs: 2, ..FitConfig::default() };
    /// Classifier::fit_with(&net, &data, &config, |event| {
    ///     if let Event::EpochEnd { row, .. } = event {
    ///         epochs += 1;
    ///         println!("{row:?}");
    ///     }
    /// })?;
    /// assert_eq!(epochs, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fit_with(
        net: &dyn Forward,
        data: &Dataset,
        config: &FitConfig,
        progress: impl FnMut(&Event<'_>),
    ) -> Result<Self, Error> {
        let preprocess = preprocess_of(data)?;
        let stop = AtomicBool::new(false);
        let job = Job::new(Setup::new(net, "custom", data)?, &preprocess, config, &stop);
        let engine = job.setup.engine.clone();
        match fit(&job, &mut [&mut Telling(progress)])? {
            Outcome::Finished(trained) => Self::new(trained.model, engine),
            Outcome::Interrupted { .. } => {
                unreachable!("nobody but this function has the flag that stops a run")
            }
        }
    }

    /// Evaluates the network on labeled images.
    ///
    /// # Errors
    /// When the images have another shape than the network's input, labels are out of range, or photos cannot be decoded.
    pub fn evaluate(&mut self, images: &Split) -> Result<Evaluation, Error> {
        Ok(evaluate(&mut self.session, &self.engine, images, &self.file.preprocess)?)
    }

    /// Returns how many of these images the network was trained on, so that they cannot be used to evaluate it; 0 if `data` is
    /// not the data set that it was trained on. Files with the same content count as the same image, wherever they are.
    ///
    /// # Example
    /// ```
    /// use striate::prelude::*;
    ///
    /// // Dark images are of class 0, bright ones of class 1.
    /// let images = |from: u8| {
    ///     let pixels = (from..from + 32).flat_map(|i| [if i % 2 == 0 { i } else { 255 - i }; 16]).collect();
    ///     Images::new([1, 4, 4], pixels, (from..from + 32).map(|i| i % 2).collect())
    /// };
    /// let data = Dataset::new("tones", images(0)?, images(32)?, vec!["dark".into(), "bright".into()])?;
    /// let net = Sequential::new().append(Flatten::new()).append(Linear::new(16, 2));
    /// let model = Classifier::fit(&net, &data, &FitConfig { epochs: 1, ..FitConfig::default() })?;
    /// assert_eq!((model.known_images(&data.train, &data), model.known_images(&data.test, &data)), (32, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn known_images(&self, images: &Split, data: &Dataset) -> usize {
        let provenance = &self.file.provenance;
        if data.sha256 != provenance.data_sha256 {
            return 0;
        }
        let hashes = |split: &Split| (0..split.len()).map(|i| split.sha256(i)).collect::<Vec<_>>();
        let mut learned: HashSet<[u8; 32]> = hashes(&data.train).into_iter().collect();
        // A last layer that was fitted to a folder without parts was fitted to all of its images.
        if provenance.epochs == 0 && data.is_drawn {
            learned.extend(hashes(&data.test));
        }
        hashes(images).iter().filter(|hash| learned.contains(*hash)).count()
    }
}
