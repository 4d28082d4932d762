//! The verdict of a check: what the problems mean for training.

use std::collections::HashSet;
use std::path::Path;

use super::Check;
use crate::split::Split;

/// The consequence of a check for training. If there are several problems, it is the one to solve first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Some photos cannot be decoded; training refuses to start unless they are [skipped](crate::BadFiles::Skip).
    Unreadable,
    /// Some classes have no training images; training refuses to start.
    EmptyClasses,
    /// There are fewer than two classes; they can be used only to evaluate a model.
    OneClass,
    /// There are no images for evaluation, and none can be held out; training refuses to start.
    NothingHeldOut,
    /// The same image is in both training and evaluation images, or in more than one class; with these, the measured accuracy is
    /// meaningless.
    Duplicates,
    /// No problem was found that certainly harms training or evaluation.
    Sound,
}

impl Check {
    /// Returns what the result of the check means for training.
    ///
    /// # Example
    /// ```
    /// use striate_data::check::{Verdict, check};
    ///
    /// let digits = striate_data::load("digits")?;
    /// let found = check(&digits, &|| ());
    /// assert_eq!((found.verdict(), found.usable(&digits.train)), (Verdict::Sound, 10_000));
    /// # Ok::<(), striate_data::DataError>(())
    /// ```
    pub fn verdict(&self) -> Verdict {
        match () {
            () if !self.unreadable.is_empty() => Verdict::Unreadable,
            () if !self.empty.is_empty() => Verdict::EmptyClasses,
            () if self.classes.len() < 2 => Verdict::OneClass,
            () if self.classes.iter().all(|class| class.val == 0) => Verdict::NothingHeldOut,
            () if self.copies.iter().any(|copies| copies.is_leak || copies.is_contradiction) => {
                Verdict::Duplicates
            }
            () => Verdict::Sound,
        }
    }

    /// Whether a problem prevents training or certainly makes its evaluation wrong.
    pub fn is_bad(&self) -> bool {
        self.verdict() != Verdict::Sound
    }

    /// Returns the number of images that can be decoded in a split of the same data set.
    pub fn usable(&self, split: &Split) -> usize {
        let bad: HashSet<&Path> = self.unreadable.iter().map(|bad| bad.path.as_path()).collect();
        let bad_of = |split: &Split| {
            let photos = split.photos()?;
            Some(photos.files().iter().filter(|photo| bad.contains(photo.path.as_path())).count())
        };
        split.len() - bad_of(split).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{ClassCount, Copies};
    use crate::error::BadImage;

    #[test]
    fn the_first_problem_to_solve_is_named() {
        let class = |train, val| ClassCount { class: "a".into(), train, val };
        let mut found = Check {
            classes: vec![class(1, 0)],
            images: 1,
            bytes: 9,
            unreadable: vec![BadImage { path: "a/1.png".into(), why: "it is empty".into() }],
            misnamed: Vec::new(),
            copies: vec![Copies { paths: Vec::new(), is_leak: false, is_contradiction: false }],
            near_copies: vec![Copies { paths: Vec::new(), is_leak: true, is_contradiction: true }],
            dark: Vec::new(),
            empty: vec!["a".into()],
            nature: None,
            sizes_px: None,
            imbalance: 1.0,
        };
        let mut verdicts = Vec::new();
        let solve: [fn(&mut Check); 6] = [
            |_| (),
            |found| found.unreadable.clear(),
            |found| found.empty.clear(),
            |found| found.classes.push(ClassCount { class: "b".into(), train: 1, val: 0 }),
            |found| {
                found.classes[0].val = 1;
                found.copies[0].is_contradiction = true;
            },
            |found| found.copies[0].is_contradiction = false,
        ];
        for solve in solve {
            solve(&mut found);
            verdicts.push(found.verdict());
            assert_eq!(found.is_bad(), found.verdict() != Verdict::Sound);
        }
        let expected = [
            Verdict::Unreadable,
            Verdict::EmptyClasses,
            Verdict::OneClass,
            Verdict::NothingHeldOut,
            Verdict::Duplicates,
            Verdict::Sound,
        ];
        assert_eq!(verdicts, expected);
        found.copies[0].is_leak = true;
        assert_eq!(found.verdict(), Verdict::Duplicates);
    }
}
