//! The exact sum: on every network here whose operations are piecewise linear, the image and the biases make the logit.

use ndarray::{Array4, ArrayD, Axis, IxDyn};
use striate::Classifier;
use striate::explain::attribution::Attributor;
use striate::graph::{Arithmetic, Engine, Mode, Params, Session, trace};
use striate::models::{registry, shipped};
use striate_testkit::deep_formula;

/// Networks with more parameters than this are left to those with the same operations.
const MOST_PARAMETERS: usize = 30_000_000;
/// Of networks that take any size, an image that leaves something of it in the last maps.
const SIDE: usize = 96;

/// Asks of every image; fails if more than 1e-5 of the logits is left over. A logit near 0 is a difference of large
/// parts, so the largest logit of the image is what a gap is compared with.
fn check(session: &mut Session, images: &Array4<f32>, classes: &[usize], what: &str) {
    let logits = session.run(&images.view()).expect("images of the network's size");
    for (image, logits) in images.outer_iter().zip(logits.outer_iter()) {
        let largest = logits.iter().fold(0.0_f64, |m, &v| m.max(f64::from(v).abs()));
        for &class in classes {
            let found = Attributor::new(session, image, class).and_then(|mut question| question.exact_sum());
            let complete = found.unwrap_or_else(|error| panic!("{what}: {error}")).completeness;
            let complete = complete.expect("an exact sum");
            assert_eq!(complete.rise as f32, logits[class], "{what}");
            assert!(complete.gap.abs() <= 1e-5 * largest, "{what}, class {class}: {complete:?} of {largest}");
        }
    }
}

#[test]
fn of_the_shipped_networks_for_every_class() {
    let digits = striate::data::load("digits").expect("inside this program");
    let test = digits.test.images().expect("in memory");
    for shipped in shipped::all() {
        let mut model =
            Classifier::new(shipped.load().expect("a model file"), Engine::new(Some(2)).unwrap()).unwrap();
        let mut images = Array4::zeros((12, 1, 28, 28));
        for (i, mut image) in images.outer_iter_mut().enumerate() {
            let pixels = &test.pixels[i * 784..][..784];
            model.preprocess().normalize(pixels, image.as_slice_mut().expect("row-major"));
        }
        check(model.session(), &images, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], shipped.name);
    }
}

#[test]
fn of_the_zoo() {
    let (mut names, mut not_linear) = (Vec::new(), Vec::new());
    for name in registry::names() {
        let info = registry::find(name).expect("a name of the registry");
        let net = (info.build)(info.num_classes, info.input[0]);
        let [c, h, w] = info.input;
        let side = |full: usize| if full > 100 { SIDE } else { full };
        let graph = trace(net.as_ref(), Mode::Eval, [c, side(h), side(w)]).expect("a size it takes");
        if graph.parameter_count() > MOST_PARAMETERS {
            continue;
        }
        let make = |(name, spec): (String, striate::graph::op::ParamSpec)| {
            let values = deep_formula(&name, &spec.shape);
            (name, ArrayD::from_shape_vec(IxDyn(&spec.shape), values).expect("one value an element"))
        };
        // Of the operations here, those that are not piecewise linear.
        let smooth = ["mul", "silu", "gelu", "hardswish"];
        let is_smooth = graph.nodes.iter().any(|node| smooth.contains(&node.operation().name()));
        let params: Params = graph.params().into_iter().map(make).collect();
        let shape = [1, c, side(h), side(w)];
        let image = Array4::from_shape_vec(shape, deep_formula("input", &shape)).expect("as many");
        // The sum is that of the gradient, which goes through direct convolutions: so must the logits that it is held against.
        let engine = Engine::new(Some(2)).expect("an instruction set").with_arithmetic(Arithmetic::PLAIN);
        let mut session = Session::with_engine(graph, params, engine).expect("its own parameters");
        if is_smooth {
            let image = image.index_axis(Axis(0), 0);
            let refused =
                Attributor::new(&mut session, image, 0).and_then(|mut question| question.exact_sum());
            let why = refused.map(|_| name).expect_err("no sum of parts").to_string();
            assert!(why.contains("is not piecewise linear"), "{name}: {why}");
            not_linear.push(name);
            continue;
        }
        let classes: Vec<usize> = (0..info.num_classes).step_by(info.num_classes.div_ceil(10)).collect();
        check(&mut session, &image, &classes, name);
        names.push(name);
    }
    for expected in [
        "convnet",
        "convnet_gap",
        "lenet5",
        "mlp",
        "resnet18",
        "resnet50",
        "mobilenet_v2",
        "efficientnet_lite0",
        "squeezenet1_1",
        "googlenet",
        "inception_v3",
        "densenet121",
        "mnasnet1_0",
        "shufflenet_v2_x1_0",
        "regnet_x_400mf",
    ] {
        assert!(names.contains(&expected), "{expected}: {names:?}");
    }
    for expected in ["mobilenet_v3_small", "regnet_y_400mf", "efficientnet_b0", "convnext_tiny"] {
        assert!(not_linear.contains(&expected), "{expected}: {not_linear:?}");
    }
}
