//! Resizing of images, `[N, C, H, W]` to `[N, C, OH, OW]`: each output pixel reads the corresponding position of the
//! input, which is usually between pixels.

use super::{cells, check_len};

/// The method of determining a value between pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// The pixel at or before the position: output `o` reads `floor(o · H / OH)`.
    Nearest,
    /// Linear interpolation between pixel centers: output `o` reads at `max(0, (o + ½) · H / OH − ½)`.
    Bilinear,
}

/// The pixels that an output position reads along an axis, with weights that add up to 1.
fn taps(between: Between, from: usize, to: usize, at: usize) -> [(usize, f64); 2] {
    match between {
        Between::Nearest => [(at * from / to, 1.0), (0, 0.0)],
        Between::Bilinear => {
            let place = ((at as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0);
            let (first, share) = (place.floor() as usize, place - place.floor());
            [(first, 1.0 - share), ((first + 1).min(from - 1), share)]
        }
    }
}

/// Interpolates to another size.
///
/// `y[n,c,oy,ox] = Σ_{r,q} weight_oy(r) · weight_ox(q) · x[n, c, r, q]`, with the weights of [`Between`].
///
/// # Shapes
/// `x [N, C, H, W]` with `planes = N · C` and `input = [H, W]`, result `[N, C, OH, OW]` with `output = [OH, OW]`.
///
/// # PyTorch
/// `torch.nn.functional.interpolate`, with `align_corners=False` and positions computed from the sizes. PyTorch computes
/// positions in f32, which rounds some to a neighboring pixel.
pub fn interpolate(
    between: Between,
    planes: usize,
    input: [usize; 2],
    output: [usize; 2],
    x: &[f64],
) -> Vec<f64> {
    let [h, w] = input;
    check_len("interpolate x [N, C, H, W]", x.len(), planes * h * w);
    let mut y = Vec::new();
    for plane in 0..planes {
        for [oy, ox] in cells(output) {
            let mut sum = 0.0;
            for (r, row) in taps(between, h, output[0], oy) {
                for (q, column) in taps(between, w, output[1], ox) {
                    sum += if row * column == 0.0 { 0.0 } else { row * column * x[(plane * h + r) * w + q] };
                }
            }
            y.push(sum);
        }
    }
    y
}

/// Backward pass of [`interpolate`]: each output's gradient goes to the pixels that it read, with their weights.
///
/// # Shapes
/// `grad_output [N, C, OH, OW]`, result `[N, C, H, W]`.
pub fn interpolate_vjp(
    between: Between,
    planes: usize,
    input: [usize; 2],
    output: [usize; 2],
    grad_output: &[f64],
) -> Vec<f64> {
    let ([h, w], [oh, ow]) = (input, output);
    check_len("interpolate grad_output [N, C, OH, OW]", grad_output.len(), planes * oh * ow);
    let mut grad_input = vec![0.0; planes * h * w];
    for plane in 0..planes {
        for [oy, ox] in cells(output) {
            let g = grad_output[(plane * oh + oy) * ow + ox];
            for (r, row) in taps(between, h, oh, oy) {
                for (q, column) in taps(between, w, ow, ox) {
                    grad_input[(plane * h + r) * w + q] += row * column * g;
                }
            }
        }
    }
    grad_input
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_close, assert_vjp, widen};

    use super::Between::{Bilinear, Nearest};
    use super::*;

    #[test]
    fn pytorchs_numbers() {
        // torch.nn.functional.interpolate(x.view(1, 1, 2, 3), size, mode=…).
        let x = [1.0, 2.0, 4.0, -3.0, 0.0, 8.0];
        let of = |between, output| interpolate(between, 1, [2, 3], output, &x);
        assert_eq!(
            of(Nearest, [4, 6]),
            [
                1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0, -3.0, -3.0, 0.0, 0.0, 8.0, 8.0,
                -3.0, -3.0, 0.0, 0.0, 8.0, 8.0
            ]
        );
        assert_eq!(
            of(Nearest, [3, 5]),
            [1.0, 1.0, 2.0, 2.0, 4.0, 1.0, 1.0, 2.0, 2.0, 4.0, -3.0, -3.0, 0.0, 0.0, 8.0]
        );
        assert_eq!(of(Nearest, [1, 2]), [1.0, 2.0]);
        let close = |got: &[f64], want: &[f32]| assert_close(want, got, 1e-6, 0.0, "bilinear");
        close(
            &of(Bilinear, [4, 6]),
            &[
                1.0, 1.25, 1.75, 2.5, 3.5, 4.0, 0.0, 0.375, 1.125, 2.375, 4.125, 5.0, -2.0, -1.375, -0.125,
                2.125, 5.375, 7.0, -3.0, -2.25, -0.75, 2.0, 6.0, 8.0,
            ],
        );
        close(
            &of(Bilinear, [3, 5]),
            &[1.0, 1.4, 2.0, 3.2, 4.0, -1.0, -0.2, 1.0, 4.0, 6.0, -3.0, -1.8, 0.0, 4.8, 8.0],
        );
        close(&of(Bilinear, [1, 2]), &[-0.5, 4.75]);
    }

    #[test]
    fn an_image_of_the_same_size_stays_as_it_is() {
        let x = widen(&Sample::new(1).normal_vec(2 * 35));
        for between in [Nearest, Bilinear] {
            assert_eq!(interpolate(between, 2, [5, 7], [5, 7], &x), x);
        }
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(15);
        for case in 0..60 {
            let [h, w, oh, ow] = [0; 4].map(|_: usize| sample.usize_in(1..=8));
            let (planes, between) = (sample.usize_in(1..=3), [Nearest, Bilinear][case % 2]);
            let x = widen(&sample.normal_vec(planes * h * w));
            let g = widen(&sample.normal_vec(planes * oh * ow));
            let grad = interpolate_vjp(between, planes, [h, w], [oh, ow], &g);
            let what = format!("case {case}: {between:?}, {planes} x [{h}, {w}] to [{oh}, {ow}]");
            assert_vjp(|x| interpolate(between, planes, [h, w], [oh, ow], x), &x, &g, &grad, 1e-8, &what);
        }
    }
}
