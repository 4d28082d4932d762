//! The rounding of widths in networks for mobile devices.

/// Rounds `wanted` channels to a multiple of `by`, at least one multiple, and at most a tenth below `wanted`.
///
/// # PyTorch
/// `torchvision.models._utils._make_divisible(wanted, by)`.
pub(crate) fn divisible(wanted: f64, by: usize) -> usize {
    let rounded = ((wanted + by as f64 / 2.0) as usize / by * by).max(by);
    if (rounded as f64) < 0.9 * wanted { rounded + by } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_the_next_multiple_but_not_a_tenth_below() {
        let all = [(3.0, 8), (16.0, 8), (19.9, 8), (11.9, 8), (83.0, 8), (84.0, 8), (230.0, 112), (36.0, 24)];
        let rounded = all.map(|(wanted, by)| divisible(wanted, by));
        assert_eq!(rounded, [8, 16, 24, 16, 80, 88, 224, 48]);
    }
}
