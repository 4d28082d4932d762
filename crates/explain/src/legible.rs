//! Tests that every page is legible on awkward inputs: no text overlaps another or leaves the page.

use striate_graph::{Engine, Graph};
use striate_kernels::Isa;
use striate_report::Thumbnail;
use striate_report::chart::Scene;
use striate_report::layout::About;
use striate_report::scale::Scale;

use crate::attribution::{Attribution, Completeness, LogitTerm, Method, Refinement, class_page};
use crate::filters::Filters;
use crate::maps::FeatureMaps;
use crate::receptive_field::layers;
use crate::testing::{Net, adaptive, avg_pool, conv, image, linear, max_pool, norm, params, plain};
use crate::xray::{Ask, xray};

const LONG: &str = "soft-coated wheaten terrier, long-haired Brabançon griffon and Älvdalen's other hounds";
const ONE_WORD: &str =
    "n02085620-Chihuahua_of_the_long_and_unbroken_name_that_no_line_can_hold_in_any_column";

fn check(what: &str, scene: &Scene) {
    let collisions = scene.collisions();
    assert!(collisions.is_empty(), "{what}: {collisions:#?}");
    assert!(scene.to_svg().len() > 500, "{what}");
}

/// Pages about a small gray image, a wide one and none, with these many classes of long names.
fn abouts(classes: usize) -> Vec<About> {
    let name = |class: usize| match class % 3 {
        0 => format!("{LONG} {class}"),
        1 => format!("{ONE_WORD}{class}"),
        _ => "Åg".to_owned(),
    };
    let image = |width: usize, height: usize| {
        Thumbnail::new(width, height, 1, &vec![90; width * height], width.max(height)).unwrap()
    };
    let images = [None, Some(image(1, 1)), Some(image(300, 2)), Some(image(3, 224))];
    let about = |image: Option<Thumbnail>| About {
        subject: format!("a network with a long name on {ONE_WORD}.png: predicted {LONG} (99.8 %)"),
        image,
        classes: (0..classes).map(name).collect(),
    };
    images.into_iter().map(about).collect()
}

/// Values of all magnitudes, some of them not finite.
fn values(count: usize) -> Vec<f32> {
    let value = |i: usize| match i % 17 {
        _ if i % 997 == 996 => f32::NAN,
        5 => 0.0,
        k => (k as f32 - 8.0) * 10_f32.powi((i % 23) as i32 - 11),
    };
    (0..count).map(value).collect()
}

fn attribution(method: Method, shape: [usize; 3], class: usize, versus: Option<usize>) -> Attribution {
    let completeness = Some(Completeness { rise: -1.234e-9, sum: 4.567e12, gap: 8.9e-10 });
    let refinement = Some(Refinement { gradients: 1_234_567, change: 0.123, tolerance: 0.01 });
    let parts = match method {
        Method::ExactSum => {
            vec![LogitTerm { name: "input".into(), shape: vec![3, 9, 9], sum: 1e-9, values: Vec::new() }]
        }
        _ => Vec::new(),
    };
    let layer = method.uses_layer().then(|| "a.layer.with.a.long.path.block4.downsample.conv2".to_owned());
    let values = values(shape.iter().product());
    Attribution {
        method,
        class,
        versus,
        logit: -1.23e-7,
        layer,
        shape,
        values,
        completeness,
        refinement,
        parts,
    }
}

#[test]
fn attributions() {
    for about in abouts(3) {
        for &method in Method::all() {
            for (shape, versus) in
                [([1, 1, 1], None), ([3, 1, 40], Some(0)), ([1, 300, 7], Some(2)), ([3, 129, 129], None)]
            {
                for class in [0, 1] {
                    let found = attribution(method, shape, class, versus);
                    check(&format!("{method:?} {shape:?} {class}"), &found.page(&about));
                }
            }
        }
        for count in [1, 2, 17] {
            let all: Vec<_> = (0..count)
                .map(|i| attribution(Method::IntegratedGradients, [1, 7, 5], i % 3, None))
                .collect();
            check(&format!("{count} classes"), &class_page(&all, &about));
        }
    }
}

fn maps(shape: &[usize], is_signed: bool) -> FeatureMaps {
    let values = values(shape.iter().product());
    let scale = Scale::of(&values, is_signed);
    let name = "a.layer.with.a.long.path.that.goes.on.and.on.block4.downsample.conv2".to_owned();
    FeatureMaps { name, op: "adaptive_avg_pool2d", shape: shape.to_vec(), values, scale }
}

#[test]
fn feature_maps_and_vectors() {
    for classes in [1, 1000] {
        for about in abouts(classes) {
            for is_signed in [false, true] {
                for shape in [
                    &[1, 1, 1][..],
                    &[3, 1, 90],
                    &[512, 7, 7],
                    &[512, 90, 2],
                    &[3, 224, 224],
                    &[classes],
                    &[512],
                ] {
                    let page = maps(shape, is_signed).sheet(&about, 600);
                    check(&format!("{shape:?} of {classes} classes"), &page);
                }
            }
        }
    }
}

#[test]
fn kernels() {
    for about in abouts(1) {
        for (shape, is_rgb) in [
            ([1, 1, 1, 1], false),
            ([64, 3, 11, 11], true),
            ([512, 1, 1, 9], false),
            ([40, 2000, 3, 1], false),
        ] {
            let values = values(shape.iter().product());
            let (scale, name) = (Scale::of(&values, true), "a.layer.with.a.long.path.conv2".to_owned());
            let filters = Filters { name, op: "conv2d", shape, values, scale, is_rgb };
            check(&format!("kernels {shape:?}"), &filters.sheet(&about, 100));
        }
    }
}

/// Wide and narrow windows, many channels, and layers with long names.
fn networks() -> Vec<Graph> {
    let name = "a.layer.with.a.long.path.that.goes.on.and.on.block4.downsample";
    let named = |step: &str| format!("{name}.{step}");
    let mut wide = Net::new([3, 30, 41]);
    wide.then(conv([3, 512, 1], [[7, 7], [4, 4], [1, 1]], [[3, 3], [3, 3]], false), &named("conv1"));
    wide.then(norm(512), &named("bn1"));
    wide.then(plain("relu"), &named("relu"));
    wide.then(max_pool([3, 3], [2, 2], [1, 1]), &named("maxpool"));
    wide.then(conv([512, 1000, 1], [[1, 1], [1, 1], [1, 1]], [[0, 0], [0, 0]], true), &named("conv2"));
    wide.then(avg_pool([2, 3], [1, 1], [1, 1], true), &named("avgpool"));
    wide.then(adaptive([1, 1]), &named("adaptive"));
    wide.then(plain("flatten"), &named("flatten"));
    wide.then(linear(1000, 2), &named("fc"));
    let mut small = Net::new([1, 1, 2]);
    let first = small.then(conv([1, 2, 1], [[1, 2], [1, 1], [1, 1]], [[0, 0], [1, 1]], true), "c");
    let second = small.then(plain("relu"), "r");
    small.add(plain("add"), &[first, second], "sum").unwrap();
    small.then(plain("flatten"), "f");
    small.then(linear(6, 1), "l");
    vec![wide.graph(), small.graph()]
}

#[test]
fn values_taken_apart() {
    for graph in networks() {
        let (params, engine) = (params(&graph, 4), Engine::with(1, Isa::PORTABLE));
        let input = image(graph.input_shape(), 2);
        let input = input.mapv(|v| v * 1e4);
        for node in graph
            .nodes
            .iter()
            .filter(|node| !node.name.ends_with("flatten") && node.name != "f" && node.name != "input")
        {
            let at = if node.shape.len() == 3 { Some([0, 0]) } else { None };
            let ask = Ask { layer: Some(&node.name), map: Some(0), at };
            let found = xray(&graph, &params, &engine, input.view(), &ask).unwrap();
            for about in abouts(1) {
                check(&node.name, &found.page(&about));
            }
        }
    }
}

#[test]
fn receptive_fields() {
    for graph in networks() {
        let layers = layers(&graph);
        for subject in ["a", LONG, ONE_WORD] {
            check(subject, &layers.page(subject));
        }
    }
}
