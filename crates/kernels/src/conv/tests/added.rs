//! A convolution to which a value is added, in its own kernel and in separate kernels: the same bits.

use super::*;
use crate::conv::{Winograd, WinogradForm, WinogradWeights};
use crate::{Activate, Add};

/// Compares the fused kernel with separate kernels for the addition and the function.
fn compare(s: &ConvShape, n: usize, i: usize, winograd: Option<WinogradForm>) {
    let out = s.output();
    let d = data(s, n, s.c_out * out[0] * out[1]);
    let x_plane = input_plane(s, i % 2);
    let halos = [[i % 3, i % 2], [i % 2, i % 3], [1, 0]];
    let [y_plane, added_plane, alone_plane] = halos.map(|halo| Plane::blocked(s.c_out, out, halo));
    let rows = Rows::forward(s, &x_plane);
    for act in [Activation::None, Activation::RELU, Activation::RELU6] {
        let runs = run_everywhere(&Setup::new(n), |t| {
            let (x, added) = (t.input(x_plane, &d.x), t.input(added_plane, &d.g));
            let (w, b) = (t.values(&pack(&rows, s, &d.w)), t.values(&lanes(&d.b)));
            let (y, apart, conv, sum) =
                (t.output(y_plane), t.output(y_plane), t.hidden(alone_plane), t.hidden(alone_plane));
            if let Some(form) = winograd {
                let u = t.program.kept(form.weight_len(s));
                t.program.push(WinogradWeights::new(form, s, w, u));
                let kernel = |y, act| Winograd::forward(form, s, x, u, Some(b), y, act);
                t.program.push(kernel(y, act).with_added(Some(added)));
                t.program.push(kernel(conv, Activation::None));
            } else {
                let kernel = |y, act| Conv::forward(s, rows.clone(), x, w, Some(b), y, act);
                t.program.push(kernel(y, act).with_added(Some(added)));
                t.program.push(kernel(conv, Activation::None));
            }
            t.program.push(Add { a: conv, b: added, y: sum, act: Activation::None });
            t.program.push(Activate { x: sum, y: apart, act });
        });
        for run in &runs {
            assert_eq!(run.outputs[0], run.outputs[1], "{s:?} n {n} {act:?} {}", run.what);
        }
    }
}

#[test]
fn an_added_value_is_added_to_the_whole_sum() {
    for (i, s) in shapes().iter().enumerate() {
        compare(s, [1, 9][i % 2], i, None);
    }
}

#[test]
fn winograd_adds_behind_the_bias() {
    for form in [WinogradForm::F23, WinogradForm::F43, WinogradForm::F25] {
        for (i, s) in shapes().iter().filter(|s| form.fits(s) && s.c_in > 4).enumerate() {
            compare(s, 1 + i % 2, i, Some(form));
        }
    }
}

/// With every stride, whose phases each add to some of the pixels.
#[test]
fn a_gradient_is_added_to_the_gradient_of_the_input() {
    for (i, s) in shapes().iter().enumerate() {
        let (n, out) = ([9, 1][i % 2], s.output());
        let d = data(s, n, s.c_out * out[0] * out[1]);
        let [dx_plane, added_plane, alone_plane] =
            [[i % 3, 1], [i % 2, i % 3], [0, 0]].map(|halo| Plane::blocked(s.c_in, s.input, halo));
        let rows = Rows::forward(s, &input_plane(s, 0));
        let runs = run_everywhere(&Setup::new(n), |t| {
            let dy = t.input(Plane::blocked(s.c_out, out, backward_halo(s)), &d.g);
            let (added, w) = (t.input(added_plane, &d.x), t.values(&pack(&rows, s, &d.w)));
            let (dx, apart, alone) = (t.output(dx_plane), t.output(dx_plane), t.hidden(alone_plane));
            Conv::push_backward_data(
                &mut t.program,
                s,
                &rows,
                InputGradient { dy, w, dx, added: Some(added) },
            );
            Conv::push_backward_data(
                &mut t.program,
                s,
                &rows,
                InputGradient { dy, w, dx: alone, added: None },
            );
            t.program.push(Add { a: added, b: alone, y: apart, act: Activation::None });
        });
        for run in &runs {
            assert_eq!(run.outputs[0], run.outputs[1], "{s:?} n {n} {}", run.what);
        }
    }
}

/// With Winograd's algorithm, if the gradient of the input is such a convolution.
#[test]
fn winograd_adds_a_gradient_too() {
    let forms = [WinogradForm::F23, WinogradForm::F43, WinogradForm::F25];
    for (i, s) in shapes().iter().enumerate() {
        for form in forms.into_iter().filter(|form| s.transposed().is_some_and(|turned| form.fits(&turned))) {
            let (n, out) = (1 + i % 2, s.output());
            let d = data(s, n, s.c_out * out[0] * out[1]);
            let [dx_plane, added_plane] =
                [[i % 3, 1], [i % 2, i % 3]].map(|halo| Plane::blocked(s.c_in, s.input, halo));
            let rows = Rows::forward(s, &Plane::blocked(s.c_in, s.input, s.window.halo()));
            let runs = run_everywhere(&Setup::new(n), |t| {
                let dy = t.input(Plane::blocked(s.c_out, out, backward_halo(s)), &d.g);
                let (added, w) = (t.input(added_plane, &d.x), t.values(&pack(&rows, s, &d.w)));
                let (dx, apart, alone) = (t.output(dx_plane), t.output(dx_plane), t.hidden(dx_plane));
                let of = InputGradient { dy, w, dx, added: Some(added) };
                Winograd::push_backward_data(form, &mut t.program, s, &rows, of);
                let of = InputGradient { dy, w, dx: alone, added: None };
                Winograd::push_backward_data(form, &mut t.program, s, &rows, of);
                t.program.push(Add { a: added, b: alone, y: apart, act: Activation::None });
            });
            for run in &runs {
                assert_eq!(run.outputs[0], run.outputs[1], "{form:?} {s:?} n {n} {}", run.what);
            }
        }
    }
}

#[test]
#[should_panic(expected = "conv+add: input and output must be different buffers")]
fn the_output_is_not_added() {
    let s = shape(3, 5, [4, 4], [1, 1]);
    let rows = Rows::forward(&s, &input_plane(&s, 0));
    run_everywhere(&Setup::new(1), |t| {
        let (x, w) = (t.hidden(input_plane(&s, 0)), t.values(&vec![0.0; rows.weight_len()]));
        let y = t.output(Plane::blocked(5, [4, 4], [0, 0]));
        t.program.push(Conv::forward(&s, rows.clone(), x, w, None, y, Activation::None).with_added(Some(y)));
    });
}
