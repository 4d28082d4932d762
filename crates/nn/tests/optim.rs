//! Optimizers: three steps of a small network equal three steps by plain loops in f64, and bad settings are refused.

use expect_test::{Expect, expect};
use std::collections::BTreeMap;
use striate_kernels::reference::{self, AdamState};
use striate_nn::graph::interpret::Values;
use striate_nn::graph::{CrossEntropy, Engine, Graph, Params, TrainOptions, TrainStep};
use striate_nn::{Adam, AdamW, Conv2d, Flatten, Linear, Mode, OptimizerConfig, ReLU, Sequential, Sgd, trace};
use striate_testkit::{Sample, assert_close, widen};

/// One f64 step of a parameter by its name: (name, value, gradient, learning rate) to the new value.
type Rule<'a> = dyn FnMut(&str, &[f64], &[f64], f64) -> Vec<f64> + 'a;

fn network() -> Graph {
    let net = Sequential::new()
        .append(Conv2d::new(2, 5, 3))
        .append(ReLU::new())
        .append(Flatten::new())
        .append(Linear::new(5 * 3 * 3, 4));
    trace(&net, Mode::Train, [2, 5, 5]).expect("shapes that fit")
}

/// Three steps with learning rates that differ, both ways.
fn check(config: OptimizerConfig, rule: &mut Rule<'_>) {
    let graph = network();
    let mut params = Params::init(&graph, 3);
    let engine = Engine::new(Some(2)).expect("an instruction set");
    let optimizer = config.build().expect("good settings");
    let loss = CrossEntropy::default();
    let mut net = TrainStep::new(&graph, &params, &loss, optimizer.as_ref(), engine, TrainOptions::new(6, 0))
        .expect("a plan");
    let mut sample = Sample::new(11);
    for (step, learning_rate) in [0.1_f32, 0.05, 0.2].into_iter().enumerate() {
        let images = sample.normal_vec(6 * 50);
        let labels = [0_u32, 1, 2, 3, 0, 1];
        let values = Values::compute(&graph, &params, &widen(&images), 6, (0, 0));
        let gradients = values.gradients(&graph, &params, &labels, &loss).params;
        let before = params.clone();
        for (name, array) in before.iter() {
            let old = widen(array.as_slice().expect("row-major"));
            let new = rule(name, &old, &gradients[name], learning_rate.into());
            let to = params.get_mut(name).expect("its own parameter");
            to.iter_mut().zip(&new).for_each(|(to, &v)| *to = v as f32);
        }
        net.step(&images, &labels, learning_rate);
        let got = net.params();
        for (name, array) in params.iter() {
            let got = got.get(name).expect(name).as_slice().expect("row-major").to_vec();
            // Three f32 steps of rates up to 0.2: what is compared is the sum of the moves, of the size of the values.
            assert_close(
                &got,
                &widen(array.as_slice().expect("row-major")),
                2e-5,
                0.0,
                &format!("step {step}, {name}"),
            );
        }
    }
}

#[test]
fn sgd() {
    let rules = [
        Sgd::default(),
        Sgd { weight_decay: 0.1, ..Sgd::default() },
        Sgd { momentum: 0.9, ..Sgd::default() },
        Sgd { momentum: 0.8, nesterov: true, weight_decay: 0.01 },
    ];
    for sgd in rules {
        let mut buffers: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        check(sgd.into(), &mut |name, param, grad, learning_rate| {
            let Sgd { momentum, nesterov, weight_decay } = sgd;
            let settings = reference::Sgd { learning_rate, momentum, nesterov, weight_decay };
            let before = buffers.get(name).map(Vec::as_slice);
            let (param, buffer) =
                reference::sgd_step(&settings, param, grad, before.filter(|_| momentum > 0.0));
            buffers.insert(name.to_string(), buffer);
            param
        });
    }
}

/// Both kinds of Adam, as a rule over the states of all parameters.
fn adam_rule(
    [betas, eps_decay]: [[f64; 2]; 2],
    step: fn(&reference::Adam, &AdamState, &[f64]) -> AdamState,
) -> impl FnMut(&str, &[f64], &[f64], f64) -> Vec<f64> {
    let mut states: BTreeMap<String, AdamState> = BTreeMap::new();
    let [eps, weight_decay] = eps_decay;
    move |name, param, grad, learning_rate| {
        let settings = reference::Adam { learning_rate, betas, eps, weight_decay };
        let state = states.entry(name.to_string()).or_insert_with(|| AdamState::new(param));
        state.param = param.to_vec();
        *state = step(&settings, state, grad);
        state.param.clone()
    }
}

// An eps of a gradient's size: with the default of 1e-8 the first step is the sign of the gradient, whatever its size, and
// rounding of a gradient near zero would be all that is compared.
#[test]
fn adam() {
    let adam = Adam { betas: [0.8, 0.95], eps: 1e-2, weight_decay: 0.1 };
    let mut rule = adam_rule([adam.betas, [adam.eps, adam.weight_decay]], reference::adam_step);
    check(adam.into(), &mut rule);
    let adam = Adam { eps: 1e-3, ..Adam::default() };
    check(adam.into(), &mut adam_rule([adam.betas, [adam.eps, 0.0]], reference::adam_step));
}

#[test]
fn adamw() {
    let adamw = AdamW { eps: 1e-2, weight_decay: 0.1, ..AdamW::default() };
    let mut rule = adam_rule([adamw.betas, [adamw.eps, adamw.weight_decay]], reference::adamw_step);
    check(adamw.into(), &mut rule);
}

#[test]
fn state_has_pytorchs_names_and_is_restored() {
    let graph = network();
    let params = Params::init(&graph, 3);
    let images = Sample::new(1).normal_vec(6 * 50);
    let labels = [0_u32, 1, 2, 3, 0, 1];
    let momentum = Sgd { momentum: 0.9, ..Sgd::default() };
    for (config, names) in [
        (OptimizerConfig::from(Sgd::default()), vec![]),
        (momentum.into(), vec!["momentum_buffer"]),
        (Adam::default().into(), vec!["exp_avg", "exp_avg_sq"]),
        (AdamW::default().into(), vec!["exp_avg", "exp_avg_sq"]),
    ] {
        let optimizer = config.build().expect("good settings");
        let start = || {
            let engine = Engine::new(Some(1)).expect("an instruction set");
            let options = TrainOptions::new(6, 0);
            TrainStep::new(&graph, &params, &CrossEntropy::default(), optimizer.as_ref(), engine, options)
                .expect("a plan")
        };
        let mut straight = start();
        straight.step(&images, &labels, 0.1);
        let state = straight.optimizer_state();
        let found: Vec<String> = state.iter().map(|(name, _)| name.to_string()).collect();
        let expected: Vec<String> =
            params.iter().flat_map(|(name, _)| names.iter().map(move |s| format!("{name}.{s}"))).collect();
        assert_eq!(found, expected, "{}", config.name());
        // A second program that goes on from there makes the same bits.
        let mut resumed = start();
        resumed.restore(&straight.params(), &state, straight.updates()).expect("its own state");
        straight.step(&images, &labels, 0.1);
        resumed.step(&images, &labels, 0.1);
        assert_eq!(resumed.params(), straight.params(), "{}", config.name());
        assert_eq!(resumed.optimizer_state(), straight.optimizer_state(), "{}", config.name());
    }
}

fn check_error(config: impl Into<OptimizerConfig>, expected: &Expect) {
    let error = config.into().build().expect_err("bad settings");
    expected.assert_eq(&format!("{error}\n"));
}

#[test]
fn bad_settings_are_refused() {
    check_error(
        Sgd { momentum: -0.5, ..Sgd::default() },
        &expect![[r#"
        optimizer sgd: momentum = -0.5; expected at least 0 and below 1, in f32 too; a usual value is 0.9
    "#]],
    );
    check_error(
        Sgd { momentum: 0.999_999_999_9, ..Sgd::default() },
        &expect![[r#"
        optimizer sgd: momentum = 0.9999999999; expected at least 0 and below 1, in f32 too; a usual value is 0.9
    "#]],
    );
    check_error(
        Sgd { weight_decay: f64::NAN, ..Sgd::default() },
        &expect![[r#"
        optimizer sgd: weight_decay = NaN; expected at least 0 and finite, in f32 too; a usual value is 0.0005
    "#]],
    );
    check_error(
        Sgd { nesterov: true, ..Sgd::default() },
        &expect![[r#"
        optimizer sgd: nesterov with momentum = 0; set momentum to 0.9, or nesterov to false
    "#]],
    );
    check_error(
        Adam { betas: [0.9, 1.0], ..Adam::default() },
        &expect![[r#"
        optimizer adam: betas[1] = 1.0; expected at least 0 and below 1, in f32 too; a usual value is 0.999
    "#]],
    );
    check_error(
        Adam { betas: [f64::NAN, 0.999], ..Adam::default() },
        &expect![[r#"
        optimizer adam: betas[0] = NaN; expected at least 0 and below 1, in f32 too; a usual value is 0.9
    "#]],
    );
    check_error(
        Adam { eps: 0.0, ..Adam::default() },
        &expect![[r#"
        optimizer adam: eps = 0.0; expected above 0 and finite, in f32 too; a usual value is 1e-8
    "#]],
    );
    check_error(
        Adam { eps: 1e-60, ..Adam::default() },
        &expect![[r#"
        optimizer adam: eps = 1e-60; expected above 0 and finite, in f32 too; a usual value is 1e-8
    "#]],
    );
    check_error(
        AdamW { weight_decay: 1e39, ..AdamW::default() },
        &expect![[r#"
        optimizer adamw: weight_decay = 1e39; expected at least 0 and finite, in f32 too; a usual value is 0.01
    "#]],
    );
}

#[test]
fn reads_back_what_it_writes_and_refuses_the_unknown() {
    let adamw = OptimizerConfig::from(AdamW { betas: [0.8, 0.99], ..AdamW::default() });
    let text = serde_json::to_string(&adamw).expect("plain numbers");
    expect![[r#"{"name":"adamw","betas":[0.8,0.99],"eps":1e-8,"weight_decay":0.01}"#]].assert_eq(&text);
    assert_eq!(serde_json::from_str::<OptimizerConfig>(&text).expect("its own text"), adamw);
    let short: OptimizerConfig = serde_json::from_str(r#"{"name": "adam", "eps": 1e-7}"#).expect("defaults");
    assert_eq!(short, Adam { eps: 1e-7, ..Adam::default() }.into());
    let error = |text| serde_json::from_str::<OptimizerConfig>(text).expect_err("unknown").to_string();
    expect!["unknown field `momentun`, expected one of `momentum`, `nesterov`, `weight_decay`"]
        .assert_eq(&error(r#"{"name": "sgd", "momentun": 0.9}"#));
    expect!["unknown variant `lamb`, expected one of `sgd`, `adam`, `adamw` at line 1 column 15"]
        .assert_eq(&error(r#"{"name": "lamb"}"#));
}
