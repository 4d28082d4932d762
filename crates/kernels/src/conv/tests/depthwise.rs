//! Depthwise convolutions whose lines are walked along, and similar ones whose lines are not.

use super::*;

/// Kernel, stride, dilation, and the size of the output. Its widths are one tile, tiles of each width, and a last one that
/// overlaps; outputs of fewer than seven pixels per line, the wide kernel and the dilated one use `direct.rs`.
fn shapes() -> Vec<ConvShape> {
    let mut all = Vec::new();
    let kernels = [[3, 3], [5, 5], [7, 7], [1, 3], [2, 5], [7, 3], [3, 9], [8, 3]];
    for (i, kernel) in kernels.into_iter().enumerate() {
        for (j, width) in [7, 8, 13, 14, 1, 15, 6, 17, 28].into_iter().enumerate() {
            for stride in [[1, 1], [2, 2], [1, 2], [2, 1]] {
                let dilation = [1 + (i + j) % 5 / 4, 1 + j / 8 * (i % 2)];
                let padding = std::array::from_fn(|a| {
                    let reach = (kernel[a] - 1) * dilation[a];
                    [reach / 2, reach - reach / 2 + (i + j) % 2]
                });
                let channels = [16, 20, 33, 48][(i + j) % 4];
                let input = [j % 5 * stride[0] + 1, (width - 1) * stride[1] + 1];
                let window = Window { kernel, stride, padding, dilation };
                all.push(ConvShape { c_in: channels, c_out: channels, input, window, groups: channels });
            }
        }
    }
    all
}

#[test]
fn walking_along_the_lines_equals_the_reference() {
    for (i, s) in shapes().iter().enumerate() {
        let (n, out) = ([1, 9][i % 8 / 7], s.output());
        let d = data(s, n, s.c_out * out[0] * out[1]);
        let (x_plane, rows) = (input_plane(s, i % 2), Rows::forward(s, &input_plane(s, i % 2)));
        let [y_plane, added_plane] =
            [[i % 3, i % 2], [i % 2, i % 3]].map(|halo| Plane::blocked(s.c_out, out, halo));
        let sums = reference::conv2d(n, s, &widen(&d.x), &widen(&d.w), Some(&widen(&d.b)));
        let act = [Activation::None, Activation::RELU, Activation::RELU6][i % 3];
        let activated = |sums: &[f64]| match act {
            Activation::None => sums.to_vec(),
            Activation::Relu(_) => reference::relu(sums),
            _ => reference::relu6(sums),
        };
        let added: Vec<f64> = sums.iter().zip(&d.g).map(|(sum, &g)| sum + f64::from(g)).collect();
        let runs = run_everywhere(&Setup::new(n), |t| {
            let (x, added) = (t.input(x_plane, &d.x), t.input(added_plane, &d.g));
            let (w, b) = (t.values(&pack(&rows, s, &d.w)), t.values(&lanes(&d.b)));
            let kernel = |y| Conv::forward(s, rows.clone(), x, w, Some(b), y, act);
            let (alone, sum) = (t.output(y_plane), t.output(y_plane));
            t.program.push(kernel(alone));
            t.program.push(kernel(sum).with_added(Some(added)));
        });
        for run in &runs {
            let what = format!("{s:?} n {n} {act:?} {}", run.what);
            let tolerance = tolerance(s.window.taps());
            assert_close(&run.outputs[0], &activated(&sums), tolerance, 1e-6, &what);
            assert_close(&run.outputs[1], &activated(&added), tolerance, 1e-6, &format!("added {what}"));
        }
    }
}

/// Columns of zero weights make a kernel too wide to be walked over, and add nothing to a sum that is not zero.
#[test]
fn walking_along_the_lines_changes_no_bit() {
    let walked = |s: &ConvShape| matches!(s.window.kernel, [..=7, 3 | 5 | 7]) && s.window.dilation == [1, 1];
    for (i, s) in shapes().iter().filter(|s| walked(s)).enumerate() {
        let (n, out, [high, wide]) = (1 + i % 2, s.output(), s.window.kernel);
        let d = data(s, n, s.c_out * out[0] * out[1]);
        let mut window = Window { kernel: [high, 9], ..s.window };
        window.padding[1][1] += 9 - wide;
        let other = ConvShape { window, ..*s };
        assert_eq!(other.output(), out);
        let other_w: Vec<f32> =
            d.w.chunks(wide)
                .flat_map(|line| line.iter().copied().chain(std::iter::repeat_n(0.0, 9 - wide)))
                .collect();
        let [y_plane, added_plane] =
            [[i % 3, i % 2], [i % 2, i % 3]].map(|halo| Plane::blocked(s.c_out, out, halo));
        let act = [Activation::None, Activation::RELU, Activation::RELU6][i % 3];
        let runs = run_everywhere(&Setup::new(n), |t| {
            let (b, added) = (t.values(&lanes(&d.b)), t.input(added_plane, &d.g));
            for (s, w) in [(s, &d.w), (&other, &other_w)] {
                let x_plane = input_plane(s, i % 2);
                let rows = Rows::forward(s, &x_plane);
                let (x, w, y) = (t.input(x_plane, &d.x), t.values(&pack(&rows, s, w)), t.output(y_plane));
                let conv = Conv::forward(s, rows, x, w, Some(b), y, act);
                t.program.push(conv.with_added((i % 2 == 1).then_some(added)));
            }
        });
        for run in &runs {
            let bits = |i: usize| run.outputs[i].iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(0), bits(1), "{s:?} n {n} {act:?} {}", run.what);
        }
    }
}
