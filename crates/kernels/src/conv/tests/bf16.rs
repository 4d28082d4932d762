//! Products of bf16 values against the f32 kernel on values that were rounded beforehand: the same bits.

use super::*;
use crate::bf16::{Bf16Weights, rounded};
use crate::testing::assert_same;

fn compare(s: &ConvShape, n: usize, i: usize, d: &Data) {
    let out = s.output();
    let near = Data { x: round(&d.x), w: round(&d.w), b: d.b.clone(), g: d.g.clone() };
    let x_plane = Plane::blocked(s.c_in, s.input, s.window.halo().map(|halo| halo + i % 2));
    let [y_plane, added_plane] = [[i % 3, i % 2], [1, 0]].map(|halo| Plane::blocked(s.c_out, out, halo));
    let rows = Rows::forward(s, &x_plane);
    let act = [Activation::None, Activation::RELU, Activation::RELU6][i % 3];
    // In tiles of two samples: the weights of the first tile serve the second.
    let setup = Setup::new(n).tiles(2.min(n));
    let runs = |d: &Data, is_bf16: bool, adds: bool| {
        run_everywhere(&setup, |t| {
            let (x, added) = (t.input(x_plane, &d.x), t.input(added_plane, &d.g));
            let (w, b) = (t.values(&pack(&rows, s, &d.w)), t.values(&lanes(&d.b)));
            let y = t.output(y_plane);
            let kernel = if is_bf16 {
                let rounded = t.program.kept(Bf16Weights::conv_len(s, &x_plane));
                t.program.push(Bf16Weights::conv(s, &x_plane, w, rounded));
                Conv::forward_bf16(&mut t.program, s, x, rounded, Some(b), y, act)
            } else {
                Conv::forward(s, rows.clone(), x, w, Some(b), y, act)
            };
            t.program.push(kernel.with_added(adds.then_some(added)));
        })
    };
    for adds in [false, true] {
        for (got, want) in runs(d, true, adds).iter().zip(&runs(&near, false, adds)) {
            assert_same(got, want, &format!("{s:?} n {n} {act:?} added {adds} {}", got.what));
        }
    }
}

fn round(values: &[f32]) -> Vec<f32> {
    values.iter().map(|&value| rounded(value)).collect()
}

#[test]
fn rounded_values_give_the_same_sums() {
    for (i, s) in shapes().iter().filter(|s| s.groups == 1).enumerate() {
        let (n, out) = ([1, 3, 9][i % 3], s.output());
        compare(s, n, i, &data(s, n, s.c_out * out[0] * out[1]));
    }
}

#[test]
fn an_infinity_stays_in_its_windows() {
    let s = shape(19, 32, [6, 7], [3, 3]);
    let out = s.output();
    let mut d = data(&s, 1, s.c_out * out[0] * out[1]);
    d.x[18 * 42] = f32::INFINITY;
    d.x[5 * 42 + 41] = f32::NAN;
    compare(&s, 1, 0, &d);
}

/// The last of an odd number of channels has no partner, whatever is in the lane next to it: here a NaN or zero times an
/// infinity.
#[test]
fn the_lane_beside_the_last_channel_counts_as_zero() {
    let (before, s) = (shape(3, 19, [1, 2], [1, 1]), shape(19, 16, [1, 2], [1, 1]));
    let (first_plane, plane) = (input_plane(&before, 0), Plane::blocked(19, [1, 2], [0, 0]));
    let [first_rows, rows] = [Rows::forward(&before, &first_plane), Rows::forward(&s, &plane)];
    let runs = run_everywhere(&Setup::new(1), |t| {
        let x = t.input(first_plane, &[1.0, f32::INFINITY, 1.0, 1.0, 1.0, 1.0]);
        let w = t.values(&pack(&first_rows, &before, &[0.5; 3 * 19]));
        let middle = t.hidden(plane);
        t.program.push(Conv::forward(&before, first_rows.clone(), x, w, None, middle, Activation::None));
        let w = t.values(&pack(&rows, &s, &[0.25; 19 * 16]));
        let rounded = t.program.kept(Bf16Weights::conv_len(&s, &plane));
        t.program.push(Bf16Weights::conv(&s, &plane, w, rounded));
        let y = t.output(Plane::blocked(16, [1, 2], [0, 0]));
        let kernel = Conv::forward_bf16(&mut t.program, &s, middle, rounded, None, y, Activation::None);
        t.program.push(kernel);
    });
    for run in &runs {
        assert_eq!(run.outputs[0], [19.0 * 0.25 * 1.5, f32::INFINITY].repeat(16), "{}", run.what);
    }
}

/// The error relative to the RMS of the result, against f64 on values that are not rounded, for inputs like those after a ReLU.
#[test]
fn the_error_is_that_of_the_rounded_values() {
    for (c, size) in [(64, 16), (256, 8), (512, 8)] {
        let s = shape(c, 32, [size, size], [3, 3]);
        let out = s.output();
        let mut d = data(&s, 1, 32 * out[0] * out[1]);
        d.x.iter_mut().for_each(|x| *x = x.max(0.0));
        let want = reference::conv2d(1, &s, &widen(&d.x), &widen(&d.w), None);
        let x_plane = Plane::blocked(c, s.input, s.window.halo());
        let rows = Rows::forward(&s, &x_plane);
        let runs = run_everywhere(&Setup::new(1), |t| {
            let (x, w) = (t.input(x_plane, &d.x), t.values(&pack(&rows, &s, &d.w)));
            let rounded = t.program.kept(Bf16Weights::conv_len(&s, &x_plane));
            t.program.push(Bf16Weights::conv(&s, &x_plane, w, rounded));
            let y = t.output(Plane::blocked(32, out, [0, 0]));
            let kernel = Conv::forward_bf16(&mut t.program, &s, x, rounded, None, y, Activation::None);
            t.program.push(kernel);
        });
        let rms = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
        let got = &runs[0].outputs[0];
        let difference = rms(&mut got.iter().zip(&want).map(|(&got, want)| f64::from(got) - want));
        let error = difference / rms(&mut want.iter().copied());
        println!("{c} channels: {error:.2e}");
        // Two roundings of at most 2⁻⁹ of a value, most of which are smaller, and independent.
        assert!((5e-4..3e-3).contains(&error), "{c} channels: {error:e}");
    }
}
