//! What each part of a plan is for, and what it is said to cost.

use super::*;
use expect_test::expect;
use std::fmt::Write;
use striate_graph::Explained;

/// Everything but the times, a part a line.
fn told(case: &Case, parts: &[Explained]) -> String {
    let (graph, mut text) = (&case.graph, String::new());
    for Explained { pass, nodes, choice, multiply_adds, bytes, kernels } in parts {
        let names: Vec<&str> = nodes.iter().map(|&id| graph.nodes[id].name.as_str()).collect();
        let kernels: Vec<&str> = kernels.iter().map(|kernel| kernel.0).collect();
        let (names, kernels) = (names.join(" + "), kernels.join(", "));
        let choice = [choice.algorithm, &choice.reason].join(": ");
        writeln!(text, "{pass:?} {names} | {choice} | {multiply_adds} | {bytes} | {kernels}").unwrap();
    }
    text
}

fn case(name: &str, mode: Mode) -> Case {
    Case::all(mode).into_iter().find(|case| case.net.name == name).expect("a known network")
}

#[test]
fn every_part_of_a_plan_is_explained() {
    let case_in_use = case("mixnet", Mode::Eval);
    let parts = case_in_use.session().explain(&case_in_use.images, case_in_use.n).unwrap();
    expect![[r#"
        Forward input | input:  | 0 | 306432 | import
        Forward stem + bn1 + relu | direct: 3x3, stride 2 | 544320 | 948992 | conv
        Forward a + bn2 + add + relu_1 | direct: 4 groups | 362880 | 1582208 | conv+add
        Forward down + relu6 | direct: 1x1 | 112000 | 461056 | conv
        Forward avg_pool2d | avg_pool2d:  | 0 | 196608 | avg-pool
        Forward adaptive_avg_pool2d | adaptive_avg_pool2d:  | 0 | 49152 | adaptive avg-pool
        Forward flatten | flatten:  | 0 | 28672 | flatten
        Forward fc | linear:  | 9800 | 21632 | linear
    "#]]
    .assert_eq(&told(&case_in_use, &parts));
    let training = case("convnet", Mode::Train);
    let mut step = training.step(TrainOptions::new(training.n, 5));
    let parts = step.explain(&training.images, &training.labels(), 0.1);
    expect![[r#"
        Forward input | input:  | 0 | 10800 | import
        Forward conv1 + relu + max_pool2d | direct, pooled: 3x3, 2x2 max-pool | 338688 | 70000 | conv+relu+max-pool
        Forward conv2 + relu_1 + max_pool2d_1 | direct, pooled: 3x3, 2x2 max-pool | 2709504 | 91232 | conv+relu+max-pool
        Forward fc1 + relu_2 | linear:  | 602112 | 823680 | linear
        Forward fc2 | linear:  | 3840 | 9984 | linear
        Loss fc2 | cross entropy:  | 0 | 464 | cross entropy, loss report
        Backward fc2 | linear:  | 7680 | 38400 | transpose weights, linear backward data, linear backward weight
        Backward fc1 + relu_2 | linear:  | 1204224 | 4060416 | activation backward, transpose weights, linear backward data, linear backward weight
        Backward conv2 + relu_1 + max_pool2d_1 | direct, pooled: 3x3, 2x2 max-pool | 5419008 | 317216 | conv+pool backward bias, reduce, conv+pool backward weight, reduce, gather, conv+pool backward data
        Backward conv1 + relu + max_pool2d | direct, pooled: 3x3, 2x2 max-pool | 338688 | 179632 | conv+pool backward bias, reduce, conv+pool backward weight, reduce
        Update  | update:  | 0 | 2492352 | sgd, sgd, sgd, sgd, sgd, sgd, sgd, sgd
    "#]].assert_eq(&told(&training, &parts));
}

#[test]
fn tiles_add_up() {
    let case = case("convnet", Mode::Eval);
    let per_sample = case.images.len() / case.n;
    let of = |n: usize| {
        let images: Vec<f32> = case.images[..per_sample].repeat(n);
        case.session().explain(&images, n).unwrap()
    };
    let (one, many) = (of(32), of(64));
    for (one, many) in one.iter().zip(&many) {
        assert_eq!((2 * one.multiply_adds, 2 * one.bytes), (many.multiply_adds, many.bytes), "{one:?}");
        assert!(many.seconds() > 0.0);
    }
}
