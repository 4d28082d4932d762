//! The target of a sample: `lambda · one_hot(a) + (1 − lambda) · one_hot(b)`.

/// One class, or a mixture of two, as in MixUp and CutMix.
///
/// A plain label `y` is `{ a: y, b: y, lambda: 1.0 }`, which is `Target::from(y)`.
///
/// # Source
/// Zhang et al. 2018, section 2: an image mixed from two belongs to both classes in proportion.
///
/// # Example
/// ```
/// use striate_kernels::Target;
///
/// assert_eq!(Target::from(3_u32).shares(), [(3, 1.0), (3, 0.0)]);
/// assert_eq!(Target { a: 1, b: 4, lambda: 0.75 }.shares(), [(1, 0.75), (4, 0.25)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The class that counts as the correct answer.
    pub a: u32,
    /// The class that is mixed in.
    pub b: u32,
    /// The share of `a`, from 0 to 1.
    pub lambda: f32,
}

impl Target {
    /// Returns both classes with their shares, which add up to 1.
    pub fn shares(self) -> [(usize, f64); 2] {
        let lambda = f64::from(self.lambda);
        [(self.a as usize, lambda), (self.b as usize, 1.0 - lambda)]
    }

    /// Whether both classes are below `classes` and the share is between 0 and 1.
    pub fn is_valid(self, classes: usize) -> bool {
        (self.a as usize) < classes && (self.b as usize) < classes && (0.0..=1.0).contains(&self.lambda)
    }
}

impl From<u32> for Target {
    fn from(label: u32) -> Self {
        Self { a: label, b: label, lambda: 1.0 }
    }
}

impl From<usize> for Target {
    /// # Panics
    /// If the label is 2^32 or more; no network has so many classes.
    fn from(label: usize) -> Self {
        u32::try_from(label).expect("a label below 2^32").into()
    }
}
