//! Shape rules that several operations share, with the errors for inputs that violate them.

use crate::shape_error::ShapeError;
use striate_kernels::Window;

/// The number of values of one sample of this shape, or `None` if it is 2^32 or more: positions in a sample are u32.
pub(crate) fn values_of(shape: &[usize]) -> Option<usize> {
    let values = shape.iter().try_fold(1_usize, |values, &size| values.checked_mul(size))?;
    u32::try_from(values).ok().map(|_| values)
}

/// The shape `[C, H, W]` of an image, or an error that says what the operation received instead.
pub(crate) fn image(name: &str, input: &[usize]) -> Result<[usize; 3], ShapeError> {
    input.try_into().map_err(|_| {
        ShapeError::plain(
            None,
            format!("{name} expects an image [C, H, W], got {input:?}; apply it before flatten"),
        )
    })
}

/// The output size of a window sliding over an image, or an error.
pub(crate) fn slide(name: &str, window: &Window, [_, h, w]: [usize; 3]) -> Result<[usize; 2], ShapeError> {
    let bad = |problem: String| Err(ShapeError::plain(None, problem));
    if window.stride.contains(&0) {
        return bad(format!("{name} has stride {:?}; the smallest stride is 1", window.stride));
    }
    if window.kernel.contains(&0) || window.dilation.contains(&0) {
        return bad(format!(
            "{name} has kernel_size {:?} and dilation {:?}; the smallest is 1",
            window.kernel, window.dilation
        ));
    }
    if let Some(size) = window.output([h, w]) {
        return Ok(size);
    }
    let [kh, kw] = window.kernel;
    let [ph, pw] =
        window.padding.map(
            |[before, after]| {
                if before == after { before.to_string() } else { format!("({before}+{after})") }
            },
        );
    let spread = if window.dilation == [1, 1] {
        String::new()
    } else {
        let [h, w] = std::array::from_fn(|a| {
            window.dilation[a].saturating_mul(window.kernel[a] - 1).saturating_add(1)
        });
        format!(" spread to {h}x{w} by dilation {}x{}", window.dilation[0], window.dilation[1])
    };
    bad(format!(
        "{name} with kernel_size {kh}x{kw}{spread} is larger than its input of {h}x{w} with padding {ph}x{pw}; \
         use a smaller kernel, or more padding"
    ))
}

/// A window extended as by PyTorch's `ceil_mode`, which admits a last window that begins before the image ends: the padding
/// after the image reaches as far as that window. `window` fits the image without the extension.
pub(crate) fn with_last_windows(mut window: Window, input: [usize; 2]) -> Window {
    let Some(windows) = window.output(input) else { return window };
    for axis in 0..2 {
        let [before, after] = window.padding[axis];
        let reach =
            window.dilation[axis].saturating_mul(window.kernel[axis].saturating_sub(1)).saturating_add(1);
        let rest = (input[axis] + before + after).saturating_sub(reach) % window.stride[axis];
        let starts_inside = windows[axis]
            .checked_mul(window.stride[axis])
            .is_some_and(|start| start < input[axis].saturating_add(before));
        if rest > 0 && starts_inside {
            window.padding[axis][1] = after.saturating_add(window.stride[axis] - rest);
        }
    }
    window
}

/// The number of channels of a feature map, or the length of a vector.
pub(crate) fn channels(name: &str, input: &[usize]) -> Result<usize, ShapeError> {
    let nothing = || {
        ShapeError::plain(None, format!("{name} expects feature maps or a vector, got a value of shape []"))
    };
    input.first().copied().ok_or_else(nothing)
}

/// The shape of the output of an operation that zeroes parts with probability `p`.
pub(crate) fn probability(name: &str, p: f32, shape: Vec<usize>) -> Result<Vec<usize>, ShapeError> {
    if (0.0..1.0).contains(&p) {
        return Ok(shape);
    }
    Err(ShapeError::plain(Some(shape), format!("{name} with p = {p}; p must be in 0 ≤ p < 1")))
}

/// The input of an operation that has exactly one.
pub(crate) fn one<'a>(inputs: &[&'a [usize]]) -> Result<&'a [usize], ShapeError> {
    match inputs {
        [x] => Ok(x),
        _ => Err(ShapeError::plain(None, format!("expected one input, got {}", inputs.len()))),
    }
}
