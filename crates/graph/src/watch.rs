//! What somebody looks at in a network: taps and hooks, and what they saw in the last run.

use crate::graph::{Graph, NodeId};
use crate::hooks::{Call, Hook, Hooks};
use crate::plan::Placed;
use crate::plan_error::PlanError;
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use std::collections::{BTreeMap, BTreeSet};
use striate_kernels::{Program, Value};

/// A value or a gradient that is kept: what `tap` and `tap_grad` give and `get` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tap {
    id: NodeId,
    side: Side,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Value,
    Gradient,
}

/// Everything that was tapped in a run, by name, in the order of the network: it owns what it holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// Values `[N, …]`.
    pub values: Vec<(String, ArrayD<f32>)>,
    /// Gradients `[N, …]`, where the run computed them.
    pub gradients: Vec<(String, ArrayD<f32>)>,
}

impl Trace {
    /// A value by name.
    pub fn value(&self, name: &str) -> Option<&ArrayD<f32>> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, array)| array)
    }

    /// A gradient by name.
    pub fn gradient(&self, name: &str) -> Option<&ArrayD<f32>> {
        self.gradients.iter().find(|(n, _)| n == name).map(|(_, array)| array)
    }
}

/// Where a program leaves what is looked at.
#[derive(Default)]
pub(crate) struct Kept(Vec<(Tap, Value)>);

impl Kept {
    pub(crate) fn new(graph: &Graph, placed: &Placed) -> Self {
        let each = |kept: &[(String, Value)], side| -> Vec<(Tap, Value)> {
            let tap = |name: &String| Tap { id: graph.find(name).expect("passes keep names"), side };
            kept.iter().map(|(name, value)| (tap(name), *value)).collect()
        };
        let values = each(&placed.kept_values, Side::Value);
        Self(values.into_iter().chain(each(&placed.kept_gradients, Side::Gradient)).collect())
    }
}

/// Taps, hooks, and what they saw.
#[derive(Default)]
pub(crate) struct Watch {
    taps: BTreeSet<Tap>,
    hooks: Hooks,
    seen: BTreeMap<Tap, Vec<f32>>,
    samples: usize,
}

impl Watch {
    /// Taps, and whether any is new, so that a plan without it is of no use.
    pub(crate) fn tap(&mut self, ids: &[NodeId], gradient: bool) -> (Vec<Tap>, bool) {
        let side = if gradient { Side::Gradient } else { Side::Value };
        let taps: Vec<Tap> = ids.iter().map(|&id| Tap { id, side }).collect();
        let before = self.taps.len();
        self.taps.extend(&taps);
        (taps, self.taps.len() > before)
    }

    /// Whether it was there.
    pub(crate) fn untap(&mut self, tap: Tap) -> bool {
        self.seen.remove(&tap);
        self.taps.remove(&tap)
    }

    pub(crate) fn hook(
        &mut self,
        nodes: Vec<NodeId>,
        function: impl FnMut(&Call<'_>) + Send + Sync + 'static,
    ) -> Hook {
        self.hooks.add(nodes, Box::new(function))
    }

    pub(crate) fn unhook(&mut self, hook: Hook) -> bool {
        self.seen.retain(|tap, _| self.taps.contains(tap));
        self.hooks.remove(hook)
    }

    /// Names of the values that a plan must keep: what is tapped, and what hooked operations take and make.
    pub(crate) fn values<'g>(&self, graph: &'g Graph) -> Vec<&'g str> {
        let hooked = self.hooks.nodes().flat_map(|id| graph.nodes[id].inputs.iter().copied().chain([id]));
        let tapped = self.taps.iter().filter(|t| t.side == Side::Value).map(|t| t.id);
        let ids: BTreeSet<NodeId> = tapped.chain(hooked).collect();
        ids.into_iter().map(|id| graph.nodes[id].name.as_str()).collect()
    }

    /// Names of the values whose gradients are tapped.
    pub(crate) fn gradients<'g>(&self, graph: &'g Graph) -> Vec<&'g str> {
        let tapped = self.taps.iter().filter(|t| t.side == Side::Gradient);
        tapped.map(|t| graph.nodes[t.id].name.as_str()).collect()
    }

    /// Forgets the last run, but keeps the memory for the next.
    pub(crate) fn begin(&mut self, samples: usize) {
        self.samples = samples;
        self.seen.values_mut().for_each(Vec::clear);
    }

    /// Takes what a program left of `n` samples.
    pub(crate) fn see(&mut self, graph: &Graph, kept: &Kept, program: &Program, n: usize) {
        for (tap, value) in &kept.0 {
            let len: usize = graph.nodes[tap.id].shape.iter().product();
            let to = self.seen.entry(*tap).or_default();
            to.reserve_exact((self.samples * len).saturating_sub(to.len()));
            let samples = program.get(value.buf).chunks_exact(value.plane.sample_len());
            samples.take(n).for_each(|sample| to.extend_from_slice(&sample[..len]));
        }
    }

    /// Tells the hooks what was seen.
    pub(crate) fn tell(&mut self, graph: &Graph) {
        let Self { seen, samples, hooks, .. } = self;
        hooks.call(&graph.nodes, |id| view(graph, seen, *samples, Tap { id, side: Side::Value }));
    }

    /// What a tap saw in the last run; no samples where it saw none.
    pub(crate) fn get(&self, graph: &Graph, tap: Tap) -> ArrayD<f32> {
        view(graph, &self.seen, self.samples, tap)
            .map_or_else(|| ArrayD::zeros(IxDyn(&shape_of(graph, tap.id, 0))), |values| values.to_owned())
    }

    pub(crate) fn trace(&self, graph: &Graph) -> Trace {
        let all = |side| {
            let taps = self.taps.iter().filter(|t| t.side == side);
            let seen = taps.filter_map(|&t| Some((t, view(graph, &self.seen, self.samples, t)?)));
            seen.map(|(t, values)| (graph.nodes[t.id].name.clone(), values.to_owned())).collect()
        };
        Trace { values: all(Side::Value), gradients: all(Side::Gradient) }
    }
}

fn shape_of(graph: &Graph, id: NodeId, n: usize) -> Vec<usize> {
    std::iter::once(n).chain(graph.nodes[id].shape.iter().copied()).collect()
}

fn view<'a>(
    graph: &Graph,
    seen: &'a BTreeMap<Tap, Vec<f32>>,
    n: usize,
    tap: Tap,
) -> Option<ArrayViewD<'a, f32>> {
    let values = seen.get(&tap).filter(|values| !values.is_empty())?;
    ArrayViewD::from_shape(IxDyn(&shape_of(graph, tap.id, n)), values).ok()
}

/// The one value of that name.
pub(crate) fn exactly(graph: &Graph, name: &str) -> Result<NodeId, PlanError> {
    graph.find(name).ok_or_else(|| graph.unknown(name))
}
