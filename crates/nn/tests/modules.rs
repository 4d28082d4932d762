//! Names: what the derive makes of fields, and what a trace makes of them.

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

/// Applies these fields in order: a network that is all structure.
macro_rules! in_a_row {
    ($name:ty: $($field:tt)*) => {
        impl Forward for $name {
            fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
                x$(.apply(&self.$field))*
            }
        }
    };
}
in_a_row!(Two: 0 2);
in_a_row!(Activations: relu1 relu2 nothing1 nothing2 drop1 drop2);
in_a_row!(Twins: first);

impl<L: Forward> Forward for Generic<L> {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        self.list.iter().fold(x.apply(&self.inner), |x, layer| x.apply(layer))
    }
}

impl Forward for Fields {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.stem).apply(&self.r#type).apply(&self.pair);
        let optional = [&self.present, &self.absent];
        let x = optional.into_iter().flatten().fold(x, |x, layer| x.apply(layer));
        x.apply(&self.generic).apply(&self.boxed)
    }
}

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

/// Reads two values, and gives two: `x + conv(skip)`, and that after a ReLU.
#[derive(Module)]
struct Merge {
    conv: Conv2d,
    relu: ReLU,
}

impl Merge {
    fn forward<'g>(&self, x: Var<'g>, skip: Var<'g>) -> [Var<'g>; 2] {
        x.within(self, || {
            let sum = x + skip.apply(&self.conv);
            [sum, sum.apply(&self.relu)]
        })
    }
}

#[derive(Module)]
struct Merges {
    stem: Conv2d,
    merges: Vec<Merge>,
}

impl Forward for Merges {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let [sum, _] = self.merges[0].forward(x.apply(&self.stem), x);
        let [_, activated] = self.merges[1].forward(sum, x);
        activated
    }
}

#[test]
fn a_module_of_several_values_names_its_layers() {
    let merge = || Merge { conv: conv(), relu: ReLU::new() };
    let net = Merges { stem: conv(), merges: vec![merge(), merge()] };
    let expected = [
        "input",
        "stem",
        "merges.0.conv",
        "merges.0.add",
        "merges.1.conv",
        "merges.1.add",
        "merges.1.relu.relu",
    ];
    assert_eq!(values(&net), expected);
    assert_eq!(params(&net), ["stem.weight", "merges.0.conv.weight", "merges.1.conv.weight"]);
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
