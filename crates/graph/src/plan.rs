//! From graph to program: where each value lies, which kernels run, forward and backward.

use crate::graph::{Graph, NodeId};
use crate::loss::CrossEntropy;
use crate::op::{Op, ParamLayout};
use crate::optim::Optimizer;
use crate::params::Params;
use ndarray::{ArrayD, IxDyn};
use striate_kernels::{Add, Buf, Builder, Plane, Program, Value};

/// What an operation adds its forward kernels to.
pub struct Forward<'a> {
    /// The program so far.
    pub program: &'a mut Builder,
    /// Whether a backward pass follows.
    pub train: bool,
    /// Inputs.
    pub x: &'a [Value],
    /// Shapes of the inputs.
    pub shapes: &'a [&'a [usize]],
    /// Output.
    pub y: Value,
    /// Parameters in order.
    pub params: &'a [Buf],
    /// Name of the node.
    pub name: &'a str,
    saved: &'a mut Vec<Buf>,
}

impl Forward<'_> {
    /// A buffer for each tile that the backward pass gets as `saved`, in the order of the calls; `len` is a sample's.
    pub fn save(&mut self, len: usize) -> Buf {
        let buf = self.program.buffer(len * self.program.tile());
        self.remember(buf);
        buf
    }

    /// Hands a buffer to the backward pass.
    pub fn remember(&mut self, buf: Buf) {
        self.saved.push(buf);
    }
}

/// What an operation adds its backward kernels to.
pub struct Backward<'a> {
    /// The program so far.
    pub program: &'a mut Builder,
    /// Inputs of the forward pass.
    pub x: &'a [Value],
    /// Shapes of the inputs.
    pub shapes: &'a [&'a [usize]],
    /// Output of the forward pass.
    pub y: Value,
    /// Gradient of the output; nobody else needs it, so it may be changed in place.
    pub dy: Value,
    /// Gradients of the inputs to be written, where they are needed.
    pub dx: Vec<Option<Value>>,
    /// Parameters in order.
    pub params: &'a [Buf],
    /// Their gradients to be written; `None` for those that are not trained.
    pub grads: &'a [Option<Buf>],
    /// What the forward pass saved.
    pub saved: &'a [Buf],
    /// Name of the node.
    pub name: &'a str,
}

impl Backward<'_> {
    /// A value that only this operation uses.
    pub fn scratch(&mut self, plane: Plane) -> Value {
        value(self.program, plane)
    }

    /// The gradient of parameter `i`, which is trained.
    pub fn grad(&self, i: usize) -> Buf {
        self.grads[i].expect("a trainable parameter has a gradient")
    }
}

fn value(program: &mut Builder, plane: Plane) -> Value {
    Value { buf: program.buffer(plane.sample_len() * program.tile()), plane }
}

/// A parameter in the program's memory.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) layout: ParamLayout,
    pub(crate) buf: Buf,
    pub(crate) grad: Option<Buf>,
    /// What the optimiser keeps for it.
    pub(crate) state: Vec<(&'static str, Buf)>,
}

impl Slot {
    fn place(&self, i: usize) -> usize {
        self.layout.map.as_ref().map_or(i, |map| map[i] as usize)
    }

    /// Copies PyTorch's layout into the engine's.
    pub(crate) fn write(&self, program: &mut Program, buf: Buf, array: &ArrayD<f32>) {
        let to = program.get_mut(buf);
        to.fill(0.0);
        array.iter().enumerate().for_each(|(i, &v)| to[self.place(i)] = v);
    }

    /// The inverse of [`Slot::write`].
    pub(crate) fn read(&self, program: &Program, buf: Buf) -> ArrayD<f32> {
        let from = program.get(buf);
        let len = self.shape.iter().product();
        let values = (0..len).map(|i| from[self.place(i)]).collect();
        ArrayD::from_shape_vec(IxDyn(&self.shape), values).expect("one value an element")
    }
}

/// Why a graph cannot become a program.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// The memory cannot be had.
    #[error(transparent)]
    Memory(#[from] striate_kernels::OutOfMemory),
    /// The parameters are not the graph's.
    #[error(transparent)]
    Params(#[from] crate::params::ParamsError),
    /// Training a layer that is applied twice.
    #[error(
        "{0}: this parameter is used by two operations, which training does not support; give each its own layer"
    )]
    Shared(String),
    /// The loss needs a vector of logits.
    #[error(
        "the network's output has shape {0:?}; the loss needs one logit a class, [C]; add .flatten(1) and a linear layer"
    )]
    Logits(Vec<usize>),
    /// No value of that name.
    #[error("no value `{name}` in this network; near names: {}", near.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        near: Vec<String>,
    },
}

/// The values and parameters of a graph, placed in a program.
pub(crate) struct Placed {
    pub(crate) values: Vec<Value>,
    pub(crate) slots: Vec<Slot>,
}

/// What training adds to a forward pass.
pub(crate) struct Training<'a> {
    pub(crate) loss: &'a CrossEntropy,
    pub(crate) optimizer: &'a dyn Optimizer,
    /// Whether the gradient of the images is wanted too.
    pub(crate) input_gradient: bool,
}

/// Where a training program keeps what is looked at.
pub(crate) struct TrainingPlaces {
    pub(crate) report: Buf,
    pub(crate) input_gradient: Option<Value>,
}

struct Planner<'a> {
    graph: &'a Graph,
    program: &'a mut Builder,
    values: Vec<Value>,
    slots: Vec<Slot>,
    /// For each node, its parameters' slots, and what it saved.
    node_slots: Vec<Vec<usize>>,
    saved: Vec<Vec<Buf>>,
}

/// Adds a graph's forward pass, and its training if asked, to a program.
pub(crate) fn plan(
    graph: &Graph,
    program: &mut Builder,
    training: Option<&Training<'_>>,
) -> Result<(Placed, Option<TrainingPlaces>), PlanError> {
    let mut planner = Planner {
        values: places(graph, program),
        graph,
        program,
        slots: Vec::new(),
        node_slots: Vec::new(),
        saved: Vec::new(),
    };
    planner.forward(training.is_some())?;
    let places = training.map(|t| planner.training(t)).transpose()?;
    Ok((Placed { values: planner.values, slots: planner.slots }, places))
}

/// The geometry of every value: halos as large as the neediest consumer's, the input planar if it has few channels
/// and only convolutions read it.
fn places(graph: &Graph, program: &mut Builder) -> Vec<Value> {
    let consumers = graph.consumers();
    let place = |(id, node): (NodeId, &crate::graph::Node)| {
        let readers = || consumers[id].iter().map(|&c| &graph.nodes[c]);
        let halo = readers().fold([0, 0], |halo, c| max(halo, c.operation().input_halo(&node.shape)));
        let plane = match node.shape[..] {
            [c, h, w] if id == 0 && c <= 4 && readers().all(|c| c.operation().takes_planar()) => {
                Plane::planar(c, [h, w], halo)
            }
            [c, h, w] => Plane::blocked(c, [h, w], halo),
            _ => Plane::vector(node.shape.iter().product()),
        };
        value(program, plane)
    };
    graph.nodes.iter().enumerate().map(place).collect()
}

fn max(a: [usize; 2], b: [usize; 2]) -> [usize; 2] {
    [a[0].max(b[0]), a[1].max(b[1])]
}

impl Planner<'_> {
    fn inputs(&self, id: NodeId) -> Vec<Value> {
        self.graph.nodes[id].inputs.iter().map(|&i| self.values[i]).collect()
    }

    fn params(&self, id: NodeId) -> Vec<Buf> {
        self.node_slots[id].iter().map(|&s| self.slots[s].buf).collect()
    }

    fn forward(&mut self, train: bool) -> Result<(), PlanError> {
        for (id, node) in self.graph.nodes.iter().enumerate() {
            let x = self.inputs(id);
            let mut slots = Vec::new();
            for (i, (name, spec)) in node.params().into_iter().enumerate() {
                let known = self.slots.iter().position(|s| s.name == name);
                if train && spec.trainable && known.is_some() {
                    return Err(PlanError::Shared(name));
                }
                slots.push(known.unwrap_or_else(|| {
                    let layout = node.operation().param_layout(i, &x[0].plane);
                    let buf = self.program.kept(layout.len);
                    let grad = (train && spec.trainable).then(|| self.program.kept(layout.len));
                    let state = Vec::new();
                    self.slots.push(Slot { name, shape: spec.shape, layout, buf, grad, state });
                    self.slots.len() - 1
                }));
            }
            self.node_slots.push(slots);
            let mut saved = Vec::new();
            let params = self.params(id);
            node.operation().forward(&mut Forward {
                train,
                x: &x,
                shapes: &self.graph.input_shapes(id),
                y: self.values[id],
                params: &params,
                name: &node.name,
                saved: &mut saved,
                program: self.program,
            });
            self.saved.push(saved);
        }
        Ok(())
    }

    /// Loss, backward pass in reverse order, and one update a parameter.
    fn training(&mut self, training: &Training<'_>) -> Result<TrainingPlaces, PlanError> {
        let graph = self.graph;
        let output = graph.output;
        if graph.output_shape().len() != 1 {
            return Err(PlanError::Logits(graph.output_shape().to_vec()));
        }
        let report = self.program.kept(4);
        let needs = self.needs_gradient(training.input_gradient);
        let planes = self.gradient_planes();
        let mut gradients: Vec<Vec<Value>> = vec![Vec::new(); graph.nodes.len()];
        let start = value(self.program, planes[output]);
        gradients[output].push(start);
        training.loss.push(self.program, self.values[output], start, report);
        let mut input_gradient = None;
        for id in (0..graph.nodes.len()).rev() {
            if !needs[id] || gradients[id].is_empty() {
                continue;
            }
            let dy = self.sum(&gradients[id]);
            let node = &graph.nodes[id];
            if matches!(node.op, Op::Input(_)) {
                self.program.keep(dy.buf);
                input_gradient = Some(dy);
                continue;
            }
            let mut dx = Vec::new();
            for &input in &node.inputs {
                let gradient = needs[input].then(|| value(self.program, planes[input]));
                gradients[input].extend(gradient);
                dx.push(gradient);
            }
            let (x, params) = (self.inputs(id), self.params(id));
            let grads: Vec<_> = self.node_slots[id].iter().map(|&s| self.slots[s].grad).collect();
            node.operation().backward(&mut Backward {
                x: &x,
                shapes: &graph.input_shapes(id),
                y: self.values[id],
                dy,
                dx,
                params: &params,
                grads: &grads,
                saved: &self.saved[id],
                name: &node.name,
                program: self.program,
            });
        }
        for slot in &mut self.slots {
            let Some(grad) = slot.grad else { continue };
            let names = training.optimizer.state();
            slot.state = names.iter().map(|&n| (n, self.program.kept(slot.layout.len))).collect();
            let state: Vec<Buf> = slot.state.iter().map(|s| s.1).collect();
            self.program.push_once(training.optimizer.update(slot.buf, grad, &state, slot.layout.len));
        }
        Ok(TrainingPlaces { report, input_gradient })
    }

    /// The sum of the gradients that a value gets from its consumers, in their order.
    fn sum(&mut self, gradients: &[Value]) -> Value {
        gradients[1..].iter().fold(gradients[0], |a, &b| {
            let y = value(self.program, a.plane);
            self.program.push(Add { a, b, y });
            y
        })
    }

    /// Nodes through which a gradient must pass to reach a trained parameter, or the images.
    fn needs_gradient(&self, input: bool) -> Vec<bool> {
        let mut needs: Vec<bool> = Vec::new();
        for (id, node) in self.graph.nodes.iter().enumerate() {
            let own = self.node_slots[id].iter().any(|&s| self.slots[s].grad.is_some());
            let before = node.inputs.iter().any(|&i| needs[i]);
            needs.push(own || before || (id == 0 && input));
        }
        needs
    }

    /// The geometry of each value's gradient.
    fn gradient_planes(&self) -> Vec<Plane> {
        let graph = self.graph;
        let consumers = graph.consumers();
        let plane = |(id, node): (NodeId, &crate::graph::Node)| {
            let own = match graph.input_shapes(id).first() {
                Some(input) => node.operation().grad_halos(input).0,
                None => [0, 0],
            };
            let readers = consumers[id].iter().map(|&c| graph.nodes[c].operation());
            let halo = readers.fold(own, |halo, op| max(halo, op.grad_halos(&node.shape).1));
            match node.shape[..] {
                [c, h, w] => Plane::blocked(c, [h, w], halo),
                _ => Plane::vector(node.shape.iter().product()),
            }
        };
        graph.nodes.iter().enumerate().map(plane).collect()
    }
}

impl Placed {
    /// Fills the parameters' memory.
    pub(crate) fn load(&self, program: &mut Program, params: &Params) {
        for slot in &self.slots {
            let array = params.get(&slot.name).expect("checked against the graph");
            slot.write(program, slot.buf, array);
        }
    }
}
