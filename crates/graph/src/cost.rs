//! The cost of an operation. The numbers saturate and never wrap, because sizes may come from a file.

use striate_kernels::{BLOCK, Window};

/// The cost of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// The multiply-adds as papers count them: those of convolutions and fully connected layers, including those on padding.
    pub multiply_adds: u64,
    /// An upper bound on the number of values that the forward kernels combine, including those that only fill up a block of 16
    /// channels. For every operation, this bounds the running time.
    pub steps: u64,
}

impl Cost {
    /// The cost of an operation that reads each value of a shape a few times.
    pub(crate) fn of_values(shape: &[usize]) -> Self {
        Self { multiply_adds: 0, steps: product(shape.iter().skip(1).chain([&lanes(shape)]).copied()) }
    }

    /// The cost of an operation that combines `taps` values for each value of the output.
    pub(crate) fn of_windows(output: &[usize], taps: usize) -> Self {
        let values = Self::of_values(output);
        Self { steps: values.steps.saturating_mul(taps as u64), ..values }
    }
}

/// The product, saturating at the largest number.
pub(crate) fn product(sizes: impl IntoIterator<Item = usize>) -> u64 {
    sizes.into_iter().fold(1, |product, size| product.saturating_mul(size as u64))
}

/// The number of taps of a window.
pub(crate) fn taps(window: &Window) -> usize {
    window.kernel[0].saturating_mul(window.kernel[1])
}

/// The number of channels, rounded up to whole blocks.
fn lanes(shape: &[usize]) -> usize {
    let channels = shape.first().copied().unwrap_or(1);
    channels.checked_next_multiple_of(BLOCK).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_sizes_do_not_wrap() {
        let huge = [usize::MAX, usize::MAX, 2];
        assert_eq!(product(huge), u64::MAX);
        assert_eq!(Cost::of_values(&huge).steps, u64::MAX);
        assert_eq!(Cost::of_windows(&[1, 1 << 20, 1 << 20], 1 << 40).steps, u64::MAX);
        assert_eq!(Cost::of_windows(&[17, 3, 5], 9).steps, 32 * 15 * 9);
        assert_eq!(taps(&Window { kernel: huge[..2].try_into().unwrap(), ..Window::square(1) }), usize::MAX);
    }
}
