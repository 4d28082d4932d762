//! Random geometries for the gradient checks: small, but with every awkwardness that a window can have.

use striate_testkit::Sample;

use crate::shape::{ConvShape, PoolShape, Window};

/// A plane and a window that fits it: axes of size 1, strides beyond the kernel, dilation, more padding than needed; `padding`
/// gives the padding of an axis for a kernel size.
fn plane_and_window(
    sample: &mut Sample,
    padding: impl Fn(&mut Sample, usize) -> [usize; 2],
) -> ([usize; 2], Window) {
    loop {
        let pair = |sample: &mut Sample, low, high| [0; 2].map(|_: usize| sample.usize_in(low..=high));
        let input = pair(sample, 1, 7);
        let kernel = pair(sample, 1, 4);
        let window = Window {
            kernel,
            stride: pair(sample, 1, 5),
            padding: kernel.map(|k| padding(sample, k)),
            dilation: pair(sample, 1, 3),
        };
        if window.output(input).is_some() {
            return (input, window);
        }
    }
}

/// A convolution with 1 to 3 groups of 1 to 3 channels; padding up to one more than the kernel, different on each side.
pub(crate) fn conv_shape(sample: &mut Sample) -> ConvShape {
    let (input, window) =
        plane_and_window(sample, |sample, kernel| [0; 2].map(|_: usize| sample.usize_in(0..=kernel + 1)));
    let groups = sample.usize_in(1..=3);
    let (c_in, c_out) = (groups * sample.usize_in(1..=3), groups * sample.usize_in(1..=3));
    ConvShape { c_in, c_out, input, window, groups }
}

/// A pooling whose padding is at most half the kernel, as PyTorch requires.
pub(crate) fn pool_shape(sample: &mut Sample) -> PoolShape {
    let (input, window) = plane_and_window(sample, |sample, kernel| [sample.usize_in(0..=kernel / 2); 2]);
    PoolShape { channels: sample.usize_in(1..=3), input, window }
}

#[test]
fn the_geometries_are_as_awkward_as_promised() {
    let mut sample = Sample::new(1);
    let shapes: Vec<ConvShape> = (0..80).map(|_| conv_shape(&mut sample)).collect();
    let count = |wanted: &dyn Fn(&ConvShape, usize) -> bool| {
        shapes.iter().filter(|shape| (0..2).any(|axis| wanted(shape, axis))).count()
    };
    assert!(count(&|s, a| s.window.stride[a] > s.window.kernel[a]) >= 10);
    assert!(count(&|s, a| s.window.before()[a] >= s.window.kernel[a]) >= 10);
    assert!(count(&|s, a| s.window.padding[a][0] != s.window.padding[a][1]) >= 40);
    assert!(count(&|s, a| s.window.dilation[a] > 1 && s.window.kernel[a] > 1) >= 10);
    assert!(count(&|s, a| s.input[a] == 1) >= 10);
    assert!(count(&|s, _| s.groups > 1 && s.c_in != s.c_out) >= 10);
    assert!(count(&|s, _| s.groups > 1 && s.groups == s.c_in) >= 3, "depthwise");
}
