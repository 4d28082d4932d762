//! Folds batch normalisation with running statistics into the convolution before it:
//! `w' = w · γ/√(σ² + eps)`, `b' = (b − μ) · γ/√(σ² + eps) + β`, in f64.
//!
//! ```text
//! before   conv1 ── bn1 ── relu
//! after    bn1 = conv1 with weight', bias' ── relu
//! ```

use crate::graph::Graph;
use crate::op::{Conv2d, Op};
use crate::params::Params;
use ndarray::ArrayD;

/// Folds every batch norm whose convolution nobody else reads; values named in `keep` stay.
pub(crate) fn fold_batch_norm(graph: &mut Graph, params: &mut Params, keep: &[&str]) {
    let consumers = graph.consumers();
    let uses = |graph: &Graph, layer: &str| graph.nodes.iter().filter(|n| n.layer == layer).count();
    for id in 0..graph.nodes.len() {
        let Op::BatchNorm2d(bn) = &graph.nodes[id].op else { continue };
        let before = graph.nodes[id].inputs[0];
        let conv_node = &graph.nodes[before];
        let Op::Conv2d(conv) = &conv_node.op else { continue };
        let shared = consumers[before].len() != 1 || graph.output == before;
        let twice = uses(graph, &conv_node.layer) > 1 || uses(graph, &graph.nodes[id].layer) > 1;
        if bn.training || shared || twice || keep.contains(&conv_node.name.as_str()) {
            continue;
        }
        let (conv_layer, bn_layer) = (conv_node.layer.clone(), graph.nodes[id].layer.clone());
        let take = |params: &mut Params, name: &str| {
            params.remove(&format!("{bn_layer}.{name}")).expect("checked against the graph")
        };
        let [gamma, beta, mean, var] =
            ["weight", "bias", "running_mean", "running_var"].map(|name| take(params, name));
        let scale: Vec<f64> = gamma
            .iter()
            .zip(&var)
            .map(|(&g, &v)| f64::from(g) / (f64::from(v) + f64::from(bn.eps)).sqrt())
            .collect();
        let weight = params.get_mut(&format!("{conv_layer}.weight")).expect("checked against the graph");
        let per_channel = weight.len() / scale.len();
        for (i, w) in weight.iter_mut().enumerate() {
            *w = (f64::from(*w) * scale[i / per_channel]) as f32;
        }
        let bias_name = format!("{conv_layer}.bias");
        let old = params.get(&bias_name).map(|b| b.iter().map(|&v| f64::from(v)).collect::<Vec<_>>());
        let bias = (0..scale.len()).map(|k| {
            let b = old.as_ref().map_or(0.0, |old| old[k]);
            ((b - f64::from(mean[[k]])) * scale[k] + f64::from(beta[[k]])) as f32
        });
        let bias = ArrayD::from_shape_vec(vec![scale.len()], bias.collect()).expect("one value a channel");
        params.insert(bias_name, bias);
        let op = Op::Conv2d(Conv2d { bias: true, ..conv.clone() });
        let inputs = graph.nodes[before].inputs.clone();
        let node = &mut graph.nodes[id];
        (node.op, node.layer, node.inputs) = (op, conv_layer, inputs);
    }
    graph.remove_dead(keep);
}
