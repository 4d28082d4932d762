//! Local response normalization of `[N, C, …]`: a large value suppresses the neighboring channels.

use super::check_len;

/// The settings of local response normalization.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponse {
    /// The number of channels in a neighborhood.
    pub size: usize,
    /// The factor of the sum of squares.
    pub alpha: f64,
    /// The exponent of the power, with the opposite sign.
    pub beta: f64,
    /// The number that is added to the sum.
    pub k: f64,
}

/// Local response normalization.
///
/// `y[c] = x[c] · b[c]^−beta` with `b[c] = k + alpha / size · Σ x[i]²` over the existing channels with
/// `c − ⌊size / 2⌋ ≤ i ≤ c + ⌊(size − 1) / 2⌋`.
///
/// # Shapes
/// `x [N, C, …]` with `plane` values per channel; the result has the shape of `x`.
///
/// # Source
/// Krizhevsky et al. 2012, section 3.3, with the sum divided by `size`.
///
/// # PyTorch
/// `torch.nn.functional.local_response_norm`
pub fn local_response_norm([n, channels, plane]: [usize; 3], at: LocalResponse, x: &[f64]) -> Vec<f64> {
    check_len("local_response_norm x [N, C, …]", x.len(), n * channels * plane);
    let base = bases([n, channels, plane], at, x);
    x.iter().zip(base).map(|(x, b)| x * b.powf(-at.beta)).collect()
}

/// `b` of each value.
fn bases([_, channels, plane]: [usize; 3], at: LocalResponse, x: &[f64]) -> Vec<f64> {
    let base = |index: usize| {
        let (first, c) = (index - index / plane % channels * plane, index / plane % channels);
        let squares = neighbors(c, channels, at.size).map(|i| x[first + i * plane] * x[first + i * plane]);
        at.k + at.alpha / at.size as f64 * squares.sum::<f64>()
    };
    (0..x.len()).map(base).collect()
}

/// The channels of the neighborhood of `c`.
fn neighbors(c: usize, channels: usize, size: usize) -> impl Iterator<Item = usize> {
    (0..channels).filter(move |&i| i + size / 2 >= c && i <= c + (size - 1) / 2)
}

/// Backward pass of [`local_response_norm`].
///
/// `grad_input[i] = grad_output[i] · b[i]^−beta − 2 · alpha / size · beta · x[i] · Σ grad_output[c] · x[c] · b[c]^(−beta − 1)`
/// over the channels `c` whose neighborhood contains `i`.
pub fn local_response_norm_vjp(
    [n, channels, plane]: [usize; 3],
    at: LocalResponse,
    x: &[f64],
    grad_output: &[f64],
) -> Vec<f64> {
    check_len("local_response_norm grad_output [N, C, …]", grad_output.len(), n * channels * plane);
    let base = bases([n, channels, plane], at, x);
    let mut grad_input = vec![0.0; x.len()];
    for (index, g) in grad_output.iter().enumerate() {
        let (first, c) = (index - index / plane % channels * plane, index / plane % channels);
        grad_input[index] += g * base[index].powf(-at.beta);
        let by_base = -at.beta * g * x[index] * base[index].powf(-at.beta - 1.0);
        for i in neighbors(c, channels, at.size) {
            grad_input[first + i * plane] += by_base * at.alpha / at.size as f64 * 2.0 * x[first + i * plane];
        }
    }
    grad_input
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_close, assert_vjp, widen};

    use super::*;

    #[test]
    fn pytorchs_numbers() {
        // torch.nn.functional.local_response_norm(x.view(1, 4, 2), size, alpha, beta, k).
        let x = [1.0, 2.0, 4.0, -3.0, 0.0, 0.5, -1.0, 7.0];
        for (size, alpha, beta, k, want) in [
            (
                5,
                1.0,
                0.75,
                2.0,
                [
                    0.282_295_971,
                    0.631_597_324,
                    1.098_800_810,
                    -0.404_781_233,
                    0.000_000_000,
                    0.067_463_539,
                    -0.282_295_971,
                    0.985_708_613,
                ],
            ),
            (
                2,
                0.7,
                0.5,
                1.0,
                [
                    0.860_662_966,
                    1.290_994_449,
                    1.517_286_484,
                    -1.273_429_080,
                    0.000_000_000,
                    0.242_893_084,
                    -0.860_662_966,
                    1.639_137_505,
                ],
            ),
            (
                4,
                2.0,
                1.25,
                0.5,
                [
                    0.064_150_030,
                    0.175_653_758,
                    0.256_600_120,
                    -0.257_715_280,
                    0.000_000_000,
                    0.006_667_021,
                    -0.064_150_030,
                    0.101_280_326,
                ],
            ),
        ] as [(usize, f64, f64, f64, [f64; 8]); 3]
        {
            let y = local_response_norm([1, 4, 2], LocalResponse { size, alpha, beta, k }, &x);
            assert_close(&want.map(|v| v as f32), &y, 1e-6, 0.0, &format!("size {size}"));
        }
    }

    #[test]
    fn backward_is_the_derivative_of_forward() {
        let mut sample = Sample::new(14);
        for case in 0..60 {
            let shape = [sample.usize_in(1..=2), sample.usize_in(1..=6), sample.usize_in(1..=3)];
            let at = LocalResponse {
                size: sample.usize_in(1..=7),
                alpha: f64::from(sample.uniform(0.0, 2.0)),
                beta: f64::from(sample.uniform(-0.5, 2.0)),
                k: f64::from(sample.uniform(0.5, 2.0)),
            };
            let len: usize = shape.iter().product();
            let [x, g] = [0; 2].map(|_: usize| widen(&sample.normal_vec(len)));
            let grad = local_response_norm_vjp(shape, at, &x, &g);
            let what = format!("case {case}: {shape:?}, {at:?}");
            assert_vjp(|x| local_response_norm(shape, at, x), &x, &g, &grad, 1e-7, &what);
        }
    }
}
