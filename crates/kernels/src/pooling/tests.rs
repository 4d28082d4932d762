//! Tests against the f64 specification, over windows as awkward as PyTorch allows.

use super::*;
use crate::plane::Plane;
use crate::reference;
use crate::testing::{Run, Setup, TestProgram, assert_same, run_everywhere};
use striate_testkit::{Sample, assert_close, widen};

/// 1-sized axes, strides beyond the kernel, padding up to half the kernel, dilation where `dilated`.
fn shape(sample: &mut Sample, dilated: bool) -> PoolShape {
    loop {
        let pair = |sample: &mut Sample, low, high| [0; 2].map(|_: usize| sample.usize_in(low..=high));
        let (input, kernel, stride) = (pair(sample, 1, 9), pair(sample, 1, 4), pair(sample, 1, 5));
        let padding = kernel.map(|k| [sample.usize_in(0..=k / 2); 2]);
        let dilation = if dilated { pair(sample, 1, 3) } else { [1; 2] };
        let window = Window { kernel, stride, padding, dilation };
        if window.output(input).is_some() {
            return PoolShape { channels: sample.choose(&[1, 3, 16, 17, 35]), input, window };
        }
    }
}

fn plane(sample: &mut Sample, channels: usize, size: [usize; 2]) -> Plane {
    Plane::blocked(channels, size, [sample.usize_in(0..=2), sample.usize_in(0..=2)])
}

/// Four planes of the input's size and two of the output's.
fn planes(sample: &mut Sample, shape: &PoolShape) -> ([Plane; 3], [Plane; 2]) {
    let big = [(); 3].map(|()| plane(sample, shape.channels, shape.input));
    (big, [(); 2].map(|()| plane(sample, shape.channels, shape.output())))
}

fn lengths(n: usize, shape: &PoolShape) -> [usize; 2] {
    [shape.input, shape.output()].map(|[h, w]| n * shape.channels * h * w)
}

/// Runs in one tile and in several, which must agree to the bit.
fn run(n: usize, what: &str, build: impl Fn(&mut TestProgram)) -> Vec<Run> {
    let runs = run_everywhere(&Setup::new(n), &build);
    for (whole, tiled) in runs.iter().zip(&run_everywhere(&Setup::new(n).tiles(2), &build)) {
        assert_same(whole, tiled, what);
    }
    runs
}

#[test]
fn max_pool_equals_the_reference() {
    let mut sample = Sample::new(1);
    for case in 0..24 {
        let (n, shape) = (sample.usize_in(1..=4), shape(&mut sample, case % 2 == 1));
        let (big, small) = planes(&mut sample, &shape);
        let [x_len, y_len] = lengths(n, &shape);
        // Small integers: many ties.
        let x: Vec<f32> = (0..x_len).map(|_| sample.usize_in(0..=5) as f32 - 3.0).collect();
        let dy = sample.normal_vec(y_len);
        let what = format!("case {case}: {n} x {shape:?}");
        let runs = run(n, &what, |t| {
            let (x, dy) = (t.input(big[0], &x), t.input(small[0], &dy));
            let (y, dx) = (t.output(small[1]), t.output(big[1]));
            t.program.push(MaxPool::new(x, y, shape.window));
            t.program.push(MaxPoolBackward::new(x, dy, dx, shape.window));
        });
        let (y, _) = reference::max_pool2d(n, &shape, &widen(&x));
        let dx = reference::max_pool2d_vjp(n, &shape, &widen(&x), &widen(&dy));
        for run in runs {
            assert_close(&run.outputs[0], &y, 0.0, 0.0, &what);
            assert_close(&run.outputs[1], &dx, 1e-6, 0.0, &what);
        }
    }
}

#[test]
fn max_pool_of_nan_and_infinity() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let window = Window { kernel: [1, 3], stride: [1, 2], padding: [[0, 0], [1, 1]], dilation: [1, 1] };
    let shape = PoolShape { channels: 1, input: [1, 9], window };
    for x in [[nan, 1.0, nan, 2.0, 3.0, inf, nan, nan, -inf], [-inf; 9]] {
        let dy = [1.0, 2.0, 4.0, 8.0, 16.0];
        let (y, _) = reference::max_pool2d(1, &shape, &widen(&x));
        let dx = reference::max_pool2d_vjp(1, &shape, &widen(&x), &widen(&dy));
        let (big, small) = (Plane::blocked(1, [1, 9], [0, 0]), Plane::blocked(1, [1, 5], [1, 0]));
        let runs = run_everywhere(&Setup::new(1), |t| {
            let (x, dy) = (t.input(big, &x), t.input(small, &dy));
            let (y, dx) = (t.output(small), t.output(big));
            t.program.push(MaxPool::new(x, y, window));
            t.program.push(MaxPoolBackward::new(x, dy, dx, window));
        });
        for run in runs {
            assert_close(&run.outputs[0], &y, 0.0, 0.0, &format!("max of {x:?}"));
            assert_close(&run.outputs[1], &dx, 0.0, 0.0, &format!("gradient at {x:?}"));
        }
    }
}

#[test]
fn avg_pool_equals_the_reference() {
    let mut sample = Sample::new(2);
    for case in 0..24 {
        let (n, shape) = (sample.usize_in(1..=4), shape(&mut sample, case % 3 == 2));
        let (big, small) = planes(&mut sample, &shape);
        let [x_len, y_len] = lengths(n, &shape);
        let (x, dy) = (sample.normal_vec(x_len), sample.normal_vec(y_len));
        // Counting all of the padding, only the part before the input, or none.
        let counted =
            shape.window.padding.map(|[before, after]| [[before, after], [before, 0], [0, 0]][case / 3 % 3]);
        let what = format!("case {case}: {n} x {shape:?}");
        let runs = run(n, &what, |t| {
            let (x, dy) = (t.input(big[0], &x), t.input(small[0], &dy));
            let (y, dx) = (t.output(small[1]), t.output(big[1]));
            t.program.push(AvgPool::new(x, y, shape.window, counted));
            t.program.push(AvgPoolBackward::new(dy, dx, shape.window, counted));
        });
        let y = reference::avg_pool2d(n, &shape, counted, &widen(&x));
        let dx = reference::avg_pool2d_vjp(n, &shape, counted, &widen(&dy));
        for run in runs {
            // Sums of at most 16 terms.
            assert_close(&run.outputs[0], &y, 1e-6, 1e-7, &what);
            assert_close(&run.outputs[1], &dx, 1e-6, 1e-7, &what);
        }
    }
}

#[test]
fn adaptive_avg_pool_equals_the_reference() {
    let mut sample = Sample::new(3);
    for case in 0..16 {
        let n = sample.usize_in(1..=4);
        let [input, output] = [(); 2].map(|()| [sample.usize_in(1..=9), sample.usize_in(1..=9)]);
        let output = if case % 4 == 0 { [1, 1] } else { output };
        let channels = sample.choose(&[1, 16, 37]);
        let big = [(); 2].map(|()| plane(&mut sample, channels, input));
        let small = [(); 2].map(|()| plane(&mut sample, channels, output));
        let x = sample.normal_vec(n * channels * input[0] * input[1]);
        let dy = sample.normal_vec(n * channels * output[0] * output[1]);
        let what = format!("case {case}: {n} x {channels} x {input:?} to {output:?}");
        let runs = run(n, &what, |t| {
            let (x, dy) = (t.input(big[0], &x), t.input(small[0], &dy));
            let (y, dx) = (t.output(small[1]), t.output(big[1]));
            t.program.push(AdaptiveAvgPool::new(x, y));
            t.program.push(AdaptiveAvgPoolBackward::new(dy, dx));
        });
        let y = reference::adaptive_avg_pool2d(n, channels, input, output, &widen(&x));
        let dx = reference::adaptive_avg_pool2d_vjp(n, channels, input, output, &widen(&dy));
        for run in runs {
            // Sums of at most 81 terms.
            assert_close(&run.outputs[0], &y, 3e-6, 1e-7, &what);
            assert_close(&run.outputs[1], &dx, 3e-6, 1e-7, &what);
        }
    }
}

#[test]
fn adaptive_max_pool_equals_the_reference() {
    let mut sample = Sample::new(4);
    for case in 0..16 {
        let n = sample.usize_in(1..=4);
        let [input, output] = [(); 2].map(|()| [sample.usize_in(1..=9), sample.usize_in(1..=9)]);
        let output = if case % 4 == 0 { [1, 1] } else { output };
        let channels = sample.choose(&[1, 15, 16, 37]);
        let big = [(); 2].map(|()| plane(&mut sample, channels, input));
        let small = [(); 2].map(|()| plane(&mut sample, channels, output));
        // Small integers: many ties. Here and there a NaN.
        let len = n * channels * input[0] * input[1];
        let mut x: Vec<f32> = (0..len).map(|_| sample.usize_in(0..=5) as f32 - 3.0).collect();
        x.iter_mut().step_by(23).skip(1).for_each(|v| *v = f32::NAN);
        let dy = sample.normal_vec(n * channels * output[0] * output[1]);
        let what = format!("case {case}: {n} x {channels} x {input:?} to {output:?}");
        let runs = run(n, &what, |t| {
            let (x, dy) = (t.input(big[0], &x), t.input(small[0], &dy));
            let (y, dx) = (t.output(small[1]), t.output(big[1]));
            t.program.push(MaxPool::adaptive(x, y));
            t.program.push(MaxPoolBackward::adaptive(x, dy, dx));
        });
        let (y, _) = reference::adaptive_max_pool2d(n, channels, input, output, &widen(&x));
        let dx = reference::adaptive_max_pool2d_vjp(n, channels, input, output, &widen(&x), &widen(&dy));
        for run in runs {
            assert_close(&run.outputs[0], &y, 0.0, 0.0, &what);
            assert_close(&run.outputs[1], &dx, 1e-6, 0.0, &what);
        }
    }
}
