//! Each layer: what it makes of a shape, what its parameters are called, and that the engine computes what plain loops
//! in f64 compute.

use ndarray::ArrayView4;
use striate_nn::graph::interpret::Values;
use striate_nn::graph::{Engine, Params, Session};
use striate_nn::{
    AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, BatchNorm2d, ChannelShuffle, Conv2d, Dropout, Dropout2d,
    ELU, Flatten, Forward, GELU, GroupNorm, Hardsigmoid, Hardswish, Identity, Init, InstanceNorm2d,
    LayerNorm2d, LeakyReLU, Linear, LocalResponseNorm, LogSoftmax, MaxPool2d, Mish, Mode, PReLU,
    PointwiseLinear, ReLU, ReLU6, SELU, Sequential, SiLU, Sigmoid, Softmax, Softplus, SqueezeExcitation,
    StochasticDepth, Tanh, Upsample, trace,
};
use striate_testkit::{Sample, assert_close, widen};

/// Traces a layer on images `[6, 9, 7]`, compares shape and parameters, then runs it on random images and parameters.
fn check(layer: &dyn Forward, shape: &[usize], params: &[(&str, &[usize])]) {
    let input = [6, 9, 7];
    let graph = trace(layer, Mode::Eval, input).expect("shapes that fit");
    let what = format!("{:?}", graph.nodes.last().expect("a node").op);
    assert_eq!(graph.output_shape(), shape, "{what}");
    let specs = graph.params();
    let named: Vec<(&str, &[usize])> = specs.iter().map(|(n, s)| (n.as_str(), s.shape.as_slice())).collect();
    assert_eq!(named, params, "{what}");

    let mut sample = Sample::new(3);
    let mut values = Params::init(&graph, 5);
    for (name, _) in &specs {
        // Positive, as a variance must be, and nowhere the value it starts with.
        let array = values.get_mut(name).expect("its own parameter");
        array.iter_mut().for_each(|v| *v = sample.uniform(0.5, 1.5));
    }
    for n in [1, 3] {
        let images: Vec<f32> =
            sample.normal_vec(n * input.iter().product::<usize>()).into_iter().map(|v| 4.0 * v).collect();
        let engine = Engine::new(Some(2)).expect("an instruction set");
        let mut net =
            Session::with_engine(graph.clone(), values.clone(), engine).expect("its own parameters");
        let view = ArrayView4::from_shape((n, input[0], input[1], input[2]), &images).expect("n images");
        let got = net.run(&view).expect("images of the right shape");
        assert_eq!(&got.shape()[1..], shape, "{what}");
        let expected = Values::compute(&graph, &values, &widen(&images), n, (0, 0));
        assert_close(got.as_slice().expect("row-major"), expected.get(graph.output), 1e-5, 0.0, &what);
    }
}

#[test]
fn conv2d() {
    let (weight, bias) = ("weight", "bias");
    check(&Conv2d::new(6, 4, 3), &[4, 7, 5], &[(weight, &[4, 6, 3, 3]), (bias, &[4])]);
    check(&Conv2d::new(6, 4, [3, 1]).stride((2, 3)).bias(false), &[4, 4, 3], &[(weight, &[4, 6, 3, 1])]);
    check(
        &Conv2d::new(6, 4, 3).padding([2, 0]).dilation(2),
        &[4, 9, 3],
        &[(weight, &[4, 6, 3, 3]), (bias, &[4])],
    );
    check(
        &Conv2d::new(6, 4, [4, 3]).stride(2).padding_same().bias(false),
        &[4, 5, 4],
        &[(weight, &[4, 6, 4, 3])],
    );
    check(&Conv2d::new(6, 12, 3).groups(6).bias(false), &[12, 7, 5], &[(weight, &[12, 1, 3, 3])]);
}

#[test]
fn pools() {
    check(&MaxPool2d::new(2), &[6, 4, 3], &[]);
    check(&MaxPool2d::new(3).stride(1).padding(1), &[6, 9, 7], &[]);
    check(&MaxPool2d::new([2, 3]).stride([1, 2]).dilation([2, 1]), &[6, 7, 3], &[]);
    check(&MaxPool2d::new(2).ceil_mode(true), &[6, 5, 4], &[]);
    check(&MaxPool2d::new(3).stride(2).padding(1).ceil_mode(true), &[6, 5, 4], &[]);
    check(&MaxPool2d::new(2).stride([4, 5]).ceil_mode(true), &[6, 3, 2], &[]);
    check(&MaxPool2d::new([3, 2]).stride([4, 3]).padding(1).ceil_mode(true), &[6, 3, 3], &[]);
    check(&AvgPool2d::new(3), &[6, 3, 2], &[]);
    check(&AvgPool2d::new(3).stride(2).padding(1), &[6, 5, 4], &[]);
    check(&AvgPool2d::new(3).stride(2).padding(1).count_include_pad(false), &[6, 5, 4], &[]);
    check(&AvgPool2d::new(2).ceil_mode(true), &[6, 5, 4], &[]);
    check(&AvgPool2d::new(3).stride(2).padding(1).ceil_mode(true), &[6, 5, 4], &[]);
    check(&AvgPool2d::new([3, 2]).stride([4, 3]).padding(1).ceil_mode(true), &[6, 3, 3], &[]);
    let uncounted = AvgPool2d::new([3, 2]).stride([4, 3]).padding(1).count_include_pad(false);
    check(&uncounted.ceil_mode(true), &[6, 3, 3], &[]);
    check(&AdaptiveAvgPool2d::new(1), &[6, 1, 1], &[]);
    check(&AdaptiveAvgPool2d::new([4, 10]), &[6, 4, 10], &[]);
    check(&AdaptiveMaxPool2d::new(1), &[6, 1, 1], &[]);
    check(&AdaptiveMaxPool2d::new([4, 10]), &[6, 4, 10], &[]);
}

#[test]
fn channels() {
    check(&ChannelShuffle::new(3), &[6, 9, 7], &[]);
    check(&StochasticDepth::new(0.5), &[6, 9, 7], &[]);
    check(&LayerNorm2d::new(6).eps(1e-3), &[6, 9, 7], &[("weight", &[6]), ("bias", &[6])]);
    check(&PointwiseLinear::new(6, 17), &[17, 9, 7], &[("weight", &[17, 6]), ("bias", &[17])]);
    check(&PointwiseLinear::new(6, 3).bias(false), &[3, 9, 7], &[("weight", &[3, 6])]);
    let gate = SqueezeExcitation::new(6, 2).activation(SiLU::new()).scale_activation(Hardsigmoid::new());
    let [fc1, fc2] = [[2, 6, 1, 1], [6, 2, 1, 1]];
    let names: [(&str, &[usize]); 4] =
        [("fc1.weight", &fc1), ("fc1.bias", &[2]), ("fc2.weight", &fc2), ("fc2.bias", &[6])];
    check(&gate, &[6, 9, 7], &names);
}

#[test]
fn heads() {
    let flat =
        |layer: Box<dyn Forward>| [Box::new(Flatten::new()) as Box<dyn Forward>, layer].into_iter().collect();
    let net: Sequential = flat(Box::new(Linear::new(378, 5)));
    check(&net, &[5], &[("1.weight", &[5, 378]), ("1.bias", &[5])]);
    let net: Sequential = flat(Box::new(Linear::new(378, 33).bias(false)));
    check(&net, &[33], &[("1.weight", &[33, 378])]);
    let net: Sequential = flat(Box::new(Softmax::new()));
    check(&net, &[378], &[]);
    let net: Sequential = flat(Box::new(LogSoftmax::new()));
    check(&net, &[378], &[]);
    check(&Flatten::new(), &[378], &[]);
}

#[test]
fn the_others() {
    let c: &[usize] = &[6];
    let names = [("weight", c), ("bias", c), ("running_mean", c), ("running_var", c)];
    check(&BatchNorm2d::new(6).eps(0.25), &[6, 9, 7], &names);
    check(&ReLU::new(), &[6, 9, 7], &[]);
    let pointwise: [&dyn Forward; 13] = [
        &ReLU6::new(),
        &LeakyReLU::new(0.3),
        &ELU::new(0.8),
        &SELU::new(),
        &Sigmoid::new(),
        &Hardsigmoid::new(),
        &SiLU::new(),
        &Hardswish::new(),
        &GELU::new(),
        &Tanh::new(),
        &Softplus::new(),
        &Mish::new(),
        &LeakyReLU::default(),
    ];
    pointwise.into_iter().for_each(|layer| check(layer, &[6, 9, 7], &[]));
    check(&Dropout::new(0.5), &[6, 9, 7], &[]);
    check(&PReLU::default(), &[6, 9, 7], &[("weight", &[1])]);
    check(&PReLU::new(6), &[6, 9, 7], &[("weight", c)]);
    check(&GroupNorm::new(3, 6), &[6, 9, 7], &names[..2]);
    check(&GroupNorm::new(1, 6).eps(0.25).affine(false), &[6, 9, 7], &[]);
    check(&InstanceNorm2d::new(6), &[6, 9, 7], &[]);
    check(&InstanceNorm2d::new(6).eps(0.25).affine(true), &[6, 9, 7], &names[..2]);
    check(&LocalResponseNorm::new(5), &[6, 9, 7], &[]);
    check(&LocalResponseNorm::new(2).alpha(0.5).beta(1.5).k(2.0), &[6, 9, 7], &[]);
    check(&Dropout2d::new(0.5), &[6, 9, 7], &[]);
    check(&Upsample::scale_factor([2, 3]), &[6, 18, 21], &[]);
    check(&Upsample::size([5, 16]), &[6, 5, 16], &[]);
    check(&Upsample::scale_factor(2).bilinear(), &[6, 18, 14], &[]);
    check(&Upsample::size([5, 16]).bilinear(), &[6, 5, 16], &[]);
    check(&Identity::new(), &[6, 9, 7], &[]);
}

#[test]
fn settings_of_batch_norm_and_dropout_reach_the_graph() {
    let graph =
        trace(&BatchNorm2d::new(6).eps(0.5).momentum(0.25), Mode::Train, [6, 2, 2]).expect("shapes that fit");
    let op = serde_json::to_string(&graph.nodes[1].op).expect("plain numbers");
    let expected = r#"{"op":"batch_norm2d","num_features":6,"eps":0.5,"momentum":0.25,"training":true}"#;
    assert_eq!(op, expected);
    let graph = trace(&Dropout::new(0.25), Mode::Train, [6, 2, 2]).expect("shapes that fit");
    assert_eq!(
        serde_json::to_string(&graph.nodes[1].op).expect("plain numbers"),
        r#"{"op":"dropout","p":0.25}"#
    );
}

/// The op of a layer, as a file says it.
fn stored(layer: &dyn Forward, mode: Mode) -> String {
    let graph = trace(layer, mode, [6, 2, 2]).expect("shapes that fit");
    serde_json::to_string(&graph.nodes[1].op).expect("plain numbers")
}

#[test]
fn settings_of_pooling_reach_the_graph() {
    let pool =
        r#"{"op":"avg_pool2d","kernel_size":[2,2],"stride":[2,2],"padding":[0,0],"count_include_pad":true"#;
    assert_eq!(stored(&AvgPool2d::new(2), Mode::Eval), format!("{pool}}}"));
    assert_eq!(
        stored(&AvgPool2d::new(2).ceil_mode(true), Mode::Eval),
        format!(r#"{pool},"ceil_mode":true}}"#)
    );
    let adaptive = r#"{"op":"adaptive_max_pool2d","output_size":[1,2]}"#;
    assert_eq!(stored(&AdaptiveMaxPool2d::new([1, 2]), Mode::Eval), adaptive);
}

#[test]
fn settings_of_prelu_reach_the_graph() {
    assert_eq!(stored(&PReLU::new(6), Mode::Train), r#"{"op":"prelu","num_parameters":6}"#);
    for (layer, start) in [(PReLU::default(), 0.25), (PReLU::new(6).init(0.5), 0.5)] {
        let graph = trace(&layer, Mode::Train, [6, 2, 2]).expect("shapes that fit");
        let params = Params::init(&graph, 0);
        let weight = params.get("weight").expect("its own parameter");
        assert!(weight.iter().all(|&v| v == start), "{weight:?}");
    }
}

#[test]
fn settings_of_group_and_instance_norm_reach_the_graph() {
    let group = r#"{"op":"group_norm","num_groups":3,"num_channels":6,"eps":0.5,"affine":true}"#;
    assert_eq!(stored(&GroupNorm::new(3, 6).eps(0.5), Mode::Eval), group);
    let instance = r#"{"op":"group_norm","num_groups":6,"num_channels":6,"eps":0.5,"affine":false}"#;
    assert_eq!(stored(&InstanceNorm2d::new(6).eps(0.5), Mode::Train), instance);
}

#[test]
fn settings_of_local_response_norm_reach_the_graph() {
    let layer = LocalResponseNorm::new(5).alpha(0.5).beta(0.25).k(2.0);
    let norm = r#"{"op":"local_response_norm","size":5,"alpha":0.5,"beta":0.25,"k":2.0}"#;
    assert_eq!(stored(&layer, Mode::Eval), norm);
}

#[test]
fn settings_of_dropout2d_reach_the_graph() {
    assert_eq!(stored(&Dropout2d::new(0.25), Mode::Train), r#"{"op":"dropout2d","p":0.25}"#);
}

#[test]
fn settings_of_upsample_reach_the_graph() {
    let factor = r#"{"op":"interpolate","to":{"scale_factor":[2,3]},"mode":"nearest"}"#;
    assert_eq!(stored(&Upsample::scale_factor([2, 3]), Mode::Eval), factor);
    let size = r#"{"op":"interpolate","to":{"size":[5,5]},"mode":"bilinear"}"#;
    assert_eq!(stored(&Upsample::size(5).bilinear(), Mode::Eval), size);
}

/// PyTorch's kaiming-uniform with a = √5: uniform in `±1/√fan_in`, weights and biases.
#[test]
fn parameters_start_as_pytorchs() {
    let net = Sequential::new().append(Conv2d::new(8, 64, 5).groups(2)).append(Flatten::new());
    let net = net.append(Linear::new(64 * 12 * 12, 16));
    let graph = trace(&net, Mode::Eval, [8, 16, 16]).expect("shapes that fit");
    let params = Params::init(&graph, 0);
    for (name, fan_in) in
        [("0.weight", 4 * 25), ("0.bias", 4 * 25), ("2.weight", 64 * 144), ("2.bias", 64 * 144)]
    {
        let values: Vec<f64> = params.get(name).expect(name).iter().map(|&v| f64::from(v)).collect();
        let (n, bound) = (values.len() as f64, 1.0 / f64::from(fan_in).sqrt());
        assert!(values.iter().all(|v| v.abs() <= bound), "{name} leaves ±{bound}");
        // Five standard errors of the mean (σ = bound/√3) and of the mean square (σ = bound²·√(4/45)).
        let mean = values.iter().sum::<f64>() / n;
        assert!(mean.abs() < 5.0 * bound / (3.0 * n).sqrt(), "{name}: mean {mean}");
        let square = values.iter().map(|v| v * v).sum::<f64>() / n / (bound * bound);
        assert!((square - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / n).sqrt(), "{name}: mean square {square}");
    }
    assert_ne!(params, Params::init(&graph, 1));
    assert_eq!(params, Params::init(&graph, 0));
}

#[test]
fn parameters_start_as_asked() {
    let conv = Conv2d::new(8, 64, 5).groups(2).init(Init::kaiming_normal(64 * 25));
    let net = Sequential::new().append(conv).append(Flatten::new());
    let net = net.append(Linear::new(64 * 12 * 12, 16).init(Init::Normal { std: 0.01 }));
    let graph = trace(&net, Mode::Eval, [8, 16, 16]).expect("shapes that fit");
    let params = Params::init(&graph, 0);
    for (name, std) in [("0.weight", f64::sqrt(2.0 / 1600.0)), ("2.weight", 0.01)] {
        let values = params.get(name).expect(name);
        let n = values.len() as f64;
        let square = values.iter().map(|&v| (f64::from(v) / std).powi(2)).sum::<f64>() / n;
        assert!((square - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{name}: mean square {square}");
        assert!(values.iter().any(|&v| f64::from(v).abs() > 3.0 * std), "{name} is normal, not uniform");
    }
    for name in ["0.bias", "2.bias"] {
        assert!(params.get(name).expect(name).iter().all(|&v| v == 0.0), "{name}");
    }
    let text = serde_json::to_string(&graph).expect("plain numbers");
    assert!(!text.contains("init"), "how a network started is no part of it: {text}");
}
