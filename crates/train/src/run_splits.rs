//! The split of the images of a run into those for training, for selecting the best epoch, and for testing.
//!
//! An epoch looks slightly better on the images that it was selected on, so a run is evaluated on others:
//!
//! | the data set has | trains on | selects the epoch on | is evaluated on |
//! | --- | --- | --- | --- |
//! | train, val, test | train | val | test, once |
//! | train, test | the rest of train | a tenth of train, at most 5,000 images | test, once |
//! | train, val | train | val | val, slightly optimistic |
//! | train | the rest of train | a tenth of what the test leaves | a fifth of train, once |
//!
//! With `val_split` 0 nothing is held out: the epoch is selected and evaluated on the test images.

use std::borrow::Cow;

use crate::config::FitConfig;
use crate::error::FitError;
use serde::{Deserialize, Serialize};
use striate_data::{Dataset, HoldOut, Split};

/// The images of a run, by their purpose.
///
/// # Example
/// ```
/// use striate_train::{ChosenBy, FitConfig, RunSplits};
///
/// let digits = striate_data::load("digits")?;
/// let splits = RunSplits::of(&digits, &FitConfig::default())?;
/// assert_eq!((splits.train.len(), splits.val.len(), splits.judged().len()), (8999, 1001, 2000));
/// assert_eq!(splits.chosen_by, ChosenBy::HeldOut);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RunSplits<'a> {
    /// The training images.
    pub train: Cow<'a, Split>,
    /// Where image `i` of `train` lies in the training images of the data set; `None`: it is image `i` there too.
    places: Option<Vec<usize>>,
    /// The validation images, evaluated after each epoch: they select the best epoch and decide when patience has run out.
    pub val: Cow<'a, Split>,
    /// The test images, on which the best epoch is evaluated once; `None` where there is only `val`.
    pub test: Option<Cow<'a, Split>>,
    /// The kind of images that `val` consists of.
    pub chosen_by: ChosenBy,
}

/// The images that select the best epoch of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// A held-out part of the training images.
    HeldOut,
    /// The validation split of the data set.
    Val,
    /// The test images, since nothing is held out.
    Test,
}

impl ChosenBy {
    /// The name in `args.yaml` and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeldOut => "held_out",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// The numbers of images of a run, by purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The number of training images.
    pub train: usize,
    /// The number of images that select the best epoch.
    pub val: usize,
    /// The number of test images; `None` if the run is evaluated on the images that selected the epoch.
    pub test: Option<usize>,
    /// The images that select the best epoch.
    pub chosen_by: ChosenBy,
}

impl<'a> RunSplits<'a> {
    /// Determines the images of a run on a data set with these settings; a pure function of both.
    ///
    /// # Errors
    /// [`FitError::NothingToHoldOut`] when no class has two images.
    pub fn of(data: &'a Dataset, config: &FitConfig) -> Result<Self, FitError> {
        Self::new(&data.train, data.val.as_ref(), Some(&data.test), config)
    }

    /// Determines the images of a run on a data set with these splits.
    ///
    /// # Errors
    /// Those of [`of`](Self::of).
    pub fn new(
        train: &'a Split,
        val: Option<&'a Split>,
        test: Option<&'a Split>,
        config: &FitConfig,
    ) -> Result<Self, FitError> {
        let (mut train, mut places) = (Cow::Borrowed(train), None::<Vec<usize>>);
        let mut take = |how| {
            let [rest, held_out] = train.hold_out(how);
            if held_out.is_empty() {
                return Err(FitError::NothingToHoldOut { images: train.len() });
            }
            let part = train.select(&held_out);
            train = Cow::Owned(train.select(&rest));
            places = Some(rest.into_iter().map(|i| places.as_ref().map_or(i, |places| places[i])).collect());
            Ok(Cow::Owned(part))
        };
        let test = match (val, test) {
            (_, Some(test)) => Some(Cow::Borrowed(test)),
            (Some(_), None) => None,
            (None, None) => Some(take(HoldOut::to_test_by())?),
        };
        let (val, test, chosen_by) = match (val, test) {
            (Some(val), test) => (Cow::Borrowed(val), test, ChosenBy::Val),
            (None, Some(test)) if config.val_split == 0.0 => (test, None, ChosenBy::Test),
            (None, test) => {
                let how = HoldOut::to_choose_by(config.val_split.into(), config.seed);
                (take(how)?, test, ChosenBy::HeldOut)
            }
        };
        Ok(Self { train, places, val, test, chosen_by })
    }

    /// The images that the best epoch is evaluated on: the test images, or if there are none, those that selected it.
    pub fn judged(&self) -> &Split {
        self.test.as_ref().unwrap_or(&self.val)
    }

    /// Returns the index, in the training images of the data set, of image `i` of [`train`](Self::train).
    ///
    /// # Panics
    /// When `i` is out of range.
    pub fn place(&self, i: usize) -> usize {
        assert!(i < self.train.len(), "image {i} of {}", self.train.len());
        self.places.as_ref().map_or(i, |places| places[i])
    }

    /// Returns the numbers of images by purpose.
    pub fn counts(&self) -> Counts {
        Counts {
            train: self.train.len(),
            val: self.val.len(),
            test: self.test.as_ref().map(|test| test.len()),
            chosen_by: self.chosen_by,
        }
    }
}
