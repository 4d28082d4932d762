//! Tests against the f64 specification, and that a large mean costs no digits.

use super::*;
use crate::plane::Plane;
use crate::reference;
use crate::testing::{Run, Setup, TestProgram, assert_same, run_everywhere};
use crate::{Activate, ActivateBackward, Add, ReluRule};
use striate_testkit::{Sample, assert_close, widen};

const EPS: f32 = 1e-5;
const MOMENTUM: f32 = 0.1;

/// Batch, channels, size.
const SHAPES: [(usize, usize, [usize; 2]); 6] =
    [(2, 1, [1, 1]), (1, 3, [5, 7]), (7, 16, [4, 4]), (5, 33, [1, 3]), (3, 17, [13, 11]), (64, 20, [1, 1])];

struct Case {
    n: usize,
    channels: usize,
    size: [usize; 2],
    x: Vec<f32>,
    dy: Vec<f32>,
    /// Weight, bias, running mean, running variance.
    parameters: [Vec<f32>; 4],
    planes: [Plane; 4],
}

/// Either of the forward passes.
struct Norm {
    x: Value,
    weight: Buf,
    bias: Buf,
    running: [Buf; 2],
    train: bool,
}

impl Norm {
    fn push(self, t: &mut TestProgram, y: Value, added: Option<Value>, act: Activation) -> BatchStats {
        let Self { x, weight, bias, running: [running_mean, running_var], train } = self;
        let (eps, momentum) = (EPS, MOMENTUM);
        if train {
            BatchNormTrain { x, y, weight, bias, running_mean, running_var, eps, momentum, added, act }
                .push(&mut t.program)
        } else {
            BatchNormEval { x, y, weight, bias, running_mean, running_var, eps, added, act }
                .push(&mut t.program)
        }
    }
}

impl Case {
    fn new(sample: &mut Sample, (n, channels, size): (usize, usize, [usize; 2]), mean: f32) -> Self {
        let len = n * channels * size[0] * size[1];
        let halos = [[0, 0], [1, 1], [2, 0], [0, 3]];
        Self {
            n,
            channels,
            size,
            x: sample.normal_vec(len).into_iter().map(|v| v + mean).collect(),
            dy: sample.normal_vec(len),
            parameters: [
                sample.normal_vec(channels),
                sample.normal_vec(channels),
                sample.normal_vec(channels),
                sample.uniform_vec(channels, 0.5, 2.0),
            ],
            planes: halos.map(|halo| Plane::blocked(channels, size, halo)),
        }
    }

    fn plane(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Outputs: y, dx, dweight, dbias, running mean, running variance.
    fn run(&self, train: bool, tile: usize) -> Vec<Run> {
        let lanes = self.planes[0].blocks() * BLOCK;
        let padded = self.parameters.each_ref().map(|p| {
            let mut p = p.clone();
            p.resize(lanes, 0.0);
            p
        });
        run_everywhere(&Setup::new(self.n).tiles(tile), |t| {
            let (x, dy) = (t.input(self.planes[0], &self.x), t.input(self.planes[1], &self.dy));
            let (y, dx) = (t.output(self.planes[2]), t.output(self.planes[3]));
            let (dweight, dbias) = (t.output_buffer(lanes), t.output_buffer(lanes));
            let (weight, bias) = (t.values(&padded[0]), t.values(&padded[1]));
            let (running_mean, running_var) = (t.updated(&padded[2]), t.updated(&padded[3]));
            let forward = Norm { x, weight, bias, running: [running_mean, running_var], train };
            let stats = forward.push(t, y, None, Activation::None);
            let (act, rule, added) = (Activation::None, ReluRule::Gradient, None);
            let pass =
                BatchNormBackward { x, dy, dx, weight, bias, dweight, dbias, stats, train, act, rule, added };
            pass.push(&mut t.program);
        })
    }

    fn check_train(&self, runs: &[Run], rel: f64) {
        let [weight, bias, running_mean, running_var] = self.parameters.each_ref().map(|p| widen(p));
        let (x, eps) = (widen(&self.x), f64::from(EPS));
        let (n, channels, plane) = (self.n, self.channels, self.plane());
        let want = reference::batch_norm2d_train(n, channels, plane, &x, &weight, &bias, eps);
        let grads = reference::batch_norm2d_train_vjp(n, channels, plane, &x, &weight, eps, &widen(&self.dy));
        let momentum = f64::from(MOMENTUM);
        let (mean, var) = reference::batch_norm2d_running(
            &running_mean,
            &running_var,
            &want.mean,
            &want.var,
            n * plane,
            momentum,
        );
        for run in runs {
            let what = |of: &str| format!("{of} of {n} x {channels} x {:?}, {}", self.size, run.what);
            let lanes = |i: usize| &run.outputs[i][..channels];
            assert_close(&run.outputs[0], &want.y, rel, 0.0, &what("y"));
            // For two values the gradient nearly cancels, so its rounding is relative to dy.
            assert_close(&run.outputs[1], &grads.grad_input, rel, rel, &what("dx"));
            assert_close(lanes(2), &grads.grad_weight, rel, rel, &what("dweight"));
            assert_close(lanes(3), &grads.grad_bias, rel, 1e-6, &what("dbias"));
            assert_close(lanes(4), &mean, 1e-6, 0.0, &what("running mean"));
            assert_close(lanes(5), &var, rel, 0.0, &what("running variance"));
        }
    }
}

#[test]
fn training_equals_the_reference() {
    let mut sample = Sample::new(1);
    for shape in SHAPES {
        let case = Case::new(&mut sample, shape, 0.3);
        case.check_train(&case.run(true, case.n), 2e-5);
    }
}

#[test]
fn a_mean_of_a_thousand_deviations_costs_no_digits() {
    let mut sample = Sample::new(2);
    for shape in [(4, 17, [14, 14]), (32, 5, [1, 1]), (3, 16, [40, 40])] {
        let case = Case::new(&mut sample, shape, 1000.0);
        // The mean itself is rounded to f32: 3e-5 of a deviation.
        case.check_train(&case.run(true, case.n), 1e-4);
    }
}

#[test]
fn evaluation_equals_the_reference_in_any_tiles() {
    let mut sample = Sample::new(3);
    for shape in SHAPES {
        let case = Case::new(&mut sample, shape, 0.3);
        let [weight, bias, mean, var] = case.parameters.each_ref().map(|p| widen(p));
        let (n, channels, plane, x, eps) =
            (case.n, case.channels, case.plane(), widen(&case.x), f64::from(EPS));
        let y = reference::batch_norm2d_eval(n, channels, plane, &x, &weight, &bias, &mean, &var, eps);
        let dy = widen(&case.dy);
        let grads = reference::batch_norm2d_eval_vjp(n, channels, plane, &x, &weight, &mean, &var, eps, &dy);
        let whole = case.run(false, n);
        for tile in [n, 2] {
            for (run, whole) in case.run(false, tile).iter().zip(&whole) {
                let what = |of: &str| format!("{of} of {shape:?}, {}", run.what);
                assert_close(&run.outputs[0], &y, 1e-6, 1e-6, &what("y"));
                assert_close(&run.outputs[1], &grads.grad_input, 1e-6, 1e-6, &what("dx"));
                assert_close(&run.outputs[2][..channels], &grads.grad_weight, 1e-5, 1e-6, &what("dweight"));
                assert_close(&run.outputs[3][..channels], &grads.grad_bias, 1e-5, 1e-6, &what("dbias"));
                let pixels = |run: &Run| Run { outputs: run.outputs[..2].to_vec(), ..run.clone() };
                assert_same(&pixels(run), &pixels(whole), &what("tiles"));
                assert_eq!(run.outputs[4][..channels], case.parameters[2], "statistics stay as they are");
            }
        }
    }
}

#[test]
fn a_batch_in_parts_is_normalized_part_by_part() {
    let mut sample = Sample::new(4);
    let (n, channels, size) = (7, 17, [4, 4]);
    let case = Case::new(&mut sample, (n, channels, size), 0.3);
    let [weight, bias, mut mean, mut var] = case.parameters.each_ref().map(|p| widen(p));
    let (per_sample, eps) = (channels * case.plane(), f64::from(EPS));
    let (mut y, mut dx) = (Vec::new(), Vec::new());
    let (mut dweight, mut dbias) = (vec![0.0; channels], vec![0.0; channels]);
    for (x, dy) in case.x.chunks(3 * per_sample).zip(case.dy.chunks(3 * per_sample)) {
        let (x, dy, part) = (widen(x), widen(dy), x.len() / per_sample);
        let out = reference::batch_norm2d_train(part, channels, case.plane(), &x, &weight, &bias, eps);
        let grads = reference::batch_norm2d_train_vjp(part, channels, case.plane(), &x, &weight, eps, &dy);
        let count = part * case.plane();
        (mean, var) =
            reference::batch_norm2d_running(&mean, &var, &out.mean, &out.var, count, f64::from(MOMENTUM));
        y.extend(out.y);
        dx.extend(grads.grad_input);
        dweight.iter_mut().zip(&grads.grad_weight).for_each(|(sum, g)| *sum += g);
        dbias.iter_mut().zip(&grads.grad_bias).for_each(|(sum, g)| *sum += g);
    }
    for run in case.run(true, 3) {
        let lanes = |i: usize| &run.outputs[i][..channels];
        assert_close(&run.outputs[0], &y, 2e-5, 1e-6, "y");
        assert_close(&run.outputs[1], &dx, 2e-5, 2e-5, "dx");
        assert_close(lanes(2), &dweight, 2e-5, 2e-5, "dweight");
        assert_close(lanes(3), &dbias, 2e-5, 1e-6, "dbias");
        assert_close(lanes(4), &mean, 1e-6, 0.0, "running mean");
        assert_close(lanes(5), &var, 2e-5, 0.0, "running variance");
    }
}

/// Compares one fused kernel with separate kernels: the same bits, forward and backward.
fn compare(case: &Case, train: bool, adds: bool, act: Activation, rule: ReluRule) {
    let lanes = case.planes[0].blocks() * BLOCK;
    let padded = case.parameters.each_ref().map(|p| {
        let mut p = p.clone();
        p.resize(lanes, 0.0);
        p
    });
    let other: Vec<f32> = case.dy.iter().rev().copied().collect();
    let [plane, halo, ..] = case.planes;
    let runs = run_everywhere(&Setup::new(case.n), |t| {
        let (x, dy) = (t.input(plane, &case.x), t.input(halo, &case.dy));
        let added = adds.then(|| t.input(case.planes[2], &other));
        let (weight, bias) = (t.values(&padded[0]), t.values(&padded[1]));
        let rule_of_none = ReluRule::Gradient;
        for joined in [true, false] {
            let running = [t.values(&padded[2]), t.values(&padded[3])];
            let (y, dx, g) = (t.output(halo), t.output(case.planes[3]), t.output(halo));
            let (dweight, dbias) = (t.output_buffer(lanes), t.output_buffer(lanes));
            let norm = Norm { x, weight, bias, running, train };
            let pass = BatchNormBackward {
                x,
                dy,
                dx,
                weight,
                bias,
                dweight,
                dbias,
                train,
                act,
                rule,
                stats: BatchStats { mean: weight, inv_std: weight },
                added: None,
            };
            if joined {
                let stats = norm.push(t, y, added, act);
                let of_sum = added.map(|_| BatchNormAdded { y, dadded: g });
                BatchNormBackward { stats, added: of_sum, ..pass }.push(&mut t.program);
                if !adds {
                    t.program.push(ActivateBackward { x: y, y, dy, dx: g, act, rule });
                }
            } else {
                let (normal, sum) = (t.hidden(plane), t.hidden(plane));
                let stats = norm.push(t, normal, None, Activation::None);
                let sum = added.map_or(normal, |b| {
                    t.program.push(Add { a: normal, b, y: sum, act: Activation::None });
                    sum
                });
                t.program.push(Activate { x: sum, y, act });
                t.program.push(ActivateBackward { x: y, y, dy, dx: g, act, rule });
                let (act, rule) = (Activation::None, rule_of_none);
                BatchNormBackward { stats, dy: g, act, rule, ..pass }.push(&mut t.program);
            }
        }
    });
    for run in &runs {
        let (joined, apart) = run.outputs.split_at(run.outputs.len() / 2);
        for (i, what) in ["y", "dx", "gradient of what was added", "dweight", "dbias"].into_iter().enumerate()
        {
            let shape = (case.n, case.channels, case.size);
            assert_eq!(
                joined[i], apart[i],
                "{what} of {shape:?}, {act:?}, {rule:?}, train {train}, {}",
                run.what
            );
        }
    }
}

#[test]
fn what_comes_behind_gives_the_bits_of_kernels_of_its_own() {
    let mut sample = Sample::new(5);
    for (i, shape) in SHAPES.into_iter().enumerate() {
        let case = Case::new(&mut sample, shape, 0.3);
        for act in [Activation::None, Activation::RELU, Activation::RELU6] {
            for adds in [false, true] {
                let rule = [ReluRule::Gradient, ReluRule::Guided][i % 2];
                compare(&case, i % 3 > 0, adds, act, rule);
            }
        }
    }
}
