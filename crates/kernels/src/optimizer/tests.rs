//! One step from a random state against the f64 specification.

use super::*;
use crate::reference;
use crate::testing::{Setup, run_everywhere};
use striate_testkit::{Sample, assert_close, widen};

/// Factor of the learning rate.
const SCALE: f32 = 0.3;

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
            setup.step.learning_rate = 0.2;
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
                    rate_scale: SCALE,
                }));
            });
            let sgd = reference::Sgd {
                learning_rate: f64::from(0.2_f32 * SCALE),
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
            (setup.step.learning_rate, setup.step.update) = (0.02, update);
            let (betas, eps) = ([0.9, 0.999], 1e-8);
            let runs = run_everywhere(&setup, |t| {
                let (weight, m, v) = (t.updated(&param), t.updated(&m), t.updated(&v));
                let grad = t.values(&grad);
                let update = AdamUpdate {
                    weight,
                    grad,
                    m,
                    v,
                    len,
                    betas,
                    eps,
                    weight_decay,
                    decoupled,
                    rate_scale: SCALE,
                };
                t.program.push_once(Box::new(update));
            });
            let adam = reference::Adam {
                learning_rate: f64::from(0.02_f32 * SCALE),
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
                // The step itself, as precisely as the rounding of the parameter lets it be seen.
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
    // From p = 0 the first step is −learning_rate · g / (|g| + eps), whatever g is, as long as v = g²/1000 is not flushed to 0.
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
            rate_scale: 1.0,
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
            rate_scale: 1.0,
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
                rate_scale: 1.0,
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
                rate_scale: 1.0,
            }));
        });
        for run in runs {
            assert!(!run.outputs[0][0].is_finite() && !run.outputs[3][0].is_finite(), "{run:?}");
        }
    }
}

fn norm(grads: &[Vec<f32>]) -> f64 {
    grads.iter().flatten().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt()
}

/// Outputs: each gradient after, then norm and factor.
fn clip_norm(grads: &[Vec<f32>], max_norm: f32) -> Vec<crate::testing::Run> {
    run_everywhere(&Setup::new(1), |t| {
        let bufs = grads.iter().map(|g| (t.updated(g), g.len())).collect();
        let factor = ClipNorm { grads: bufs, max_norm }.push(&mut t.program);
        t.look_at(factor);
    })
}

#[test]
fn clipping_by_norm_is_pytorchs() {
    let mut sample = Sample::new(3);
    let grads: Vec<Vec<f32>> = LENGTHS.iter().map(|&len| sample.normal_vec(len)).collect();
    let norm = norm(&grads);
    for max_norm in [0.5, 1e3] {
        let factor = (f64::from(max_norm) / (norm + 1e-6)).min(1.0);
        for run in clip_norm(&grads, max_norm) {
            let (told, clipped) = run.outputs.split_last().unwrap();
            assert_close(told, &[norm, factor], 1e-6, 0.0, &run.what);
            for (got, grad) in clipped.iter().zip(&grads) {
                let want: Vec<f64> = grad.iter().map(|&g| f64::from(g) * factor).collect();
                assert_close(got, &want, 3e-7, 0.0, &run.what);
                assert!(factor < 1.0 || got == grad, "what is within the bound keeps its bits");
            }
        }
    }
}

#[test]
fn a_norm_neither_overflows_nor_hides_what_is_not_finite() {
    for run in clip_norm(&[vec![3e30, 4e30], vec![0.0]], 1.0) {
        assert_close(&run.outputs[0], &[0.6, 0.8], 1e-6, 0.0, "large gradients");
    }
    for bad in [f32::NAN, f32::INFINITY] {
        for run in clip_norm(&[vec![bad], vec![2.0]], 1.0) {
            assert!(run.outputs[0][0].is_nan(), "{run:?}");
        }
    }
}

#[test]
fn clipping_by_value_clamps_each() {
    let mut sample = Sample::new(4);
    let mut grads: Vec<Vec<f32>> = LENGTHS.iter().map(|&len| sample.normal_vec(len)).collect();
    grads[1][3] = f32::INFINITY;
    let runs = run_everywhere(&Setup::new(1), |t| {
        let bufs = grads.iter().map(|g| (t.updated(g), g.len())).collect();
        ClipValue { grads: bufs, limit: 0.25 }.push(&mut t.program);
    });
    for run in runs {
        for (got, grad) in run.outputs.iter().zip(&grads) {
            let want: Vec<f32> = grad.iter().map(|g| g.clamp(-0.25, 0.25)).collect();
            assert_eq!(*got, want);
        }
    }
}

#[test]
fn the_average_follows_the_values_slower_and_slower() {
    let mut sample = Sample::new(5);
    for (t, decay, survives) in [(1, 0.999, 2.0 / 11.0), (90, 0.999, 0.91), (1_000_000, 0.75, 0.75)] {
        assert!((EmaUpdate::decay_at(decay, t) - survives).abs() < 1e-12);
        for len in LENGTHS {
            let (ema, value) = (sample.normal_vec(len), sample.normal_vec(len));
            let mut setup = Setup::new(1);
            setup.step.update = t;
            let runs = run_everywhere(&setup, |t| {
                let (ema, value) = (t.updated(&ema), t.values(&value));
                t.program.push_once(Box::new(EmaUpdate { ema, value, len, decay }));
            });
            let blend = |(&e, &v): (&f32, &f32)| survives * f64::from(e) + (1.0 - survives) * f64::from(v);
            let want: Vec<f64> = ema.iter().zip(&value).map(blend).collect();
            for run in runs {
                assert_close(&run.outputs[0], &want, 5e-7, 2e-7, &run.what);
            }
        }
    }
}
