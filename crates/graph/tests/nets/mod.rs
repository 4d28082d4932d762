//! Small networks that between them use every operation.

use striate_graph::op::{
    self, AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Conv2d, GroupNorm, Interpolation, Linear, MaxPool2d, Op,
    PRelu, ToSize,
};
use striate_graph::{Forward, Graph, Mode, Module, Optimizer, Params, Var};
use striate_kernels::{Buf, Kernel, SgdUpdate};
use striate_testkit::Sample;

/// A layer of one operation.
#[derive(Clone)]
pub(crate) struct Leaf(Op);

impl Module for Leaf {
    fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {}
}
impl Forward for Leaf {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        match &self.0 {
            Op::BatchNorm2d(bn) => {
                x.op(BatchNorm2d { training: x.mode() == Mode::Train, ..bn.clone() }.into())
            }
            op => x.op(op.clone()),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Net {
    pub(crate) name: &'static str,
    pub(crate) input: [usize; 3],
    pub(crate) classes: usize,
    layers: Vec<(&'static str, Leaf)>,
    forward: for<'g> fn(&Net, Var<'g>) -> Var<'g>,
}

impl Module for Net {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        self.layers.iter().for_each(|(name, layer)| visit(name, layer));
    }
}
impl Forward for Net {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        (self.forward)(self, x)
    }
}

impl Net {
    fn layer(&self, name: &str) -> &Leaf {
        &self.layers.iter().find(|(n, _)| *n == name).expect("a layer of this name").1
    }
}

struct Conv {
    k: usize,
    stride: usize,
    /// Before the first row and column, and behind the last.
    padding: [usize; 2],
    dilation: usize,
    groups: usize,
    bias: bool,
}

const PLAIN: Conv = Conv { k: 3, stride: 1, padding: [1, 1], dilation: 1, groups: 1, bias: true };

fn conv(i: usize, o: usize, c: Conv) -> Leaf {
    Leaf(Op::Conv2d(Conv2d {
        in_channels: i,
        out_channels: o,
        kernel_size: [c.k; 2],
        stride: [c.stride; 2],
        padding: [c.padding; 2],
        dilation: [c.dilation; 2],
        groups: c.groups,
        bias: c.bias,
        init: None,
    }))
}

fn linear(i: usize, o: usize) -> Leaf {
    Leaf(Op::Linear(Linear { in_features: i, out_features: o, bias: true, init: None }))
}

fn pointwise_linear(i: usize, o: usize) -> Leaf {
    Leaf(op::PointwiseLinear { in_features: i, out_features: o, bias: true, init: None }.into())
}

fn norm(c: usize) -> Leaf {
    Leaf(Op::BatchNorm2d(BatchNorm2d { num_features: c, eps: 1e-5, momentum: 0.1, training: false }))
}

fn group_norm(num_groups: usize, num_channels: usize, affine: bool) -> Leaf {
    Leaf(Op::GroupNorm(GroupNorm { num_groups, num_channels, eps: 0.1, affine }))
}

pub(crate) fn all() -> Vec<Net> {
    vec![
        Net {
            name: "convnet",
            input: [1, 28, 28],
            classes: 10,
            layers: vec![
                ("conv1", conv(1, 16, PLAIN)),
                ("conv2", conv(16, 32, PLAIN)),
                ("fc1", linear(1568, 128)),
                ("fc2", linear(128, 10)),
            ],
            forward: |net, x| {
                let x = x.apply(net.layer("conv1")).relu().max_pool2d(2);
                let x = x.apply(net.layer("conv2")).relu().max_pool2d(2);
                x.flatten(1).apply(net.layer("fc1")).relu().apply(net.layer("fc2"))
            },
        },
        Net {
            name: "mixnet",
            input: [3, 19, 17],
            classes: 7,
            layers: vec![
                ("stem", conv(3, 8, Conv { stride: 2, padding: [0, 1], bias: false, ..PLAIN })),
                ("bn1", norm(8)),
                ("a", conv(8, 8, Conv { padding: [2, 2], dilation: 2, groups: 4, ..PLAIN })),
                ("bn2", norm(8)),
                ("down", conv(8, 20, Conv { k: 1, stride: 2, padding: [0, 0], ..PLAIN })),
                ("fc", linear(40, 7)),
            ],
            forward: |net, x| {
                let x = x.apply(net.layer("stem")).apply(net.layer("bn1")).relu();
                let x = (x.apply(net.layer("a")).apply(net.layer("bn2")) + x).relu();
                let x = x.apply(net.layer("down")).relu6();
                let x = x.op(AvgPool2d {
                    kernel_size: [2, 2],
                    stride: [2, 2],
                    padding: [0, 0],
                    count_include_pad: true,
                    ceil_mode: false,
                }
                .into());
                let x = x.op(AdaptiveAvgPool2d { output_size: [2, 1] }.into());
                x.flatten(1).apply(net.layer("fc"))
            },
        },
        Net {
            name: "pools and dropout",
            input: [5, 12, 11],
            classes: 4,
            layers: vec![
                ("c1", conv(5, 19, Conv { k: 5, padding: [1, 3], ..PLAIN })),
                ("c2", conv(19, 6, Conv { padding: [0, 0], ..PLAIN })),
                ("fc", linear(24, 4)),
            ],
            forward: |net, x| {
                let x = x.apply(net.layer("c1")).relu6();
                let x = x.op(MaxPool2d {
                    kernel_size: [3, 3],
                    stride: [2, 2],
                    padding: [1, 1],
                    dilation: [1, 1],
                    ceil_mode: true,
                }
                .into());
                let x = x.dropout(0.3).apply(net.layer("c2"));
                let x = (x + x.relu()).adaptive_avg_pool2d(2).flatten(1).dropout(0.5);
                x.apply(net.layer("fc"))
            },
        },
        Net {
            name: "mlp that ends in log-softmax",
            input: [1, 5, 7],
            classes: 6,
            layers: vec![("fc1", linear(35, 33)), ("fc2", linear(33, 6))],
            forward: |net, x| {
                let x = x.flatten(1).apply(net.layer("fc1")).relu().apply(net.layer("fc2"));
                x.op(op::LogSoftmax {}.into())
            },
        },
        Net {
            // Runs of channels that begin and end within a block, one value twice, vectors too.
            name: "concatenations",
            input: [2, 7, 6],
            classes: 4,
            layers: vec![
                ("c1", conv(2, 5, PLAIN)),
                ("c2", conv(7, 16, PLAIN)),
                ("fc", linear(46, 18)),
                ("out", linear(64, 4)),
            ],
            forward: |net, x| {
                let y = x.apply(net.layer("c1")).relu().concat(&[x]);
                let z = y.apply(net.layer("c2")).relu();
                let z = z.concat(&[y, y, z]).adaptive_avg_pool2d(1).flatten(1);
                let w = z.apply(net.layer("fc")).relu();
                z.concat(&[w]).apply(net.layer("out"))
            },
        },
        Net {
            // Last windows over the edge, and windows that overlap.
            name: "more pools",
            input: [2, 10, 11],
            classes: 3,
            layers: vec![
                ("c1", conv(2, 17, PLAIN)),
                ("prelu", Leaf(Op::PRelu(PRelu { num_parameters: 17, init: None }))),
                ("fc", linear(68, 3)),
            ],
            forward: |net, x| {
                let x = x.apply(net.layer("c1"));
                let x = x.apply(net.layer("prelu"));
                let x = x.op(AvgPool2d {
                    kernel_size: [3, 2],
                    stride: [2, 3],
                    padding: [1, 1],
                    count_include_pad: true,
                    ceil_mode: true,
                }
                .into());
                let x = x.adaptive_max_pool2d(2);
                x.relu().flatten(1).apply(net.layer("fc"))
            },
        },
        Net {
            // Every layer but the last runs twice; what it reads lies in another way each time.
            name: "shared layers",
            input: [3, 8, 8],
            classes: 5,
            layers: vec![
                ("conv", conv(3, 3, PLAIN)),
                ("bn", norm(3)),
                ("wide", conv(3, 16, Conv { stride: 2, ..PLAIN })),
                ("fc", linear(256, 256)),
                ("out", linear(256, 5)),
            ],
            forward: |net, x| {
                let x = x.apply(net.layer("conv")).apply(net.layer("bn")).relu();
                let x = x.apply(net.layer("conv")).apply(net.layer("bn")).relu();
                let x = x.apply(net.layer("wide")).relu().flatten(1);
                let x = x.apply(net.layer("fc")).relu().apply(net.layer("fc"));
                x.apply(net.layer("out"))
            },
        },
        Net {
            // A block that keeps its shape, one whose shortcut is a convolution, one without an activation behind the sum, and one
            // that pools.
            name: "residual blocks",
            input: [3, 14, 15],
            classes: 5,
            layers: vec![
                ("stem", conv(3, 18, PLAIN)),
                ("conv1", conv(18, 18, Conv { bias: false, ..PLAIN })),
                ("bn1", norm(18)),
                ("down", conv(18, 20, Conv { k: 1, stride: 2, padding: [0, 0], ..PLAIN })),
                ("conv2", conv(18, 20, Conv { stride: 2, ..PLAIN })),
                ("bn2", norm(20)),
                ("conv3", conv(20, 20, PLAIN)),
                ("conv4", conv(20, 20, PLAIN)),
                ("fc", linear(20, 5)),
            ],
            forward: |net, x| {
                let x = x.apply(net.layer("stem")).relu();
                let x = (x + x.apply(net.layer("conv1")).apply(net.layer("bn1"))).relu();
                let shortcut = x.apply(net.layer("down"));
                let x = (x.apply(net.layer("conv2")).apply(net.layer("bn2")) + shortcut).relu6();
                let x = x.apply(net.layer("conv3")) + x;
                let x = x.apply(net.layer("conv4")).relu().max_pool2d(2) + x.max_pool2d(2);
                x.adaptive_avg_pool2d(1).flatten(1).apply(net.layer("fc"))
            },
        },
    ]
}

/// Edits of their values would be magnified by the products and the norms.
#[allow(dead_code)] // not every test crate asks for it
pub(crate) fn gates_and_scales() -> Vec<Net> {
    vec![
        Net {
            // Gates of maps, of vectors and of one value a channel; parts of channels, in another order.
            name: "gates and shuffles",
            input: [3, 6, 6],
            classes: 4,
            layers: vec![
                ("c1", conv(3, 20, PLAIN)),
                ("squeeze", conv(20, 6, Conv { k: 1, padding: [0, 0], ..PLAIN })),
                ("excite", conv(6, 20, Conv { k: 1, padding: [0, 0], ..PLAIN })),
                ("c2", conv(9, 11, Conv { stride: 2, ..PLAIN })),
                ("fc", linear(20, 7)),
                ("out", linear(7, 4)),
            ],
            forward: |net, x| {
                let x = x.apply(net.layer("c1")).relu();
                let gate = x.adaptive_avg_pool2d(1).apply(net.layer("squeeze")).relu();
                let x = gate.apply(net.layer("excite")).sigmoid() * x;
                let [a, b] = x.channel_shuffle(4).split([11, 9]);
                let b = b.apply(net.layer("c2")).stochastic_depth(0.4);
                let x = b * a.narrow(0, 11).max_pool2d(2).relu();
                let x = x.concat(&[b.narrow(2, 9)]);
                let x = (x * x.adaptive_avg_pool2d(1).flatten(1)).adaptive_avg_pool2d(1).flatten(1);
                let y = x.apply(net.layer("fc"));
                (y * y.sigmoid()).apply(net.layer("out"))
            },
        },
        Net {
            name: "layer norms and scales",
            input: [3, 7, 6],
            classes: 3,
            layers: vec![
                ("c1", conv(3, 18, PLAIN)),
                ("n1", Leaf(op::LayerNorm2d { num_channels: 18, eps: 1e-3 }.into())),
                ("wide", pointwise_linear(18, 34)),
                ("narrow", pointwise_linear(34, 18)),
                ("scale", Leaf(op::LayerScale { num_channels: 18, init: None }.into())),
                ("n2", Leaf(op::LayerNorm2d { num_channels: 3, eps: 1e-2 }.into())),
                ("fc", linear(18, 3)),
            ],
            forward: |net, x| {
                let x = x.apply(net.layer("n2")).apply(net.layer("c1"));
                let y = x.apply(net.layer("n1")).apply(net.layer("wide")).gelu();
                let y = y.apply(net.layer("narrow")).apply(net.layer("scale"));
                let x = x + y.stochastic_depth(0.2);
                x.adaptive_avg_pool2d(1).flatten(1).apply(net.layer("fc"))
            },
        },
    ]
}

/// Edits of its values would be magnified by the slopes of the functions.
#[allow(dead_code)] // not every test crate asks for it
pub(crate) fn pointwise() -> Net {
    Net {
        name: "every function of one value",
        input: [3, 6, 5],
        classes: 4,
        layers: vec![("conv", conv(3, 17, PLAIN)), ("fc", linear(510, 19)), ("out", linear(19, 4))],
        forward: |net, x| {
            let x = x.apply(net.layer("conv"));
            let x = x.leaky_relu(0.2) + x.elu(0.7) + x.selu() + x.sigmoid() + x.hardsigmoid() + x.silu();
            let x = (x.hardswish() + x.tanh() + x.softplus()).relu();
            let x = x.flatten(1).apply(net.layer("fc"));
            (x.gelu() + x.gelu_tanh() + x.mish() + x.softplus()).apply(net.layer("out"))
        },
    }
}

/// Edits of its values would be magnified by the deviations that they are divided by.
#[allow(dead_code)] // not every test crate asks for it
pub(crate) fn norms() -> Net {
    Net {
        name: "norms of one sample",
        input: [3, 6, 5],
        classes: 4,
        layers: vec![
            ("c1", conv(3, 18, PLAIN)),
            ("gn", group_norm(3, 18, true)),
            ("prelu1", Leaf(Op::PRelu(PRelu { num_parameters: 18, init: None }))),
            ("c2", conv(18, 4, PLAIN)),
            ("in", group_norm(4, 4, false)),
            ("prelu2", Leaf(Op::PRelu(PRelu { num_parameters: 1, init: None }))),
            ("fc", linear(96, 8)),
            ("vector", group_norm(2, 8, true)),
            ("out", linear(8, 4)),
        ],
        forward: |net, x| {
            let x = x.apply(net.layer("c1")).apply(net.layer("gn")).apply(net.layer("prelu1"));
            let x = x.dropout2d(0.3).local_response_norm(5, 0.5, 0.75, 1.0).apply(net.layer("c2"));
            let x = x.apply(net.layer("in")).apply(net.layer("prelu2"));
            let x = x.interpolate(ToSize::Size([3, 7]), Interpolation::Bilinear);
            let x = x.interpolate(ToSize::ScaleFactor([2, 1]), Interpolation::Nearest);
            let x = x.adaptive_avg_pool2d(4).concat(&[x.adaptive_max_pool2d(4)]);
            x.op(AdaptiveAvgPool2d { output_size: [4, 3] }.into())
                .flatten(1)
                .apply(net.layer("fc"))
                .apply(net.layer("vector"))
                .apply(net.layer("out"))
        },
    }
}

/// Convolutions, pools and a linear layer with nothing between them.
#[allow(dead_code)] // not every test crate asks for it
pub(crate) fn without_relu() -> Net {
    Net {
        name: "without ReLU",
        input: [2, 9, 8],
        classes: 3,
        layers: vec![("c1", conv(2, 18, PLAIN)), ("c2", conv(18, 4, PLAIN)), ("fc", linear(16, 3))],
        forward: |net, x| {
            let x = x.apply(net.layer("c1")).max_pool2d(2);
            let x = x.apply(net.layer("c2")).adaptive_avg_pool2d(2);
            x.flatten(1).apply(net.layer("fc"))
        },
    }
}

/// Plain gradient descent: enough to see that gradients reach the parameters.
#[derive(Debug, Clone)]
pub(crate) struct Descent;

impl Optimizer for Descent {
    fn state(&self) -> &'static [&'static str] {
        &[]
    }
    fn update(&self, weight: Buf, grad: Buf, _: &[Buf], len: usize, rate_scale: f32) -> Box<dyn Kernel> {
        let (momentum, weight_decay) = (0.0, 0.0);
        Box::new(SgdUpdate {
            weight,
            grad,
            momentum_buffer: None,
            len,
            momentum,
            nesterov: false,
            weight_decay,
            rate_scale,
        })
    }
}

/// Parameters of which none is what a fresh network has.
pub(crate) fn params(graph: &Graph) -> Params {
    let mut params = Params::init(graph, 3);
    // Statistics that a fresh network does not have, so that batch norm has something to do.
    for (i, (name, spec)) in graph.params().into_iter().enumerate() {
        let len = spec.shape.iter().product();
        let mut sample = Sample::new(i as u64);
        let array = params.get_mut(&name).unwrap();
        if name.ends_with("running_var") {
            array.iter_mut().zip(sample.normal_vec(len)).for_each(|(v, r)| *v = 0.5 + r * r);
        } else if array.iter().all(|&v| v == 0.0 || v == 0.25 || v == 1.0) {
            array.iter_mut().zip(sample.normal_vec(len)).for_each(|(v, r)| *v += 0.3 * r);
        }
    }
    params
}
