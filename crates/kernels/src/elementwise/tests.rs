//! Tests against the f64 specification, with awkward shapes, halos and tiles.

use super::*;
use crate::activation::Activation;
use crate::plane::{Plane, Value};
use crate::reference;
use crate::simd::Isa;
use crate::testing::{Setup, TestProgram, assert_same, run_everywhere};
use striate_testkit::{Sample, assert_close, widen};

/// Channels and size: ones, primes, tails of block and vector, more than one block, rows longer than a block.
const SHAPES: [(usize, [usize; 2]); 8] = [
    (1, [1, 1]),
    (3, [5, 7]),
    (16, [4, 4]),
    (17, [1, 37]),
    (130, [1, 1]),
    (33, [7, 7]),
    (5, [6, 19]),
    (40, [3, 2]),
];
const HALOS: [[usize; 2]; 4] = [[0, 0], [1, 1], [0, 2], [3, 0]];

fn len((channels, [h, w]): (usize, [usize; 2])) -> usize {
    channels * h * w
}

#[test]
fn activations_and_add() {
    let mut sample = Sample::new(1);
    for shape in SHAPES {
        let n = sample.usize_in(1..=5);
        let [mut x, dy] = [6.0, 1.0].map(|scale| {
            sample.normal_vec(n * len(shape)).into_iter().map(|v| scale * v).collect::<Vec<f32>>()
        });
        x[0] = 0.0;
        let mut plane = |planar: bool| {
            let halo = sample.choose(&HALOS);
            if planar {
                Plane::planar(shape.0, shape.1, halo)
            } else {
                Plane::blocked(shape.0, shape.1, halo)
            }
        };
        for planar in [false, true] {
            let planes: [Plane; 5] = std::array::from_fn(|_| plane(planar));
            for act in [Activation::None].into_iter().chain(Activation::all()) {
                let of_sum = if act.joins() { act } else { Activation::None };
                let setup = Setup::new(n);
                let build = |t: &mut TestProgram| {
                    let (x, dy) = (t.input(planes[0], &x), t.input(planes[1], &dy));
                    let [y, dx, sum, guided] = [2, 3, 4, 3].map(|i| t.output(planes[i]));
                    t.program.push(Activate { x, y, act });
                    for (dx, rule) in [(dx, ReluRule::Gradient), (guided, ReluRule::Guided)] {
                        t.program.push(ActivateBackward { x, y, dy, dx, act, rule });
                    }
                    t.program.push(Add { a: x, b: dy, y: sum, act: of_sum });
                };
                let (x64, dy64) = (widen(&x), widen(&dy));
                let y: Vec<f64> = x64.iter().map(|&x| act.value_f64(x)).collect();
                let slopes = x64.iter().map(|&x| act.slope_f64(x));
                let dx: Vec<f64> = slopes.zip(&dy64).map(|(slope, dy)| slope * dy).collect();
                let closed = |dx: &f64| if act.is_gate() { dx.max(0.0) } else { *dx };
                let guided: Vec<f64> = dx.iter().map(closed).collect();
                // Functions that only select are exact; the others round a few times.
                let relative = if act.joins() { 1e-7 } else { 2e-6 };
                for run in run_everywhere(&setup, build) {
                    let what = format!("{act:?} of {shape:?}, {}", run.what);
                    assert_close(&run.outputs[0], &y, relative, 2.0 * relative, &what);
                    let what = format!("gradient of {what}");
                    assert_close(&run.outputs[1], &dx, relative, 2.0 * relative, &what);
                    assert_close(
                        &run.outputs[3],
                        &guided,
                        relative,
                        2.0 * relative,
                        &format!("guided {what}"),
                    );
                    let want: Vec<f64> =
                        reference::add(&x64, &dy64).into_iter().map(|v| of_sum.value_f64(v)).collect();
                    assert_close(&run.outputs[2], &want, 3e-7, 0.0, &format!("sum of {shape:?}"));
                }
            }
        }
    }
}

#[test]
fn activations_of_nan_and_infinity() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    // PyTorch: relu of these gives [NaN, NaN, ∞, 0, 0, 6, 7], and passes a gradient where that is not 0.
    let x = [nan, -nan, inf, -inf, -1.0, 6.0, 7.0].repeat(7);
    let dy = [5.0, -5.0, nan, nan, inf, -inf, inf].repeat(7);
    let (x64, dy64) = (widen(&x), widen(&dy));
    let passed = [5.0, -5.0, f64::NAN, 0.0, 0.0, f64::NEG_INFINITY, f64::INFINITY].repeat(7);
    let plane = Plane::blocked(7, [7, 1], [1, 0]);
    type Vjp = fn(&[f64], &[f64]) -> Vec<f64>;
    let rules: [(Activation, Vjp, Vjp); 2] = [
        (Activation::RELU, reference::relu_vjp, reference::relu_guided_vjp),
        (Activation::RELU6, reference::relu6_vjp, reference::relu6_guided_vjp),
    ];
    for (act, vjp, guided) in rules {
        let runs = run_everywhere(&Setup::new(1), |t| {
            let (x, dy) = (t.input(plane, &x), t.input(plane, &dy));
            let [y, dx, guided] = [0; 3].map(|_: usize| t.output(plane));
            t.program.push(Activate { x, y, act });
            for (dx, rule) in [(dx, ReluRule::Gradient), (guided, ReluRule::Guided)] {
                t.program.push(ActivateBackward { x, y, dy, dx, act, rule });
            }
        });
        for run in &runs {
            let what = format!("{act:?}, {}", run.what);
            let y = if act == Activation::RELU { reference::relu(&x64) } else { reference::relu6(&x64) };
            assert_close(&run.outputs[0], &y, 0.0, 0.0, &what);
            assert_close(&run.outputs[1], &vjp(&x64, &dy64), 0.0, 0.0, &format!("gradient of {what}"));
            assert_close(&run.outputs[2], &guided(&x64, &dy64), 0.0, 0.0, &format!("guided of {what}"));
            if act == Activation::RELU {
                assert_close(&run.outputs[1], &passed, 0.0, 0.0, &format!("PyTorch's gradient of {what}"));
            }
        }
    }
}

#[test]
fn channels_are_scaled_or_silent() {
    let mut sample = Sample::new(7);
    for shape @ (channels, size) in SHAPES {
        let n = sample.usize_in(1..=5);
        let mut x = sample.normal_vec(n * len(shape));
        let mut factors = sample.normal_vec(channels);
        factors[channels / 2] = 0.0;
        x[channels / 2 * size[0] * size[1]] = f32::NAN;
        // Products of two f32 are exact in f64, so the only rounding is the engine's.
        let exact = reference::scale_channels(n, &widen(&x), &widen(&factors));
        let want: Vec<f64> = exact.into_iter().map(|v| f64::from(v as f32)).collect();
        let mut lanes = factors.clone();
        lanes.resize(channels.next_multiple_of(crate::BLOCK), 0.0);
        let [from, to] = [0; 2].map(|_: usize| Plane::blocked(channels, size, sample.choose(&HALOS)));
        let setup = Setup::new(n).tiles(sample.usize_in(1..=n));
        for run in run_everywhere(&setup, |t| {
            let (x, factors, y) = (t.input(from, &x), t.values(&lanes), t.output(to));
            t.program.push(ScaleChannels { x, y, factors });
        }) {
            assert_close(&run.outputs[0], &want, 0.0, 0.0, &format!("{shape:?}, {}", run.what));
            let silent = run.outputs[0].iter().zip(&want).filter(|(_, want)| **want == 0.0);
            silent.for_each(|(y, _)| assert_eq!(y.to_bits(), 0, "{shape:?}: −0 is not silent"));
        }
    }
}

#[test]
fn every_layout_to_every_other() {
    let mut sample = Sample::new(2);
    for shape @ (channels, size) in SHAPES {
        let n = sample.usize_in(1..=4);
        let x = sample.uniform_vec(n * len(shape), -1.0, 1.0);
        let mut layouts = Vec::new();
        for halo in HALOS {
            layouts.extend([Plane::blocked(channels, size, halo), Plane::planar(channels, size, halo)]);
        }
        let mut setup = Setup::new(n).tiles(sample.usize_in(1..=n));
        setup.step.input = &x;
        let runs = run_everywhere(&setup, |t| {
            for &from in &layouts {
                let imported = t.output(from);
                t.program.push(Import { y: imported });
                for &to in &layouts {
                    let y = t.output(to);
                    t.program.push(Copy { x: imported, y });
                }
            }
        });
        for run in runs {
            assert_eq!(run.outputs.len(), 8 + 64);
            for (i, output) in run.outputs.iter().enumerate() {
                assert!(*output == x, "layouts {} of {shape:?}, {}", i, run.what);
            }
        }
    }
}

#[test]
fn what_is_exported_is_the_activation_of_what_lies_there() {
    let mut sample = Sample::new(8);
    let pools = [1, 2, 4].map(crate::Pool::new);
    // Besides the usual shapes: so large that threads share the work, for one sample and for many.
    for shape @ (channels, size) in SHAPES.into_iter().chain([(33, [40, 41]), (70, [1, 1])]) {
        for n in [1, 3, 500 / len(shape).min(500)] {
            let n = n.max(if size == [1, 1] { 700 } else { 1 });
            let mut x: Vec<f32> = sample.normal_vec(n * len(shape)).into_iter().map(|v| 4.0 * v).collect();
            x[0] = f32::NAN;
            let halo = sample.choose(&HALOS);
            for plane in [Plane::blocked(channels, size, halo), Plane::planar(channels, size, halo)] {
                let mut from = vec![f32::NAN; n * plane.sample_len()];
                plane.from_nchw(&x, &mut from);
                for act in [Activation::None, Activation::RELU, Activation::RELU6] {
                    let want: Vec<f32> = match act {
                        Activation::None => x.clone(),
                        Activation::Relu(_) => {
                            reference::relu(&widen(&x)).into_iter().map(|v| v as f32).collect()
                        }
                        _ => reference::relu6(&widen(&x)).into_iter().map(|v| v as f32).collect(),
                    };
                    for (isa, pool) in
                        Isa::available().into_iter().flat_map(|isa| pools.each_ref().map(|p| (isa, p)))
                    {
                        let mut got = vec![-1.0; x.len()];
                        export(pool, isa, &from, &plane, act, &mut got);
                        let what = format!("{act:?} of {n} x {plane:?}, {isa:?}, {} threads", pool.threads());
                        assert!(got[0].is_nan() && got[1..] == want[1..], "{what}");
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "export: 7 values are not whole samples")]
fn part_of_a_sample_is_not_exported() {
    export(
        &crate::Pool::new(1),
        Isa::PORTABLE,
        &[0.0; 64],
        &Plane::vector(4),
        Activation::None,
        &mut [0.0; 7],
    );
}

#[test]
fn flatten_is_pytorchs_order_and_unflatten_its_inverse() {
    let mut sample = Sample::new(3);
    for shape @ (channels, size) in SHAPES {
        let n = sample.usize_in(1..=9);
        let x = sample.uniform_vec(n * len(shape), -1.0, 1.0);
        for halo in HALOS {
            let image = Plane::blocked(channels, size, halo);
            let runs = run_everywhere(&Setup::new(n), |t| {
                let x = t.input(image, &x);
                let (y, back) = (t.output(Plane::vector(len(shape))), t.output(image));
                t.program.push(Flatten { x, y });
                t.program.push(Unflatten { dy: y, dx: back });
            });
            for run in runs {
                assert!(run.outputs[0] == x, "flatten {shape:?}, halo {halo:?}, {}", run.what);
                assert!(run.outputs[1] == x, "unflatten {shape:?}, halo {halo:?}, {}", run.what);
            }
        }
    }
}

/// Dropout of ones: 0 or the scale.
fn masks(setup: &Setup<'_>, plane: Plane, p: f32, salt: u64) -> Vec<f32> {
    let ones = vec![1.0; setup.step.n * plane.channels * plane.height * plane.width];
    let runs = run_everywhere(setup, |t| {
        let x = t.input(plane, &ones);
        let (y, dx) = (t.output(plane), t.output(Plane { halo: [2, 1], ..plane }));
        t.program.push(Dropout { x, y, p, unit: DropoutUnit::Value, salt });
        t.program.push(Dropout { x, y: dx, p, unit: DropoutUnit::Value, salt });
    });
    for run in &runs {
        assert_eq!(run.outputs[0], run.outputs[1], "forward and backward draw one mask, whatever the halo");
        assert_same(&runs[0], run, "dropout has no sums: the portable path agrees too");
    }
    runs[0].outputs[0].clone()
}

#[test]
fn dropout_scales_what_it_keeps() {
    let plane = Plane::blocked(19, [3, 5], [1, 0]);
    let mut sample = Sample::new(4);
    let x = sample.normal_vec(2 * 19 * 15);
    for p in [0.0, 0.3, 1.0] {
        let mask = masks(&Setup::new(2), plane, p, 5);
        let keep: Vec<bool> = mask.iter().map(|&v| v != 0.0).collect();
        for (i, &keep) in keep.iter().enumerate() {
            let (n, channel, pixel) = (i / (19 * 15), i / 15 % 19, i % 15);
            let element = (channel / 16 * 15 + pixel) * 16 + channel % 16;
            assert_eq!(dropout_keeps(7, 1, n, 5, element, p), keep, "element {element} of sample {n}");
        }
        let want = reference::dropout(&widen(&x), &keep, f64::from(p));
        let runs = run_everywhere(&Setup::new(2), |t| {
            let x = t.input(plane, &x);
            let y = t.output(Plane { halo: [0, 2], ..plane });
            t.program.push(Dropout { x, y, p, unit: DropoutUnit::Value, salt: 5 });
        });
        for run in runs {
            assert_close(&run.outputs[0], &want, 1e-6, 0.0, &format!("p = {p}, {}", run.what));
        }
        let kept = keep.iter().filter(|&&k| k).count();
        match p {
            0.0 => assert_eq!(kept, keep.len()),
            1.0 => assert_eq!(kept, 0),
            _ => assert!((350..450).contains(&kept), "{kept} of {}", keep.len()),
        }
    }
}

/// Share of places where both are kept, for masks of `p = ½`.
fn overlap(a: &[f32], b: &[f32]) -> f64 {
    let both = a.iter().zip(b).filter(|(a, b)| **a != 0.0 && **b != 0.0).count();
    both as f64 / a.len() as f64
}

#[test]
fn masks_are_independent_of_each_other_and_of_the_tile() {
    let plane = Plane::blocked(32, [16, 8], [0, 0]);
    let setup = Setup::new(8);
    let base = masks(&setup, plane, 0.5, 1);
    let count = base.len();
    assert_eq!(count, 32768);
    let rate = base.iter().filter(|v| **v != 0.0).count() as f64 / count as f64;
    // Five standard deviations of 32768 coins are 0.0138.
    assert!((rate - 0.5).abs() < 0.0138, "{rate}");
    let mut others = vec![masks(&setup, plane, 0.5, 2), masks(&setup, plane, 0.5, 1 << 40)];
    for (seed, update) in [(8, 1), (7 | 1 << 50, 1), (7, 2), (7, 1 + (1 << 40))] {
        let mut other = setup;
        (other.step.seed, other.step.update) = (seed, update);
        others.push(masks(&other, plane, 0.5, 1));
    }
    // Neighbors in the sample, and the same place in the next sample.
    for shift in [1, 2, 8, 128, 128 * 16, 4096] {
        others.push((0..count).map(|i| base[(i + shift) % count]).collect());
    }
    for (i, other) in others.iter().enumerate() {
        let both = overlap(&base, other);
        // Five standard deviations of a quarter are 0.012.
        assert!((both - 0.25).abs() < 0.012, "mask {i}: {both}");
    }
    assert_eq!(masks(&setup.tiles(3), plane, 0.5, 1), base);
}

#[test]
#[should_panic(expected = "input and output must be different buffers")]
fn in_place_is_refused() {
    run_everywhere(&Setup::new(1), |t| {
        let x = t.input(Plane::vector(3), &[0.0; 3]);
        let y = Value { buf: x.buf, plane: x.plane };
        t.program.push(Add { a: x, b: x, y, act: Activation::None });
    });
}

#[test]
fn products_and_their_sums() {
    let mut sample = Sample::new(9);
    for shape in SHAPES {
        let n = sample.usize_in(1..=5);
        let [a, same] = [0; 2].map(|_: usize| sample.normal_vec(n * len(shape)));
        let gate = sample.normal_vec(n * shape.0);
        let mut plane = |size: [usize; 2]| Plane::blocked(shape.0, size, sample.choose(&HALOS));
        let planes: [Plane; 4] = std::array::from_fn(|_| plane(shape.1));
        let [gate_plane, sums_plane] = [plane([1, 1]), plane([1, 1])];
        let vector = Plane::vector(shape.0);
        for tile in [n, n.div_ceil(2)] {
            let build = |t: &mut TestProgram| {
                let (a, b) = (t.input(planes[0], &a), t.input(planes[1], &same));
                let gate = t.input(gate_plane, &gate);
                let [y, gated] = [2, 3].map(|i| t.output(planes[i]));
                let sums = t.output(sums_plane);
                let [products, plain] = [t.hidden(vector), t.hidden(vector)];
                let [gradient, of_ones] = [0; 2].map(|_: usize| t.output_buffer(vector.sample_len()));
                t.program.push(Mul { a, b, y });
                t.program.push(Mul { a, b: gate, y: gated });
                t.program.push(ProductSums { a, b: Some(b), y: sums });
                t.program.push(ProductSums { a, b: Some(b), y: products });
                t.program.push(ProductSums { a, b: None, y: plain });
                t.program.push(SampleSums { x: products, gradient });
                t.program.push(SampleSums { x: plain, gradient: of_ones });
            };
            let [a, same, gate] = [&a, &same, &gate].map(|values| widen(values));
            let (_, sums) = reference::mul_vjp(&a, &gate, &same);
            let (_, plain) = reference::mul_vjp(&a, &gate, &vec![1.0; a.len()]);
            let of_samples = |sums: &[f64]| {
                let mut gradient = vec![0.0; vector.sample_len()];
                sums.iter().enumerate().for_each(|(i, sum)| gradient[i % shape.0] += sum);
                gradient
            };
            let wants = [
                reference::mul(&a, &same),
                reference::mul(&a, &gate),
                sums.clone(),
                of_samples(&sums),
                of_samples(&plain),
            ];
            for run in run_everywhere(&Setup::new(n).tiles(tile), build) {
                for (i, want) in wants.iter().enumerate() {
                    let what = format!("output {i} of {shape:?}, {}", run.what);
                    assert_close(&run.outputs[i], want, 1e-5, 1e-5, &what);
                }
            }
        }
    }
}

#[test]
fn stochastic_depth_keeps_or_drops_whole_samples() {
    let mut sample = Sample::new(10);
    for shape in SHAPES {
        let n = 12;
        let x = sample.normal_vec(n * len(shape));
        let planes = [(); 2].map(|()| Plane::blocked(shape.0, shape.1, sample.choose(&HALOS)));
        let build = |t: &mut TestProgram| {
            let (x, y) = (t.input(planes[0], &x), t.output(planes[1]));
            t.program.push(Dropout { x, y, p: 0.4, unit: DropoutUnit::Sample, salt: 99 });
        };
        let setup = Setup::new(n).tiles(5);
        let keeps = |i: usize| dropout_keeps(setup.step.seed, setup.step.update, i, 99, 0, 0.4);
        let kept = (0..n).filter(|&i| keeps(i)).count();
        assert!((3..n).contains(&kept), "{kept} of {n} are kept");
        let want: Vec<f64> = widen(&x)
            .iter()
            .enumerate()
            .map(|(i, x)| if keeps(i / len(shape)) { x / 0.6 } else { 0.0 })
            .collect();
        for run in run_everywhere(&setup, build) {
            assert_close(&run.outputs[0], &want, 3e-7, 0.0, &format!("{shape:?}, {}", run.what));
        }
    }
}
