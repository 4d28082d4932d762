//! Gradients under edits and by the guided rule, against the interpreter, and what they must equal without it.

use super::*;

const RULES: [ReluRule; 2] = [ReluRule::Gradient, ReluRule::Guided];

/// Insists that output, values and gradients of a session with these edits are the interpreter's.
fn check(case: &Case, session: &mut Session, pattern: &str, edits: &[Edit], what: &str) {
    let (images, weights) = (widen(&case.images), case.grad_output());
    let truth = Values::compute_with(&case.graph, &case.params, &images, case.n, edits).unwrap();
    for relu in RULES {
        let what = format!("{} {what}, taps {pattern}, {relu:?}", case.net.name);
        let back = truth.backward_with(&case.graph, &case.params, &widen(slice(&weights)), relu);
        let options = BackwardOptions { edits, relu };
        let output = session.run_backward_with(&case.view(), &weights.view(), &options).unwrap();
        assert_close(slice(&output), truth.get(case.graph.output), 2e-5, 1e-6, &what);
        let seen = session.captured();
        for id in case.graph.select(pattern).unwrap() {
            let name = &case.graph.nodes[id].name;
            assert_close(
                slice(seen.value(name).unwrap()),
                truth.get(id),
                2e-5,
                1e-6,
                &format!("{what}: {name}"),
            );
            // What the output does not depend on any more has no gradient.
            let got = seen.gradient(name).map_or(&[][..], slice);
            assert_close(got, &back.values[id], 5e-5, 1e-6, &format!("{what}: gradient of {name}"));
        }
    }
}

#[test]
fn gradients_pass_through_an_edit_of_any_value_as_in_the_interpreter() {
    for mut case in Case::all(Mode::Eval) {
        if case.net.input != [1, 28, 28] {
            case.n = 5;
            case.images.truncate(5 * case.net.input.iter().product::<usize>());
        }
        let nodes = case.graph.nodes.clone();
        let mut sessions = [case.session(), case.session(), case.session().plain()];
        for (session, pattern) in sessions.iter_mut().zip(["*", "input", "*"]) {
            session.tap_all(pattern).unwrap();
            session.tap_grad_all(pattern).unwrap();
            for node in &nodes {
                let (name, last) = (node.name.as_str(), node.shape[0] - 1);
                let with = Sample::new(7).normal_vec(node.shape.iter().product());
                let with = ArrayD::from_shape_vec(IxDyn(&node.shape), with).unwrap();
                check(&case, session, pattern, &[Edit::scale_channel(name, last, -1.5)], name);
                check(&case, session, pattern, &[Edit::zero_channel(name, 0)], &format!("silent {name}"));
                let replaced = [Edit::replace(name, with), Edit::scale_channel(name, last, 0.5)];
                // What only the replaced value depended on is no part of a plan, unless it is looked at.
                check(&case, session, pattern, &replaced, &format!("replaced {name}"));
            }
        }
    }
}

#[test]
fn edits_of_several_values_and_of_parameters_change_the_way_back() {
    for case in Case::all(Mode::Eval) {
        let mut session = case.session();
        session.tap_all("*").unwrap();
        session.tap_grad_all("*").unwrap();
        let scaled = |id: usize| Edit::scale_channel(&case.graph.nodes[id].name, 0, 0.25 + id as f32);
        let weights =
            case.params.iter().map(|(name, array)| Edit::weight(name, array.mapv(|v| v * 1.25 + 0.01)));
        let edits: Vec<Edit> = (0..case.graph.nodes.len()).step_by(2).map(scaled).chain(weights).collect();
        check(&case, &mut session, "*", &edits, "many edits");
        check(&case, &mut session, "*", &[], "no edits");
    }
}

/// The interpreter's own gradients under edits, checked by a difference of two forward passes.
#[test]
fn the_interpreters_gradients_under_edits_equal_finite_differences() {
    for case in Case::all(Mode::Eval) {
        let middle = &case.graph.nodes[case.graph.nodes.len() / 2].name;
        let edits = [
            Edit::scale_channel("input", 0, 0.7),
            Edit::scale_channel(&case.graph.nodes[1].name, 0, -2.0),
            Edit::zero_channel(middle, 1),
            Edit::scale_channel(&case.graph.nodes[case.graph.output].name, 2, 3.0),
        ];
        let wide = widen(&case.images[..case.images.len() / case.n]);
        let weights = widen(&slice(&case.grad_output())[..case.net.classes]);
        let run =
            |images: &[f64]| Values::compute_with(&case.graph, &case.params, images, 1, &edits).unwrap();
        let score = |images: &[f64]| {
            run(images).get(case.graph.output).iter().zip(&weights).map(|(y, w)| y * w).sum::<f64>()
        };
        let back = run(&wide).backward(&case.graph, &case.params, &weights);
        for seed in 0..10 {
            let direction = widen(&Sample::new(seed).normal_vec(wide.len()));
            let moved =
                |step: f64| -> Vec<f64> { wide.iter().zip(&direction).map(|(x, d)| x + step * d).collect() };
            let slope = (score(&moved(1e-7)) - score(&moved(-1e-7))) / 2e-7;
            // The image is what comes in: its edit lies between it and what the network sees.
            let want: f64 = back.values[0].iter().zip(&direction).map(|(g, d)| 0.7 * g * d).sum();
            let want = if case.net.input[0] == 1 {
                want
            } else {
                of_first_channel(&case, &back.values[0], &direction)
            };
            assert!((slope - want).abs() < 1e-5 * want.abs().max(1.0), "{}: {slope} {want}", case.net.name);
        }
    }
}

/// `Σ gradient · direction` with the first channel 0.7 times as strong.
fn of_first_channel(case: &Case, gradient: &[f64], direction: &[f64]) -> f64 {
    let plane = case.net.input[1] * case.net.input[2];
    let factor = |i: usize| if i < plane { 0.7 } else { 1.0 };
    gradient.iter().zip(direction).enumerate().map(|(i, (g, d))| factor(i) * g * d).sum()
}

#[test]
fn the_guided_rule_is_the_gradient_where_there_is_no_relu_and_not_where_there_is() {
    let cases = Case::all(Mode::Eval).into_iter().map(|case| (case, false));
    for (case, same) in cases.chain([(Case::of(without_relu(), Mode::Eval), true)]) {
        let mut session = case.session();
        let input = session.tap_grad("input").unwrap();
        let back = RULES.map(|relu| {
            let options = BackwardOptions { edits: &[], relu };
            session.run_backward_with(&case.view(), &case.grad_output().view(), &options).unwrap();
            session.get(input)
        });
        assert_eq!(back[0] == back[1], same, "{}", case.net.name);
        session.run_backward(&case.view(), &case.grad_output().view()).unwrap();
        assert_eq!(session.get(input), back[0], "{}: run_backward takes the gradient", case.net.name);
    }
}

#[test]
fn nothing_negative_comes_out_of_a_guided_relu() {
    for case in Case::all(Mode::Eval) {
        let mut session = case.session();
        let behind = |id: &usize| matches!(case.graph.nodes[*id].op, Op::Relu(_) | Op::Relu6(_));
        let before: Vec<usize> =
            (0..case.graph.nodes.len()).filter(behind).map(|id| case.graph.nodes[id].inputs[0]).collect();
        let alone = |id: &&usize| case.graph.nodes.iter().filter(|n| n.inputs.contains(id)).count() == 1;
        for &id in before.iter().filter(alone) {
            let tap = session.tap_grad(&case.graph.nodes[id].name).unwrap();
            let options = BackwardOptions { edits: &[], relu: ReluRule::Guided };
            session.run_backward_with(&case.view(), &case.grad_output().view(), &options).unwrap();
            assert!(session.get(tap).iter().all(|&g| g >= 0.0));
            session.run_backward(&case.view(), &case.grad_output().view()).unwrap();
            assert!(session.get(tap).iter().any(|&g| g < 0.0), "and something does otherwise");
            session.untap(tap);
        }
    }
}

#[test]
fn threads_and_batch_do_not_change_a_bit_of_a_run_back() {
    for case in Case::all(Mode::Eval) {
        let best = *Isa::available().last().unwrap();
        let first = &case.graph.nodes[1].name;
        let edits = [Edit::scale_channel(first, 0, 1.5), Edit::zero_channel(&case.graph.nodes[2].name, 1)];
        let options = BackwardOptions { edits: &edits, relu: ReluRule::Guided };
        let run = |threads: usize, samples: std::ops::Range<usize>| {
            let engine = Engine::with(threads, best);
            let mut session = Session::with_engine(case.graph.clone(), case.params.clone(), engine).unwrap();
            session.tap_grad_all("*").unwrap();
            let part = samples.start as isize..samples.end as isize;
            let (view, weights) = (case.view(), case.grad_output());
            let images = view.slice_axis(Axis(0), part.clone().into());
            let weights = weights.slice_axis(Axis(0), part.into());
            let output = session.run_backward_with(&images, &weights, &options).unwrap();
            (output, session.captured().gradients)
        };
        let (output, gradients) = run(1, 0..case.n);
        for threads in [2, 3] {
            assert_eq!(run(threads, 0..case.n), (output.clone(), gradients.clone()), "{threads} threads");
        }
        for n in [0, case.n - 1] {
            let (one, of_one) = run(2, n..n + 1);
            assert_eq!(one.index_axis(Axis(0), 0), output.index_axis(Axis(0), n));
            for ((name, one), (_, all)) in of_one.iter().zip(&gradients) {
                let what = format!("{} {name}, sample {n}", case.net.name);
                assert_eq!(one.index_axis(Axis(0), 0), all.index_axis(Axis(0), n), "{what}");
            }
        }
    }
}
