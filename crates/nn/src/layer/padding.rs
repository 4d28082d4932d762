//! Zeros around an image.

/// The number of zeros that a convolution adds around its input.
///
/// # Example
/// ```
/// use striate_nn::{Conv2d, Mode, trace};
///
/// // 224 pixels, stride 2: nothing above and to the left, one row below and one column to the right.
/// let conv = Conv2d::new(3, 32, 3).stride(2).padding_same();
/// assert_eq!(trace(&conv, Mode::Eval, [3, 224, 224])?.output_shape(), [32, 112, 112]);
/// assert_eq!(trace(&conv, Mode::Eval, [3, 225, 223])?.output_shape(), [32, 113, 112]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// This number of zeros `[above and below, left and right]`.
    Zeros([usize; 2]),
    /// As many zeros as make the output `⌈n / stride⌉` long:
    /// `max((⌈n / stride⌉ − 1)·stride + dilation·(kernel_size − 1) + 1 − n, 0)` along an axis of `n` cells, with the smaller
    /// half in front. The number depends on the size of the image, so it is determined at the trace.
    ///
    /// # PyTorch
    /// PyTorch does not support this with strides. It is TensorFlow's `SAME`, which networks trained there need.
    /// `padding = kernel_size / 2` gives the same sizes but, with stride 2, other values.
    Same,
}

impl Padding {
    /// `[[top, bottom], [left, right]]` for an input of this shape.
    pub(super) fn around(
        self,
        input: &[usize],
        kernel_size: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
    ) -> [[usize; 2]; 2] {
        match (self, input) {
            (Self::Zeros(sides), _) => sides.map(|side| [side, side]),
            (Self::Same, &[_, h, w]) => std::array::from_fn(|a| {
                let (n, stride) = ([h, w][a], stride[a].max(1));
                let window = dilation[a].saturating_mul(kernel_size[a].saturating_sub(1)).saturating_add(1);
                let covered = (n.div_ceil(stride).saturating_sub(1) * stride).saturating_add(window);
                let all = covered.saturating_sub(n);
                [all / 2, all - all / 2]
            }),
            // Not an image: the operation reports the error.
            (Self::Same, _) => [[0; 2]; 2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(n: usize, kernel: usize, stride: usize, dilation: usize) -> [usize; 2] {
        let [rows, columns] = Padding::Same.around(&[1, n, 9], [kernel, 1], [stride, 1], [dilation, 1]);
        assert_eq!(columns, [0, 0]);
        rows
    }

    #[test]
    fn tensorflows_numbers() {
        assert_eq!(same(224, 3, 2, 1), [0, 1]);
        assert_eq!(same(225, 3, 2, 1), [1, 1]);
        assert_eq!(same(56, 5, 2, 1), [1, 2]);
        assert_eq!(same(14, 5, 1, 1), [2, 2]);
        assert_eq!(same(14, 4, 1, 1), [1, 2]);
        assert_eq!(same(7, 3, 1, 2), [2, 2]);
        assert_eq!(same(9, 1, 2, 1), [0, 0]);
        assert_eq!(same(8, 2, 3, 1), [0, 0]); // windows at 0, 3 and 6
        assert_eq!(same(1, 5, 2, 1), [2, 2]);
        assert_eq!(same(5, 3, 0, 1), [1, 1]); // the operation rejects stride 0
    }

    #[test]
    fn sizes_that_no_image_has_do_not_overflow() {
        let m = usize::MAX;
        Padding::Same.around(&[1, m, 1], [m, 0], [m, m], [m, m]);
        Padding::Same.around(&[7], [1, 1], [1, 1], [1, 1]);
    }
}
