use expect_test::expect;
use ndarray::{Array3, ArrayD, Axis, IxDyn};
use serde_json::json;
use striate_graph::{Graph, Params, Session};
use striate_testkit::Sample;

use super::*;
use crate::testing::{Net, adaptive, avg_pool, conv, image, linear, max_pool, params, plain};

/// A stack of windows as awkward as they come, with shortcuts; no map is empty.
fn random(sample: &mut Sample) -> Graph {
    let input = [sample.usize_in(1..=2), sample.usize_in(4..=13), sample.usize_in(4..=13)];
    let mut net = Net::new(input);
    let pair = |sample: &mut Sample, low, high| [0; 2].map(|_: usize| sample.usize_in(low..=high));
    let steps = sample.usize_in(1..=5);
    for step in 0..steps {
        let (before, name) = (net.last(), format!("step{step}"));
        let channels = net.shape(before)[0];
        match sample.usize_in(0..=13) {
            0..=4 => {
                let sides = [pair(sample, 1, 4), pair(sample, 1, 3), pair(sample, 1, 3)];
                let padding = [pair(sample, 0, 3), pair(sample, 0, 3)];
                net.add(conv([channels, 2, 1], sides, padding, true), &[before], &name);
            }
            5 => {
                let kernel = pair(sample, 1, 3);
                let padding = kernel.map(|k| sample.usize_in(0..=k / 2));
                net.add(max_pool(kernel, pair(sample, 1, 3), padding), &[before], &name);
            }
            6 => {
                let kernel = pair(sample, 1, 3);
                let padding = kernel.map(|k| sample.usize_in(0..=k / 2));
                net.add(avg_pool(kernel, pair(sample, 1, 3), padding, true), &[before], &name);
            }
            7 => drop(net.add(adaptive(pair(sample, 1, 4)), &[before], &name)),
            8 => {
                // A gate: all values see all of the map.
                let gate = net.add(adaptive([1, 1]), &[before], &name).unwrap();
                net.add(plain("mul"), &[before, gate], &format!("mul{step}")).unwrap();
            }
            9 => {
                // The last window may hang over the edge.
                let kernel = pair(sample, 1, 3);
                let padding = kernel.map(|k| sample.usize_in(0..=k / 2));
                let (stride, is_max) = (pair(sample, 1, 3), sample.chance(0.5));
                let mut pool = if is_max {
                    max_pool(kernel, stride, padding)
                } else {
                    avg_pool(kernel, stride, padding, sample.chance(0.5))
                };
                pool["ceil_mode"] = true.into();
                net.add(pool, &[before], &name);
            }
            10 => {
                // What moves values, or changes each by itself.
                let op = match sample.usize_in(0..=5) {
                    0 => json!({ "op": "channel_shuffle", "groups": channels }),
                    1 => json!({ "op": "narrow", "start": 0, "length": channels.div_ceil(2) }),
                    2 => {
                        json!({ "op": "interpolate", "to": { "size": pair(sample, 1, 9) }, "mode": "nearest" })
                    }
                    3 => json!({ "op": "interpolate", "to": { "scale_factor": [2, 1] }, "mode": "bilinear" }),
                    4 => json!({ "op": "adaptive_max_pool2d", "output_size": pair(sample, 1, 4) }),
                    _ => json!({ "op": "prelu", "num_parameters": channels }),
                };
                net.add(op, &[before], &name).unwrap();
            }
            11 => {
                let op = match sample.usize_in(0..=2) {
                    0 => json!({ "op": "layer_norm2d", "num_channels": channels, "eps": 1e-6 }),
                    1 => json!({ "op": "group_norm", "num_groups": 1, "num_channels": channels, "eps": 1e-5,
                        "affine": true }),
                    _ => {
                        json!({ "op": "local_response_norm", "size": 3, "alpha": 0.5, "beta": 0.75, "k": 1.0 })
                    }
                };
                net.add(op, &[before], &name).unwrap();
            }
            _ => {
                // A shortcut past a convolution of the same size, whose window may lie to one side.
                let (kernel, dilation) = (pair(sample, 1, 3), pair(sample, 1, 2));
                let padding = [0, 1].map(|axis| {
                    let reach = dilation[axis] * (kernel[axis] - 1);
                    let front = sample.usize_in(0..=reach);
                    [front, reach - front]
                });
                let op = conv([channels, channels, 1], [kernel, [1, 1], dilation], padding, true);
                if let Some(branch) = net.add(op, &[before], &name) {
                    let merge = if step % 2 == 0 { "add" } else { "concat" };
                    net.add(plain(merge), &[branch, before], &format!("{merge}{step}")).unwrap();
                }
            }
        }
    }
    net.graph()
}

/// All maps' values at one place.
fn unit(session: &mut Session, image: &Array3<f32>, at: [usize; 2]) -> Vec<f32> {
    let out = session.run(&image.view().insert_axis(Axis(0))).unwrap();
    (0..out.shape()[1]).map(|c| out[[0, c, at[0], at[1]]]).collect()
}

/// Random networks, each with a node of it and a place.
fn cases(count: u64, mut check: impl FnMut(&Graph, [usize; 2], Field, &mut Sample, &str)) {
    for seed in 0..count {
        let mut sample = Sample::new(seed);
        let graph = random(&mut sample);
        let id = if seed % 3 == 0 { sample.usize_in(0..=graph.nodes.len() - 1) } else { graph.output };
        let [_, h, w] = graph.nodes[id].shape[..] else { unreachable!("maps all the way") };
        for _ in 0..3 {
            let at = [sample.usize_in(0..=h - 1), sample.usize_in(0..=w - 1)];
            let field = receptive_field(&graph, id, at);
            let what = format!("seed {seed}, `{}` at {at:?}: {field:?}", graph.nodes[id].name);
            check(&graph.until(id), at, field, &mut sample, &what);
        }
    }
}

#[test]
fn bits_outside_the_box_change_nothing() {
    let mut changed = 0;
    cases(150, |graph, at, field, sample, what| {
        let shape = graph.input_shape();
        let (rows, columns) = field.clipped([shape[1], shape[2]]);
        assert!(field.seen_pixels() <= rows.len() * columns.len(), "{what}");
        let mut session = Session::new(graph.clone(), params(graph, 7)).unwrap();
        let mut x = image(shape, 11);
        let before = unit(&mut session, &x, at);
        for ((_, y, x), value) in x.indexed_iter_mut() {
            if !field.sees([y, x]) {
                *value = f32::from_bits(value.to_bits() ^ (sample.bits() as u32 & 0x807f_ffff));
                changed += 1;
            }
        }
        let after = unit(&mut session, &x, at);
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&before), bits(&after), "{what}");
    });
    assert!(changed > 10_000, "{changed} values changed");
}

/// Every weight is 1: nothing cancels.
fn ones(graph: &Graph) -> Params {
    let one = |(name, spec): (String, striate_graph::op::ParamSpec)| {
        let value = if name.ends_with("bias") { 0.0 } else { 1.0 };
        (name, ArrayD::from_elem(IxDyn(&spec.shape), value))
    };
    graph.params().into_iter().map(one).collect()
}

#[test]
fn with_kernels_of_ones_the_box_is_touched_at_its_corners() {
    let (mut exact, mut bounds, mut blind) = (0, 0, 0);
    cases(200, |graph, at, field, _, what| {
        if graph
            .nodes
            .iter()
            .any(|node| ["mul", "layer_norm2d", "group_norm"].contains(&node.operation().name()))
        {
            return; // A gate of an image that is dark but for one row passes nothing elsewhere, and a norm centers what is equal.
        }
        let shape = graph.input_shape();
        let mut session = Session::new(graph.clone(), ones(graph)).unwrap();
        let [rows, columns] = field.seen;
        let mut felt = |ys: std::ops::Range<usize>, xs: std::ops::Range<usize>| {
            let mut x = Array3::zeros(shape);
            ys.for_each(|y| xs.clone().for_each(|column| x[[0, y, column]] = 1.0));
            unit(&mut session, &x, at).iter().any(|&v| v > 0.0)
        };
        if field.seen_pixels() == 0 {
            blind += 1;
            return assert!(!felt(0..shape[1], 0..shape[2]), "{what}");
        }
        let (last_row, last_column) = (rows[1] - 1, columns[1] - 1);
        for y in [rows[0], last_row] {
            assert!(felt(y..y + 1, columns[0]..columns[1]), "row {y}: {what}");
        }
        for x in [columns[0], last_column] {
            assert!(felt(rows[0]..rows[1], x..x + 1), "column {x}: {what}");
        }
        if field.status == Status::UpperBound {
            bounds += 1;
            return;
        }
        exact += 1;
        for [y, x] in
            [[rows[0], columns[0]], [rows[0], last_column], [last_row, columns[0]], [last_row, last_column]]
        {
            assert!(felt(y..y + 1, x..x + 1), "corner {y}, {x}: {what}");
        }
    });
    assert!(exact > 300 && bounds > 5 && blind > 5, "{exact} exact, {bounds} bounds, {blind} see nothing");
}

#[test]
fn the_gradient_lies_in_the_box() {
    let mut inside = 0;
    cases(100, |graph, at, field, _, what| {
        let mut session = Session::new(graph.clone(), params(graph, 5)).unwrap();
        let tap = session.tap_grad("input").unwrap();
        let shape: Vec<usize> = [1].into_iter().chain(graph.output_shape().iter().copied()).collect();
        let mut one = ArrayD::zeros(IxDyn(&shape));
        (0..shape[1]).for_each(|c| one[[0, c, at[0], at[1]]] = 1.0);
        let x = image(graph.input_shape(), 3);
        session.run_backward(&x.view().insert_axis(Axis(0)), &one.view()).unwrap();
        for (place, &g) in session.get(tap).indexed_iter() {
            let is_seen = field.sees([place[2], place[3]]);
            assert!(g == 0.0 || is_seen, "{g} at {place:?}: {what}");
            inside += usize::from(g != 0.0);
        }
    });
    assert!(inside > 3_000, "{inside}");
}

/// The common size and distance of a layer are those of its values, one by one.
#[test]
fn a_layer_is_what_its_values_are() {
    for seed in 0..150 {
        let graph = random(&mut Sample::new(seed));
        for id in 0..graph.nodes.len() {
            let sight = sight(&graph, id);
            let [_, h, w] = graph.nodes[id].shape[..] else { unreachable!("maps all the way") };
            let fields: Vec<Field> =
                (0..h.max(w)).map(|i| receptive_field(&graph, id, [i % h, i % w])).collect();
            let largest = [0, 1].map(|axis| fields.iter().map(|f| f.size()[axis]).max().unwrap());
            assert_eq!(
                (sight.size, sight.start),
                (largest, [fields[0].rows[0], fields[0].columns[0]]),
                "seed {seed}, {}",
                graph.nodes[id].name
            );
            if sight.even && h.min(w) > 1 {
                let step = |a: [isize; 2], b: [isize; 2]| (b[0] - a[0]) as usize;
                let jump = [step(fields[0].rows, fields[1].rows), step(fields[0].columns, fields[1].columns)];
                assert_eq!(sight.jump, jump, "seed {seed}");
            }
        }
    }
}

#[test]
fn behind_a_gate_every_value_sees_all() {
    let mut net = Net::new([1, 12, 9]);
    let conv3 = || conv([1, 1, 1], [[3, 3], [1, 1], [1, 1]], [[1, 1], [1, 1]], true);
    net.then(conv3(), "conv1");
    let map = net.last();
    let gate = net.add(adaptive([1, 1]), &[map], "means").unwrap();
    net.add(plain("mul"), &[map, gate], "mul").unwrap();
    net.then(conv3(), "conv2");
    let graph = net.graph();
    for (id, what) in [(map, ([3, 3], [1, 1])), (3, ([14, 11], [0, 0])), (4, ([14, 11], [0, 0]))] {
        let sight = sight(&graph, id);
        assert_eq!((sight.size, sight.jump), what, "{}", graph.nodes[id].name);
    }
    let corner = receptive_field(&graph, 4, [0, 0]);
    assert_eq!((corner.seen_pixels(), corner.status), (12 * 9, Status::Exact));
}

#[test]
fn a_value_may_see_nothing_or_skip_the_last_pixels() {
    // Taps at rows -1 and 2 of two rows: padding alone.
    let mut net = Net::new([1, 2, 5]);
    net.then(conv([1, 1, 1], [[2, 1], [1, 1], [3, 1]], [[1, 1], [0, 0]], false), "blind");
    let field = receptive_field(&net.graph(), 1, [0, 3]);
    assert_eq!((field.rows, field.columns), ([-1, 3], [3, 4]));
    assert_eq!((field.seen, field.seen_pixels(), field.status), ([[0, 0]; 2], 0, Status::Exact));

    // Windows of 2 by 2 over five columns leave the last out; the padding of the next layer does not bring it back.
    let mut net = Net::new([1, 4, 5]);
    net.then(max_pool([2, 2], [2, 2], [0, 0]), "pool");
    net.then(conv([1, 1, 1], [[3, 3], [1, 1], [1, 1]], [[1, 1], [1, 1]], true), "conv");
    let field = receptive_field(&net.graph(), 2, [1, 1]);
    assert_eq!((field.rows, field.columns), ([0, 6], [0, 6]));
    assert_eq!((field.clipped([4, 5]), field.seen), ((0..4, 0..5), [[0, 4], [0, 4]]));
}

#[test]
fn vectors_see_what_the_map_in_front_of_them_sees() {
    let mut net = Net::new([1, 6, 9]);
    net.then(conv([1, 2, 1], [[3, 3], [2, 2], [1, 1]], [[0, 0], [0, 0]], true), "conv");
    let flat = net.then(plain("flatten"), "flatten");
    let features = net.shape(flat)[0];
    let fc = net.then(linear(features, 4), "fc");
    let out = net.then(plain("softmax"), "softmax");
    let graph = net.graph();
    for (id, status) in [(flat, Status::UpperBound), (fc, Status::Exact), (out, Status::Exact)] {
        let field = receptive_field(&graph, id, [0, 0]);
        assert_eq!((field.rows, field.columns, field.seen), ([0, 5], [0, 9], [[0, 5], [0, 9]]));
        assert_eq!(field.status, status, "{}", graph.nodes[id].name);
    }
}

#[test]
#[should_panic(expected = "`pool` has [2, 2] rows and columns, and no value at [0, 2]")]
fn a_value_that_is_not_there_is_told() {
    let mut net = Net::new([1, 4, 5]);
    net.then(max_pool([2, 2], [2, 2], [0, 0]), "pool");
    receptive_field(&net.graph(), 1, [0, 2]);
}

#[test]
fn a_table_and_a_page() {
    let mut net = Net::new([1, 28, 28]);
    net.then(conv([1, 4, 1], [[3, 3], [1, 1], [1, 1]], [[1, 1], [1, 1]], true), "conv1");
    net.then(plain("relu"), "relu");
    net.then(max_pool([2, 2], [2, 2], [0, 0]), "pool1");
    net.then(conv([4, 4, 1], [[3, 5], [1, 1], [1, 2]], [[1, 1], [0, 2]], true), "conv2");
    net.then(adaptive([3, 3]), "adaptive");
    let flat = net.then(plain("flatten"), "flatten");
    let features = net.shape(flat)[0];
    net.then(linear(features, 2), "fc");
    let layers = layers(&net.graph());
    expect![[r#"
        name      op                   values  sees (px)  jump (px)  first from       center  of the image  padding  box
        ────────  ───────────────────  ──────  ─────────  ─────────  ──────────  ───────────  ────────────  ───────  ───────────
        input     input                    28          1          1           0            0        0.13 %   0.00 %  exact
        conv1     conv, relu               28          3          1          −1            0        1.15 %   4.71 %  exact
        pool1     max_pool2d               14          4          2          −1          0.5        2.04 %   7.02 %  exact
        conv2     conv                 14 x 8     8 x 20          2     −3 x −1    0.5 x 8.5       20.41 %  12.95 %  exact
        adaptive  adaptive_avg_pool2d       3    18 x 26      8 x 4     −3 x −1   5.5 x 11.5       57.40 %  19.09 %  upper bound
        flatten   flatten              vector         34                −3 x −1  13.5 x 15.5      100.00 %  32.18 %  upper bound
        fc        linear               vector         34                −3 x −1  13.5 x 15.5      100.00 %  32.18 %  exact

        An image has 28 x 28 pixels. A value at row i sees the rows starting at `first from` + i x jump.
        `of the image` is the share of it that the layer's middle value sees; `padding` is the share of all
        values' boxes that lies outside it.
    "#]].assert_eq(&layers.to_string());
    let page = layers.page("a small network");
    assert!(page.to_svg().contains("conv1"));
    assert!(page.to_png(1.0).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_report_puts_the_layers_between_the_name_and_the_files() {
    let layers = layers(&Net::new([1, 2, 3]).graph());
    let report = FieldsReport { model: "net".into(), layers, files: vec!["fields.png".into()] };
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.starts_with(r#"{"model":"net","image_px":[2,3],"layers":[{"name":"input""#), "{text}");
    assert!(text.ends_with(r#"}],"files":["fields.png"]}"#), "{text}");
}
