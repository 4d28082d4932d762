//! Names: what the derive makes of fields, and what a trace makes of them.

extern crate striate_nn as striate;

use striate_nn::graph::Graph;
use striate_nn::{
    Conv2d, Dropout, Flatten, Forward, Identity, Linear, Mode, Module, ReLU, Sequential, Var, trace,
};

/// A 1x1 convolution without bias: one parameter, named `weight`.
fn conv() -> Conv2d {
    Conv2d::new(1, 1, 1).bias(false)
}

fn traced(net: &dyn Forward) -> Graph {
    trace(net, Mode::Train, [1, 4, 4]).expect("shapes that fit")
}

fn params(net: &dyn Forward) -> Vec<String> {
    traced(net).params().into_iter().map(|(name, _)| name).collect()
}

fn values(net: &dyn Forward) -> Vec<String> {
    traced(net).nodes.into_iter().map(|node| node.name).collect()
}

/// Applies all children in order: a network that is all structure.
macro_rules! in_a_row {
    ($($name:ident$(<$param:ident>)?),*) => { $(
        impl$(<$param: Forward>)? Forward for $name$(<$param>)? {
            fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
                let mut x = x;
                self.children(&mut |_, child| x = x.apply(child));
                x
            }
        }
    )* };
}
in_a_row!(Fields, Two, Generic<L>, Activations, Twins);

#[derive(Module)]
struct Two(Conv2d, #[module(skip)] usize, Conv2d);

#[derive(Module)]
struct Generic<L> {
    inner: L,
    list: Vec<L>,
}

#[derive(Module)]
struct Fields {
    stem: Conv2d,
    r#type: Conv2d,
    pair: Two,
    present: Option<Conv2d>,
    absent: Option<Conv2d>,
    generic: Generic<Two>,
    boxed: Sequential,
    #[module(skip)]
    width: usize,
}

#[test]
fn paths_follow_the_fields() {
    let two = || Two(conv(), 7, conv());
    let net = Fields {
        stem: conv(),
        r#type: conv(),
        pair: two(),
        present: Some(conv()),
        absent: None,
        generic: Generic { inner: two(), list: vec![two(), two()] },
        boxed: Sequential::new().append(conv()).append(Sequential::new().append(conv())),
        width: 3,
    };
    let expected = [
        "stem",
        "type",
        "pair.0",
        "pair.2",
        "present",
        "generic.inner.0",
        "generic.inner.2",
        "generic.list.0.0",
        "generic.list.0.2",
        "generic.list.1.0",
        "generic.list.1.2",
        "boxed.0",
        "boxed.1.0",
    ];
    assert_eq!(params(&net), expected.map(|path| format!("{path}.weight")));
    assert_eq!((net.width, net.pair.1), (3, 7));
}

#[derive(Module)]
struct Activations {
    relu1: ReLU,
    relu2: ReLU,
    nothing1: Identity,
    nothing2: Identity,
    drop1: Dropout,
    drop2: Dropout,
}

#[test]
fn layers_without_settings_keep_apart() {
    let (relu, drop) = (ReLU::new(), Dropout::new(0.5));
    let net = Activations {
        relu1: relu.clone(),
        relu2: relu,
        nothing1: Identity::new(),
        nothing2: Identity::new(),
        drop1: drop.clone(),
        drop2: drop,
    };
    assert_eq!(values(&net), ["input", "relu1.relu", "relu2.relu", "drop1.dropout", "drop2.dropout"]);
    let boxed = Sequential::new().append(ReLU::new()).append(ReLU::new()).append(Flatten::new());
    assert_eq!(values(&boxed), ["input", "0.relu", "1.relu", "2.flatten"]);
}

/// A layer that begins where the struct around it begins.
#[derive(Module)]
struct Twins {
    first: Generic<Conv2d>,
}

#[test]
fn a_struct_and_its_first_field_keep_apart() {
    let net = Twins { first: Generic { inner: conv(), list: Vec::new() } };
    assert_eq!(values(&net), ["input", "first.inner"]);
}

#[test]
fn sequential_from_a_list() {
    let sizes = [16, 8, 4];
    let layers = sizes.windows(2).map(|s| Box::new(Linear::new(s[0], s[1])) as Box<dyn Forward>);
    let flatten = std::iter::once(Box::new(Flatten::new()) as Box<dyn Forward>);
    let net: Sequential = flatten.chain(layers).collect();
    assert_eq!(params(&net), ["1.weight", "1.bias", "2.weight", "2.bias"]);
    assert_eq!(format!("{net:?}"), "Sequential(3 layers)");
    assert_eq!(traced(&Sequential::new()).nodes.len(), 1);
}
