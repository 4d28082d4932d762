//! The plan from graph to program: the position of each value in memory, and the kernels to run, forward and backward.

use crate::clip::Clip;
use crate::emit::{BackwardKernels, ForwardKernels, value};
use crate::explain::{Part, Pass};
use crate::graph::NodeId;
use crate::loss::CrossEntropy;
use crate::lower::{Form, Lowered, LoweredNode};
use crate::op::{AlgorithmChoice, Op, ParamLayout, ParamSpec};
use crate::optim::Optimizer;
use crate::params::Params;
use crate::plan_error::PlanError;
use crate::rates;
use crate::slot::{Slot, Use};
use std::collections::BTreeMap;
use striate_kernels::conv::Gather;
use striate_kernels::{
    Activation, Add, AddGradient, BLOCK, Buf, Builder, ClipNorm, ClipValue, Copy, EmaUpdate, Plane, Program,
    ReluRule, ScaleChannels, Value,
};

/// The values and parameters of a graph, placed in a program.
#[derive(Default)]
pub(crate) struct Placed {
    pub(crate) values: BTreeMap<NodeId, Value>,
    pub(crate) slots: Vec<Slot>,
    /// The purpose of the kernels, in order.
    pub(crate) parts: Vec<Part>,
    /// Loss and number correct, in training.
    pub(crate) report: Option<Buf>,
    /// Where the host writes the gradient of the output, with [`Purpose::Gradients`].
    pub(crate) grad_output: Option<Value>,
    /// Values that the host writes before each run, sample after sample in PyTorch's order.
    pub(crate) sources: BTreeMap<NodeId, Value>,
    /// Where the host writes one factor per channel of each scaled value.
    pub(crate) factors: BTreeMap<NodeId, Buf>,
    /// The values that were requested, for all samples of a run.
    pub(crate) kept_values: BTreeMap<NodeId, Value>,
    pub(crate) kept_gradients: BTreeMap<NodeId, Value>,
}

/// What a program is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// The output only.
    Forward,
    /// The output, and gradients of values given a gradient of the output; no gradients of parameters.
    Gradients(ReluRule),
    /// Loss, gradients and updates.
    Training(&'a Training<'a>),
}

/// What a program is for, and which values the host reads after a run; what is not requested costs nothing.
pub(crate) struct Wanted<'a> {
    pub(crate) purpose: Purpose<'a>,
    pub(crate) values: &'a [NodeId],
    pub(crate) gradients: &'a [NodeId],
    /// Values whose channels are multiplied by factors that the host writes, before anything reads them.
    pub(crate) scaled: &'a [NodeId],
}

/// What training adds to a forward pass.
pub(crate) struct Training<'a> {
    pub(crate) loss: &'a CrossEntropy,
    pub(crate) optimizer: &'a dyn Optimizer,
    /// Factors of the learning rate by pattern.
    pub(crate) rates: &'a [(String, f32)],
    pub(crate) clip: Option<Clip>,
    /// Decay of the averages of the parameters, if averages are kept.
    pub(crate) ema: Option<f32>,
}

struct Planner<'a> {
    lowered: &'a Lowered<'a>,
    wanted: &'a Wanted<'a>,
    program: &'a mut Builder,
    placed: Placed,
    /// For each node, its parameters, and what it saved.
    uses: Vec<Vec<Use>>,
    saved: Vec<Vec<Buf>>,
    /// What the operation itself computes: the value of the node, unless it is scaled.
    made: BTreeMap<NodeId, Value>,
}

/// Adds a graph's forward pass, and whatever else is requested, to a program.
///
/// An input after the first node is a value that the host writes before each run, because an edit replaced it.
pub(crate) fn plan(
    lowered: &Lowered<'_>,
    program: &mut Builder,
    wanted: &Wanted<'_>,
) -> Result<Placed, PlanError> {
    let placed = Placed { values: places(lowered, program)?, ..Placed::default() };
    let nodes = lowered.graph.nodes.len();
    let (uses, saved, made) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes], placed.values.clone());
    let mut planner = Planner { lowered, wanted, program, placed, uses, saved, made };
    planner.forward()?;
    match wanted.purpose {
        Purpose::Forward => {}
        Purpose::Gradients(_) => {
            let planes = planner.gradient_planes()?;
            let plane = planes[&lowered.graph.output];
            let start = value(planner.program, plane);
            planner.program.keep(start.buf);
            planner.placed.grad_output = Some(start);
            planner.backward(&[(lowered.graph.output, start)], &planes);
        }
        Purpose::Training(training) => planner.training(training)?,
    }
    Ok(planner.placed)
}

fn places(lowered: &Lowered<'_>, program: &mut Builder) -> Result<BTreeMap<NodeId, Value>, PlanError> {
    Ok(planes(lowered)?.into_iter().map(|(id, plane)| (id, value(program, plane))).collect())
}

/// The geometry of every value: halos as large as the most demanding consumer's, and the input planar if it has few channels
/// and only convolutions read it.
pub(crate) fn planes(lowered: &Lowered<'_>) -> Result<BTreeMap<NodeId, Plane>, PlanError> {
    let readers = lowered.readers();
    let place = |(id, _): (NodeId, &LoweredNode<'_>)| {
        let (shape, readers) = (lowered.shape(id), &readers[id]);
        let halo = readers.iter().fold([0, 0], |halo, &(node, i)| max(halo, node.form.input_halo(i, shape)));
        let plane = match *shape {
            [c, h, w] if id == 0 && c <= 4 && readers.iter().all(|&(node, i)| node.form.takes_planar(i)) => {
                Plane::planar(c, [h, w], halo)
            }
            [c, h, w] => Plane::blocked(c, [h, w], halo),
            _ => Plane::vector(shape.iter().product()),
        };
        checked(lowered, id, plane)
    };
    lowered.nodes().map(place).collect()
}

/// The geometry of a node's value or gradient, if kernels can address it.
fn checked(lowered: &Lowered<'_>, id: NodeId, plane: Plane) -> Result<(NodeId, Plane), PlanError> {
    let (name, shape) = (lowered.name(id), lowered.shape(id));
    let error = || PlanError::Value { name: name.to_string(), shape: shape.to_vec(), halo: plane.halo };
    plane.checked_sample_len().map(|_| (id, plane)).ok_or_else(error)
}

fn max(a: [usize; 2], b: [usize; 2]) -> [usize; 2] {
    [a[0].max(b[0]), a[1].max(b[1])]
}

impl Planner<'_> {
    fn inputs(&self, node: &LoweredNode<'_>) -> Vec<Value> {
        node.inputs.iter().map(|i| self.placed.values[i]).collect()
    }

    fn params(&self, id: NodeId) -> Vec<Buf> {
        self.uses[id].iter().map(|u| u.buf).collect()
    }

    /// The parameters of a node, in order, for inputs laid out as `x`.
    fn uses(&mut self, node: &LoweredNode<'_>, x: &[Value]) -> Result<Vec<Use>, PlanError> {
        let mut uses = Vec::new();
        for (i, (name, spec)) in node.params().into_iter().enumerate() {
            let layout = x.first().and_then(|x| node.operation().param_layout(i, &x.plane));
            let Some(layout) = layout else {
                return Err(PlanError::Parameter { name, shape: spec.shape });
            };
            // What does not learn lies once in each layout.
            let learns = matches!(self.wanted.purpose, Purpose::Training(_));
            let is_it = |slot: &Slot| slot.name == name && (learns || slot.layout.is_same(&layout));
            uses.push(match self.placed.slots.iter().position(is_it) {
                Some(slot) => self.share(slot, layout),
                None => self.slot(name, spec, layout),
            });
        }
        Ok(uses)
    }

    /// A parameter that no earlier operation has.
    fn slot(&mut self, name: String, spec: ParamSpec, layout: ParamLayout) -> Use {
        let (rate_scale, learns) = match self.wanted.purpose {
            Purpose::Training(training) => {
                let scale = rates::scale_of(training.rates, &name);
                (scale, spec.trainable && scale > 0.0)
            }
            Purpose::Forward | Purpose::Gradients(_) => (0.0, false),
        };
        let buf = match self.wanted.purpose {
            // Running statistics may be updated in a network in use too, when it was traced for training.
            Purpose::Forward | Purpose::Gradients(_) if spec.trainable => self.program.constant(layout.len),
            _ => self.program.kept(layout.len),
        };
        let grad = learns.then(|| self.program.kept(layout.len));
        let (ParamSpec { shape, trainable, .. }, state, ema, others) = (spec, Vec::new(), None, Vec::new());
        let slot = Slot { name, shape, layout, buf, trainable, grad, rate_scale, state, ema, others };
        let first = slot.first_use();
        self.placed.slots.push(slot);
        first
    }

    /// A parameter that earlier operations have. It is copied into this layout once per batch, and this operation's part of its
    /// gradient has its own memory.
    fn share(&mut self, slot: usize, layout: ParamLayout) -> Use {
        let slot = &mut self.placed.slots[slot];
        let known = [slot.first_use()].into_iter().chain(slot.others.iter().cloned());
        let buf = known.into_iter().find(|known| known.layout.is_same(&layout)).map(|known| known.buf);
        let buf = buf.unwrap_or_else(|| {
            let buf = self.program.kept(layout.len);
            let map = layout.places_in(&slot.layout, slot.shape.iter().product());
            self.program.push(Gather { from: slot.buf, to: buf, map, start: 0 });
            buf
        });
        let grad = slot.grad.map(|_| self.program.kept(layout.len));
        slot.others.push(Use { layout, buf, grad });
        slot.others[slot.others.len() - 1].clone()
    }

    fn forward(&mut self) -> Result<(), PlanError> {
        let backward = !matches!(self.wanted.purpose, Purpose::Forward);
        let lowered = self.lowered;
        for (id, node) in lowered.nodes() {
            if id > 0 && matches!(node.form, Form::Stored(Op::Input(_))) {
                let y = self.placed.values[&id];
                let x = self.flat(y);
                self.program.push(Copy { x, y });
                self.placed.sources.insert(id, x);
                self.look_at_value(id);
                self.note(Pass::Forward, id, 1);
                continue;
            }
            let x = self.inputs(node);
            self.uses[id] = self.uses(node, &x)?;
            let params = self.params(id);
            let factors = self.factors(id);
            if factors.is_some() {
                let plane = self.placed.values[&id].plane;
                self.made.insert(id, value(self.program, plane));
            }
            node.form.forward(&mut ForwardKernels {
                train: backward,
                arithmetic: lowered.arithmetic,
                x: &x,
                shapes: &lowered.input_shapes(node),
                y: self.made[&id],
                params: &params,
                added: None,
                activation: Activation::None,
                name: lowered.name(id),
                saved: &mut self.saved[id],
                kept: &mut self.placed.kept_values,
                program: self.program,
            });
            if let Some(factors) = factors {
                let (x, y) = (self.made[&id], self.placed.values[&id]);
                self.program.push(ScaleChannels { x, y, factors });
            }
            self.look_at_value(id);
            self.note(Pass::Forward, id, 1);
        }
        Ok(())
    }

    /// Records that the kernels since the last note compute this node, or its gradients, with `times` times the products of its
    /// value.
    fn note(&mut self, pass: Pass, id: NodeId, times: u64) {
        let (graph, lowered) = (self.lowered.graph, self.lowered);
        let Some(node) = lowered.node(id) else { return };
        let choice = node.form.choice(&lowered.input_shapes(node), pass, lowered.arithmetic);
        let one: u64 = node.nodes.iter().map(|&id| graph.node_cost(id).multiply_adds).sum();
        self.note_part(pass, node.nodes.clone(), choice, one.saturating_mul(times));
    }

    fn note_part(&mut self, pass: Pass, nodes: Vec<NodeId>, choice: AlgorithmChoice, multiply_adds: u64) {
        let (end, parts) = (self.program.kernels(), &mut self.placed.parts);
        if parts.last().map_or(0, |part| part.end) < end {
            parts.push(Part { pass, nodes, choice, multiply_adds, end });
        }
    }

    /// Memory for the factors of a value, if it is scaled.
    fn factors(&mut self, id: NodeId) -> Option<Buf> {
        self.wanted.scaled.contains(&id).then(|| {
            let buf = self.program.kept(self.lowered.shape(id)[0].next_multiple_of(BLOCK));
            self.placed.factors.insert(id, buf);
            buf
        })
    }

    /// Memory of its own for a value like `of`, sample after sample in PyTorch's order.
    fn flat(&mut self, of: Value) -> Value {
        let plane = match of.plane.size() {
            [1, 1] => Plane::vector(of.plane.channels),
            size => Plane::planar(of.plane.channels, size, [0, 0]),
        };
        let flat = value(self.program, plane);
        self.program.keep(flat.buf);
        flat
    }

    /// A copy of a gradient for the host, because the operation that reads it may change it in place.
    fn copy_out(&mut self, x: Value) -> Value {
        let y = value(self.program, Plane { halo: [0, 0], ..x.plane });
        self.program.hold(y.buf, y.plane.sample_len());
        self.program.push(Copy { x, y });
        y
    }

    fn look_at_value(&mut self, id: NodeId) {
        if self.wanted.values.contains(&id) {
            let value = self.placed.values[&id];
            self.program.hold(value.buf, value.plane.sample_len());
            self.placed.kept_values.insert(id, value);
        }
    }

    /// Loss, backward pass, and one update per parameter.
    fn training(&mut self, training: &Training<'_>) -> Result<(), PlanError> {
        let graph = self.lowered.graph;
        if graph.output_shape().len() != 1 {
            return Err(PlanError::Logits(graph.output_shape().to_vec()));
        }
        let report = self.program.kept(4);
        let planes = self.gradient_planes()?;
        let mut starts = Vec::new();
        // The network's own loss comes first: its kernel clears the report.
        let auxiliary = graph.auxiliary.iter().map(|a| (a.logits, Some(a.weight)));
        for (id, weight) in [(graph.output, None)].into_iter().chain(auxiliary) {
            let start = value(self.program, planes[&id]);
            training.loss.push(self.program, [self.placed.values[&id], start], report, weight);
            starts.push((id, start));
            self.note_part(Pass::Loss, vec![id], AlgorithmChoice::only("cross entropy"), 0);
        }
        self.placed.report = Some(report);
        self.backward(&starts, &planes);
        self.update(training);
        self.note_part(Pass::Update, Vec::new(), AlgorithmChoice::only("update"), 0);
        Ok(())
    }

    /// Runs the operations in reverse order, starting from the gradients of the output and of auxiliary logits.
    fn backward(&mut self, starts: &[(NodeId, Value)], planes: &BTreeMap<NodeId, Plane>) {
        let lowered = self.lowered;
        let relu = match self.wanted.purpose {
            Purpose::Gradients(rule) => rule,
            Purpose::Forward | Purpose::Training(_) => ReluRule::Gradient,
        };
        let needs = self.needs_gradient();
        let mut gradients: Vec<Vec<Value>> = vec![Vec::new(); lowered.graph.nodes.len()];
        starts.iter().for_each(|&(id, start)| gradients[id].push(start));
        for (id, node) in lowered.nodes().rev() {
            if !needs[id] || gradients[id].is_empty() {
                continue;
            }
            let mut dy = self.sum(&gradients[id]);
            if self.wanted.gradients.contains(&id) {
                let kept = self.copy_out(dy);
                self.placed.kept_gradients.insert(id, kept);
            }
            if !node.inputs.iter().any(|&i| needs[i]) && !self.learns(id) {
                self.note(Pass::Backward, id, 0);
                continue;
            }
            if let Some(&factors) = self.placed.factors.get(&id) {
                let (x, y) = (dy, value(self.program, dy.plane));
                self.program.push(ScaleChannels { x, y, factors });
                dy = y;
            }
            let first = node.inputs.first().filter(|&&i| needs[i] && node.form.takes_gradient());
            let so_far = first.map_or_else(Vec::new, |&i| std::mem::take(&mut gradients[i]));
            let so_far = (!so_far.is_empty()).then(|| self.sum(&so_far));
            let mut dx = Vec::new();
            for &input in &node.inputs {
                let gradient = needs[input].then(|| value(self.program, planes[&input]));
                gradients[input].extend(gradient);
                dx.push(gradient);
            }
            let times = u64::from(dx.iter().any(Option::is_some)) + u64::from(self.learns(id));
            let (x, params) = (self.inputs(node), self.params(id));
            let grads = self.grads(id, node);
            node.form.backward(&mut BackwardKernels {
                arithmetic: lowered.arithmetic,
                x: &x,
                shapes: &lowered.input_shapes(node),
                y: self.made[&id],
                dy,
                dx,
                so_far,
                adds: false,
                dadded: None,
                activation: Activation::None,
                params: &params,
                grads: &grads,
                saved: &self.saved[id],
                relu,
                name: lowered.name(id),
                program: self.program,
            });
            self.note(Pass::Backward, id, times);
        }
    }

    /// Whether any parameter of the node has a gradient.
    fn learns(&self, id: NodeId) -> bool {
        self.uses[id].iter().any(|u| u.grad.is_some())
    }

    /// Gradients of a node's parameters. If only some are trained, the gradient of a frozen one goes to a buffer that nothing
    /// reads.
    fn grads(&mut self, id: NodeId, node: &LoweredNode<'_>) -> Vec<Option<Buf>> {
        let trainable: Vec<bool> = node.operation().params().into_iter().map(|spec| spec.trainable).collect();
        let (uses, any) = (&self.uses[id], self.learns(id));
        let grad = |(u, trainable): (&Use, bool)| {
            u.grad.or_else(|| (any && trainable).then(|| self.program.buffer(u.layout.len)))
        };
        uses.iter().zip(trainable).map(grad).collect()
    }

    /// After the last tile, clips the gradients and updates the parameters and their averages.
    fn update(&mut self, training: &Training<'_>) {
        let slots = &mut self.placed.slots;
        for slot in slots.iter() {
            let Some(to) = slot.grad else { continue };
            for other in &slot.others {
                let Some(from) = other.grad else { continue };
                let map = (!other.layout.is_same(&slot.layout))
                    .then(|| slot.layout.places_in(&other.layout, slot.shape.iter().product()));
                let add = AddGradient { from, map, to, len: slot.layout.len };
                self.program.push_once(Box::new(add));
            }
        }
        let grads = slots.iter().filter_map(|s| s.grad.map(|grad| (grad, s.layout.len))).collect();
        match training.clip {
            Some(Clip::Norm(max_norm)) => {
                ClipNorm { grads, max_norm }.push(self.program);
            }
            Some(Clip::Value(limit)) => ClipValue { grads, limit }.push(self.program),
            None => {}
        }
        for slot in slots.iter_mut() {
            let Some(grad) = slot.grad else { continue };
            let (names, len) = (training.optimizer.state(), slot.layout.len);
            slot.state = names.iter().map(|&n| (n, self.program.kept(len))).collect();
            let state: Vec<Buf> = slot.state.iter().map(|s| s.1).collect();
            let update = training.optimizer.update(slot.buf, grad, &state, len, slot.rate_scale);
            self.program.push_once(update);
        }
        let Some(decay) = training.ema else { return };
        // A frozen parameter is its own average.
        for slot in slots.iter_mut().filter(|s| s.grad.is_some() || !s.trainable) {
            let (len, ema) = (slot.layout.len, self.program.kept(slot.layout.len));
            slot.ema = Some(ema);
            self.program.push_once(Box::new(EmaUpdate { ema, value: slot.buf, len, decay }));
        }
    }

    /// The sum of the gradients that a value receives from its consumers, in their order.
    fn sum(&mut self, gradients: &[Value]) -> Value {
        gradients[1..].iter().fold(gradients[0], |a, &b| {
            let y = value(self.program, a.plane);
            self.program.push(Add { a, b, y, act: Activation::None });
            y
        })
    }

    /// Nodes through which a gradient must pass to reach a trained parameter, or a value whose gradient is wanted.
    fn needs_gradient(&self) -> Vec<bool> {
        let mut needs = vec![false; self.lowered.graph.nodes.len()];
        for (id, node) in self.lowered.nodes() {
            let before = node.inputs.iter().any(|&i| needs[i]);
            needs[id] = before || self.wanted.gradients.contains(&id) || self.learns(id);
        }
        needs
    }

    /// The geometry of each value's gradient.
    fn gradient_planes(&self) -> Result<BTreeMap<NodeId, Plane>, PlanError> {
        let lowered = self.lowered;
        let readers = lowered.readers();
        let plane = |(id, _): (NodeId, &LoweredNode<'_>)| {
            let (shape, own) = (lowered.shape(id), lowered.grad_halo(id));
            let halo =
                |halo, &(node, i): &(&LoweredNode<'_>, usize)| max(halo, node.form.input_grad_halo(i, shape));
            let halo = readers[id].iter().fold(own, halo);
            let plane = match *shape {
                [c, h, w] => Plane::blocked(c, [h, w], halo),
                _ => Plane::vector(shape.iter().product()),
            };
            checked(lowered, id, plane)
        };
        lowered.nodes().map(plane).collect()
    }
}

impl Placed {
    /// Fills the memory of parameters that learn.
    pub(crate) fn load(&self, program: &mut Program, params: &Params) {
        for slot in &self.slots {
            let array = params.get(&slot.name).expect("checked against the graph");
            // An average starts at the value of its parameter.
            [slot.buf].into_iter().chain(slot.ema).for_each(|buf| slot.write(program, buf, array));
        }
    }
}
