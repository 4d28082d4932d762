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
use std::borrow::Cow;

/// What was folded into which convolution. The parameters are made one at a time, when they are needed: all of them at once would
/// be a second copy of the network.
#[derive(Debug, Default)]
pub(crate) struct Folded<'g>(Vec<Fold<'g>>);

#[derive(Debug)]
struct Fold<'g> {
    conv: &'g str,
    norm: &'g str,
    eps: f32,
}

impl Folded<'_> {
    /// The parameter of that name with what was folded into it.
    pub(crate) fn param<'p>(&self, params: &'p Params, name: &str) -> Cow<'p, ArrayD<f32>> {
        let of = |fold: &&Fold<'_>| {
            let own = name.strip_prefix(fold.conv).and_then(|rest| rest.strip_prefix('.'));
            matches!(own, Some("weight" | "bias"))
        };
        let mut array = params.get(name).map(Cow::Borrowed);
        for fold in self.0.iter().filter(of) {
            array = Some(Cow::Owned(if name.ends_with(".weight") {
                fold.weight(params, array.expect("checked against the graph").into_owned())
            } else {
                fold.bias(params, array.as_deref())
            }));
        }
        array.expect("checked against the graph")
    }
}

impl Fold<'_> {
    fn norm<'p>(&self, params: &'p Params, name: &str) -> &'p ArrayD<f32> {
        params.get(&format!("{}.{name}", self.norm)).expect("checked against the graph")
    }

    /// `γ/√(σ² + eps)`, one value a channel.
    fn scale(&self, params: &Params) -> Vec<f64> {
        let (gamma, var) = (self.norm(params, "weight"), self.norm(params, "running_var"));
        let scale = |(&g, &v): (&f32, &f32)| f64::from(g) / (f64::from(v) + f64::from(self.eps)).sqrt();
        gamma.iter().zip(var).map(scale).collect()
    }

    fn weight(&self, params: &Params, mut weight: ArrayD<f32>) -> ArrayD<f32> {
        let scale = self.scale(params);
        let per_channel = weight.len() / scale.len();
        for (i, w) in weight.iter_mut().enumerate() {
            *w = (f64::from(*w) * scale[i / per_channel]) as f32;
        }
        weight
    }

    fn bias(&self, params: &Params, old: Option<&ArrayD<f32>>) -> ArrayD<f32> {
        let scale = self.scale(params);
        let (beta, mean) = (self.norm(params, "bias"), self.norm(params, "running_mean"));
        let bias = (0..scale.len()).map(|k| {
            let b = old.map_or(0.0, |old| f64::from(old[[k]]));
            ((b - f64::from(mean[[k]])) * scale[k] + f64::from(beta[[k]])) as f32
        });
        ArrayD::from_shape_vec(vec![scale.len()], bias.collect()).expect("one value a channel")
    }
}

/// Folds every batch norm whose convolution nobody else reads; values in `keep` stay.
pub(crate) fn fold_batch_norm<'g>(lowered: &mut Lowered<'g>, keep: &[NodeId]) -> Folded<'g> {
    let mut folded = Folded::default();
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
        folded.0.push(Fold { conv: conv_layer, norm: bn_layer, eps: bn.eps });
        let conv = Conv2d { bias: true, ..conv.clone() };
        lowered.join(before, id, Form::Stored(conv.into()));
    }
    lowered.remove_dead(keep);
    folded
}
