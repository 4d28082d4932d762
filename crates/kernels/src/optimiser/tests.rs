//! One step from a random state against the f64 specification.

use super::*;
use crate::reference;
use crate::testing::{Setup, run_everywhere};
use striate_testkit::{Sample, assert_close, widen};

const LENGTHS: [usize; 5] = [1, 16, 37, 4096, 10_007];

#[test]
fn sgd_equals_the_reference() {
    let mut sample = Sample::new(1);
    for len in LENGTHS {
        for (momentum, nesterov, weight_decay) in
            [(None, false, 0.0), (None, false, 0.01), (Some(0.9), false, 0.0), (Some(0.9), true, 5e-4)]
        {
            let [param, grad, buffer] = [0; 3].map(|_: usize| sample.normal_vec(len));
            let mut setup = Setup::new(1);
            setup.step.learning_rate = 0.1;
            let runs = run_everywhere(&setup, |t| {
                let (weight, grad) = (t.updated(&param), t.values(&grad));
                let momentum_buffer = momentum.map(|_| t.updated(&buffer));
                t.program.push_once(Box::new(SgdUpdate {
                    weight,
                    grad,
                    momentum_buffer,
                    len,
                    momentum: momentum.unwrap_or(0.0),
                    nesterov,
                    weight_decay,
                }));
            });
            let sgd = reference::Sgd {
                learning_rate: f64::from(0.1_f32),
                momentum: f64::from(momentum.unwrap_or(0.0)),
                nesterov,
                weight_decay: f64::from(weight_decay),
            };
            let before = momentum.map(|_| widen(&buffer));
            let (param, buffer) = reference::sgd_step(&sgd, &widen(&param), &widen(&grad), before.as_deref());
            for run in runs {
                assert_close(&run.outputs[0], &param, 5e-7, 0.0, &run.what);
                if momentum.is_some() {
                    assert_close(&run.outputs[1], &buffer, 5e-7, 0.0, &run.what);
                }
            }
        }
    }
}

#[test]
fn adam_equals_the_reference() {
    let mut sample = Sample::new(2);
    for len in LENGTHS {
        for (update, decoupled, weight_decay) in
            [(1, false, 0.0), (2, true, 0.01), (1000, false, 0.01), (7, true, 0.0)]
        {
            let [param, grad, m] = [0; 3].map(|_: usize| sample.normal_vec(len));
            let first = update == 1;
            let m: Vec<f32> = m.into_iter().map(|m| if first { 0.0 } else { m }).collect();
            let v: Vec<f32> = m.iter().map(|m| m * m * sample.uniform(0.5, 2.0)).collect();
            let mut setup = Setup::new(1);
            (setup.step.learning_rate, setup.step.update) = (0.01, update);
            let (betas, eps) = ([0.9, 0.999], 1e-8);
            let runs = run_everywhere(&setup, |t| {
                let (weight, m, v) = (t.updated(&param), t.updated(&m), t.updated(&v));
                let grad = t.values(&grad);
                let update = AdamUpdate { weight, grad, m, v, len, betas, eps, weight_decay, decoupled };
                t.program.push_once(Box::new(update));
            });
            let adam = reference::Adam {
                learning_rate: f64::from(0.01_f32),
                betas,
                eps: f64::from(eps),
                weight_decay: f64::from(weight_decay),
            };
            let state = reference::AdamState {
                param: widen(&param),
                m: widen(&m),
                v: widen(&v),
                step: update as u32 - 1,
            };
            let step = if decoupled { reference::adamw_step } else { reference::adam_step };
            let want = step(&adam, &state, &widen(&grad));
            let moves = |new: &[f64], old: &[f32]| -> Vec<f64> {
                new.iter().zip(old).map(|(new, old)| new - f64::from(*old)).collect()
            };
            for run in runs {
                assert_close(&run.outputs[0], &want.param, 6e-7, 0.0, &run.what);
                // The step itself, as far as the parameter's own rounding lets one see it.
                let got: Vec<f64> = widen(&run.outputs[0]);
                assert_close(&moves(&got, &param), &moves(&want.param, &param), 1e-6, 6e-7, &run.what);
                assert_close(&run.outputs[1], &want.m, 6e-7, 0.0, &run.what);
                assert_close(&run.outputs[2], &want.v, 1e-6, 0.0, &run.what);
            }
        }
    }
}

#[test]
fn the_quotient_of_adam_is_accurate_at_every_size() {
    // From p = 0 the first step is −learning_rate · g / (|g| + eps), whatever g is, as long as v = g²/1000 is kept.
    let grad: Vec<f32> =
        (-100..=100).map(|i| (f64::from(i) * 0.1).exp2().powi(if i < 0 { 1 } else { 5 }) as f32).collect();
    let zeros = vec![0.0; grad.len()];
    let mut setup = Setup::new(1);
    setup.step.learning_rate = 1.0;
    let runs = run_everywhere(&setup, |t| {
        let [weight, m, v] = [0; 3].map(|_: usize| t.updated(&zeros));
        let (grad, len) = (t.values(&grad), grad.len());
        let (betas, eps, weight_decay, decoupled) = ([0.9, 0.999], 1e-8, 0.0, false);
        t.program.push_once(Box::new(AdamUpdate {
            weight,
            grad,
            m,
            v,
            len,
            betas,
            eps,
            weight_decay,
            decoupled,
        }));
    });
    for run in runs {
        for (p, g) in run.outputs[0].iter().zip(&grad) {
            let want = -f64::from(*g) / (f64::from(*g).abs() + 1e-8);
            assert!((f64::from(*p) / want - 1.0).abs() < 1e-6, "{p} for gradient {g}, {want}");
        }
    }
}

#[test]
fn adam_without_a_gradient_stands_still_and_dead_moments_become_zero() {
    let (grad, param) = ([0.0; 20], [0.5; 20]);
    let m: Vec<f32> = (0..20).map(|i| if i < 10 { 0.0 } else { 1e-18 }).collect();
    let v: Vec<f32> = (0..20).map(|i| if i % 2 == 0 { 0.0 } else { 9e-31 }).collect();
    let mut setup = Setup::new(1);
    setup.step.update = 1_000_000;
    let runs = run_everywhere(&setup, |t| {
        let (weight, m, v, grad) = (t.updated(&param), t.updated(&m), t.updated(&v), t.values(&grad));
        t.program.push_once(Box::new(AdamUpdate {
            weight,
            grad,
            m,
            v,
            len: 20,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
        }));
    });
    for run in runs {
        assert_eq!(run.outputs[0], param, "{}", run.what);
        assert_eq!(run.outputs[2], [0.0; 20], "{}", run.what);
        assert!(run.outputs[1][10..].iter().all(|m| (m / 9e-19 - 1.0).abs() < 1e-6));
    }
}

#[test]
fn a_gradient_that_is_not_a_number_is_not_hidden() {
    for nan in [f32::NAN, f32::INFINITY] {
        let runs = run_everywhere(&Setup::new(1), |t| {
            let (weight, m, v) = (t.updated(&[1.0]), t.updated(&[0.0]), t.updated(&[0.0]));
            let (grad, plain) = (t.values(&[nan]), t.updated(&[1.0]));
            let (betas, eps, weight_decay, decoupled) = ([0.9, 0.999], 1e-8, 0.0, false);
            t.program.push_once(Box::new(AdamUpdate {
                weight,
                grad,
                m,
                v,
                len: 1,
                betas,
                eps,
                weight_decay,
                decoupled,
            }));
            let (momentum_buffer, momentum, nesterov) = (None, 0.0, false);
            t.program.push_once(Box::new(SgdUpdate {
                weight: plain,
                grad,
                momentum_buffer,
                len: 1,
                momentum,
                nesterov,
                weight_decay,
            }));
        });
        for run in runs {
            assert!(!run.outputs[0][0].is_finite() && !run.outputs[3][0].is_finite(), "{run:?}");
        }
    }
}
