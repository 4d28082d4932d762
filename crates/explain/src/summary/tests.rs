use expect_test::{Expect, expect};
use serde_json::json;
use striate_graph::{Forward, Mode, Module, Var, trace};

use super::*;
use striate_graph::op::Op;

fn op(json: serde_json::Value) -> Op {
    serde_json::from_value(json).unwrap()
}

fn conv(in_channels: usize, out_channels: usize, kernel: usize, stride: usize, dilation: usize) -> Op {
    let padding = dilation * (kernel - 1) / 2;
    op(json!({
        "op": "conv2d", "in_channels": in_channels, "out_channels": out_channels, "kernel_size": [kernel, kernel],
        "stride": [stride, stride], "padding": [padding, padding], "dilation": [dilation, dilation],
        "groups": 1, "bias": true,
    }))
}

fn linear(in_features: usize, out_features: usize) -> Op {
    op(json!({ "op": "linear", "in_features": in_features, "out_features": out_features, "bias": true }))
}

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

/// A network of named layers and a rule that applies them.
struct Net(Vec<(&'static str, Layer)>, for<'g> fn(&Net, Var<'g>) -> Var<'g>);
impl Module for Net {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        self.0.iter().for_each(|(name, layer)| visit(name, layer));
    }
}
impl Forward for Net {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        self.1(self, x)
    }
}

fn check(
    layers: Vec<(&'static str, Op)>,
    forward: for<'g> fn(&Net, Var<'g>) -> Var<'g>,
    input: [usize; 3],
    want: Expect,
) -> Summary {
    let net = Net(layers.into_iter().map(|(name, op)| (name, Layer(op))).collect(), forward);
    let summary = summary(&trace(&net, Mode::Eval, input).unwrap());
    want.assert_eq(&summary.to_string());
    summary
}

#[test]
fn the_digit_network_has_the_figures_of_its_papers() {
    let layers = vec![
        ("conv1", conv(1, 16, 3, 1, 1)),
        ("conv2", conv(16, 32, 3, 1, 1)),
        ("fc1", linear(1568, 128)),
        ("fc2", linear(128, 10)),
    ];
    let summary = check(
        layers,
        |net, x| {
            let [conv1, conv2, fc1, fc2] = [0, 1, 2, 3].map(|i| &net.0[i].1);
            let x = x.apply(conv1).relu().max_pool2d(2).apply(conv2).relu().max_pool2d(2);
            x.flatten(1).apply(fc1).relu().apply(fc2)
        },
        [1, 28, 28],
        expect![[r#"
            name          op          output        parameters  multiply-adds  sees (px)  jump (px)   memory
            ────────────  ──────────  ────────────  ──────────  ─────────────  ─────────  ─────────  ───────
            input         input       1 x 28 x 28                                      1          1   3.1 kB
            conv1         conv2d      16 x 28 x 28         160        112,896          3          1  50.2 kB
            relu          relu        16 x 28 x 28                                     3          1  50.2 kB
            max_pool2d    max_pool2d  16 x 14 x 14                                     4          2  12.5 kB
            conv2         conv2d      32 x 14 x 14       4,640        903,168          8          2  25.1 kB
            relu_1        relu        32 x 14 x 14                                     8          2  25.1 kB
            max_pool2d_1  max_pool2d  32 x 7 x 7                                      10          4   6.3 kB
            flatten       flatten     1568                                            10              6.3 kB
            fc1           linear      128              200,832        200,704        all               512 B
            relu_2        relu        128                                            all               512 B
            fc2           linear      10                 1,290          1,280        all                40 B
            ────────────  ──────────  ────────────  ──────────  ─────────────  ─────────  ─────────  ───────
            total                     10               206,922      1,218,048                         180 kB

            One image [1 x 28 x 28] costs 1,218,048 multiply-adds; the parameters take 828 kB.
        "#]],
    );
    assert_eq!((summary.parameters, summary.multiply_adds), (206_922, 1_218_048));
}

#[test]
fn fields_follow_stride_dilation_residuals_and_pooling() {
    let bn = op(
        json!({ "op": "batch_norm2d", "num_features": 4, "eps": 1e-5, "momentum": 0.1, "training": false }),
    );
    let layers =
        vec![("stem", conv(3, 4, 7, 2, 1)), ("bn", bn), ("wide", conv(4, 4, 3, 1, 2)), ("fc", linear(16, 2))];
    check(
        layers,
        |net, x| {
            let stem = x.apply(&net.0[0].1).apply(&net.0[1].1);
            let sum = stem.apply(&net.0[2].1) + stem;
            sum.adaptive_avg_pool2d(2).flatten(1).apply(&net.0[3].1).softmax()
        },
        [3, 20, 24],
        expect![[r#"
            name                 op                   output       parameters  multiply-adds  sees (px)  jump (px)   memory
            ───────────────────  ───────────────────  ───────────  ──────────  ─────────────  ─────────  ─────────  ───────
            input                input                3 x 20 x 24                                     1          1   5.8 kB
            stem                 conv2d               4 x 10 x 12         592         70,560          7          2   1.9 kB
            bn                   batch_norm2d         4 x 10 x 12           8                         7          2   1.9 kB
            wide                 conv2d               4 x 10 x 12         148         17,280         15          2   1.9 kB
            add                  add                  4 x 10 x 12                                    15          2   1.9 kB
            adaptive_avg_pool2d  adaptive_avg_pool2d  4 x 2 x 2                                 23 x 25    10 x 12     64 B
            flatten              flatten              16                                        23 x 25                64 B
            fc                   linear               2                    34             32        all                 8 B
            softmax              softmax              2                                             all                 8 B
            ───────────────────  ───────────────────  ───────────  ──────────  ─────────────  ─────────  ─────────  ───────
            total                                     2                   782         87,872                        13.6 kB

            One image [3 x 20 x 24] costs 87,872 multiply-adds; the parameters take 3.2 kB.
        "#]],
    );
}

/// More than 50 operations: a layer, its norm and its activation are one row.
#[test]
fn a_long_table_has_a_row_a_layer() {
    let bn =
        json!({ "op": "batch_norm2d", "num_features": 4, "eps": 1e-5, "momentum": 0.1, "training": false });
    let layers = vec![("conv", conv(4, 4, 3, 1, 1)), ("bn", op(bn)), ("fc", linear(256, 2))];
    let summary = check(
        layers,
        |net, x| {
            let [conv, bn, fc] = [0, 1, 2].map(|i| &net.0[i].1);
            let x = (0..12).fold(x, |x, _| x.apply(conv).apply(bn).relu() + x);
            x.flatten(1).apply(fc).relu6()
        },
        [4, 8, 8],
        expect![[r#"
            name     op                output     parameters  multiply-adds  sees (px)  jump (px)   memory
            ───────  ────────────────  ─────────  ──────────  ─────────────  ─────────  ─────────  ───────
            input    input             4 x 8 x 8                                     1          1   1.0 kB
            conv     conv, norm, relu  4 x 8 x 8         156          9,216          3          1   3.1 kB
            add      add               4 x 8 x 8                                     3          1   1.0 kB
            conv_1   conv, norm, relu  4 x 8 x 8                      9,216          5          1   3.1 kB
            add_1    add               4 x 8 x 8                                     5          1   1.0 kB
            conv_2   conv, norm, relu  4 x 8 x 8                      9,216          7          1   3.1 kB
            add_2    add               4 x 8 x 8                                     7          1   1.0 kB
            conv_3   conv, norm, relu  4 x 8 x 8                      9,216          9          1   3.1 kB
            add_3    add               4 x 8 x 8                                     9          1   1.0 kB
            conv_4   conv, norm, relu  4 x 8 x 8                      9,216         11          1   3.1 kB
            add_4    add               4 x 8 x 8                                    11          1   1.0 kB
            conv_5   conv, norm, relu  4 x 8 x 8                      9,216         13          1   3.1 kB
            add_5    add               4 x 8 x 8                                    13          1   1.0 kB
            conv_6   conv, norm, relu  4 x 8 x 8                      9,216         15          1   3.1 kB
            add_6    add               4 x 8 x 8                                    15          1   1.0 kB
            conv_7   conv, norm, relu  4 x 8 x 8                      9,216         17          1   3.1 kB
            add_7    add               4 x 8 x 8                                    17          1   1.0 kB
            conv_8   conv, norm, relu  4 x 8 x 8                      9,216         19          1   3.1 kB
            add_8    add               4 x 8 x 8                                    19          1   1.0 kB
            conv_9   conv, norm, relu  4 x 8 x 8                      9,216         21          1   3.1 kB
            add_9    add               4 x 8 x 8                                    21          1   1.0 kB
            conv_10  conv, norm, relu  4 x 8 x 8                      9,216         23          1   3.1 kB
            add_10   add               4 x 8 x 8                                    23          1   1.0 kB
            conv_11  conv, norm, relu  4 x 8 x 8                      9,216         25          1   3.1 kB
            add_11   add               4 x 8 x 8                                    25          1   1.0 kB
            flatten  flatten           256                                          25              1.0 kB
            fc       linear, relu6     2                 514            512        all                16 B
            ───────  ────────────────  ─────────  ──────────  ─────────────  ─────────  ─────────  ───────
            total                      2                 670        111,104                        51.2 kB

            One image [4 x 8 x 8] costs 111,104 multiply-adds; the parameters take 2.7 kB.
            A row that lists several operations stands for as many values; the report as JSON names each of them.
        "#]],
    );
    assert_eq!(summary.layers.len(), 1 + 12 * 4 + 3, "every value is in the document");
    assert_eq!(summary.layers.iter().map(|layer| layer.parameters).sum::<u64>(), summary.parameters);
}

#[test]
fn json_has_numbers_with_units_and_null_for_the_whole_image() {
    let layers = vec![("fc", linear(4, 2))];
    let summary = check(
        layers,
        |net, x| x.flatten(1).apply(&net.0[0].1),
        [1, 2, 2],
        expect![[r#"
        name     op       output     parameters  multiply-adds  sees (px)  jump (px)  memory
        ───────  ───────  ─────────  ──────────  ─────────────  ─────────  ─────────  ──────
        input    input    1 x 2 x 2                                     1          1    16 B
        flatten  flatten  4                                             1               16 B
        fc       linear   2                  10              8        all                8 B
        ───────  ───────  ─────────  ──────────  ─────────────  ─────────  ─────────  ──────
        total             2                  10              8                          40 B

        One image [1 x 2 x 2] costs 8 multiply-adds; the parameters take 40 B.
    "#]],
    );
    expect![[r#"
        {
          "name": "fc",
          "op": "linear",
          "output_shape": [
            2
          ],
          "parameters": 10,
          "multiply_adds": 8,
          "receptive_field_px": null,
          "jump_px": null,
          "activation_bytes": 8
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&summary.layers[2]).unwrap());
}

#[test]
fn a_report_says_where_a_network_is_from_and_what_training_adds() {
    let net = Net(vec![("fc", Layer(linear(4, 3)))], |net, x| x.flatten(1).apply(&net.0[0].1));
    let graph = trace(&net, Mode::Eval, [1, 2, 2]).unwrap();
    let mut training = graph.clone();
    assert_eq!(SummaryReport::of_network("net", &graph, &training).to_string(), summary(&graph).to_string());
    training.auxiliary = vec![striate_graph::Auxiliary { logits: training.output, weight: 0.3 }];
    let provenance = striate_formats::Provenance {
        model: "mlp".into(),
        data: "digits".into(),
        epochs: 3,
        command: "striate train".into(),
        ..Default::default()
    };
    let report = SummaryReport {
        provenance: Some(provenance),
        ..SummaryReport::of_network("runs/train", &graph, &training)
    };
    let text = report.to_string();
    let outer: Vec<&str> = [text.lines().next(), text.lines().last()].into_iter().flatten().collect();
    expect![[r#"
        runs/train: mlp trained on digits, epoch 3; created by: striate train
        In training, auxiliary classifiers add 0 parameters: 15 in all."#]]
    .assert_eq(&outer.join("\n"));
    let json = serde_json::to_value(SummaryReport::of_network("net", &graph, &graph)).unwrap();
    assert_eq!((&json["model"], &json["parameters"]), (&json!("net"), &json!(15)));
    assert!(json.get("provenance").is_none() && json.get("parameters_in_training").is_none(), "{json}");
}
