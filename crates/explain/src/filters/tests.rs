use expect_test::expect;
use serde_json::json;
use striate_graph::{Forward, Mode, Module, Params, Var, trace};

use super::*;
use striate_graph::op::Op;
use striate_report::chart::Shape;
use striate_report::color::blue_orange;
use striate_report::layout::About;

/// A layer that is one operation.
struct Layer(Op);
impl Module for Layer {
    fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {}
}
impl Forward for Layer {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(self.0.clone())
    }
}

/// `conv` (two times the same layer where shapes allow), relu, `fc`.
struct Net(Layer, Layer);
impl Module for Net {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        visit("conv", &self.0);
        visit("fc", &self.1);
    }
}
impl Forward for Net {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.apply(&self.0).relu().flatten(1).apply(&self.1)
    }
}

fn net(channels: usize) -> Graph {
    let conv = json!({
        "op": "conv2d", "in_channels": channels, "out_channels": 2, "kernel_size": [1, 2], "stride": [1, 1],
        "padding": [0, 0], "dilation": [1, 1], "groups": 1, "bias": false,
    });
    let fc = json!({ "op": "linear", "in_features": 2 * 4 * 3, "out_features": 5, "bias": true });
    let layer = |op| Layer(serde_json::from_value(op).unwrap());
    trace(&Net(layer(conv), layer(fc)), Mode::Eval, [channels, 4, 4]).unwrap()
}

fn named(graph: &Graph, patterns: &[&str]) -> Result<Vec<String>, ExplainError> {
    let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    Ok(select(graph, &patterns)?.into_iter().map(|id| graph.nodes[id].layer.clone()).collect())
}

#[test]
fn convolutions_unless_others_are_named() {
    let graph = net(1);
    assert_eq!(named(&graph, &[]).unwrap(), ["conv"]);
    assert_eq!(named(&graph, &["*"]).unwrap(), ["conv", "fc"], "those that have kernels");
    let message = |pattern| named(&graph, &[pattern]).unwrap_err().to_string();
    expect!["layer `relu`: relu has no kernels to show; layers with kernels: conv, fc"]
        .assert_eq(&message("relu"));
    expect!["this network has no layer `cnv`; similar names: conv, input, relu, flatten, fc"]
        .assert_eq(&message("cnv"));
}

#[test]
fn a_linear_layer_has_the_image_before_it_as_its_kernel() {
    let graph = net(1);
    let id = select(&graph, &["fc".into()]).unwrap()[0];
    let filters = Filters::new(&graph, &Params::init(&graph, 1), id);
    assert_eq!((filters.shape, filters.is_rgb), ([5, 2, 4, 3], false));
}

#[test]
fn colors_are_the_images_own_and_gray_is_zero() {
    let graph = net(3);
    let filters = Filters::new(&graph, &Params::init(&graph, 1), 1);
    assert!(filters.is_rgb);
    // Red 1 and 0, green 0 and -1, blue 0 and 0.5.
    let values = vec![1.0, 0.0, 0.0, -1.0, 0.0, 0.5];
    let filters = Filters::from_values("conv", "conv2d", [1, 3, 1, 2], true, values.clone());
    let image = filters.image(0, 0);
    assert_eq!((image.pixel(0, 0), image.pixel(1, 0)), ([255, 128, 128], [128, 0, 191]));
    // The same weights deeper in the network are not colors.
    let deeper = Filters::from_values("conv", "conv2d", [1, 3, 1, 2], false, values);
    let [orange, neutral] = [blue_orange(1.0), blue_orange(0.0)].map(|c| [c.r, c.g, c.b]);
    let image = deeper.image(0, 0);
    assert_eq!((image.pixel(0, 0), image.pixel(1, 0)), (orange, neutral));
}

#[test]
fn the_largest_norm_comes_first_and_the_heaviest_inputs_are_shown() {
    let mut values = vec![0.0; 2 * 20];
    (values[7], values[20 + 3], values[20 + 19]) = (1.0, 2.0, f32::NAN);
    let filters = Filters::from_values("conv", "conv2d", [2, 20, 1, 1], false, values);
    let ranked = filters.ranked();
    assert_eq!((ranked[0].filter, ranked[0].norm, ranked[0].not_finite), (1, 2.0, 1));
    assert_eq!(filters.inputs(2), [3, 7]);
    let page = filters.sheet(&About::default(), 1);
    let texts: Vec<&str> = page
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    expect!["the 1 strongest of 2, largest norm first; a column for each of the 16 input channels of 20 that weigh most"].assert_eq(texts[1]);
    assert!(
        texts.contains(&"in 3") && !texts.contains(&"in 18") && texts.contains(&"1 not finite"),
        "{texts:?}"
    );
    let kernels = page.shapes.iter().filter(|shape| matches!(shape, Shape::Image { .. })).count();
    assert_eq!(kernels, 16);
}

#[test]
fn the_report_of_a_layer_ranks_its_kernels() {
    let filters = Filters::from_values("conv", "conv2d", [2, 1, 1, 2], true, vec![0.5, 0.0, -3.0, 4.0]);
    let report = FiltersReport { model: "net".into(), layers: vec![filters.report(vec!["conv.png".into()])] };
    expect![[r#"{"model":"net","layers":[{"name":"conv","op":"conv2d","shape":[2,1,1,2],"rgb":false,"scale":{"table":"blue_orange","limit":4.0,"largest":4.0,"beyond":0,"not_finite":0},"filters":[{"filter":1,"norm":5.0,"min":-3.0,"max":4.0,"not_finite":0},{"filter":0,"norm":0.5,"min":0.0,"max":0.5,"not_finite":0}],"files":["conv.png"]}]}"#]].assert_eq(&serde_json::to_string(&report).unwrap());
}
