//! A value in a trace, and the data that a trace collects.

use crate::graph::{Auxiliary, Node, NodeId};
use crate::op::{Op, Operation, values_of};
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;

/// Whether a trace is for training or for inference: dropout has no effect in `Eval`, and batch norm uses the batch's
/// statistics in `Train`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Statistics of the batch, dropout active.
    Train,
    /// Running statistics, no dropout.
    Eval,
}

/// A value in a trace: a handle that is cheap to copy.
#[derive(Clone, Copy)]
pub struct Var<'g> {
    pub(crate) tracer: &'g Tracer,
    pub(crate) id: NodeId,
}

pub(crate) struct Traced {
    pub(crate) node: Node,
    /// The shape is unknown, because this value or one that it depends on did not fit.
    broken: bool,
}

pub(crate) struct Scope {
    pub(crate) path: String,
    pub(crate) line: &'static Location<'static>,
    /// Whether the layer is a field of the network, so that its parameters have a name.
    pub(crate) named: bool,
}

/// Collects the nodes and errors of one trace.
pub(crate) struct Tracer {
    pub(crate) mode: Mode,
    pub(crate) nodes: RefCell<Vec<Traced>>,
    pub(crate) scopes: RefCell<Vec<Scope>>,
    /// Path of each layer, keyed by address and type, because a struct and its first field share an address.
    pub(crate) paths: HashMap<(usize, TypeId), String>,
    pub(crate) names: RefCell<HashMap<String, usize>>,
    pub(crate) auxiliary: RefCell<Vec<(Auxiliary, &'static Location<'static>)>>,
    pub(crate) errors: RefCell<Vec<LayerError>>,
}

impl Tracer {
    /// `conv1`, then `conv1_1`, `conv1_2`, … when a name is repeated.
    pub(crate) fn unique(&self, name: &str) -> String {
        let mut names = self.names.borrow_mut();
        let count = names.entry(name.to_string()).or_insert(0);
        *count += 1;
        if *count == 1 { name.to_string() } else { format!("{name}_{}", *count - 1) }
    }

    pub(crate) fn push(&self, op: Op, inputs: &[Var<'_>], line: &'static Location<'static>) -> NodeId {
        let scope = self.scopes.borrow().last().map(|s| s.path.clone()).unwrap_or_default();
        let operation: &dyn Operation = op.as_operation();
        let homeless = self.scopes.borrow().last().is_some_and(|s| !s.named);
        let layer = if operation.params().is_empty() { String::new() } else { scope.clone() };
        let name = match (scope.as_str(), layer.is_empty()) {
            ("", _) => operation.name().to_string(),
            (scope, false) => scope.to_string(),
            (scope, true) => format!("{scope}.{}", operation.name()),
        };
        let name = self.unique(&name);
        if homeless && !layer.is_empty() {
            self.fail(&name, line, HOMELESS.to_string());
        }
        let mut nodes = self.nodes.borrow_mut();
        let shapes: Vec<&[usize]> = inputs.iter().map(|v| nodes[v.id].node.shape.as_slice()).collect();
        let mut broken = inputs.iter().any(|v| nodes[v.id].broken);
        let shape = match operation.shape(&shapes) {
            Ok(shape) if values_of(&shape).is_none() => {
                self.fail(
                    &name,
                    line,
                    format!("its value {shape:?} has 2^32 numbers or more; use smaller images"),
                );
                broken = true;
                vec![1]
            }
            Ok(shape) => shape,
            Err(error) => {
                if !broken {
                    let before = inputs.first().and_then(|v| flattened(&nodes, v.id));
                    self.fail(&name, line, error.problem(before));
                }
                broken |= error.output.is_none();
                error.output.unwrap_or_else(|| vec![1])
            }
        };
        let inputs = inputs.iter().map(|v| v.id).collect();
        nodes.push(Traced { node: Node { op, inputs, shape, name, layer }, broken });
        nodes.len() - 1
    }

    /// The auxiliary classifiers, each of which must have the shape of the output.
    pub(crate) fn auxiliaries(&self, output: NodeId) -> Vec<Auxiliary> {
        let (all, nodes) = (self.auxiliary.borrow(), self.nodes.borrow());
        for &(auxiliary, line) in all.iter() {
            let logits = &nodes[auxiliary.logits];
            let fits = auxiliary.fits(Some(&logits.node.shape), &nodes[output].node.shape);
            if let (Err(problem), false, false) = (fits, logits.broken, nodes[output].broken) {
                self.fail(&logits.node.name, line, format!("auxiliary classifier: {problem}"));
            }
        }
        all.iter().map(|&(auxiliary, _)| auxiliary).collect()
    }

    fn fail(&self, layer: &str, line: &'static Location<'static>, problem: String) {
        let (file, line) = (line.file(), line.line());
        self.errors.borrow_mut().push(LayerError { layer: layer.to_string(), file, line, problem });
    }
}

const HOMELESS: &str = "this layer is not a field of the network, so its parameters have no name; make it a field, without \
                        #[module(skip)], and apply the field itself, not a copy";

/// The shape before the flatten that produced this vector.
fn flattened(nodes: &[Traced], id: NodeId) -> Option<Vec<usize>> {
    let node = &nodes[id].node;
    matches!(node.op, Op::Flatten(_)).then(|| nodes[node.inputs[0]].node.shape.clone())
}

impl<'g> Var<'g> {
    /// The shape of one sample: `[C, H, W]`, or `[F]` after a flatten.
    pub fn shape(self) -> Vec<usize> {
        self.tracer.nodes.borrow()[self.id].node.shape.clone()
    }

    /// The mode of the trace that this value belongs to.
    pub fn mode(self) -> Mode {
        self.tracer.mode
    }

    /// Makes this value the logits of an auxiliary classifier: in training, `weight` times its loss is added to the network's
    /// own. In inference it is not used, and operations that only it depends on are not computed.
    ///
    /// # Source
    /// Szegedy et al. 2015, section 5.
    ///
    /// # PyTorch
    /// A `forward` that returns `(logits, aux_logits)` in training, with a loop that computes
    /// `loss = criterion(logits, labels) + weight * criterion(aux_logits, labels)`.
    #[track_caller]
    pub fn auxiliary_loss(self, weight: f32) {
        if self.tracer.mode == Mode::Train {
            let auxiliary = Auxiliary { logits: self.id, weight };
            self.tracer.auxiliary.borrow_mut().push((auxiliary, Location::caller()));
        }
    }

    /// Adds an operation under the name and at the source line of the layer being applied. Layers are written with this method.
    #[track_caller]
    pub fn op(self, op: Op) -> Var<'g> {
        let line = self.tracer.scopes.borrow().last().map_or(Location::caller(), |s| s.line);
        self.push(op, &[], line)
    }

    fn push(self, op: Op, others: &[Var<'g>], line: &'static Location<'static>) -> Var<'g> {
        let inputs: Vec<Var<'g>> = [self].iter().chain(others).copied().collect();
        Var { tracer: self.tracer, id: self.tracer.push(op, &inputs, line) }
    }

    /// Records that what was to be done with this value does not fit; does nothing where the shape of the value itself is only
    /// a guess.
    pub(crate) fn refuse(self, what: &str, line: &'static Location<'static>, problem: String) {
        if !self.tracer.nodes.borrow()[self.id].broken {
            self.tracer.fail(what, line, problem);
        }
    }

    /// Like [`Var::op`], at the caller's line: the methods of `functional.rs` are written with it.
    pub(crate) fn at(self, op: Op, others: &[Var<'g>], line: &'static Location<'static>) -> Var<'g> {
        self.push(op, others, line)
    }
}

impl fmt::Debug for Var<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.tracer.nodes.borrow();
        let node = &nodes[self.id].node;
        write!(f, "{} {:?}", node.name, node.shape)
    }
}

/// The error of one layer whose shapes do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerError {
    /// The path of the layer, such as `layer1.0.conv1`.
    pub layer: String,
    /// The source file in which the layer was applied.
    pub file: &'static str,
    /// The line in that file.
    pub line: u32,
    /// The expected and the actual shape, and a suggestion.
    pub problem: String,
}
