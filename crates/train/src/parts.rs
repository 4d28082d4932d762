//! Which images a run learns from, by which it chooses its best epoch, and by which it is judged.
//!
//! What chooses an epoch flatters it, so a run is judged by images that chose nothing:
//!
//! | the data set has | learns from | chooses by | is judged by |
//! | --- | --- | --- | --- |
//! | train, val, test | train | val | test, once |
//! | train, test | the rest of train | a tenth of train, at most 5,000 images | test, once |
//! | train, val | train | val | val, which flatters |
//! | train | the rest of train | a tenth of what the test leaves | a fifth of train, once |
//!
//! With `val_split` 0 nothing is held out to choose by: the test images do both.

use std::borrow::Cow;

use crate::config::FitConfig;
use crate::error::FitError;
use serde::{Deserialize, Serialize};
use striate_data::{Dataset, HoldOut, Split};

/// The images of a run, by what they are for.
///
/// # Example
/// ```
/// use striate_train::{ChosenBy, FitConfig, Parts};
///
/// let digits = striate_data::load("digits")?;
/// let parts = Parts::of(&digits, &FitConfig::default())?;
/// assert_eq!((parts.train.len(), parts.val.len(), parts.judged().len()), (8999, 1001, 2000));
/// assert_eq!(parts.chosen_by, ChosenBy::HeldOut);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Parts<'a> {
    /// To learn from.
    pub train: Cow<'a, Split>,
    /// Where image `i` of `train` lies in the training images of the data set; `None`: it is image `i` there too.
    places: Option<Vec<usize>>,
    /// Looked at after each epoch: the best epoch, and whether patience has run out, is decided by these.
    pub val: Cow<'a, Split>,
    /// To judge the best epoch by, once; `None` where there are none but `val`.
    pub test: Option<Cow<'a, Split>>,
    /// What `val` is.
    pub chosen_by: ChosenBy,
}

/// What a run's best epoch is chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// A part of the training images that is not learned from.
    HeldOut,
    /// The part of the data set that is meant for it.
    Val,
    /// The test images, since nothing is to be held out.
    Test,
}

impl ChosenBy {
    /// Its name, as `args.yaml` and JSON have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeldOut => "held_out",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// How many images of each kind a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// To learn from.
    pub train: usize,
    /// To choose the best epoch by.
    pub val: usize,
    /// To judge it by, if those are others.
    pub test: Option<usize>,
    /// What those to choose by are.
    pub chosen_by: ChosenBy,
}

impl<'a> Parts<'a> {
    /// The images of a run with these settings: a pure function of both.
    ///
    /// # Errors
    /// [`FitError::NothingToHoldOut`] when no class has two images.
    pub fn of(data: &'a Dataset, config: &FitConfig) -> Result<Self, FitError> {
        Self::new(&data.train, data.val.as_ref(), Some(&data.test), config)
    }

    /// The images of a run on a data set of these parts.
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

    /// The images that the best epoch is judged by: those to test, or where there are none, those that chose it.
    pub fn judged(&self) -> &Split {
        self.test.as_ref().unwrap_or(&self.val)
    }

    /// Which of the training images of the data set image `i` of those to learn from is.
    ///
    /// # Panics
    /// When `i` is not below their number.
    pub fn place(&self, i: usize) -> usize {
        assert!(i < self.train.len(), "image {i} of {}", self.train.len());
        self.places.as_ref().map_or(i, |places| places[i])
    }

    /// How many there are.
    pub fn counts(&self) -> Counts {
        Counts {
            train: self.train.len(),
            val: self.val.len(),
            test: self.test.as_ref().map(|test| test.len()),
            chosen_by: self.chosen_by,
        }
    }
}
