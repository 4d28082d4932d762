//! The gradient of the weights at every edge of its schedule: tiles, pieces of lines, bands, units, chunks.

use super::*;
use crate::program::Builder;

/// `n` samples in tiles of `tile`, against the reference, on every instruction set.
fn assert_gradient(s: &ConvShape, n: usize, tile: usize) {
    let out = s.output();
    let d = data(s, n, s.c_out * out[0] * out[1]);
    let x_plane = input_plane(s, n % 2);
    let rows = Rows::forward(s, &x_plane);
    let want = reference::conv2d_vjp(n, s, &widen(&d.x), &widen(&d.w), &widen(&d.g)).grad_weight;
    let runs = run_everywhere(&Setup::new(n).tiles(tile), |t| {
        let x = t.input(x_plane, &d.x);
        let dy = t.input(Plane::blocked(s.c_out, out, [n % 3, 1]), &d.g);
        let dw = t.output_buffer(rows.weight_len());
        ConvBackwardWeight::push(&mut t.program, s, rows.clone(), x, dy, dw);
    });
    for run in &runs {
        let got = unpack(&rows, s, &run.outputs[0]);
        let what = format!("{s:?} n {n} {}", run.what);
        assert_close(&got, &want, tolerance(n * out[0] * out[1]), 1e-6, &what);
    }
}

#[test]
fn tiles_of_every_height() {
    for c_in in 1..=25 {
        assert_gradient(&shape(c_in, 17, [3, 5], [1, 1]), 2, 2);
    }
}

/// Lines that are cut, bands with the largest number of lines, and bands that continue in the next sample.
#[test]
fn bands_of_pixels() {
    assert_gradient(&shape(5, 7, [2, 401], [1, 3]), 2, 2);
    assert_gradient(&shape(1, 20, [3, 161], [1, 1]), 3, 3);
    assert_gradient(&shape(18, 9, [70, 1], [1, 1]), 3, 3);
    let window = Window { stride: [2, 9], ..Window::square(3) }.padded([1, 0]);
    assert_gradient(&ConvShape { window, ..shape(20, 16, [5, 400], [3, 3]) }, 4, 4);
}

/// Four and eight blocks of output channels in a task, and fewer in the last; three and six segments of rows.
#[test]
fn units_of_blocks() {
    assert_gradient(&shape(300, 130, [2, 3], [1, 1]), 10, 10);
    assert_gradient(&shape(800, 264, [1, 2], [1, 1]), 3, 3);
}

/// Whether the kernel sums in the gradient itself or in partial sums, the next tile of a batch adds to it.
#[test]
fn sums_go_on_over_tiles() {
    assert_gradient(&shape(17, 33, [4, 3], [3, 3]), 10, 4);
    assert_gradient(&shape(17, 33, [4, 3], [3, 3]), 25, 10);
    assert_gradient(&shape(256, 260, [1, 2], [1, 1]), 5, 2);
}

#[test]
fn a_large_batch_has_no_more_partial_sums_than_sixteen() {
    let s = shape(3, 5, [4, 4], [3, 3]);
    assert_gradient(&s, 140, 140);

    let s = shape(256, 256, [1, 1], [1, 1]);
    let bytes = |tile: usize| {
        let mut program = Builder::new(tile);
        let plane = Plane::blocked(256, [1, 1], [0, 0]);
        let [x, dy] =
            [0; 2].map(|_: usize| crate::Value { buf: program.buffer(tile * plane.sample_len()), plane });
        let rows = Rows::forward(&s, &plane);
        let dw = program.kept(rows.weight_len());
        ConvBackwardWeight::push(&mut program, &s, rows, x, dy, dw);
        program.finish().unwrap().memory_bytes() - 2 * 4 * tile * plane.sample_len()
    };
    let weights = 4 * s.weight_len();
    let copies = [1, 8, 9, 64, 128, 1024, 4096].map(|tile| bytes(tile) / weights);
    assert_eq!(copies, [1, 1, 1 + 2, 1 + 8, 1 + 16, 1 + 16, 1 + 16]);
}
