//! Products of bf16 values against the f32 kernel on values that were rounded before: the same bits.

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
    // In tiles of two samples: the weights of the first serve the second.
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

/// Of an odd number of channels the last has no partner, whatever lies in the lane beside it.
#[test]
fn an_infinity_stays_in_its_windows() {
    let s = shape(19, 32, [6, 7], [3, 3]);
    let out = s.output();
    let mut d = data(&s, 1, s.c_out * out[0] * out[1]);
    d.x[18 * 42] = f32::INFINITY;
    d.x[5 * 42 + 41] = f32::NAN;
    compare(&s, 1, 0, &d);
}
