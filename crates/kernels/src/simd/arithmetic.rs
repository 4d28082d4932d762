//! Arithmetic that knows no lanes: of a register, or of some side by side.

/// Values that are computed lane by lane, all in the same way.
///
/// `gt` is IEEE's comparison: false when either side is NaN.
pub(crate) trait Arithmetic: Copy {
    /// One truth value a lane.
    type Mask: Copy;

    fn splat(value: f32) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// Rounded once.
    fn div(self, other: Self) -> Self;
    /// `2^self` for whole numbers from -126 to 127; 0 for -127, infinite for 128; of a NaN anything.
    fn pow2(self) -> Self;
    /// `self + a·b`, rounded once where the target can.
    fn fma(self, a: Self, b: Self) -> Self;
    /// `if self > other { self } else { other }`: keeps a NaN in `other`.
    fn max(self, other: Self) -> Self;
    /// `if self < other { self } else { other }`: keeps a NaN in `other`.
    fn min(self, other: Self) -> Self;
    fn gt(self, other: Self) -> Self::Mask;
    /// `!(self <= other)`: where `self` is larger, and where either is NaN.
    fn not_le(self, other: Self) -> Self::Mask;
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn zero() -> Self {
        Self::splat(0.0)
    }
}
