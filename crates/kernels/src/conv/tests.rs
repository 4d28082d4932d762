//! Tests of every convolution kernel, on every instruction set, over awkward shapes, against the reference.

mod added;
mod backward_weight;
mod bf16;
mod depthwise;
mod winograd;

use super::*;
use crate::activation::Activation;
use crate::reference;
use crate::testing::{Setup, run_everywhere};
use crate::{BLOCK, ConvShape, Plane, Window};
use striate_testkit::{Sample, assert_close, widen};

/// Rounding of a sum of `terms` products, relative to the RMS of the result: about √terms ulps, and some values are far above
/// the RMS.
fn tolerance(terms: usize) -> f64 {
    8e-7 * (terms as f64).sqrt().max(1.0)
}

fn shape(c_in: usize, c_out: usize, input: [usize; 2], kernel: [usize; 2]) -> ConvShape {
    let window = Window { kernel, ..Window::square(1) };
    ConvShape { c_in, c_out, input, window, groups: 1 }
}

/// One of everything that is known to go wrong in convolutions, then random geometries.
fn shapes() -> Vec<ConvShape> {
    let with =
        |s: ConvShape, stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], groups: usize| {
            let window = Window { stride, dilation, ..s.window }.padded(padding);
            ConvShape { window, groups, ..s }
        };
    // TensorFlow's SAME pads stride 2 below and to the right only.
    let sides = |s: ConvShape, stride: [usize; 2], padding: [[usize; 2]; 2], groups: usize| {
        let window = Window { stride, padding, ..s.window };
        ConvShape { window, groups, ..s }
    };
    let mut all = vec![
        shape(1, 1, [1, 1], [1, 1]),
        with(shape(1, 16, [28, 28], [3, 3]), [1, 1], [1, 1], [1, 1], 1),
        with(shape(16, 32, [14, 14], [3, 3]), [1, 1], [1, 1], [1, 1], 1),
        with(shape(17, 33, [7, 13], [3, 3]), [1, 1], [1, 1], [1, 1], 1),
        with(shape(3, 40, [23, 29], [7, 7]), [2, 2], [3, 3], [1, 1], 1),
        with(shape(5, 7, [6, 31], [1, 1]), [3, 2], [0, 0], [1, 1], 1), // stride > kernel
        with(shape(4, 6, [5, 5], [2, 2]), [1, 1], [3, 2], [1, 1], 1),  // padding > needed
        with(shape(4, 6, [9, 11], [3, 2]), [2, 1], [2, 1], [3, 2], 1),
        with(shape(32, 32, [6, 6], [3, 3]), [1, 1], [1, 1], [1, 1], 32),
        with(shape(24, 48, [5, 6], [3, 3]), [2, 2], [1, 1], [1, 1], 8),
        with(shape(20, 20, [5, 18], [3, 3]), [1, 1], [1, 1], [1, 1], 20),
        with(shape(35, 35, [7, 9], [3, 5]), [2, 1], [2, 0], [2, 1], 35),
        with(shape(3, 3, [5, 6], [3, 3]), [1, 1], [1, 1], [1, 1], 3), // depthwise on a planar input
        with(shape(7, 21, [6, 5], [3, 3]), [1, 2], [1, 1], [1, 1], 7), // three outputs per channel
        with(shape(48, 12, [4, 19], [3, 3]), [1, 1], [1, 1], [1, 1], 12),
        with(shape(64, 32, [3, 5], [1, 1]), [1, 1], [0, 0], [1, 1], 2), // a group is a block
        with(shape(34, 18, [4, 15], [1, 3]), [1, 1], [0, 1], [1, 1], 2),
        with(shape(8, 20, [1, 40], [1, 5]), [1, 3], [0, 2], [1, 2], 1),
        with(shape(16, 16, [2, 2], [2, 2]), [5, 5], [0, 0], [1, 1], 1),
        with(shape(20, 33, [9, 11], [5, 5]), [1, 1], [2, 2], [1, 1], 1),
        sides(shape(3, 32, [32, 30], [3, 3]), [2, 2], [[0, 1], [0, 1]], 1),
        sides(shape(32, 32, [8, 14], [5, 5]), [2, 2], [[1, 2], [1, 2]], 32),
        sides(shape(20, 17, [6, 7], [3, 3]), [1, 1], [[0, 3], [2, 0]], 1),
        sides(shape(17, 4, [1, 5], [2, 4]), [1, 2], [[1, 0], [0, 4]], 1),
    ];
    let mut sample = Sample::new(11);
    while all.len() < 50 {
        let groups = sample.choose(&[1, 1, 1, 2, 3]);
        let mut pair = |low, high| [sample.usize_in(low..=high), sample.usize_in(low..=high)];
        let (input, kernel, stride) = (pair(1, 17), pair(1, 4), pair(1, 4));
        let (padding, dilation) = ([pair(0, 3), pair(0, 3)], pair(1, 3));
        let [c, k] = pair(1, 20).map(|c| c * groups);
        let window = Window { kernel, stride, padding, dilation };
        let s = ConvShape { c_in: c, c_out: k, input, window, groups };
        if window.output(input).is_some() {
            all.push(s);
        }
    }
    all
}

struct Data {
    x: Vec<f32>,
    w: Vec<f32>,
    b: Vec<f32>,
    g: Vec<f32>,
}

fn data(s: &ConvShape, n: usize, output: usize) -> Data {
    let mut sample = Sample::new(n as u64 + 31 * s.c_in as u64);
    Data {
        x: sample.normal_vec(n * s.c_in * s.input[0] * s.input[1]),
        w: sample.normal_vec(s.weight_len()),
        b: sample.normal_vec(s.c_out),
        g: sample.normal_vec(n * output),
    }
}

fn pack(rows: &Rows, s: &ConvShape, w: &[f32]) -> Vec<f32> {
    let mut packed = vec![0.0; rows.weight_len()];
    rows.weight_map(s).unwrap().iter().zip(w).for_each(|(&at, &v)| packed[at as usize] = v);
    packed
}

fn unpack(rows: &Rows, s: &ConvShape, packed: &[f32]) -> Vec<f32> {
    rows.weight_map(s).unwrap().iter().map(|&at| packed[at as usize]).collect()
}

fn lanes(values: &[f32]) -> Vec<f32> {
    let mut padded = values.to_vec();
    padded.resize(values.len().next_multiple_of(BLOCK), 0.0);
    padded
}

/// An input as the planner might lay it out: with as much halo as is needed, or more; planar if there are few channels.
fn input_plane(s: &ConvShape, extra: usize) -> Plane {
    let halo = s.window.halo().map(|p| p + extra);
    if s.c_in <= 4 { Plane::planar(s.c_in, s.input, halo) } else { Plane::blocked(s.c_in, s.input, halo) }
}

#[test]
fn forward_equals_the_reference() {
    for (i, s) in shapes().iter().enumerate() {
        for n in [1, 9] {
            let out = s.output();
            let d = data(s, n, s.c_out * out[0] * out[1]);
            let (x_plane, y_plane) = (input_plane(s, i % 2), Plane::blocked(s.c_out, out, [i % 3, i % 2]));
            let rows = Rows::forward(s, &x_plane);
            let want = reference::conv2d(n, s, &widen(&d.x), &widen(&d.w), Some(&widen(&d.b)));
            for act in [Activation::None, Activation::RELU, Activation::RELU6] {
                let want: Vec<f64> = match act {
                    Activation::None => want.clone(),
                    Activation::Relu(_) => reference::relu(&want),
                    _ => reference::relu6(&want),
                };
                let runs = run_everywhere(&Setup::new(n), |t| {
                    let x = t.input(x_plane, &d.x);
                    let w = t.values(&pack(&rows, s, &d.w));
                    let b = t.values(&lanes(&d.b));
                    let y = t.output(y_plane);
                    t.program.push(Conv::forward(s, rows.clone(), x, w, Some(b), y, act));
                });
                let terms = s.c_in / s.groups * s.window.taps();
                for run in &runs {
                    let what = format!("{s:?} n {n} {act:?} {}", run.what);
                    assert_close(&run.outputs[0], &want, tolerance(terms), 1e-6, &what);
                }
            }
        }
    }
}

#[test]
fn backward_equals_the_reference() {
    for (i, s) in shapes().iter().enumerate() {
        for n in [1, 10] {
            let out = s.output();
            let d = data(s, n, s.c_out * out[0] * out[1]);
            let x_plane = input_plane(s, 0);
            let halo = backward_halo(s).map(|h| h + i % 2);
            let rows = Rows::forward(s, &x_plane);
            let dx_plane = Plane::blocked(s.c_in, s.input, [i % 2, i % 3]);
            let want = reference::conv2d_vjp(n, s, &widen(&d.x), &widen(&d.w), &widen(&d.g));
            let runs = run_everywhere(&Setup::new(n).tiles(if i % 4 == 3 { 4 } else { n }), |t| {
                let x = t.input(x_plane, &d.x);
                let w = t.values(&pack(&rows, s, &d.w));
                let dy = t.input(Plane::blocked(s.c_out, out, halo), &d.g);
                let dx = t.output(dx_plane);
                let dw = t.output_buffer(rows.weight_len());
                let db = t.output_buffer(s.c_out.next_multiple_of(BLOCK));
                Conv::push_backward_data(&mut t.program, s, &rows, InputGradient { dy, w, dx, added: None });
                ConvBackwardWeight::push(&mut t.program, s, rows.clone(), x, dy, dw);
                t.program.push(ConvBackwardBias { dy, db });
            });
            for run in &runs {
                let what = format!("{s:?} n {n} {}", run.what);
                let per_input = s.c_out / s.groups * s.window.taps();
                assert_close(
                    &run.outputs[0],
                    &want.grad_input,
                    tolerance(per_input),
                    1e-6,
                    &format!("dx {what}"),
                );
                let pixels = n * out[0] * out[1];
                let dw = unpack(&rows, s, &run.outputs[1]);
                assert_close(&dw, &want.grad_weight, tolerance(pixels), 1e-6, &format!("dw {what}"));
                let strays = rows.unconnected(s).into_iter().filter(|&at| run.outputs[1][at as usize] != 0.0);
                assert_eq!(
                    strays.count(),
                    0,
                    "an optimizer would connect channels of different groups: {what}"
                );
                let db = &run.outputs[2][..s.c_out];
                assert_close(db, &want.grad_bias, tolerance(pixels), 1e-6, &format!("db {what}"));
            }
        }
    }
}

/// As in PyTorch, a value that is not finite spreads through the channels of its own group and no further.
#[test]
fn an_infinity_stays_in_its_group() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let (mut spread, mut kept) = (0, 0);
    for s in shapes().into_iter().filter(|s| s.groups > 1) {
        let (n, out) = (2, s.output());
        let (pixels, out_pixels) = (s.input[0] * s.input[1], out[0] * out[1]);
        let mut d = data(&s, n, s.c_out * out_pixels);
        let clean = d.g.clone();
        for (i, value) in [inf, -inf, nan].into_iter().enumerate() {
            // In the first channel of a sample, its last, and one between; in the middle and at the border.
            let c = [0, s.c_in - 1, s.c_in / 2][i];
            d.x[(i % n * s.c_in + c) * pixels + [pixels / 2, 0, pixels - 1][i]] = value;
            let k = [s.c_out - 1, 0, s.c_out / 2][i];
            d.g[(i % n * s.c_out + k) * out_pixels + [out_pixels / 2, 0, out_pixels - 1][i]] = value;
        }
        let x_plane = input_plane(&s, 0);
        let rows = Rows::forward(&s, &x_plane);
        let (x, w, g) = (widen(&d.x), widen(&d.w), widen(&d.g));
        let y = reference::conv2d(n, &s, &x, &w, Some(&widen(&d.b)));
        let dx = reference::conv2d_vjp(n, &s, &x, &w, &g).grad_input;
        // An infinite gradient next to the border would meet zeros of the padding.
        let dw = reference::conv2d_vjp(n, &s, &x, &w, &widen(&clean)).grad_weight;
        spread += y.iter().filter(|v| !v.is_finite()).count();
        kept += y.iter().filter(|v| v.is_finite()).count();
        let runs = run_everywhere(&Setup::new(n), |t| {
            let x = t.input(x_plane, &d.x);
            let w = t.values(&pack(&rows, &s, &d.w));
            let b = t.values(&lanes(&d.b));
            let dy = t.input(Plane::blocked(s.c_out, out, backward_halo(&s)), &d.g);
            let clean = t.input(Plane::blocked(s.c_out, out, [0, 0]), &clean);
            let y = t.output(Plane::blocked(s.c_out, out, [0, 1]));
            let dx = t.output(Plane::blocked(s.c_in, s.input, [1, 0]));
            let dw = t.output_buffer(rows.weight_len());
            t.program.push(Conv::forward(&s, rows.clone(), x, w, Some(b), y, Activation::None));
            Conv::push_backward_data(&mut t.program, &s, &rows, InputGradient { dy, w, dx, added: None });
            ConvBackwardWeight::push(&mut t.program, &s, rows.clone(), x, clean, dw);
        });
        for run in &runs {
            let what = |of: &str| format!("{of} {s:?} {}", run.what);
            let terms = s.c_in.max(s.c_out) / s.groups * s.window.taps();
            assert_close(&run.outputs[0], &y, tolerance(terms), 1e-6, &what("y"));
            assert_close(&run.outputs[1], &dx, tolerance(terms), 1e-6, &what("dx"));
            let got = unpack(&rows, &s, &run.outputs[2]);
            assert_close(&got, &dw, tolerance(n * out_pixels), 1e-6, &what("dw"));
        }
    }
    assert!(spread > 100 && kept > 1000, "{spread} values are not finite, {kept} are");
}

/// Pooled shapes: 3x3, stride 1.
fn pooled() -> Vec<ConvShape> {
    let sizes = [[28, 28], [14, 14], [7, 9], [4, 3], [5, 17], [12, 34]];
    let channels = [[1, 16], [16, 32], [3, 20], [17, 33], [20, 5], [2, 49]];
    let mut all = Vec::new();
    for (i, input) in sizes.into_iter().enumerate() {
        for (j, padding) in [[[1, 1], [1, 1]], [[0, 0], [2, 2]], [[2, 0], [1, 3]]].into_iter().enumerate() {
            let [c, k] = channels[(i + j) % channels.len()];
            let window = Window { padding, ..Window::square(3) };
            let s = ConvShape { c_in: c, c_out: k, input, window, groups: 1 };
            if window.output(input).is_some_and(|o| o[0] >= 2 && o[1] >= 2) {
                all.push(s);
            }
        }
    }
    all
}

#[test]
fn fused_pooling_equals_the_three_operations() {
    for (i, s) in pooled().iter().enumerate() {
        assert!(can_pool(s));
        for n in [1, 11] {
            let out = s.output().map(|o| o / 2);
            let d = data(s, n, s.c_out * out[0] * out[1]);
            let x_plane = input_plane(s, i % 2);
            let rows = Rows::forward(s, &x_plane);
            let y_plane = Plane::blocked(s.c_out, out, [i % 2, 1]);
            let dx_plane = Plane::blocked(s.c_in, s.input, s.window.halo());
            let (x, w, b, g) = (widen(&d.x), widen(&d.w), widen(&d.b), widen(&d.g));
            let conv = reference::conv2d(n, s, &x, &w, Some(&b));
            let relu = reference::relu(&conv);
            let pool = crate::PoolShape {
                channels: s.c_out,
                input: s.output(),
                window: Window { stride: [2, 2], ..Window::square(2) },
            };
            let (want, _) = reference::max_pool2d(n, &pool, &relu);
            let d_relu = reference::max_pool2d_vjp(n, &pool, &relu, &g);
            let d_conv = reference::relu_vjp(&conv, &d_relu);
            let grads = reference::conv2d_vjp(n, s, &x, &w, &d_conv);
            let runs = run_everywhere(&Setup::new(n).tiles(if i % 3 == 2 { 4 } else { n }), |t| {
                let x = t.input(x_plane, &d.x);
                let w = t.values(&pack(&rows, s, &d.w));
                let b = t.values(&lanes(&d.b));
                let y = t.output(y_plane);
                let bytes = n * y_plane.blocks() * out[0] * out[1] * BLOCK;
                let argmax = t.program.buffer(bytes.div_ceil(4));
                let dy = t.input(Plane::blocked(s.c_out, out, [0, i % 2]), &d.g);
                let dx = t.output(dx_plane);
                let dw = t.output_buffer(rows.weight_len());
                let db = t.output_buffer(s.c_out.next_multiple_of(BLOCK));
                let fused = ConvPool::new(s, rows.clone(), x, w, b, y, Some(argmax));
                let size = s.output();
                if size.iter().all(|n| n % 2 == 0) {
                    let [whole, alone] =
                        [0; 2].map(|_: usize| t.output(Plane::blocked(s.c_out, size, [0, 0])));
                    t.program.push(fused.with_whole(whole));
                    t.program.push(Conv::forward(s, rows.clone(), x, w, Some(b), alone, Activation::None));
                } else {
                    t.program.push(fused);
                }
                ConvPoolBackwardWeight::push(&mut t.program, s, &rows, x, dy, argmax, dw, db);
                ConvPoolBackwardData::push(&mut t.program, s, &rows, dy, argmax, w, dx);
            });
            for run in &runs {
                let what = format!("{s:?} n {n} {}", run.what);
                assert_close(&run.outputs[0], &want, tolerance(s.c_in * 9), 1e-6, &what);
                if let [_, _, _, _, whole, alone] = &run.outputs[..] {
                    assert!(whole == alone, "the whole is the convolution alone, bit for bit: {what}");
                    assert_close(whole, &conv, tolerance(s.c_in * 9), 1e-6, &format!("whole {what}"));
                }
                assert_close(
                    &run.outputs[1],
                    &grads.grad_input,
                    tolerance(s.c_out * 9),
                    1e-6,
                    &format!("dx {what}"),
                );
                let pixels = n * out[0] * out[1];
                let dw = unpack(&rows, s, &run.outputs[2]);
                assert_close(&dw, &grads.grad_weight, tolerance(pixels), 1e-6, &format!("dw {what}"));
                let db = &run.outputs[3][..s.c_out];
                assert_close(db, &grads.grad_bias, tolerance(pixels), 1e-6, &format!("db {what}"));
            }
        }
    }
}

/// A NaN or an infinity in the input makes up to nine outputs NaN, which cover pooling windows in part: each of the four pixels
/// of a window is the only NaN in it once.
#[test]
fn a_nan_wins_its_pooling_window() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    for [c_in, c_out] in [[1, 20], [16, 33], [3, 16]] {
        let input = [24, 40];
        let s = ConvShape { c_in, c_out, input, window: Window::square(3).padded([1, 1]), groups: 1 };
        let (n, out) = (2, [12, 20]);
        let mut d = data(&s, n, c_out * 12 * 20);
        for (i, at) in
            [[2, 2], [9, 5], [5, 12], [16, 17], [21, 38], [12, 27], [13, 30]].into_iter().enumerate()
        {
            let [y, x]: [usize; 2] = at;
            d.x[(i % c_in * input[0] + y) * input[1] + x] = [nan, inf, -inf][i % 3];
        }
        let x_plane = input_plane(&s, 0);
        let rows = Rows::forward(&s, &x_plane);
        let (x, w, b, g) = (widen(&d.x), widen(&d.w), widen(&d.b), widen(&d.g));
        let conv = reference::conv2d(n, &s, &x, &w, Some(&b));
        let relu = reference::relu(&conv);
        let pool = crate::PoolShape {
            channels: c_out,
            input,
            window: Window { stride: [2, 2], ..Window::square(2) },
        };
        let (want, _) = reference::max_pool2d(n, &pool, &relu);
        let d_conv = reference::relu_vjp(&conv, &reference::max_pool2d_vjp(n, &pool, &relu, &g));
        let grads = reference::conv2d_vjp(n, &s, &x, &w, &d_conv);
        let runs = run_everywhere(&Setup::new(n), |t| {
            let x = t.input(x_plane, &d.x);
            let w = t.values(&pack(&rows, &s, &d.w));
            let b = t.values(&lanes(&d.b));
            // The empty lanes of y are zero weights times values that are not finite; nothing reads them.
            let y = t.hidden(Plane::blocked(c_out, out, [0, 0]));
            let seen = t.output(Plane::planar(c_out, out, [0, 0]));
            let argmax = t.program.buffer(n * y.plane.blocks() * out[0] * out[1] * BLOCK / 4);
            let dy = t.input(Plane::blocked(c_out, out, [0, 0]), &d.g);
            let dx = t.output(Plane::blocked(c_in, input, [1, 1]));
            let dw = t.program.buffer(rows.weight_len());
            let db = t.output_buffer(c_out.next_multiple_of(BLOCK));
            t.program.push(ConvPool::new(&s, rows.clone(), x, w, b, y, Some(argmax)));
            t.program.push(crate::Copy { x: y, y: seen });
            ConvPoolBackwardWeight::push(&mut t.program, &s, &rows, x, dy, argmax, dw, db);
            ConvPoolBackwardData::push(&mut t.program, &s, &rows, dy, argmax, w, dx);
        });
        for run in &runs {
            let what = format!("{s:?} {}", run.what);
            assert_close(&run.outputs[0], &want, tolerance(c_in * 9), 1e-6, &what);
            let dx = format!("dx {what}");
            assert_close(&run.outputs[1], &grads.grad_input, tolerance(c_out * 9), 1e-6, &dx);
            let db = format!("db {what}");
            assert_close(&run.outputs[2][..c_out], &grads.grad_bias, tolerance(n * 480), 1e-6, &db);
        }
    }
}

#[test]
fn ties_go_to_the_first_and_dead_windows_get_no_gradient() {
    // Weights that copy the input; a window of equal positive values, and one of equal negative ones.
    let window = Window::square(3).padded([1, 1]);
    let s = ConvShape { c_in: 1, c_out: 1, input: [2, 4], window, groups: 1 };
    let x_plane = input_plane(&s, 0);
    let rows = Rows::forward(&s, &x_plane);
    let mut copy = [0.0; 9];
    copy[4] = 1.0;
    let runs = run_everywhere(&Setup::new(1), |t| {
        let x = t.input(x_plane, &[2.0, 2.0, -1.0, -1.0, 2.0, 2.0, -1.0, -1.0]);
        let w = t.values(&pack(&rows, &s, &copy));
        let b = t.values(&[0.0; BLOCK]);
        let y = t.output(Plane::blocked(1, [1, 2], [0, 0]));
        let argmax = t.program.buffer(2 * BLOCK / 4);
        let dy = t.input(Plane::blocked(1, [1, 2], [0, 0]), &[3.0, 5.0]);
        let dx = t.output(Plane::blocked(1, [2, 4], [1, 1]));
        let dw = t.output_buffer(rows.weight_len());
        let db = t.output_buffer(BLOCK);
        t.program.push(ConvPool::new(&s, rows.clone(), x, w, b, y, Some(argmax)));
        ConvPoolBackwardWeight::push(&mut t.program, &s, &rows, x, dy, argmax, dw, db);
        ConvPoolBackwardData::push(&mut t.program, &s, &rows, dy, argmax, w, dx);
    });
    for run in &runs {
        assert_eq!(run.outputs[0], [2.0, 0.0]);
        assert_eq!(run.outputs[1], [3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "{}", run.what);
        assert_eq!(run.outputs[3][0], 3.0);
    }
}
