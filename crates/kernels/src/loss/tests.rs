//! Tests against the f64 specification, for few and for many classes.

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
    targets: &[Target],
    smoothing: f32,
    weights: Option<&[f32]>,
) -> Vec<Run> {
    let mut setup = Setup::new(n).tiles(tile);
    setup.step.targets = targets;
    let plane = Plane::vector(classes);
    let runs = run_everywhere(&setup, |t| {
        let logits = t.input(plane, logits);
        let report = t.output_buffer(REPORT_LEN);
        let grad = Some(t.output(plane));
        let class_weights = weights.map(<[f32]>::to_vec);
        let label_smoothing = smoothing;
        let loss = CrossEntropy { logits, grad, report, label_smoothing, class_weights, auxiliary: None };
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
            let class = |sample: &mut Sample| sample.usize_in(0..=classes - 1) as u32;
            let labels: Vec<Target> = (0..n)
                .map(|_| {
                    let (a, b) = (class(&mut sample), class(&mut sample));
                    sample.choose(&[
                        Target::from(a),
                        Target { a, b, lambda: 0.7 },
                        Target { a, b, lambda: 0.0 },
                    ])
                })
                .collect();
            let weights = weighted.then(|| sample.uniform_vec(classes, 0.1, 3.0));
            let runs = cross_entropy((n, classes, n), &logits, &labels, smoothing, weights.as_deref());
            let (loss, grad) = reference::cross_entropy(
                n,
                classes,
                &widen(&logits),
                &labels,
                f64::from(smoothing),
                weights.as_deref().map(widen).as_deref(),
            );
            let right = labels.iter().zip(logits.chunks_exact(classes)).filter(|&(target, row)| {
                let label = target.a as usize;
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
fn the_loss_of_an_auxiliary_classifier_is_scaled_and_added() {
    let mut sample = Sample::new(3);
    let (n, classes, factor) = (9, 4, 0.3);
    let logits = [(); 2].map(|()| sample.normal_vec(n * classes));
    let targets: Vec<Target> = (0..n).map(|_| (sample.usize_in(0..=classes - 1) as u32).into()).collect();
    let want = [0, 1].map(|i| reference::cross_entropy(n, classes, &widen(&logits[i]), &targets, 0.1, None));
    let alone = cross_entropy((n, classes, n), &logits[0], &targets, 0.1, None);
    for tile in [1, 4, n] {
        let mut setup = Setup::new(n).tiles(tile);
        setup.step.targets = &targets;
        let plane = Plane::vector(classes);
        let runs = run_everywhere(&setup, |t| {
            let report = t.output_buffer(REPORT_LEN);
            for (logits, auxiliary) in logits.iter().zip([None, Some(factor)]) {
                let (logits, grad) = (t.input(plane, logits), Some(t.output(plane)));
                let loss = CrossEntropy {
                    logits,
                    grad,
                    report,
                    label_smoothing: 0.1,
                    class_weights: None,
                    auxiliary,
                };
                loss.push(&mut t.program);
            }
        });
        for run in &runs {
            let what = format!("tiles of {tile}, {}", run.what);
            let loss = want[0].0 + f64::from(factor) * want[1].0;
            assert_close(&run.outputs[0][..1], &[loss], 1e-6, 1e-7, &what);
            assert_eq!(run.outputs[0][1], alone[0].outputs[0][1], "{what}: only the first one's hits count");
            assert_eq!(
                run.outputs[1], alone[0].outputs[1],
                "{what}: the network's own gradient is as without"
            );
            let grad: Vec<f64> = want[1].1.iter().map(|g| f64::from(factor) * g).collect();
            assert_close(&run.outputs[2], &grad, 2e-6, 1e-8, &what);
        }
    }
}

#[test]
fn the_first_of_equal_logits_is_the_answer() {
    let logits = [1.0, 2.0, 2.0, 5.0, 5.0, 5.0];
    for (labels, right) in [([1, 0], 2.0), ([2, 1], 0.0), ([1, 2], 1.0)] {
        let runs = cross_entropy((2, 3, 2), &logits, &labels.map(|l: u32| l.into()), 0.0, None);
        assert_eq!(runs[0].outputs[0][1], right);
    }
}

#[test]
fn extreme_logits_neither_overflow_nor_hide_a_nan() {
    let report =
        |logits: &[f32]| cross_entropy((1, 3, 1), logits, &[0_u32.into()], 0.0, None)[0].outputs[0].clone();
    assert_eq!(report(&[3e38, -3e38, 0.0])[..2], [0.0, 1.0]);
    assert_eq!(report(&[-1e5, 0.0, 0.0])[0], (1e5 + 2f64.ln()) as f32);
    assert!(report(&[f32::NAN, 0.0, 1.0])[0].is_nan());
    assert!(report(&[0.0, f32::NAN, 1.0])[0].is_nan());
    assert!(report(&[f32::INFINITY, 0.0, 1.0])[0].is_nan());
}

#[test]
#[should_panic(expected = "lambda: 1.0 } does not exist among 3 classes")]
fn a_label_that_is_no_class_is_refused() {
    cross_entropy((1, 3, 1), &[0.0; 3], &[3_u32.into()], 0.0, None);
}

/// The engine gave these bits before mixtures were introduced.
#[test]
fn plain_labels_keep_their_bits_next_to_mixtures() {
    let mut sample = Sample::new(9);
    let (n, classes) = (6, 10);
    let logits = sample.normal_vec(n * classes);
    let plain: Vec<Target> = (0..n as u32).map(Target::from).collect();
    let other: Vec<Target> = plain.iter().map(|&t| Target { b: (t.a + 3) % 10, ..t }).collect();
    for (smoothing, weights) in [(0.0, None), (0.1, Some(sample.uniform_vec(classes, 0.1, 3.0)))] {
        let run = |targets| cross_entropy((n, classes, n), &logits, targets, smoothing, weights.as_deref());
        assert_same(&run(&plain)[0], &run(&other)[0], "what has no share is not looked at");
    }
}

#[test]
#[should_panic(expected = "does not exist among 3 classes")]
fn a_share_that_is_none_is_refused() {
    cross_entropy((1, 3, 1), &[0.0; 3], &[Target { a: 0, b: 1, lambda: 1.5 }], 0.0, None);
}
