//! Sizes along height and width.

/// A size `[h, w]` along both axes of an image; a single number means a square.
///
/// # PyTorch
/// The counterpart of `int` or `tuple[int, int]` in PyTorch's layers.
///
/// # Example
/// ```
/// use striate_nn::Pair;
/// assert_eq!(Pair::from(3), Pair([3, 3]));
/// assert_eq!(Pair::from([1, 7]), Pair::from((1, 7)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair(pub [usize; 2]);

impl From<usize> for Pair {
    fn from(side: usize) -> Self {
        Self([side; 2])
    }
}

impl From<[usize; 2]> for Pair {
    fn from(sides: [usize; 2]) -> Self {
        Self(sides)
    }
}

impl From<(usize, usize)> for Pair {
    fn from((h, w): (usize, usize)) -> Self {
        Self([h, w])
    }
}
