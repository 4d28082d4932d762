//! The geometry of windowed operations: plain numbers, which are checked once and copied everywhere.

/// The number of positions of a window of `kernel` taps along an axis of `input` cells.
///
/// `floor((input + before + after − dilation·(kernel − 1) − 1) / stride) + 1` with `padding = [before, after]`, or `None` if
/// the dilated window is larger than the padded input, or if `kernel`, `stride` or `dilation` is zero.
pub fn window_positions(
    input: usize,
    kernel: usize,
    stride: usize,
    padding: [usize; 2],
    dilation: usize,
) -> Option<usize> {
    if kernel == 0 || stride == 0 || dilation == 0 {
        return None;
    }
    let span = dilation.checked_mul(kernel - 1)?.checked_add(1)?;
    let padded = padding[0].checked_add(padding[1])?.checked_add(input)?;
    Some(padded.checked_sub(span)? / stride + 1)
}

/// A sliding window: `[rows, columns]` of each quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// The size of the window `[kh, kw]`.
    pub kernel: [usize; 2],
    /// The distances between positions.
    pub stride: [usize; 2],
    /// The numbers of cells added on each side: `[[top, bottom], [left, right]]`.
    pub padding: [[usize; 2]; 2],
    /// The distances between taps.
    pub dilation: [usize; 2],
}

impl Window {
    /// A square window with stride 1, no padding and no dilation.
    pub const fn square(kernel: usize) -> Self {
        Self { kernel: [kernel; 2], stride: [1; 2], padding: [[0; 2]; 2], dilation: [1; 2] }
    }

    /// Sets the padding, with the same number of cells above and below, and left and right.
    pub const fn padded(self, [rows, columns]: [usize; 2]) -> Self {
        Self { padding: [[rows; 2], [columns; 2]], ..self }
    }

    /// The numbers of cells added above the first row, and left of the first column.
    pub fn before(&self) -> [usize; 2] {
        self.padding.map(|[before, _]| before)
    }

    /// The halo that holds the padding, as wide as the wider side of each axis.
    pub fn halo(&self) -> [usize; 2] {
        self.padding.map(|[before, after]| before.max(after))
    }

    /// The output size `[oh, ow]` for an input of `[h, w]`, or `None` if the window does not fit.
    pub fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let axis = |a: usize| {
            window_positions(input[a], self.kernel[a], self.stride[a], self.padding[a], self.dilation[a])
        };
        Some([axis(0)?, axis(1)?])
    }

    /// The number of taps in the window.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }
}

/// A convolution of one sample: `[c_in, h, w]` to `[c_out, oh, ow]` with weights `[c_out, c_in / groups, kh, kw]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvShape {
    /// The number of input channels.
    pub c_in: usize,
    /// The number of output channels.
    pub c_out: usize,
    /// The input size `[h, w]`.
    pub input: [usize; 2],
    /// The sliding window.
    pub window: Window,
    /// The number of channel groups, which divides `c_in` and `c_out`.
    pub groups: usize,
}

impl ConvShape {
    /// The convolution that computes the gradient of the input from that of the output, with weights rotated by half a turn and
    /// with input and output channels exchanged; `None` if it is not a single convolution: with a stride, a dilation, groups,
    /// or padding that exceeds the window size minus one.
    pub fn transposed(&self) -> Option<Self> {
        let Window { kernel, stride, dilation, padding } = self.window;
        let is_plain = stride == [1, 1] && dilation == [1, 1] && self.groups == 1;
        let rest = |axis: usize, side: usize| (kernel[axis] - 1).checked_sub(padding[axis][side]);
        let padding = [[rest(0, 0)?, rest(0, 1)?], [rest(1, 0)?, rest(1, 1)?]];
        let window = Window { padding, ..self.window };
        is_plain.then(|| Self { c_in: self.c_out, c_out: self.c_in, input: self.output(), window, groups: 1 })
    }

    /// The output size `[oh, ow]`.
    ///
    /// # Panics
    /// If the window does not fit the input; the graph has checked that before a kernel sees the shape.
    pub fn output(&self) -> [usize; 2] {
        self.window.output(self.input).expect("the window fits the input")
    }

    /// The number of values of the weights `[c_out, c_in / groups, kh, kw]`.
    pub fn weight_len(&self) -> usize {
        self.c_out * (self.c_in / self.groups) * self.window.taps()
    }
}

/// A pooling of one sample: `[c, h, w]` to `[c, oh, ow]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolShape {
    /// The number of channels.
    pub channels: usize,
    /// The input size `[h, w]`.
    pub input: [usize; 2],
    /// The sliding window.
    pub window: Window,
}

impl PoolShape {
    /// The output size `[oh, ow]`.
    ///
    /// # Panics
    /// Those of [`ConvShape::output`].
    pub fn output(&self) -> [usize; 2] {
        self.window.output(self.input).expect("the window fits the input")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_follow_the_formula_of_torch() {
        assert_eq!(window_positions(28, 3, 1, [1, 1], 1), Some(28));
        assert_eq!(window_positions(224, 7, 2, [3, 3], 1), Some(112));
        assert_eq!(window_positions(7, 2, 2, [0, 0], 1), Some(3));
        assert_eq!(window_positions(5, 2, 3, [0, 0], 1), Some(2)); // stride > kernel
        assert_eq!(window_positions(5, 3, 1, [0, 0], 2), Some(1)); // dilated span 5
        assert_eq!(window_positions(224, 3, 2, [0, 1], 1), Some(112)); // TensorFlow's SAME
        assert_eq!(window_positions(4, 3, 1, [0, 3], 1), Some(5));
        assert_eq!(window_positions(4, 5, 1, [0, 0], 1), None);
        assert_eq!(window_positions(4, 1, 0, [0, 0], 1), None);
        assert_eq!(window_positions(usize::MAX, 1, 1, [0, 1], 1), None);
    }
}
