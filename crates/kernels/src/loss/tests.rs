//! Against the f64 specification, for few and for many classes.

use super::*;
use crate::plane::Plane;
use crate::reference;
use crate::testing::{Run, Setup, assert_same, run_everywhere};
use striate_testkit::{Sample, assert_close, widen};

const CLASSES: [usize; 5] = [1, 2, 10, 17, 300];

#[test]
fn softmax_equals_the_reference() {
    let mut sample = Sample::new(1);
    for classes in CLASSES {
        let n = sample.usize_in(1..=9);
        let x: Vec<f32> = sample.normal_vec(n * classes).into_iter().map(|v| 3.0 * v).collect();
        let dy = sample.normal_vec(n * classes);
        let (x64, dy64, plane) = (widen(&x), widen(&dy), Plane::vector(classes));
        let runs = run_everywhere(&Setup::new(n), |t| {
            let (x, dy) = (t.input(plane, &x), t.input(plane, &dy));
            for log in [false, true] {
                let (y, dx) = (t.output(plane), t.output(plane));
                t.program.push(Softmax { x, y, log });
                t.program.push(SoftmaxBackward { y, dy, dx, log });
            }
        });
        for run in &runs {
            let what = |of: &str| format!("{of} of {n} x {classes}, {}", run.what);
            let want = reference::softmax(n, classes, &x64);
            assert_close(&run.outputs[0], &want, 2e-6, 0.0, &what("softmax"));
            let want = reference::softmax_vjp(n, classes, &x64, &dy64);
            assert_close(&run.outputs[1], &want, 2e-6, 3e-7, &what("softmax gradient"));
            let want = reference::log_softmax(n, classes, &x64);
            assert_close(&run.outputs[2], &want, 2e-6, 1e-7, &what("log-softmax"));
            let want = reference::log_softmax_vjp(n, classes, &x64, &dy64);
            assert_close(&run.outputs[3], &want, 2e-6, 1e-6, &what("log-softmax gradient"));
            assert_same(&runs[0], run, "no fused operations: the portable path agrees too");
        }
    }
}

/// Outputs: report, gradient.
fn cross_entropy(
    (n, classes, tile): (usize, usize, usize),
    logits: &[f32],
    labels: &[u32],
    smoothing: f32,
    weights: Option<&[f32]>,
) -> Vec<Run> {
    let mut setup = Setup::new(n).tiles(tile);
    setup.step.labels = labels;
    let plane = Plane::vector(classes);
    let runs = run_everywhere(&setup, |t| {
        let logits = t.input(plane, logits);
        let report = t.output_buffer(REPORT_LEN);
        let grad = Some(t.output(plane));
        let class_weights = weights.map(<[f32]>::to_vec);
        let loss = CrossEntropy { logits, grad, report, label_smoothing: smoothing, class_weights };
        loss.clone().push(&mut t.program);
        // Without a gradient, the report is the same.
        let report = t.output_buffer(REPORT_LEN);
        CrossEntropy { grad: None, report, ..loss }.push(&mut t.program);
    });
    for run in &runs {
        let bits = |i: usize| [0, 1].map(|at: usize| run.outputs[i][at].to_bits());
        assert_eq!(bits(0), bits(2));
        assert_same(&runs[0], run, "no fused operations: the portable path agrees too");
    }
    runs
}

#[test]
fn cross_entropy_equals_the_reference_and_the_tile_changes_no_bit() {
    let mut sample = Sample::new(2);
    for classes in CLASSES {
        for (smoothing, weighted) in [(0.0, false), (0.1, false), (0.0, true), (0.25, true), (1.0, false)] {
            let n = sample.usize_in(1..=20);
            let logits: Vec<f32> = sample.normal_vec(n * classes).into_iter().map(|v| 3.0 * v).collect();
            let labels: Vec<u32> = (0..n).map(|_| sample.usize_in(0..=classes - 1) as u32).collect();
            let weights = weighted.then(|| sample.uniform_vec(classes, 0.1, 3.0));
            let runs = cross_entropy((n, classes, n), &logits, &labels, smoothing, weights.as_deref());
            let indices: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
            let (loss, grad) = reference::cross_entropy(
                n,
                classes,
                &widen(&logits),
                &indices,
                f64::from(smoothing),
                weights.as_deref().map(widen).as_deref(),
            );
            let right = indices.iter().zip(logits.chunks_exact(classes)).filter(|&(&label, row)| {
                row.iter().enumerate().all(|(i, &v)| if i < label { v < row[label] } else { v <= row[label] })
            });
            let right = right.count() as f32;
            for run in &runs {
                let what = format!("{n} x {classes}, smoothing {smoothing}, {}", run.what);
                assert_close(&run.outputs[0][..1], &[loss], 1e-6, 1e-7, &what);
                assert_eq!(run.outputs[0][1], right, "{what}");
                assert_close(&run.outputs[1], &grad, 2e-6, 1e-8, &what);
            }
            for tile in [1, 7].into_iter().filter(|&tile| tile < n) {
                let tiled =
                    cross_entropy((n, classes, tile), &logits, &labels, smoothing, weights.as_deref());
                assert_same(&runs[0], &tiled[0], &format!("tiles of {tile}"));
            }
        }
    }
}

#[test]
fn the_first_of_equal_logits_is_the_answer() {
    let logits = [1.0, 2.0, 2.0, 5.0, 5.0, 5.0];
    for (labels, right) in [([1, 0], 2.0), ([2, 1], 0.0), ([1, 2], 1.0)] {
        let runs = cross_entropy((2, 3, 2), &logits, &labels, 0.0, None);
        assert_eq!(runs[0].outputs[0][1], right);
    }
}

#[test]
fn extreme_logits_neither_overflow_nor_hide_a_nan() {
    let report = |logits: &[f32]| cross_entropy((1, 3, 1), logits, &[0], 0.0, None)[0].outputs[0].clone();
    assert_eq!(report(&[3e38, -3e38, 0.0])[..2], [0.0, 1.0]);
    assert_eq!(report(&[-1e5, 0.0, 0.0])[0], (1e5 + 2f64.ln()) as f32);
    assert!(report(&[f32::NAN, 0.0, 1.0])[0].is_nan());
    assert!(report(&[0.0, f32::NAN, 1.0])[0].is_nan());
    assert!(report(&[f32::INFINITY, 0.0, 1.0])[0].is_nan());
}

#[test]
#[should_panic(expected = "label 3 does not exist among 3 classes")]
fn a_label_that_is_no_class_is_refused() {
    cross_entropy((1, 3, 1), &[0.0; 3], &[3], 0.0, None);
}
