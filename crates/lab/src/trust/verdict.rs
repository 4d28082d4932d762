//! The rules from figures to verdicts, with all thresholds.

use serde::Serialize;

/// The gap, as a share of the logit, up to which values count as summing to it; rounding and quadrature errors are far smaller.
pub const EXACT: f64 = 1e-3;
/// The gap, as a share of the logit, up to which values count as nearly summing to it.
pub const NEARLY: f64 = 0.05;
/// The rank correlation up to which a map counts as changed with the network.
pub const CHANGED: f64 = 0.5;
/// The rank correlation from which a map counts as unchanged.
pub const STAYED: f64 = 0.8;
/// The share of the images on which a method must point at the evidence.
pub const POINTS: f64 = 0.7;
/// The minimum accuracy of a twin whose maps are evaluated.
pub const LEARNED: f64 = 0.9;

/// The answer to one of the questions about a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "why", rename_all = "snake_case")]
pub enum Verdict {
    /// The method passes the test.
    Yes,
    /// The method passes the test in part.
    Partly,
    /// The method fails the test.
    No,
    /// The method does not claim this property.
    ClaimsNone,
    /// The test could not be carried out, for the given reason.
    NotChecked(String),
}

impl Verdict {
    /// The answer in a word or two, for people.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partly => "partly",
            Self::No => "no",
            Self::ClaimsNone => "no claim",
            Self::NotChecked(_) => "not checked",
        }
    }
}

/// Whether values sum to the logit, from the largest gap as a share of it.
pub(super) fn of_sum(gap: f64) -> Verdict {
    match gap {
        gap if gap <= EXACT => Verdict::Yes,
        gap if gap <= NEARLY => Verdict::Partly,
        _ => Verdict::No,
    }
}

/// Whether maps follow the weights, from how alike they are to those of networks with random layers.
pub(super) fn of_likeness(likeness: f64) -> Verdict {
    match likeness {
        likeness if likeness <= CHANGED => Verdict::Yes,
        likeness if likeness < STAYED => Verdict::Partly,
        _ => Verdict::No,
    }
}

/// Whether maps follow the labels: whether they are unlike those of a network that learned other labels, and more alike to those
/// of one that learned the same. Maps that differ between any two networks show nothing of the labels.
pub(super) fn of_labels(other: f64, same: f64) -> Verdict {
    match of_likeness(other) {
        Verdict::Yes if other < same => Verdict::Yes,
        Verdict::No => Verdict::No,
        _ => Verdict::Partly,
    }
}

/// Whether evidence is found: the share of images that are pointed at right, against the better of the controls, both with
/// their 95 % intervals.
pub(super) fn of_pointing(points: f64, interval: (f64, f64), control: (f64, f64)) -> Verdict {
    match interval.0 > control.1 {
        true if points >= POINTS => Verdict::Yes,
        true => Verdict::Partly,
        false => Verdict::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds() {
        assert_eq!(
            [1e-7, 1e-3, 0.01, 0.4].map(of_sum),
            [Verdict::Yes, Verdict::Yes, Verdict::Partly, Verdict::No]
        );
        assert_eq!(of_sum(f64::NAN), Verdict::No);
        let likeness = [-0.2, 0.5, 0.6, 0.8, 1.0].map(of_likeness);
        assert_eq!(likeness, [Verdict::Yes, Verdict::Yes, Verdict::Partly, Verdict::No, Verdict::No]);
        assert_eq!(of_likeness(f64::NAN), Verdict::No);
        assert_eq!(of_labels(0.1, 0.4), Verdict::Yes);
        assert_eq!(of_labels(0.1, 0.05), Verdict::Partly, "any other network gives another map");
        assert_eq!(of_labels(0.6, 0.9), Verdict::Partly);
        assert_eq!(of_labels(0.9, 0.95), Verdict::No);
        let control = (0.05, 0.2);
        assert_eq!(of_pointing(0.9, (0.8, 0.95), control), Verdict::Yes);
        assert_eq!(of_pointing(0.5, (0.4, 0.6), control), Verdict::Partly);
        assert_eq!(of_pointing(0.25, (0.15, 0.4), control), Verdict::No, "the intervals overlap");
    }
}
