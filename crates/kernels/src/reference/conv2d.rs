//! Convolution (strictly a cross-correlation, as everywhere in deep learning) of `[N, C_in, H, W]` to `[N, C_out, OH, OW]`.

use super::{LayerGrads, cells, check_len, tap_offset};
use crate::shape::ConvShape;

/// Computes a two-dimensional convolution.
///
/// `y[n,o,oy,ox] = bias[o] + Σ_{i,ky,kx} weight[o,i,ky,kx] · x[n, g·(C_in/G) + i, oy·s + ky·d − p, ox·s + kx·d − p]`
///
/// where `g = floor(o / (C_out/G))` is the group of output channel `o`, and cells outside the input read as 0.
///
/// # Shapes
/// `x [N, C_in, H, W]`, `weight [C_out, C_in/G, KH, KW]`, `bias [C_out]`, result `[N, C_out, OH, OW]`.
///
/// # PyTorch
/// `torch.nn.functional.conv2d`
pub fn conv2d(n: usize, shape: &ConvShape, x: &[f64], weight: &[f64], bias: Option<&[f64]>) -> Vec<f64> {
    let [oh, ow] = shape.output();
    let mut y = vec![0.0; n * shape.c_out * oh * ow];
    check_lengths(n, shape, x, weight, &y);
    if let Some(bias) = bias {
        check_len("conv2d bias [C_out]", bias.len(), shape.c_out);
        for (index, y) in y.iter_mut().enumerate() {
            *y = bias[index / (oh * ow) % shape.c_out];
        }
    }
    for_each_product(n, shape, |at| y[at.output] += weight[at.weight] * x[at.input]);
    y
}

/// Backward pass of [`conv2d`] with respect to input, weight and bias.
///
/// Each product `weight · x` of the forward pass adds `weight · grad_output` to the gradient of its `x` and `x · grad_output`
/// to that of its `weight`; `grad_bias[o] = Σ_{n,oy,ox} grad_output[n,o,oy,ox]`.
///
/// # Shapes
/// `grad_output [N, C_out, OH, OW]`; the results are shaped as `x`, `weight` and `[C_out]`.
pub fn conv2d_vjp(n: usize, shape: &ConvShape, x: &[f64], weight: &[f64], grad_output: &[f64]) -> LayerGrads {
    check_lengths(n, shape, x, weight, grad_output);
    let [oh, ow] = shape.output();
    let mut grads = LayerGrads {
        grad_input: vec![0.0; x.len()],
        grad_weight: vec![0.0; weight.len()],
        grad_bias: vec![0.0; shape.c_out],
    };
    for_each_product(n, shape, |at| {
        grads.grad_input[at.input] += weight[at.weight] * grad_output[at.output];
        grads.grad_weight[at.weight] += x[at.input] * grad_output[at.output];
    });
    for (index, g) in grad_output.iter().enumerate() {
        grads.grad_bias[index / (oh * ow) % shape.c_out] += g;
    }
    grads
}

/// Offsets of one multiply-add: `output += weight · input`.
struct Product {
    output: usize,
    weight: usize,
    input: usize,
}

/// Visits every multiply-add of the convolution; forward and backward are the same sum, read in different directions.
fn for_each_product(n: usize, shape: &ConvShape, mut visit: impl FnMut(Product)) {
    let ConvShape { c_in, c_out, input: [h, w], window, groups } = *shape;
    let [oh, ow] = shape.output();
    let [kh, kw] = window.kernel;
    let (group_in, group_out) = (c_in / groups, c_out / groups);
    for sample in 0..n {
        for o in 0..c_out {
            let first_in = o / group_out * group_in;
            for [oy, ox] in cells([oh, ow]) {
                for i in 0..group_in {
                    for [ky, kx] in cells([kh, kw]) {
                        let Some(offset) = tap_offset(&window, [oy, ox], [ky, kx], [h, w]) else { continue };
                        visit(Product {
                            output: ((sample * c_out + o) * oh + oy) * ow + ox,
                            weight: ((o * group_in + i) * kh + ky) * kw + kx,
                            input: (sample * c_in + first_in + i) * h * w + offset,
                        });
                    }
                }
            }
        }
    }
}

fn check_lengths(n: usize, shape: &ConvShape, x: &[f64], weight: &[f64], y: &[f64]) {
    let ConvShape { c_in, c_out, input: [h, w], groups, .. } = *shape;
    assert!(
        groups > 0 && c_in % groups == 0 && c_out % groups == 0,
        "reference: {groups} groups must divide {c_in} input and {c_out} output channels"
    );
    let [oh, ow] = shape.output();
    check_len("conv2d x [N, C_in, H, W]", x.len(), n * c_in * h * w);
    check_len("conv2d weight [C_out, C_in/G, KH, KW]", weight.len(), shape.weight_len());
    check_len("conv2d output [N, C_out, OH, OW]", y.len(), n * c_out * oh * ow);
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_vjp, widen};

    use super::*;
    use crate::reference::testing;
    use crate::shape::Window;

    fn shape(c_in: usize, c_out: usize, input: [usize; 2], window: Window, groups: usize) -> ConvShape {
        ConvShape { c_in, c_out, input, window, groups }
    }

    #[test]
    fn cross_correlation_does_not_flip_the_kernel() {
        let shape = shape(1, 1, [2, 3], Window::square(2), 1);
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        // 1·1 + 2·10 + 4·100 + 5·1000, and the next column.
        assert_eq!(conv2d(1, &shape, &x, &[1.0, 10.0, 100.0, 1000.0], Some(&[0.5])), [5421.5, 6532.5]);
    }

    #[test]
    fn padding_stride_and_dilation() {
        let window = Window { kernel: [1, 2], stride: [1, 2], padding: [[0, 0], [1, 1]], dilation: [1, 2] };
        // Columns −1..=4 are 0 1 2 3 4 0; windows at columns −1 and 1 read (−1, 1) and (1, 3).
        let y = conv2d(1, &shape(1, 1, [1, 4], window, 1), &[1.0, 2.0, 3.0, 4.0], &[10.0, 1.0], None);
        assert_eq!(y, [2.0, 24.0]);
    }

    #[test]
    fn groups_see_only_their_own_channels() {
        let shape = shape(4, 2, [1, 1], Window::square(1), 2);
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]; // two samples
        let y = conv2d(2, &shape, &x, &[1.0, 10.0, 100.0, 1000.0], Some(&[0.1, 0.2]));
        assert_eq!(y, [21.1, 4300.2, 65.1, 8700.2]);
    }

    #[test]
    fn backward_by_hand() {
        let shape = shape(1, 1, [1, 3], Window { kernel: [1, 2], ..Window::square(1) }, 1);
        let grads = conv2d_vjp(1, &shape, &[1.0, 2.0, 3.0], &[5.0, 7.0], &[10.0, 100.0]);
        assert_eq!(grads.grad_input, [50.0, 7.0 * 10.0 + 5.0 * 100.0, 700.0]);
        assert_eq!(grads.grad_weight, [10.0 + 200.0, 20.0 + 300.0]);
        assert_eq!(grads.grad_bias, [110.0]);
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(1);
        for case in 0..80 {
            let (n, shape) = (sample.usize_in(1..=3), testing::conv_shape(&mut sample));
            let [oh, ow] = shape.output();
            let x = widen(&sample.normal_vec(n * shape.c_in * shape.input[0] * shape.input[1]));
            let weight = widen(&sample.normal_vec(shape.weight_len()));
            let bias = widen(&sample.normal_vec(shape.c_out));
            let grad_output = widen(&sample.normal_vec(n * shape.c_out * oh * ow));
            let grads = conv2d_vjp(n, &shape, &x, &weight, &grad_output);

            let check = |forward: &dyn Fn(&[f64]) -> Vec<f64>, at: &[f64], grad: &[f64], of: &str| {
                assert_vjp(forward, at, &grad_output, grad, 1e-8, &format!("case {case}, {of}: {shape:?}"));
            };
            check(&|x| conv2d(n, &shape, x, &weight, Some(&bias)), &x, &grads.grad_input, "x");
            check(&|w| conv2d(n, &shape, &x, w, Some(&bias)), &weight, &grads.grad_weight, "weight");
            check(&|b| conv2d(n, &shape, &x, &weight, Some(b)), &bias, &grads.grad_bias, "bias");
        }
    }

    #[test]
    #[should_panic(expected = "conv2d weight [C_out, C_in/G, KH, KW] has 3 elements, but the shape needs 4")]
    fn a_short_weight_is_refused() {
        conv2d(1, &shape(1, 1, [2, 2], Window::square(2), 1), &[0.0; 4], &[0.0; 3], None);
    }

    #[test]
    #[should_panic(expected = "3 groups must divide 3 input and 2 output channels")]
    fn groups_that_do_not_divide_are_refused() {
        conv2d(1, &shape(3, 2, [1, 1], Window::square(1), 3), &[0.0; 3], &[0.0; 2], None);
    }
}
