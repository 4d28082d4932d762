//! Folds batch normalization with running statistics into the convolution before it:
//! `w' = w · γ/√(σ² + eps)`, `b' = (b − μ) · γ/√(σ² + eps) + β`, in f64.
//!
//! ```text
//! before   conv1 ── bn1 ── relu
//! after    bn1 = conv1 with weight', bias' ── relu
//! ```

use crate::graph::NodeId;
use crate::lower::{Form, Lowered};
use crate::op::{Conv2d, Op};
use crate::params::Params;
use ndarray::ArrayD;

/// Folds every batch norm whose convolution nobody else reads; values in `keep` stay.
pub(crate) fn fold_batch_norm(lowered: &mut Lowered<'_>, params: &mut Params, keep: &[NodeId]) {
    let consumers = lowered.consumers();
    let uses = |lowered: &Lowered<'_>, layer: &str| lowered.nodes().filter(|(_, n)| n.layer == layer).count();
    for id in 0..lowered.graph.nodes.len() {
        let Some(node) = lowered.node(id) else { continue };
        let Form::Stored(Op::BatchNorm2d(bn)) = &node.form else { continue };
        let (before, bn_layer) = (node.inputs[0], node.layer);
        let Some(node) = lowered.node(before) else { continue };
        let Form::Stored(Op::Conv2d(conv)) = &node.form else { continue };
        let conv_layer = node.layer;
        let shared = consumers[before].len() != 1 || lowered.graph.output == before;
        let twice = uses(lowered, conv_layer) > 1 || uses(lowered, bn_layer) > 1;
        if bn.training || shared || twice || keep.contains(&before) {
            continue;
        }
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
        let conv = Conv2d { bias: true, ..conv.clone() };
        lowered.join(before, id, Form::Stored(conv.into()));
    }
    lowered.remove_dead(keep);
}
