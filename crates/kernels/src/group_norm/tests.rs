//! Tests against the f64 specification, and that a large mean costs no digits.

use super::*;
use crate::reference;
use crate::testing::{Setup, assert_same, run_everywhere};
use striate_testkit::{Sample, assert_close, widen};

const EPS: f32 = 1e-5;

/// Batch, channels, groups, size.
const SHAPES: [(usize, usize, usize, [usize; 2]); 7] = [
    (1, 2, 1, [1, 1]),
    (3, 3, 3, [5, 7]),
    (4, 16, 4, [4, 4]),
    (2, 33, 11, [1, 3]),
    (3, 34, 2, [3, 5]),
    (2, 40, 1, [2, 2]),
    (5, 48, 3, [6, 1]),
];

fn check((n, channels, groups, size): (usize, usize, usize, [usize; 2]), mean: f32, rel: f64) {
    let mut sample = Sample::new(channels as u64);
    let pixels = size[0] * size[1];
    let x: Vec<f32> = sample.normal_vec(n * channels * pixels).into_iter().map(|v| v + mean).collect();
    let dy = sample.normal_vec(x.len());
    let [weight, bias] = [(); 2].map(|()| sample.normal_vec(channels));
    let lanes = channels.next_multiple_of(BLOCK);
    let padded = [&weight, &bias].map(|values| {
        let mut values = values.clone();
        values.resize(lanes, 0.0);
        values
    });
    let planes = [[0, 0], [1, 1], [2, 0], [0, 3]].map(|halo| Plane::blocked(channels, size, halo));
    let (wide, w, b) = (widen(&x), widen(&weight), widen(&bias));
    let (shape, eps) = ([n, channels, pixels], f64::from(EPS));
    for affine in [true, false] {
        let y = reference::group_norm(shape, groups, &wide, affine.then_some([&w, &b]), eps);
        let want =
            reference::group_norm_vjp(shape, groups, &wide, affine.then_some(&w[..]), eps, &widen(&dy));
        let mut whole = Vec::new();
        for tile in [n, 2] {
            let runs = run_everywhere(&Setup::new(n).tiles(tile), |t| {
                let (x, dy) = (t.input(planes[0], &x), t.input(planes[1], &dy));
                let (y, dx) = (t.output(planes[2]), t.output(planes[3]));
                let values = affine.then(|| padded.each_ref().map(|values| t.values(values)));
                let grads = affine.then(|| [(); 2].map(|()| t.output_buffer(lanes)));
                let stats = GroupNorm { x, y, groups, parameters: values, eps: EPS }.push(&mut t.program);
                let weight = values.map(|[weight, _]| weight);
                GroupNormBackward { x, dy, dx, groups, weight, grads, stats }.push(&mut t.program);
            });
            for run in &runs {
                let what = |of: &str| {
                    format!("{of} of {n} x {channels} in {groups} x {size:?}, affine {affine}, {}", run.what)
                };
                assert_close(&run.outputs[0], &y, rel, 0.0, &what("y"));
                // For two values the gradient nearly cancels, so its rounding is relative to dy.
                assert_close(&run.outputs[1], &want.grad_input, rel, rel, &what("dx"));
                if affine {
                    assert_close(&run.outputs[2][..channels], &want.grad_weight, rel, rel, &what("dweight"));
                    assert_close(&run.outputs[3][..channels], &want.grad_bias, rel, 1e-6, &what("dbias"));
                }
            }
            if tile == n {
                whole = runs;
                continue;
            }
            for (run, whole) in runs.iter().zip(&whole) {
                let pixels = |run: &crate::testing::Run| crate::testing::Run {
                    outputs: run.outputs[..2].to_vec(),
                    ..run.clone()
                };
                assert_same(&pixels(run), &pixels(whole), "tiles");
            }
        }
    }
}

#[test]
fn equals_the_reference_in_any_tiles() {
    SHAPES.into_iter().for_each(|shape| check(shape, 0.3, 2e-5));
}

#[test]
fn a_mean_of_a_thousand_deviations_costs_no_digits() {
    // The mean itself is rounded to f32: 3e-5 of a deviation.
    [(2, 17, 1, [14, 14]), (3, 20, 5, [6, 6]), (2, 16, 16, [20, 20])]
        .into_iter()
        .for_each(|shape| check(shape, 1000.0, 1e-4));
}

#[test]
#[should_panic(expected = "group norm: 3 groups of 16 channels")]
fn groups_that_do_not_divide_are_refused() {
    let (mut program, plane) = (Builder::new(1), Plane::blocked(16, [2, 2], [0, 0]));
    let [x, y] = [(); 2].map(|()| Value { buf: program.buffer(plane.sample_len()), plane });
    GroupNorm { x, y, groups: 3, parameters: None, eps: EPS }.push(&mut program);
}
