//! The same attribution as captum 0.9.0 and pytorch-grad-cam 1.5.7 find, replayed without Python; `tools/golden/attribution.py` made
//! the files and says under which conventions.

use ndarray::{Array3, Array4, ArrayD, IxDyn};
use striate_explain::ExplainError;
use striate_explain::attribution::{Attribution, Attributor, Noise, Patch, Path};
use striate_nn::graph::{Params, Session, trace};
use striate_nn::{AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Forward, Linear, MaxPool2d, Mode, Module, Var};
use striate_testkit::{Array, AttributionGolden, formula};

/// Two convolutions, each with ReLU and max pooling, and two linear layers: the twin of the script's.
#[derive(Module)]
struct Plain {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

impl Forward for Plain {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).relu().apply(&MaxPool2d::new(2));
        let x = x.apply(&self.conv2).relu().apply(&MaxPool2d::new(2));
        x.flatten(1).apply(&self.fc1).relu().apply(&self.fc2)
    }
}

/// Batch norm, stride, a residual add, global average pooling: the twin of the script's.
#[derive(Module)]
struct Residual {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    conv3: Conv2d,
    bn3: BatchNorm2d,
    fc: Linear,
}

impl Forward for Residual {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).apply(&self.bn1).relu();
        let y = x.apply(&self.conv2).apply(&self.bn2).relu().apply(&self.conv3).apply(&self.bn3);
        (x + y).relu().apply(&AdaptiveAvgPool2d::new([1, 1])).flatten(1).apply(&self.fc)
    }
}

struct Case {
    golden: AttributionGolden,
    session: Session,
    inputs: Array4<f32>,
}

fn case(name: &str, net: &dyn Forward) -> Case {
    let golden = AttributionGolden::read(name);
    let &[n, c, h, w] = &golden.input_shape[..] else { panic!("images") };
    let graph = trace(net, Mode::Eval, [c, h, w]).unwrap();
    let params: Params = graph
        .params()
        .into_iter()
        .map(|(name, spec)| {
            let values = formula(&name, &spec.shape);
            golden.parameters[&name].check(&values, &name);
            (name, ArrayD::from_shape_vec(IxDyn(&spec.shape), values).unwrap())
        })
        .collect();
    assert_eq!(params.len(), golden.parameters.len());
    let inputs = Array4::from_shape_vec((n, c, h, w), formula("input", &golden.input_shape)).unwrap();
    let mut session = Session::new(graph, params).unwrap();
    let logits: Vec<f32> = session.run(&inputs.view()).unwrap().into_iter().collect();
    golden.logits.check_alike(&logits, "logits");
    Case { golden, session, inputs }
}

fn plain() -> Case {
    let net = Plain {
        conv1: Conv2d::new(1, 8, 3).padding(1),
        conv2: Conv2d::new(8, 12, 3).padding(1),
        fc1: Linear::new(144, 24),
        fc2: Linear::new(24, 5),
    };
    case("plain", &net)
}

fn residual() -> Case {
    let net = Residual {
        conv1: Conv2d::new(3, 12, 3).stride(2).padding(1).bias(false),
        bn1: BatchNorm2d::new(12),
        conv2: Conv2d::new(12, 12, 3).padding(1).bias(false),
        bn2: BatchNorm2d::new(12),
        conv3: Conv2d::new(12, 12, 3).padding(1),
        bn3: BatchNorm2d::new(12),
        fc: Linear::new(12, 7),
    };
    case("residual", &net)
}

/// Asks of every image, and compares with what the file has of them.
fn each(
    (session, inputs, classes): (&mut Session, &Array4<f32>, usize),
    want: &[Array],
    what: &str,
    ask: impl Fn(&mut Attributor<'_>) -> Result<Attribution, ExplainError>,
) {
    assert_eq!(want.len(), inputs.shape()[0]);
    for (i, (image, want)) in inputs.outer_iter().zip(want).enumerate() {
        let mut attributor = Attributor::new(session, image, i % classes).unwrap();
        let found = ask(&mut attributor).unwrap();
        want.check_alike(&found.values, &format!("{what} of image {i}"));
        assert_eq!(found.shape[3 - want.shape.len()..], want.shape[..], "{what}");
    }
}

fn of_the_image(case: &mut Case) {
    let Case { golden, session, inputs } = case;
    let &[_, c, h, w] = &golden.input_shape[..] else { panic!("images") };
    let baseline = Array3::from_elem((c, h, w), golden.baseline);
    let baseline = baseline.view();
    let path = Path { nodes: 50, panels: 1, ..Path::default() };
    let noise = Noise { samples: golden.noise.samples, share: golden.noise.share, seed: golden.noise.seed };
    let patch = Patch { side_px: golden.patch, stride_px: golden.stride };
    for (method, want) in &golden.images {
        each((session, inputs, golden.classes), want, method, |attributor| match method.as_str() {
            "gradient" => attributor.gradient(),
            "gradient_x_input" => attributor.gradient_x_input(),
            "integrated_gradients" => attributor.integrated_gradients(&baseline, path),
            "smooth_grad" => attributor.smooth_grad(noise),
            "guided_backprop" => attributor.guided_backprop(),
            "occlusion" => attributor.occlusion(&baseline, patch),
            _ => panic!("{method}"),
        });
    }
    assert_eq!(golden.images.len(), 6);
}

fn of_the_maps(case: &mut Case, names: [(&str, &str); 2]) {
    let Case { golden, session, inputs } = case;
    for (theirs, ours) in names {
        let of_layer = &golden.layers[theirs];
        for (method, want) in of_layer {
            let what = format!("{method} of {ours}");
            each((session, inputs, golden.classes), want, &what, |attributor| match method.as_str() {
                "grad_cam" => attributor.grad_cam(Some(ours)),
                "grad_cam_plus_plus" => attributor.grad_cam_plus_plus(Some(ours)),
                "layer_cam" => attributor.layer_cam(Some(ours)),
                "score_cam" => attributor.score_cam(Some(ours)),
                "eigen_cam" => attributor.eigen_cam(Some(ours)),
                _ => panic!("{method}"),
            });
        }
        assert_eq!(of_layer.len(), 5);
    }
}

fn of_the_biases(case: &mut Case) {
    let Case { golden, session, inputs } = case;
    let image = inputs.outer_iter().next().unwrap();
    let found = Attributor::new(session, image, 0).unwrap().exact_sum().unwrap();
    let maps: Vec<_> = found.parts[1..].iter().filter(|part| part.shape.len() == 3).collect();
    assert_eq!(maps.len(), golden.bias_maps.len());
    for part in maps {
        let want = &golden.bias_maps[&part.name];
        want.check_alike(&part.values, &part.name);
        assert_eq!(part.shape, want.shape);
    }
    golden.images["gradient_x_input"][0].check_alike(&found.parts[0].values, "the image's part");
}

#[test]
fn a_plain_network_is_explained_as_elsewhere() {
    let mut case = plain();
    of_the_image(&mut case);
    of_the_maps(&mut case, [("relu2", "relu_1"), ("conv1", "conv1")]);
    of_the_biases(&mut case);
}

#[test]
fn a_residual_network_is_explained_as_elsewhere() {
    let mut case = residual();
    of_the_image(&mut case);
    of_the_maps(&mut case, [("relu3", "relu_2"), ("bn1", "bn1")]);
    of_the_biases(&mut case);
}
