use expect_test::expect;
use proptest::prelude::*;
use striate_graph::op::Op;
use striate_graph::{Forward, Mode, Module, Var, trace};

use super::*;
use crate::error::ExplainError;
use striate_report::chart::Shape;
use striate_report::color::{blue_orange, viridis};
use striate_report::layout::About;

struct Net;
impl Module for Net {
    fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {}
}
impl Forward for Net {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let conv = serde_json::json!({
            "op": "conv2d", "in_channels": 1, "out_channels": 2, "kernel_size": [3, 3], "stride": [1, 1],
            "padding": [1, 1], "dilation": [1, 1], "groups": 1, "bias": true,
        });
        let conv: Op = serde_json::from_value(conv).unwrap();
        x.op(conv).relu().max_pool2d(2).flatten(1)
    }
}

fn names(patterns: &[&str]) -> Result<Vec<String>, ExplainError> {
    let graph = trace(&Net, Mode::Eval, [1, 4, 4]).unwrap();
    let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    Ok(select(&graph, &patterns)?.into_iter().map(|id| graph.nodes[id].name.clone()).collect())
}

fn maps(shape: &[usize], signed: bool, values: Vec<f32>) -> FeatureMaps {
    FeatureMaps::from_values("relu", "relu", shape, signed, values)
}

/// The texts of a page.
fn texts(scene: &striate_report::chart::Scene) -> Vec<String> {
    let text = |shape: &Shape| match shape {
        Shape::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    scene.shapes.iter().filter_map(text).collect()
}

fn images(scene: &striate_report::chart::Scene) -> Vec<&Thumbnail> {
    let image = |shape: &'_ Shape| matches!(shape, Shape::Image { .. });
    let all = scene.shapes.iter().filter(|shape| image(shape));
    all.map(|shape| match shape {
        Shape::Image { image, .. } => image,
        _ => unreachable!("only images are left"),
    })
    .collect()
}

#[test]
fn without_a_pattern_convolutions_and_activations_are_shown() {
    assert_eq!(names(&[]).unwrap(), ["conv2d", "relu"]);
    assert_eq!(names(&["*max*", "relu"]).unwrap(), ["relu", "max_pool2d"]);
    expect!["this network has no layer `convd2`; similar names: conv2d, input, relu, max_pool2d, flatten"]
        .assert_eq(&names(&["relu", "convd2"]).unwrap_err().to_string());
    assert!(names(&["€*"]).is_err());
}

#[test]
fn what_follows_from_a_relu_has_no_sign() {
    let graph = trace(&Net, Mode::Eval, [1, 4, 4]).unwrap();
    let signed: Vec<bool> = (0..graph.nodes.len()).map(|id| select::is_signed(&graph, id)).collect();
    assert_eq!(signed, [true, true, false, false, false], "input, conv2d, relu, max_pool2d, flatten");
}

#[test]
fn the_strongest_come_first_and_the_silent_are_counted() {
    let quiet = [0.0; 4];
    let weak = [0.0, 0.0, 1.0, 0.0];
    let strong = [2.0, 0.0, 0.0, 2.0];
    let maps = maps(&[4, 2, 2], false, [quiet, weak, strong, quiet].concat());
    let ranked = maps.ranked();
    assert_eq!(ranked.iter().map(|map| map.map).collect::<Vec<_>>(), [2, 1, 0, 3]);
    assert_eq!((ranked[0].rms, ranked[0].at, ranked[0].active), (2.0_f32.sqrt(), [0, 0], 0.5));
    assert_eq!((ranked[1].at, ranked[1].mean), ([1, 0], 0.25));
    assert_eq!(ranked.iter().filter(|map| map.is_silent()).count(), 2);

    let about = About { subject: "a model".into(), ..About::default() };
    let page = maps.sheet(&about, 3);
    expect![[r#"
        relu · relu · 4 maps of 2 x 2
        a model
        the 3 strongest of 4 maps by root mean square, strongest first; 2 silent (all zero on this image)
        0
        2.00
        map 2
        0 … 2.00
        map 1
        0 … 1.00
        map 0
        all zero"#]]
    .assert_eq(&texts(&page).join("\n"));
    // One scale: the weak map's one is half as bright as the strong map's two, and silence is the table's zero.
    let shown = images(&page);
    let rgb = |c: striate_report::color::Rgb| [c.r, c.g, c.b];
    assert_eq!(shown[0].pixel(0, 0), rgb(viridis(1.0)));
    assert_eq!(shown[1].pixel(0, 1), rgb(viridis(0.5)));
    assert!((0..4).all(|i| shown[2].pixel(i % 2, i / 2) == rgb(viridis(0.0))));
}

#[test]
fn values_that_are_not_finite_are_gray_and_told() {
    let maps = maps(&[2, 1, 2], true, vec![f32::NAN, -1.0, f32::INFINITY, f32::NAN]);
    let ranked = maps.ranked();
    assert_eq!((ranked[0].map, ranked[0].not_finite, ranked[1].rms, ranked[1].max), (0, 1, 0.0, 0.0));
    assert!(!ranked[1].is_silent(), "NaN is not silence");
    let page = maps.sheet(&About::default(), 9);
    let texts = texts(&page);
    assert!(texts.contains(&"3 values not finite (gray)".into()), "{texts:?}");
    let shown = images(&page);
    assert_eq!(shown[0].pixel(0, 0), [0xd0; 3]);
    let blue = blue_orange(-1.0);
    assert_eq!(shown[0].pixel(1, 0), [blue.r, blue.g, blue.b]);
}

#[test]
fn a_vector_is_bars_with_the_names_of_the_classes() {
    let maps = maps(&[3], true, vec![0.5, -2.0, f32::NAN]);
    let classes = ["cat", "dog", "cow"].map(String::from).to_vec();
    let page = maps.sheet(&About { classes, ..About::default() }, 2);
    expect![[r#"
        relu · relu · a vector of 3 values, no maps
        the 2 largest of 3 classes
        −2.00
        0
        2.00
        1 value not finite (gray)
        cat
        0.500
        dog
        −2.00"#]]
    .assert_eq(&texts(&page).join("\n"));
    assert!(page.to_png(1.0).is_ok());
    // Of what is no class, the strongest come first, silent or not.
    let order = texts(&maps.sheet(&About::default(), 3)).split_off(6);
    assert_eq!(order, ["value 1", "−2.00", "value 0", "0.500", "value 2", "NaN"]);
}

proptest! {
    /// Whatever the shape, everything lies on the page, and the page can be drawn.
    #[test]
    fn pages_hold_what_is_on_them(c in 1_usize..40, h in 1_usize..40, w in 1_usize..40, most in 1_usize..50) {
        let values = (0..c * h * w).map(|i| (i % 13) as f32 - 4.0).collect();
        let page = maps(&[c, h, w], true, values).sheet(&About::default(), most);
        let mut count = 0;
        for shape in &page.shapes {
            if let Shape::Image { width, height, .. } = shape {
                count += 1;
                prop_assert!(*width > 0.0 && *height > 0.0);
            }
        }
        prop_assert_eq!(count, c.min(most));
        prop_assert!(page.collisions().is_empty(), "{:?}", page.collisions());
    }
}

#[test]
fn the_report_of_a_layer_ranks_its_maps_and_counts_the_silent_ones() {
    let maps = maps(&[2, 1, 2], false, vec![0.0, 0.0, 0.0, 3.0]);
    let subject =
        crate::Subject { model: "net".into(), image: "one.png".into(), class: "a".into(), probability: 0.5 };
    let report = MapsReport { subject, layers: vec![maps.report(vec!["maps/relu.png".into()])] };
    expect![[r#"{"model":"net","image":"one.png","class":"a","probability":0.5,"layers":[{"name":"relu","op":"relu","shape":[2,1,2],"scale":{"table":"viridis","limit":3.0,"largest":3.0,"beyond":0,"not_finite":0},"silent":1,"maps":[{"map":1,"rms":2.1213202,"min":0.0,"max":3.0,"mean":1.5,"active":0.5,"at":[0,1],"not_finite":0},{"map":0,"rms":0.0,"min":0.0,"max":0.0,"mean":0.0,"active":0.0,"at":[0,0],"not_finite":0}],"files":["maps/relu.png"]}]}"#]]
        .assert_eq(&serde_json::to_string(&report).unwrap());
}
