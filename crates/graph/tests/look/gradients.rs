//! Taps and gradients, against the interpreter and against identities.

use super::*;

#[test]
fn each_tap_and_gradient_of_a_session_equals_the_interpreter() {
    for case in Case::all(Mode::Eval) {
        let truth = Values::compute(&case.graph, &case.params, &widen(&case.images), case.n, (0, 0));
        let weights = case.grad_output();
        let back = truth.backward(&case.graph, &case.params, &widen(slice(&weights)));
        for passes in [true, false] {
            let make = || if passes { case.session() } else { case.session().plain() };
            // All at once, then one at a time, where the passes join all around the one.
            let names: Vec<&str> = case.graph.nodes.iter().map(|n| n.name.as_str()).collect();
            for pattern in [vec!["*"], names].concat() {
                let mut session = make();
                session.tap_all(pattern).unwrap();
                session.tap_grad_all(pattern).unwrap();
                let output = session.run_backward(&case.view(), &weights.view()).unwrap();
                let what = format!("{} {pattern} passes {passes}", case.net.name);
                assert_close(slice(&output), truth.get(case.graph.output), 2e-5, 1e-6, &what);
                let seen = session.captured();
                for id in case.graph.select(pattern).unwrap() {
                    let name = &case.graph.nodes[id].name;
                    let what = format!("{what} {name}");
                    assert_close(slice(seen.value(name).unwrap()), truth.get(id), 2e-5, 1e-6, &what);
                    let (got, want) = (seen.gradient(name).unwrap(), &back.values[id]);
                    assert_eq!(got.shape()[1..], case.graph.nodes[id].shape[..]);
                    assert_close(slice(got), want, 5e-5, 1e-6, &format!("gradient {what}"));
                }
            }
        }
    }
}

/// The interpreter's gradients of values are new; its own check is a difference of two forward passes.
#[test]
fn gradients_of_the_images_equal_finite_differences() {
    for case in Case::all(Mode::Eval) {
        let n = 1;
        let wide = widen(&case.images[..case.images.len() / case.n]);
        let weights: Vec<f64> = widen(slice(&case.grad_output())[..case.net.classes].as_ref());
        let score = |images: &[f64]| {
            let values = Values::compute(&case.graph, &case.params, images, n, (0, 0));
            let output = values.get(case.graph.output);
            output.iter().zip(&weights).map(|(y, w)| y * w).sum::<f64>()
        };
        let values = Values::compute(&case.graph, &case.params, &wide, n, (0, 0));
        let back = values.backward(&case.graph, &case.params, &weights);
        for seed in 0..20 {
            let direction = widen(&Sample::new(seed).normal_vec(wide.len()));
            let moved =
                |step: f64| -> Vec<f64> { wide.iter().zip(&direction).map(|(x, d)| x + step * d).collect() };
            let slope = (score(&moved(1e-7)) - score(&moved(-1e-7))) / 2e-7;
            let want: f64 = back.values[0].iter().zip(&direction).map(|(g, d)| g * d).sum();
            assert!((slope - want).abs() < 1e-5 * want.abs().max(1.0), "{}: {slope} {want}", case.net.name);
        }
    }
}

/// A network of convolutions, linear layers, ReLU and max-pool is affine around each image: its output is the image times
/// its gradient plus every bias times its own (Srinivas and Fleuret 2019), which are those of the layers' values.
#[test]
fn image_and_biases_times_their_gradients_are_the_output() {
    let case = Case::convnet();
    let mut session = case.session();
    let input = session.tap_grad("input").unwrap();
    let layers = ["conv1", "conv2", "fc1", "fc2"];
    let layers = layers.map(|name| (name, session.tap_grad(name).unwrap()));
    for class in 0..case.net.classes {
        let mut one = ArrayD::zeros(IxDyn(&[case.n, case.net.classes]));
        one.index_axis_mut(Axis(1), class).fill(1.0);
        let output = session.run_backward(&case.view(), &one.view()).unwrap();
        for n in 0..case.n {
            let part = |tap| session.get(tap).index_axis(Axis(0), n).mapv(f64::from);
            let image = case.view().index_axis(Axis(0), n).mapv(f64::from);
            let mut sum = (part(input) * image.into_dyn()).sum();
            for (name, tap) in layers {
                let bias = case.params.get(&format!("{name}.bias")).unwrap();
                let channels = part(tap);
                sum += channels.outer_iter().zip(bias).map(|(g, &b)| g.sum() * f64::from(b)).sum::<f64>();
            }
            let logit = f64::from(output[[n, class]]);
            assert!((sum - logit).abs() < 1e-5 * logit.abs().max(1.0), "{n} {class}: {sum} {logit}");
        }
    }
}

#[test]
fn each_tap_and_gradient_of_a_step_equals_the_interpreter() {
    for case in Case::all(Mode::Train) {
        let truth = Values::compute(&case.graph, &case.params, &widen(&case.images), case.n, (5, 1));
        let labels: Vec<usize> = case.labels().iter().map(|&l| l as usize).collect();
        let found = truth.gradients(&case.graph, &case.params, &labels, &CrossEntropy::default());
        for name in case.graph.nodes.iter().map(|n| n.name.as_str()) {
            let id = case.graph.find(name).unwrap();
            let mut step = case.step(TrainOptions::new(case.n, 5));
            let (tap, grad) = (step.tap(name).unwrap(), step.tap_grad(name).unwrap());
            let report = step.step(&case.images, &case.labels(), 0.1);
            let what = format!("{} {name}", case.net.name);
            assert!((f64::from(report.loss) - found.loss).abs() < 1e-5 * found.loss.max(1.0), "{what}");
            assert_close(slice(&step.get(tap)), truth.get(id), 5e-5, 1e-6, &what);
            let want = loss_gradient(&case, &truth, &labels, id);
            assert_close(slice(&step.get(grad)), &want, 5e-5, 1e-7, &format!("gradient {what}"));
        }
    }
}

/// Of the mean cross entropy, with respect to a value: from the gradient of the logits, which is softmax less one-hot.
fn loss_gradient(case: &Case, truth: &Values, labels: &[usize], id: usize) -> Vec<f64> {
    let logits = truth.get(case.graph.output);
    let mut grad = Vec::new();
    for (row, &label) in logits.chunks_exact(case.net.classes).zip(labels) {
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|v| (v - max).exp()).sum();
        let one_hot = |k| if k == label { 1.0 } else { 0.0 };
        grad.extend(
            row.iter().enumerate().map(|(k, v)| ((v - max).exp() / sum - one_hot(k)) / case.n as f64),
        );
    }
    truth.backward(&case.graph, &case.params, &grad).values[id].clone()
}
