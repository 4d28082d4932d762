//! Arithmetic without knowledge of lanes: on one register, or on several.

/// Values that are all computed in the same way, lane by lane.
///
/// `gt` is the IEEE comparison: false if either side is NaN.
pub(crate) trait Arithmetic: Copy {
    /// One truth value per lane.
    type Mask: Copy;

    fn splat(value: f32) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// Rounded once.
    fn div(self, other: Self) -> Self;
    /// `2^self` for integers from -126 to 127; 0 for -127, infinite for 128; unspecified for NaN.
    fn pow2(self) -> Self;
    /// `self + a·b`, rounded once if the target supports it.
    fn fma(self, a: Self, b: Self) -> Self;
    /// `if self > other { self } else { other }`: keeps a NaN in `other`.
    fn max(self, other: Self) -> Self;
    /// `if self < other { self } else { other }`: keeps a NaN in `other`.
    fn min(self, other: Self) -> Self;
    fn gt(self, other: Self) -> Self::Mask;
    /// `!(self <= other)`: true where `self` is larger, and where either is NaN.
    fn not_le(self, other: Self) -> Self::Mask;
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn zero() -> Self {
        Self::splat(0.0)
    }
}

/// Several registers, for functions that are long chains: each step waits for the one before it, and meanwhile the other
/// registers are processed.
impl<V: Arithmetic, const U: usize> Arithmetic for [V; U] {
    type Mask = [V::Mask; U];

    #[inline(always)]
    fn splat(value: f32) -> Self {
        [V::splat(value); U]
    }
    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for i in 0..U {
            self[i] = self[i].add(other[i]);
        }
        self
    }
    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for i in 0..U {
            self[i] = self[i].sub(other[i]);
        }
        self
    }
    #[inline(always)]
    fn mul(mut self, other: Self) -> Self {
        for i in 0..U {
            self[i] = self[i].mul(other[i]);
        }
        self
    }
    #[inline(always)]
    fn div(mut self, other: Self) -> Self {
        for i in 0..U {
            self[i] = self[i].div(other[i]);
        }
        self
    }
    #[inline(always)]
    fn max(mut self, other: Self) -> Self {
        for i in 0..U {
            self[i] = self[i].max(other[i]);
        }
        self
    }
    #[inline(always)]
    fn min(mut self, other: Self) -> Self {
        for i in 0..U {
            self[i] = self[i].min(other[i]);
        }
        self
    }
    #[inline(always)]
    fn pow2(mut self) -> Self {
        for i in 0..U {
            self[i] = self[i].pow2();
        }
        self
    }
    #[inline(always)]
    fn fma(mut self, a: Self, b: Self) -> Self {
        for i in 0..U {
            self[i] = self[i].fma(a[i], b[i]);
        }
        self
    }
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        let mut mask = [self[0].gt(other[0]); U];
        for i in 1..U {
            mask[i] = self[i].gt(other[i]);
        }
        mask
    }
    #[inline(always)]
    fn not_le(self, other: Self) -> Self::Mask {
        let mut mask = [self[0].not_le(other[0]); U];
        for i in 1..U {
            mask[i] = self[i].not_le(other[i]);
        }
        mask
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, mut no: Self) -> Self {
        for i in 0..U {
            no[i] = V::select(mask[i], yes[i], no[i]);
        }
        no
    }
    #[inline(always)]
    fn and(mut a: Self::Mask, b: Self::Mask) -> Self::Mask {
        for i in 0..U {
            a[i] = V::and(a[i], b[i]);
        }
        a
    }
}
