//! What holds for every network of the zoo: it traces, it is as large as it says, its parameters have the documented
//! names, all of it learns, and the engine agrees with plain loops in f64.

use expect_test::expect;
use ndarray::ArrayView4;
use striate_models::registry::{ModelInfo, all};
use striate_nn::graph::interpret::Values;
use striate_nn::graph::{CrossEntropy, Engine, Graph, Node, Params, Session, TrainOptions, TrainStep};
use striate_nn::{Mode, OptimizerConfig, Sgd, trace};
use striate_testkit::{Sample, assert_close, widen};

const CLASSES: usize = 10;

fn graph_of(model: &ModelInfo, mode: Mode, classes: usize, input: [usize; 3]) -> Graph {
    let net = (model.build)(classes, input[0]);
    trace(net.as_ref(), mode, input).unwrap_or_else(|error| panic!("{}: {error}", model.name))
}

/// As small as the network learns from: a batch norm over two values would leave no gradient in front of it.
fn small_input(model: &ModelInfo) -> [usize; 3] {
    let [c, h, w] = model.input;
    match model.name {
        "alexnet" => [c, 63, 63],
        name if name.starts_with("vgg") => [c, 32, 32],
        "resnet20" | "resnet18_small" => [c, 16, 16],
        "inception_v3" => [c, 91, 91],
        _ => [c, h.min(64), w.min(64)],
    }
}

/// `n` images with every kind of value: an engine that drops a sign or a tail must not agree by chance.
fn images(input: [usize; 3], n: usize) -> Vec<f32> {
    Sample::new(n as u64).normal_vec(n * input.iter().product::<usize>())
}

/// Parameters as published, multiply-adds those that torchvision prints as GFLOPS of its weights.
#[test]
fn sizes() {
    let mut lines = Vec::new();
    for model in all() {
        let graph = graph_of(model, Mode::Eval, model.num_classes, model.input);
        assert_eq!(graph.output_shape(), [model.num_classes], "{}", model.name);
        let (parameters, multiply_adds) = (graph.parameter_count(), graph.multiply_adds());
        lines.push(format!("{} {:?}: {parameters}, {multiply_adds}", model.name, model.input));
    }
    expect![[r#"
        convnet [1, 28, 28]: 206922, 1218048
        convnet_gap [1, 28, 28]: 208810, 10951872
        lenet5 [1, 28, 28]: 61706, 416520
        mlp [1, 28, 28]: 205930, 205568
        resnet20 [3, 32, 32]: 272474, 40813184
        resnet18_small [3, 32, 32]: 11173962, 555422720
        alexnet [3, 224, 224]: 61100840, 714188480
        vgg11 [3, 224, 224]: 132863336, 7609090048
        vgg11_bn [3, 224, 224]: 132868840, 7609090048
        vgg13 [3, 224, 224]: 133047848, 11308466176
        vgg13_bn [3, 224, 224]: 133053736, 11308466176
        vgg16 [3, 224, 224]: 138357544, 15470264320
        vgg16_bn [3, 224, 224]: 138365992, 15470264320
        vgg19 [3, 224, 224]: 143667240, 19632062464
        vgg19_bn [3, 224, 224]: 143678248, 19632062464
        googlenet [3, 224, 224]: 6624904, 1498376192
        inception_v3 [3, 299, 299]: 23834568, 5713216096
        squeezenet1_0 [3, 224, 224]: 1248424, 818924576
        squeezenet1_1 [3, 224, 224]: 1235496, 349151936
        resnet18 [3, 224, 224]: 11689512, 1814073344
        resnet34 [3, 224, 224]: 21797672, 3663761408
        resnet50 [3, 224, 224]: 25557032, 4089184256
        resnet101 [3, 224, 224]: 44549160, 7801405440
        resnet152 [3, 224, 224]: 60192808, 11513626624
        resnext50_32x4d [3, 224, 224]: 25028904, 4230479872
        resnext101_32x8d [3, 224, 224]: 88791336, 16414015488
        resnext101_64x4d [3, 224, 224]: 83455272, 15460270080
        wide_resnet50_2 [3, 224, 224]: 68883240, 11398021120
        wide_resnet101_2 [3, 224, 224]: 126886696, 22753050624
        densenet121 [3, 224, 224]: 7978856, 2834161664
        densenet161 [3, 224, 224]: 28681000, 7727907072
        densenet169 [3, 224, 224]: 14149480, 3359843328
        densenet201 [3, 224, 224]: 20013928, 4291365888
        mobilenet_v2 [3, 224, 224]: 3504872, 300774272
        mobilenet_v3_small [3, 224, 224]: 2542856, 56510400
        mobilenet_v3_large [3, 224, 224]: 5483032, 216589760
        mnasnet0_5 [3, 224, 224]: 2218512, 104455968
        mnasnet0_75 [3, 224, 224]: 3170208, 215493104
        mnasnet1_0 [3, 224, 224]: 4383312, 314415872
        mnasnet1_3 [3, 224, 224]: 6282256, 526362432
        shufflenet_v2_x0_5 [3, 224, 224]: 1366792, 40476448
        shufflenet_v2_x1_0 [3, 224, 224]: 2278604, 144907992
        shufflenet_v2_x1_5 [3, 224, 224]: 3503624, 295759392
        shufflenet_v2_x2_0 [3, 224, 224]: 7393996, 583253464
        regnet_x_400mf [3, 224, 224]: 5495976, 413812608
        regnet_x_800mf [3, 224, 224]: 7259656, 799699712
        regnet_x_1_6gf [3, 224, 224]: 9190136, 1602849792
        regnet_x_3_2gf [3, 224, 224]: 15296552, 3176621952
        regnet_x_8gf [3, 224, 224]: 39572648, 7995132416
        regnet_x_16gf [3, 224, 224]: 54278536, 15940755456
        regnet_x_32gf [3, 224, 224]: 107811560, 31735929792
        regnet_y_400mf [3, 224, 224]: 4344144, 401842848
        regnet_y_800mf [3, 224, 224]: 6432512, 833856256
        regnet_y_1_6gf [3, 224, 224]: 11202430, 1612076160
        regnet_y_3_2gf [3, 224, 224]: 19436338, 3176482752
        regnet_y_8gf [3, 224, 224]: 39381472, 8473070592
        regnet_y_16gf [3, 224, 224]: 83590140, 15911510272
        regnet_y_32gf [3, 224, 224]: 145046770, 32279552832
        regnet_y_128gf [3, 224, 224]: 644812894, 127517815680
        convnext_tiny [3, 224, 224]: 28589128, 4455531264
        convnext_small [3, 224, 224]: 50223688, 8683712256
        convnext_base [3, 224, 224]: 88591464, 15354729472
        convnext_large [3, 224, 224]: 197767336, 34361433600
        efficientnet_b0 [3, 224, 224]: 5288548, 385814752
        efficientnet_b1 [3, 240, 240]: 7794184, 686802832
        efficientnet_b2 [3, 288, 288]: 9109994, 1087529456
        efficientnet_b3 [3, 300, 300]: 12233232, 1827141392
        efficientnet_b4 [3, 380, 380]: 19341616, 4393771024
        efficientnet_b5 [3, 456, 456]: 30389784, 10266384752
        efficientnet_b6 [3, 528, 528]: 43040704, 19067593536
        efficientnet_b7 [3, 600, 600]: 66347960, 37745884192
        efficientnet_v2_s [3, 384, 384]: 21458488, 8365617152
        efficientnet_v2_m [3, 480, 480]: 54139356, 24582460384
        efficientnet_v2_l [3, 480, 480]: 118515272, 56079699008
        efficientnet_lite0 [3, 224, 224]: 4652008, 385187552"#]]
    .assert_eq(&lines.join("\n"));
}

/// Those of torchvision's networks: in `zoo.rs`.
#[test]
fn names_of_the_small_ones() {
    let mut lines = Vec::new();
    for model in all().iter().filter(|model| model.input[1] == 28) {
        let graph = graph_of(model, Mode::Eval, CLASSES, model.input);
        lines.push(model.name.to_string());
        lines.extend(graph.params().iter().map(|(name, spec)| format!("  {name} {:?}", spec.shape)));
    }
    expect![[r#"
        convnet
          conv1.weight [16, 1, 3, 3]
          conv1.bias [16]
          conv2.weight [32, 16, 3, 3]
          conv2.bias [32]
          fc1.weight [128, 1568]
          fc1.bias [128]
          fc2.weight [10, 128]
          fc2.bias [10]
        convnet_gap
          conv1.weight [16, 1, 3, 3]
          conv1.bias [16]
          conv2.weight [32, 16, 3, 3]
          conv2.bias [32]
          conv3.weight [64, 32, 3, 3]
          conv3.bias [64]
          conv4.weight [128, 64, 3, 3]
          conv4.bias [128]
          conv5.weight [96, 128, 3, 3]
          conv5.bias [96]
          fc.weight [10, 96]
          fc.bias [10]
        lenet5
          conv1.weight [6, 1, 5, 5]
          conv1.bias [6]
          conv2.weight [16, 6, 5, 5]
          conv2.bias [16]
          fc1.weight [120, 400]
          fc1.bias [120]
          fc2.weight [84, 120]
          fc2.bias [84]
          fc3.weight [10, 84]
          fc3.bias [10]
        mlp
          fc1.weight [224, 784]
          fc1.bias [224]
          fc2.weight [128, 224]
          fc2.bias [128]
          fc3.weight [10, 128]
          fc3.bias [10]"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn the_first_and_the_last_layer_are_named() {
    for model in all() {
        let graph = graph_of(model, Mode::Eval, model.num_classes, model.input);
        let layers = || graph.nodes.iter().filter(|node| !node.layer.is_empty());
        assert_eq!(layers().next().expect("a layer").layer, model.first_conv, "{}", model.name);
        assert_eq!(layers().next_back().expect("a layer").layer, model.classifier, "{}", model.name);
        let weight =
            graph.params().into_iter().find(|(name, _)| *name == format!("{}.weight", model.classifier));
        assert_eq!(weight.expect(model.name).1.shape[0], model.num_classes, "{}", model.name);
        // Where a convolution makes the logits, there are no features of an image as a whole.
        let Some(head) = graph.head() else { continue };
        assert_eq!(graph.nodes[head.linear].layer, model.classifier, "{}", model.name);
        assert_eq!(graph.nodes[head.input].shape.len(), 1, "{}", model.name);
    }
}

#[test]
fn the_features_of_an_image_can_be_tapped() {
    let model = striate_models::registry::find("resnet20").expect("a name of the zoo");
    let input = small_input(model);
    let graph = graph_of(model, Mode::Eval, CLASSES, input);
    let head = graph.head().expect("a head");
    let name = graph.nodes[head.input].name.clone();
    let params = Params::init(&graph, 1);
    let engine = Engine::new(Some(1)).expect("an instruction set");
    let mut net = Session::with_engine(graph, params.clone(), engine).expect("its own parameters");
    let tap = net.tap(&name).expect("a value of the network");
    let logits = net.run_slice(&images(input, 3), 3).expect("three images").to_vec();
    let features = net.get(tap);
    assert_eq!(features.shape(), [3, 64]);
    let (weight, bias) = (params.get("fc.weight").expect("a weight"), params.get("fc.bias").expect("a bias"));
    for (i, &logit) in logits.iter().enumerate() {
        let (n, k) = (i / CLASSES, i % CLASSES);
        let sum: f32 = (0..64).map(|f| features[[n, f]] * weight[[k, f]]).sum();
        assert!((sum + bias[[k]] - logit).abs() < 1e-4, "logit {k} of image {n}");
    }
}

#[test]
fn any_number_of_classes_and_channels() {
    for model in all() {
        let [_, h, w] = model.input;
        for (classes, channels) in [(1, 1), (2, 3), (1000, 5)] {
            for mode in [Mode::Train, Mode::Eval] {
                let graph = graph_of(model, mode, classes, [channels, h, w]);
                assert_eq!(graph.output_shape(), [classes], "{}", model.name);
            }
        }
    }
}

#[test]
fn training_and_use_share_their_parameters() {
    for model in all() {
        let [train, eval] = [Mode::Train, Mode::Eval].map(|m| graph_of(model, m, CLASSES, model.input));
        assert_eq!(train.without_auxiliary().params(), eval.params(), "{}", model.name);
    }
}

#[test]
fn auxiliary_classifiers_add_the_parameters_that_they_have_in_torchvision() {
    let mut with = Vec::new();
    for model in all() {
        let graph = graph_of(model, Mode::Train, model.num_classes, model.input);
        let weights: Vec<f32> = graph.auxiliary.iter().map(|auxiliary| auxiliary.weight).collect();
        if !weights.is_empty() {
            with.push((model.name, weights, graph.parameter_count()));
        }
    }
    let expected = [("googlenet", vec![0.3, 0.3], 13_004_888), ("inception_v3", vec![0.4], 27_161_264)];
    assert_eq!(with, expected);
}

#[test]
fn the_rival_is_as_large_as_the_convnet() {
    let count = |name| {
        let model = striate_models::registry::find(name).expect("a name of the zoo");
        graph_of(model, Mode::Eval, CLASSES, model.input).parameter_count() as f64
    };
    let ratio = count("mlp") / count("convnet");
    assert!((0.95..1.05).contains(&ratio), "{ratio}");
}

/// A bias in front of a batch norm is taken out again by it: torchvision's VGGs have such, and they learn nothing.
fn is_idle(graph: &Graph, name: &str) -> bool {
    let Some(layer) = name.strip_suffix(".bias") else { return false };
    let normed = |node: &Node| node.operation().couples_batch() && graph.nodes[node.inputs[0]].layer == layer;
    graph.nodes.iter().any(normed)
}

#[test]
fn every_parameter_learns() {
    let sgd = OptimizerConfig::from(Sgd::default()).build().expect("good settings");
    let n = 4;
    // Of networks that differ in the number and the width of their layers alone, the smallest and the small; some millions
    // of parameters take seconds each.
    let parameters =
        |model: &ModelInfo| graph_of(model, Mode::Eval, CLASSES, small_input(model)).parameter_count();
    let is_smallest = |model: &&ModelInfo| {
        let family = all().iter().filter(|other| other.paper == model.paper);
        family.map(parameters).min() == Some(parameters(model))
    };
    let others = ["resnet50", "wide_resnet50_2", "vgg11_bn"];
    let is_tried = |model: &&ModelInfo| {
        is_smallest(model) || parameters(model) < 6_000_000 || others.contains(&model.name)
    };
    for model in all().iter().filter(is_tried) {
        let input = small_input(model);
        let graph = graph_of(model, Mode::Train, CLASSES, input);
        let params = Params::init(&graph, 1);
        let engine = Engine::new(Some(2)).expect("an instruction set");
        let options = TrainOptions::new(n, 1);
        let mut net =
            TrainStep::new(&graph, &params, &CrossEntropy::default(), sgd.as_ref(), engine, options)
                .expect("a plan");
        let labels: Vec<u32> = (0..n as u32).collect();
        let report = net.step(&images(input, n), &labels, 0.1);
        assert!(report.loss.is_finite(), "{}: loss {}", model.name, report.loss);
        let gradients = net.gradients();
        let trained: Vec<_> = graph.params().into_iter().filter(|(_, spec)| spec.trainable).collect();
        let mut moved = Vec::new();
        for (name, spec) in &trained {
            let gradient =
                gradients.get(name).unwrap_or_else(|| panic!("{}: no gradient of {name}", model.name));
            assert_eq!(gradient.shape(), spec.shape, "{}: {name}", model.name);
            let largest = gradient.iter().fold(0.0, |largest: f32, v| largest.max(v.abs()));
            assert!(gradient.iter().all(|v| v.is_finite()), "{}: gradient of {name}", model.name);
            let idle = is_idle(&graph, name);
            assert!(!idle || largest < 1e-5, "{}: gradient of {name} is {largest}", model.name);
            assert!(idle || largest > 0.0, "{}: gradient of {name} is zero", model.name);
            // Behind ConvNeXt's scale of a millionth, a step is less than the last digit of a 1.
            if largest > 1e-5 {
                moved.push(name);
            }
        }
        drop(gradients); // of gigabytes, where there are 140 million parameters
        let after = net.params();
        assert!(
            2 * moved.len() > trained.len() || model.name == "convnext_tiny",
            "{}: {moved:?}",
            model.name
        );
        for name in moved {
            assert_ne!(after.get(name), params.get(name), "{}: {name} has not moved", model.name);
        }
    }
}

/// The large ones are held against torchvision in `zoo.rs`.
#[test]
fn the_engine_equals_the_interpreter() {
    let n = 5;
    for model in all() {
        let input = small_input(model);
        let graph = graph_of(model, Mode::Eval, CLASSES, input);
        if graph.multiply_adds() > 200_000_000 || graph.parameter_count() > 20_000_000 {
            continue;
        }
        let params = Params::init(&graph, 2);
        let images = images(input, n);
        let values = Values::compute(&graph, &params, &widen(&images), n, (0, 0));
        let expected = values.get(graph.output);
        for (threads, n) in [(1, 1), (1, 5), (2, 1), (2, 5)] {
            let engine = Engine::new(Some(threads)).expect("an instruction set");
            let mut net =
                Session::with_engine(graph.clone(), params.clone(), engine).expect("its own parameters");
            let [c, h, w] = input;
            let part = &images[..n * c * h * w];
            let view = ArrayView4::from_shape((n, c, h, w), part).expect("n images");
            let logits = net.run(&view).expect("images of the right shape");
            assert_eq!(logits.shape(), [n, CLASSES]);
            let what = format!("{}, {threads} threads, batch {n}", model.name);
            let (got, expected) = (logits.as_slice().expect("row-major"), &expected[..n * CLASSES]);
            assert_close(got, expected, 1e-4, 0.0, &what);
        }
    }
}
