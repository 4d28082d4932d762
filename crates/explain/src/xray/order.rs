//! The rounding of the engine's sums.

/// How `sum + x · w` is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// Once.
    Fused,
    /// The product, then the sum.
    Twice,
}

impl Rounding {
    /// That of the instruction set of this name.
    pub(super) fn of(isa: &str) -> Self {
        // The portable path is compiled with a fused multiply-add where the processor that it is compiled for has one.
        let compiled = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
        if isa != "portable" || compiled { Self::Fused } else { Self::Twice }
    }

    pub(super) fn fma(self, sum: f32, x: f32, w: f32) -> f32 {
        match self {
            Self::Fused => x.mul_add(w, sum),
            Self::Twice => sum + x * w,
        }
    }
}
