//! Tests of the three passes against the f64 specification.

use super::*;
use crate::activation::Activation;
use crate::bf16::{Bf16Weights, rounded};
use crate::reference;
use crate::testing::{Run, Setup, assert_same, run_everywhere};
use striate_testkit::{Sample, assert_close, widen};

/// Batch, inputs, outputs: one of each, primes, whole tiles, tails of tile, lane and panel, more than one block of inputs.
const SHAPES: [[usize; 3]; 12] = [
    [1, 1, 1],
    [1, 300, 130],
    [1, 24, 64],
    [1, 40, 176],
    [1, 21, 240],
    [2, 3, 5],
    [7, 17, 64],
    [8, 128, 16],
    [29, 31, 37],
    [64, 129, 10],
    [30, 70, 193],
    [5, 257, 48],
];

/// The shapes above as vectors, and images that are read without a flatten: samples, outputs, layout of the input.
fn cases() -> Vec<(usize, usize, Plane)> {
    let vectors = SHAPES.map(|[n, i, o]| (n, o, Plane::vector(i)));
    let images = [(5, 37, 16, [1, 1]), (7, 130, 32, [3, 5]), (25, 10, 48, [7, 7])];
    let images = images.map(|(n, o, c, size)| (n, o, Plane::blocked(c, size, [0, 0])));
    vectors.into_iter().chain(images).collect()
}

fn pack_of(x: &Plane, out_features: usize) -> LinearPack {
    LinearPack { in_features: x.channels * x.height * x.width, out_features }
}

fn pack_weights(pack: &LinearPack, x: &Plane, w: &[f32]) -> Vec<f32> {
    let mut packed = vec![0.0; pack.weight_len()];
    pack.weight_map(x).unwrap().iter().zip(w).for_each(|(&at, &w)| packed[at as usize] = w);
    packed
}

fn unpack_weights(pack: &LinearPack, x: &Plane, packed: &[f32]) -> Vec<f32> {
    pack.weight_map(x).unwrap().iter().map(|&at| packed[at as usize]).collect()
}

#[test]
fn every_weight_has_a_place_of_its_own() {
    for (_, o, x) in cases() {
        let pack = pack_of(&x, o);
        let mut map = pack.weight_map(&x).unwrap();
        assert_eq!(map.len(), pack.in_features * o);
        map.sort_unstable();
        assert!(map.windows(2).all(|w| w[0] < w[1]) && (map[map.len() - 1] as usize) < pack.weight_len());
    }
}

/// The same bits as f32 sums of values that were rounded beforehand.
#[test]
fn rounded_values_give_the_same_sums() {
    for (i, (n, o, x_plane)) in cases().into_iter().enumerate() {
        let pack = pack_of(&x_plane, o);
        let mut sample = Sample::new(i as u64);
        let [x, w, mut b] = [n * pack.in_features, o * pack.in_features, o].map(|len| sample.normal_vec(len));
        b.resize(pack.lanes(), 0.0);
        let near = |values: &[f32]| values.iter().map(|&v| rounded(v)).collect::<Vec<_>>();
        let runs = |x: &[f32], w: &[f32], is_bf16| {
            run_everywhere(&Setup::new(n), |t| {
                let (x, w) = (t.input(x_plane, x), t.values(&pack_weights(&pack, &x_plane, w)));
                let (b, y) = (Some(t.values(&b)), t.output(Plane::vector(o)));
                let linear = if is_bf16 {
                    let rounded = t.program.kept(Bf16Weights::linear_len(pack));
                    t.program.push(Bf16Weights::linear(pack, w, rounded));
                    Linear::bf16(&mut t.program, pack, x, rounded, b, y, Activation::RELU)
                } else {
                    Linear::new(pack, x, w, b, y, Activation::RELU)
                };
                t.program.push(linear);
            })
        };
        for (got, want) in runs(&x, &w, true).iter().zip(&runs(&near(&x), &near(&w), false)) {
            assert_same(got, want, &format!("{n} samples of {x_plane:?} to {o}: {}", got.what));
        }
    }
}

/// Outputs: y, dx, dw (packed), db.
fn run(
    setup: &Setup<'_>,
    inputs: Plane,
    pack: LinearPack,
    [x, w, b, dy]: [&[f32]; 4],
    act: Activation,
) -> Vec<Run> {
    run_everywhere(setup, |t| {
        let outputs = Plane::vector(pack.out_features);
        let (x, dy) = (t.input(inputs, x), t.input(outputs, dy));
        let w = t.values(&pack_weights(&pack, &inputs, w));
        let mut lanes = b.to_vec();
        lanes.resize(pack.lanes(), 0.0);
        let bias = t.values(&lanes);
        let (y, dx) = (t.output(outputs), t.output(inputs));
        let (dw, db) = (t.output_buffer(pack.weight_len()), t.output_buffer(pack.lanes()));
        t.program.push(Linear::new(pack, x, w, Some(bias), y, act));
        push_backward_data(&mut t.program, pack, dy, w, dx);
        push_backward_weight(&mut t.program, pack, x, dy, dw, Some(db));
    })
}

#[test]
fn equals_the_reference_and_no_tile_of_the_batch_changes_a_bit() {
    let mut sample = Sample::new(5);
    for (n, o, plane) in cases() {
        let pack = pack_of(&plane, o);
        let i = pack.in_features;
        let [x, w, b, dy] = [n * i, o * i, o, n * o].map(|len| sample.normal_vec(len));
        let act = sample.choose(&[Activation::None, Activation::RELU, Activation::RELU6]);
        let runs = run(&Setup::new(n), plane, pack, [&x, &w, &b, &dy], act);
        let mut y = reference::linear(n, i, o, &widen(&x), &widen(&w), Some(&widen(&b)));
        match act {
            Activation::None => {}
            Activation::Relu(_) => y = reference::relu(&y),
            _ => y = reference::relu6(&y),
        }
        let want = reference::linear_vjp(n, i, o, &widen(&x), &widen(&w), &widen(&dy));
        // A sum of K products of unit variance has the RMS √K and an error near √K · 2⁻²⁴ · √K / 2.
        let rel = |k: usize| 1e-6 * (k as f64).sqrt().max(1.0);
        for run in &runs {
            let what = |of: &str| format!("{of} of {n} x {i} x {o}, {}", run.what);
            assert_close(&run.outputs[0], &y, rel(i), 1e-6, &what("y"));
            assert_close(&run.outputs[1], &want.grad_input, rel(o), 1e-6, &what("dx"));
            assert_close(
                &unpack_weights(&pack, &plane, &run.outputs[2]),
                &want.grad_weight,
                rel(n),
                1e-6,
                &what("dw"),
            );
            assert_close(&run.outputs[3][..o], &want.grad_bias, rel(n), 1e-6, &what("db"));
            let sum = |v: &[f32]| v.iter().map(|v| v.abs()).sum::<f32>();
            assert_eq!(sum(&run.outputs[3][o..]), 0.0, "{}", what("lanes past the last output"));
        }
        for tile in [1, 3, 24].into_iter().filter(|&tile| tile < n) {
            let tiled = run(&Setup::new(n).tiles(tile), plane, pack, [&x, &w, &b, &dy], act);
            for (whole, tiled) in runs.iter().zip(&tiled) {
                assert_same(whole, tiled, &format!("{n} x {i} x {o} in tiles of {tile}, {:?}", whole.isa));
            }
        }
    }
}

#[test]
fn a_nan_is_not_hidden_by_relu() {
    // A whole block of outputs: NaN times the zero weights of an empty lane would be NaN too.
    let pack = LinearPack { in_features: 2, out_features: 16 };
    let x = [1.0, f32::NAN];
    for run in run(
        &Setup::new(1),
        Plane::vector(2),
        pack,
        [&x, &[1.0; 32], &[0.0; 16], &[0.0; 16]],
        Activation::RELU,
    ) {
        assert!(run.outputs[0].iter().all(|v| v.is_nan()), "{run:?}");
    }
}
