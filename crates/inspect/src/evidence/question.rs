//! A network, a picture and a class.

use ndarray::{Array4, ArrayD, ArrayView3, Axis, IxDyn};
use striate_graph::op::Op;
use striate_graph::{NodeId, Session};

use super::{Evidence, Method};
use crate::error::InspectError;

/// Why a network gives this picture this class: its logit is what each method takes apart.
///
/// The session keeps the taps that a method needs, so that a second picture needs no new plan.
///
/// # Example
/// ```
/// use ndarray::Array3;
/// use striate_graph::{Graph, Params, Session};
/// use striate_inspect::evidence::Question;
///
/// let graph: Graph = serde_json::from_str(
///     r#"{ "nodes": [
///         { "op": { "op": "input", "channels": 1, "height": 2, "width": 2 },
///           "inputs": [], "shape": [1, 2, 2], "name": "input", "layer": "" },
///         { "op": { "op": "flatten" }, "inputs": [0], "shape": [4], "name": "flatten", "layer": "" },
///         { "op": { "op": "linear", "in_features": 4, "out_features": 3, "bias": true },
///           "inputs": [1], "shape": [3], "name": "fc", "layer": "fc" }
///     ], "output": 2 }"#,
/// )?;
/// let params = Params::init(&graph, 0);
/// let mut session = Session::new(graph, params)?;
/// let picture = Array3::from_elem((1, 2, 2), 0.5);
/// let evidence = Question::new(&mut session, picture.view(), 2)?.gradient_x_input()?;
/// assert!(evidence.completeness.unwrap().gap.abs() < 1e-6, "a linear network");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Question<'a> {
    pub(super) session: &'a mut Session,
    pub(super) picture: ArrayView3<'a, f32>,
    pub(super) class: usize,
}

/// A value of the network and the logit's gradient with respect to it, `[N, …]`, and the logits, one a picture.
pub(super) struct Slopes {
    pub(super) logits: Vec<f32>,
    pub(super) value: ArrayD<f32>,
    pub(super) gradient: ArrayD<f32>,
}

impl<'a> Question<'a> {
    /// Asks of `picture`, `[C, H, W]` as the network takes it (scaled and normalised), why it has the logit of `class`.
    ///
    /// # Errors
    /// When the network has another input, no such class, or an output that is not logits.
    pub fn new(
        session: &'a mut Session,
        picture: ArrayView3<'a, f32>,
        class: usize,
    ) -> Result<Self, InspectError> {
        let graph = session.graph();
        let output = &graph.nodes[graph.output];
        let &[classes] = graph.output_shape() else {
            return Err(InspectError::NotLogits { op: output.operation().name() });
        };
        if matches!(output.op, Op::Softmax(_) | Op::LogSoftmax(_)) {
            return Err(InspectError::NotLogits { op: output.operation().name() });
        }
        if class >= classes {
            return Err(InspectError::NoClass { class, classes });
        }
        let question = Self { session, picture, class };
        question.check(&question.picture)?;
        Ok(question)
    }

    /// Whether it is as large as what the network takes.
    pub(super) fn check(&self, picture: &ArrayView3<'_, f32>) -> Result<(), InspectError> {
        let (expected, got) = (self.session.graph().input_shape(), picture.shape());
        if got == expected {
            return Ok(());
        }
        Err(InspectError::Picture { expected, got: [got[0], got[1], got[2]] })
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        self.session.graph().input_shape()
    }

    /// Several pictures of the size of this one.
    pub(super) fn pictures(&self, n: usize) -> Array4<f32> {
        let [c, h, w] = self.shape();
        Array4::zeros((n, c, h, w))
    }

    /// The picture alone, as a batch of one.
    pub(super) fn batch(&self) -> Array4<f32> {
        self.picture.to_owned().insert_axis(Axis(0))
    }

    /// The class's logit of each of some pictures.
    pub(super) fn logits(&mut self, pictures: &Array4<f32>) -> Result<Vec<f32>, InspectError> {
        let output = self.session.run(&pictures.view())?;
        Ok(output.index_axis(Axis(1), self.class).iter().copied().collect())
    }

    /// Each picture's value of that name, and its slope.
    pub(super) fn slopes(&mut self, pictures: &Array4<f32>, value: &str) -> Result<Slopes, InspectError> {
        let run = |e| InspectError::Run(striate_graph::RunError::Plan(e));
        let (tap, grad) = (self.session.tap(value).map_err(run)?, self.session.tap_grad(value).map_err(run)?);
        let classes = self.session.graph().output_shape()[0];
        let mut one = ArrayD::zeros(IxDyn(&[pictures.shape()[0], classes]));
        one.index_axis_mut(Axis(1), self.class).fill(1.0);
        let output = self.session.run_backward(&pictures.view(), &one.view())?;
        let logits = output.index_axis(Axis(1), self.class).iter().copied().collect();
        Ok(Slopes { logits, value: self.session.get(tap), gradient: self.session.get(grad) })
    }

    /// As [`Self::slopes`], of the pictures themselves.
    pub(super) fn slopes_of_input(&mut self, pictures: &Array4<f32>) -> Result<Slopes, InspectError> {
        let input = self.session.graph().nodes[0].name.clone();
        self.slopes(pictures, &input)
    }

    /// The layer to look at where none is named: the last that makes maps after a convolution, behind its activation and
    /// before any pooling.
    pub(super) fn last_maps(&self) -> Result<NodeId, InspectError> {
        let nodes = &self.session.graph().nodes;
        let first = nodes.iter().position(|node| matches!(node.op, Op::Conv2d(_)));
        let makes_maps = |id: &NodeId| {
            let node = &nodes[*id];
            let kept = matches!(
                node.op,
                Op::Conv2d(_) | Op::BatchNorm2d(_) | Op::Relu(_) | Op::Relu6(_) | Op::Add(_)
            );
            node.shape.len() == 3 && kept
        };
        let last = first.and_then(|first| (first..nodes.len()).rev().find(makes_maps));
        last.ok_or(InspectError::NoConvolution)
    }

    pub(super) fn evidence(&self, method: Method, logit: f32, values: Vec<f32>) -> Evidence {
        let (class, shape) = (self.class, self.shape());
        Evidence { method, class, logit, layer: None, shape, values, completeness: None }
    }
}
