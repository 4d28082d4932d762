//! Winograd against the reference, and its error compared with that of direct convolution.

use super::*;
use crate::conv::{Winograd, WinogradForm, WinogradWeights};
use WinogradForm::{F23, F25, F43};

const FORMS: [WinogradForm; 3] = [F23, F43, F25];

fn padded(
    form: WinogradForm,
    [c_in, c_out]: [usize; 2],
    input: [usize; 2],
    padding: [[usize; 2]; 2],
) -> ConvShape {
    let window = Window { kernel: [form.taps(); 2], stride: [1, 1], padding, dilation: [1, 1] };
    ConvShape { c_in, c_out, input, window, groups: 1 }
}

/// A convolution whose output is as large as its input.
fn same(form: WinogradForm, channels: [usize; 2], input: [usize; 2]) -> ConvShape {
    padded(form, channels, input, [[form.taps() / 2; 2]; 2])
}

/// Feature maps of whole and of cut tiles, of one group and of several, with every kind of padding.
fn shapes(form: WinogradForm) -> Vec<ConvShape> {
    let mut all = vec![
        padded(form, [1, 1], [form.taps(); 2], [[0, 0]; 2]),
        padded(form, [20, 16], [5, 4], [[0, 2], [2, 0]]),
        same(form, [32, 32], [8, 8]),
        same(form, [17, 33], [7, 13]),
        same(form, [40, 64], [14, 14]),
        same(form, [16, 272], [10, 9]), // channels in two parts, one of which is smaller
        same(form, [16, 48], [29, 30]),
        same(form, [5, 50], [1, 1]),
        same(form, [64, 16], [60, 3]),
    ];
    let mut sample = Sample::new(5);
    while all.len() < 24 {
        let mut pair = |low, high| [sample.usize_in(low..=high), sample.usize_in(low..=high)];
        let ([c, k], input, padding) = (pair(1, 40), pair(1, 21), [pair(0, 2), pair(0, 2)]);
        let shape = padded(form, [c, k], input, padding);
        if shape.window.output(input).is_some() {
            all.push(shape);
        }
    }
    all
}

fn computed(
    form: WinogradForm,
    s: &ConvShape,
    n: usize,
    d: &Data,
    y_halo: [usize; 2],
    act: Activation,
) -> Vec<crate::testing::Run> {
    let x_plane = Plane::blocked(s.c_in, s.input, s.window.halo());
    let rows = Rows::forward(s, &x_plane);
    run_everywhere(&Setup::new(n), |t| {
        let x = t.input(x_plane, &d.x);
        let (w, b) = (t.values(&pack(&rows, s, &d.w)), t.values(&lanes(&d.b)));
        let u = t.program.kept(form.weight_len(s));
        t.program.push(WinogradWeights::new(form, s, w, u));
        let y = t.output(Plane::blocked(s.c_out, s.output(), y_halo));
        t.program.push(Winograd::forward(form, s, x, u, Some(b), y, act));
    })
}

#[test]
fn forward_equals_the_reference() {
    for (form, act) in FORMS.into_iter().zip([Activation::RELU, Activation::RELU6, Activation::RELU]) {
        for (i, s) in shapes(form).iter().enumerate() {
            let n = 1 + i % 3;
            let out = s.output();
            let d = data(s, n, s.c_out * out[0] * out[1]);
            let want = reference::conv2d(n, s, &widen(&d.x), &widen(&d.w), Some(&widen(&d.b)));
            for act in [Activation::None, act] {
                let want: Vec<f64> = want.iter().map(|&y| act.value_f64(y)).collect();
                for run in &computed(form, s, n, &d, [i % 3, i % 2], act) {
                    let what = format!("{form:?} {s:?} n {n} {act:?} {}", run.what);
                    let terms = s.c_in * form.taps() * form.taps();
                    assert_close(&run.outputs[0], &want, 3.0 * tolerance(terms), 1e-6, &what);
                }
            }
        }
    }
}

#[test]
fn the_gradient_of_the_input_equals_the_reference() {
    let all = FORMS.into_iter().flat_map(|form| shapes(form).into_iter().enumerate().map(move |s| (form, s)));
    for (form, (i, s)) in all {
        let (n, out) = (1 + i % 3, s.output());
        let d = data(&s, n, s.c_out * out[0] * out[1]);
        let want = reference::conv2d_vjp(n, &s, &widen(&d.x), &widen(&d.w), &widen(&d.g)).grad_input;
        let rows = Rows::forward(&s, &Plane::blocked(s.c_in, s.input, s.window.halo()));
        // In tiles of two samples: the weights of the first tile serve the second.
        let runs = run_everywhere(&Setup::new(n).tiles(2), |t| {
            let dy = t.input(Plane::blocked(s.c_out, out, backward_halo(&s)), &d.g);
            let w = t.values(&pack(&rows, &s, &d.w));
            let dx = t.output(Plane::blocked(s.c_in, s.input, [i % 2, i % 3]));
            let of = InputGradient { dy, w, dx, added: None };
            Winograd::push_backward_data(form, &mut t.program, &s, &rows, of);
        });
        for run in &runs {
            let what = format!("{form:?} {s:?} n {n} {}", run.what);
            let terms = s.c_out * form.taps() * form.taps();
            assert_close(&run.outputs[0], &want, 3.0 * tolerance(terms), 1e-6, &what);
        }
    }
}

#[test]
fn some_gradients_are_no_convolution() {
    let strided = Window { stride: [2, 1], ..Window::square(3) };
    for window in [strided, Window::square(3).padded([1, 3])] {
        assert_eq!(ConvShape { window, ..same(F23, [2, 3], [8, 8]) }.transposed(), None);
    }
}

#[test]
fn a_sample_is_what_it_is_alone() {
    // Alone, its channels are cut; with others, its tiles are cut, and some groups have tiles of two samples.
    let cases = [(F23, [33, 40], [13, 15], 3), (F43, [17, 256], [9, 10], 11), (F25, [17, 256], [11, 9], 5)];
    for (form, channels, input, n) in cases {
        let s = same(form, channels, input);
        let out = s.output();
        let d = data(&s, n, s.c_out * out[0] * out[1]);
        let all = computed(form, &s, n, &d, [0, 0], Activation::None);
        let (x, y) = (d.x.len() / n, s.c_out * out[0] * out[1]);
        for i in 0..n {
            let alone =
                Data { x: d.x[i * x..(i + 1) * x].to_vec(), w: d.w.clone(), b: d.b.clone(), g: Vec::new() };
            let alone = computed(form, &s, 1, &alone, [0, 0], Activation::None);
            assert_eq!(alone[0].outputs[0], all[0].outputs[0][i * y..(i + 1) * y], "{form:?}, sample {i}");
        }
    }
}

/// The error relative to the RMS of the result, against f64, for inputs like those after a ReLU.
#[test]
fn the_error_is_bounded_by_that_of_direct_convolution() {
    for (form, most) in [(F23, 1.0), (F43, 3.0), (F25, 2.0)] {
        for (c, size) in [(64, 16), (256, 8), (512, 8)] {
            let s = same(form, [c, 32], [size, size]);
            let mut d = data(&s, 1, 32 * size * size);
            d.x.iter_mut().for_each(|x| *x = x.max(0.0));
            d.b.fill(0.0);
            let want = reference::conv2d(1, &s, &widen(&d.x), &widen(&d.w), None);
            let rms = |of: &mut dyn Iterator<Item = f64>| {
                let (count, sum) = of.fold((0, 0.0), |(n, sum), v| (n + 1, sum + v * v));
                (sum / f64::from(count)).sqrt()
            };
            let error = |got: &[f32]| {
                let difference = rms(&mut got.iter().zip(&want).map(|(&got, want)| f64::from(got) - want));
                difference / rms(&mut want.iter().copied())
            };
            let x_plane = Plane::blocked(c, s.input, s.window.halo());
            let rows = Rows::forward(&s, &x_plane);
            let runs = run_everywhere(&Setup::new(1), |t| {
                let (x, w) = (t.input(x_plane, &d.x), t.values(&pack(&rows, &s, &d.w)));
                let y = t.output(Plane::blocked(32, s.output(), [0, 0]));
                t.program.push(Conv::forward(&s, rows.clone(), x, w, None, y, Activation::None));
            });
            let direct = error(&runs[0].outputs[0]);
            let winograd = error(&computed(form, &s, 1, &d, [0, 0], Activation::None)[0].outputs[0]);
            println!("{c} channels: direct {direct:.2e}, {form:?} {winograd:.2e}");
            assert!(winograd < most * direct, "{form:?}, {c} channels: {winograd:e}, direct {direct:e}");
        }
    }
}
