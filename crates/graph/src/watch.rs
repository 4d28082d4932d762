//! Observation of a network: taps and hooks, and the values that they recorded in the last run.

use crate::engine::Engine;
use crate::graph::{Graph, NodeId};
use crate::hooks::{Call, Hook, Hooks};
use crate::op::Op;
use crate::plan::Placed;
use crate::plan_error::PlanError;
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use std::collections::{BTreeMap, BTreeSet};
use striate_kernels::Activation;
use striate_kernels::{Program, Value, export};

/// The handle of a value or a gradient that is kept; it is returned by `tap` and `tap_grad`, and passed to `get`.
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

/// All values and gradients that were tapped in a run, by name, in the order of the network. It owns its data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Captured {
    /// The tapped values, `[N, …]`.
    pub values: Vec<(String, ArrayD<f32>)>,
    /// Gradients `[N, …]`, where the run computed them.
    pub gradients: Vec<(String, ArrayD<f32>)>,
}

impl Captured {
    /// The tapped value of that name.
    pub fn value(&self, name: &str) -> Option<&ArrayD<f32>> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, array)| array)
    }

    /// The tapped gradient with respect to the value of that name.
    pub fn gradient(&self, name: &str) -> Option<&ArrayD<f32>> {
        self.gradients.iter().find(|(n, _)| n == name).map(|(_, array)| array)
    }
}

/// How an observed value is derived from one that is kept in memory.
pub(crate) struct View {
    id: NodeId,
    pub(crate) of: NodeId,
    act: Activation,
}

/// How values are observed. The values before and after an activation, or a flatten, share one memory, from which each is
/// derived when it is asked for. Those in `whole` are kept as they are.
pub(crate) fn views(graph: &Graph, values: &[NodeId], whole: &[NodeId]) -> Vec<View> {
    fn of(graph: &Graph, values: &[NodeId], whole: &[NodeId], id: NodeId) -> (NodeId, Activation) {
        let node = &graph.nodes[id];
        let joins = node.operation().activation().filter(|activation| activation.joins());
        let act = match (joins, &node.op) {
            (Some(act), _) => act,
            (None, Op::Flatten(_)) => Activation::None,
            (None, _) => return (id, Activation::None),
        };
        if whole.contains(&id) || !values.contains(&node.inputs[0]) {
            return (id, Activation::None);
        }
        match (of(graph, values, whole, node.inputs[0]), act) {
            ((before, Activation::None), act) | ((before, act), Activation::None) => (before, act),
            _ => (id, Activation::None),
        }
    }
    let view = |&id: &NodeId| {
        let (of, act) = of(graph, values, whole, id);
        View { id, of, act }
    };
    values.iter().map(view).collect()
}

/// Where a program leaves the observed values, and what is to be applied to each.
#[derive(Default)]
pub(crate) struct Kept(Vec<(Tap, Value, Activation)>);

impl Kept {
    pub(crate) fn new(placed: &Placed, views: &[View]) -> Self {
        let values = views.iter().filter_map(|view| {
            let tap = Tap { id: view.id, side: Side::Value };
            Some((tap, *placed.kept_values.get(&view.of)?, view.act))
        });
        let gradient = |(&id, &value)| (Tap { id, side: Side::Gradient }, value, Activation::None);
        let gradients = placed.kept_gradients.iter().map(gradient);
        Self(values.chain(gradients).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a program left of its last run.
#[derive(Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) program: &'a Program,
    pub(crate) kept: &'a Kept,
}

impl Held<'_> {
    /// Fills `to` with as many samples as it has room for.
    fn fill(&self, value: Value, act: Activation, to: &mut [f32]) {
        export(&self.engine.pool, self.engine.isa, self.program.get(value.buf), &value.plane, act, to);
    }

    fn get(&self, graph: &Graph, tap: Tap, n: usize) -> Option<ArrayD<f32>> {
        let &(_, value, act) = self.kept.0.iter().find(|(t, _, _)| *t == tap)?;
        let shape = shape_of(graph, tap.id, n);
        let mut values = vec![0.0; shape.iter().product()];
        self.fill(value, act, &mut values);
        Some(ArrayD::from_shape_vec(IxDyn(&shape), values).expect("n samples of this shape"))
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
    /// Adds taps; also returns whether any is new, in which case plans without it are of no use.
    pub(crate) fn tap(&mut self, ids: &[NodeId], gradient: bool) -> (Vec<Tap>, bool) {
        let side = if gradient { Side::Gradient } else { Side::Value };
        let taps: Vec<Tap> = ids.iter().map(|&id| Tap { id, side }).collect();
        let before = self.taps.len();
        self.taps.extend(&taps);
        (taps, self.taps.len() > before)
    }

    pub(crate) fn is_tapped(&self, tap: Tap) -> bool {
        self.taps.contains(&tap)
    }

    /// Returns whether the tap was there.
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

    /// The values that a plan must keep: those that are tapped, and the inputs and outputs of hooked operations.
    pub(crate) fn values(&self, graph: &Graph) -> Vec<NodeId> {
        let hooked = self.hooks.nodes().flat_map(|id| graph.nodes[id].inputs.iter().copied().chain([id]));
        let tapped = self.taps.iter().filter(|t| t.side == Side::Value).map(|t| t.id);
        let ids: BTreeSet<NodeId> = tapped.chain(hooked).collect();
        ids.into_iter().collect()
    }

    /// The values whose gradients are tapped.
    pub(crate) fn gradients(&self) -> Vec<NodeId> {
        self.taps.iter().filter(|t| t.side == Side::Gradient).map(|t| t.id).collect()
    }

    /// Forgets the last run, but keeps the memory for the next.
    pub(crate) fn begin(&mut self, samples: usize) {
        self.samples = samples;
        self.seen.values_mut().for_each(Vec::clear);
    }

    /// Whether any hook is waiting for values.
    pub(crate) fn has_hooks(&self) -> bool {
        self.hooks.nodes().next().is_some()
    }

    /// Copies what a program left, after which the program may be dropped.
    pub(crate) fn see(&mut self, graph: &Graph, held: Held<'_>) {
        for &(tap, value, act) in &held.kept.0 {
            let len: usize = graph.nodes[tap.id].shape.iter().product();
            let to = self.seen.entry(tap).or_default();
            to.resize(self.samples * len, 0.0);
            held.fill(value, act, to);
        }
    }

    /// Calls the hooks with what was recorded.
    pub(crate) fn tell(&mut self, graph: &Graph) {
        let Self { seen, samples, hooks, .. } = self;
        hooks.call(&graph.nodes, |id| view(graph, seen, *samples, Tap { id, side: Side::Value }));
    }

    /// What a tap recorded in the last run, whether copied already or still with the program; no samples where it recorded
    /// nothing.
    pub(crate) fn get(&self, graph: &Graph, held: Option<Held<'_>>, tap: Tap) -> ArrayD<f32> {
        self.find(graph, held, tap).unwrap_or_else(|| ArrayD::zeros(IxDyn(&shape_of(graph, tap.id, 0))))
    }

    fn find(&self, graph: &Graph, held: Option<Held<'_>>, tap: Tap) -> Option<ArrayD<f32>> {
        match held {
            Some(held) => held.get(graph, tap, self.samples),
            None => view(graph, &self.seen, self.samples, tap).map(|values| values.to_owned()),
        }
    }

    pub(crate) fn captured(&self, graph: &Graph, held: Option<Held<'_>>) -> Captured {
        let all = |side| {
            let taps = self.taps.iter().filter(|t| t.side == side);
            let seen = taps.filter_map(|&t| Some((t, self.find(graph, held, t)?)));
            seen.map(|(t, values)| (graph.nodes[t.id].name.clone(), values)).collect()
        };
        Captured { values: all(Side::Value), gradients: all(Side::Gradient) }
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

/// The one value with exactly that name.
pub(crate) fn exactly(graph: &Graph, name: &str) -> Result<NodeId, PlanError> {
    graph.find(name).ok_or_else(|| graph.unknown(name))
}
