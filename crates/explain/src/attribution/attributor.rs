//! The attribution of one class for one image.

use ndarray::{Array4, ArrayD, ArrayView1, ArrayView3, Axis, IxDyn};
use striate_graph::op::Role;
use striate_graph::{BackwardOptions, NodeId, ReluRule, Session};

use super::{Attribution, Method};
use crate::error::ExplainError;

/// Explains why a network assigns a class to an image. Each method decomposes the logit of the class, or, with
/// [`versus`](Self::versus), its difference from the logit of another class.
///
/// The session keeps the taps that a method needs, so that no new plan is needed for a second image.
///
/// # Example
/// ```
/// use ndarray::Array3;
/// use striate_graph::{Graph, Params, Session};
/// use striate_explain::attribution::Attributor;
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
/// let image = Array3::from_elem((1, 2, 2), 0.5);
/// let attribution = Attributor::new(&mut session, image.view(), 2)?.gradient_x_input()?;
/// assert!(attribution.completeness.unwrap().gap.abs() < 1e-6, "a linear network");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Attributor<'a> {
    pub(super) session: &'a mut Session,
    pub(super) image: ArrayView3<'a, f32>,
    pub(super) class: usize,
    pub(super) versus: Option<usize>,
    tell: Option<&'a mut dyn FnMut(usize, usize)>,
}

/// A value of the network and the gradient of the score with respect to it, `[N, …]`, and the scores, one per image.
pub(super) struct Slopes {
    pub(super) scores: Vec<f64>,
    pub(super) value: ArrayD<f32>,
    pub(super) gradient: ArrayD<f32>,
}

impl<'a> Attributor<'a> {
    /// Creates an attributor of the logit of `class` for `image`, `[C, H, W]`, which must be preprocessed (scaled and
    /// normalized) for the network.
    ///
    /// # Errors
    /// When the network has another input shape, no such class, or an output other than logits, and when the image or a parameter
    /// contains a value that is not finite.
    pub fn new(
        session: &'a mut Session,
        image: ArrayView3<'a, f32>,
        class: usize,
    ) -> Result<Self, ExplainError> {
        let graph = session.graph();
        let output = &graph.nodes[graph.output];
        let &[classes] = graph.output_shape() else {
            return Err(ExplainError::NotLogits { op: output.operation().name() });
        };
        if output.operation().role() == Role::Probability {
            return Err(ExplainError::NotLogits { op: output.operation().name() });
        }
        if class >= classes {
            return Err(ExplainError::NoClass { class, classes });
        }
        for (name, values) in session.params().iter() {
            let hint = "the training of the network diverged; train it again with a lower learning rate";
            all_finite(values.iter(), || format!("values of `{name}`"), hint)?;
        }
        let attributor = Self { session, image, class, versus: None, tell: None };
        attributor.check(&attributor.image)?;
        Ok(attributor)
    }

    /// Compares the class with `other`: the methods then explain the difference of the two logits,
    /// `f = logit_class - logit_other`.
    ///
    /// # Errors
    /// When there is no such class, or when it is the same class.
    pub fn versus(self, other: usize) -> Result<Self, ExplainError> {
        let classes = self.session.graph().output_shape()[0];
        if other >= classes {
            return Err(ExplainError::NoClass { class: other, classes });
        }
        if other == self.class {
            return Err(ExplainError::SameClass { class: other });
        }
        Ok(Self { versus: Some(other), ..self })
    }

    /// Reports the progress of methods that take more than a few passes: `tell` receives the number done and the maximum.
    /// Integrated gradients end as soon as two refinements agree, which may be long before the maximum.
    pub fn telling(self, tell: &'a mut dyn FnMut(usize, usize)) -> Self {
        Self { tell: Some(tell), ..self }
    }

    pub(super) fn told(&mut self, done: usize, most: usize) {
        if let Some(tell) = &mut self.tell {
            tell(done, most);
        }
    }

    /// Checks that the image has the network's input shape and contains only finite values.
    pub(super) fn check(&self, image: &ArrayView3<'_, f32>) -> Result<(), ExplainError> {
        let (expected, got) = (self.session.graph().input_shape(), image.shape());
        if got != expected {
            return Err(ExplainError::Image { expected, got: [got[0], got[1], got[2]] });
        }
        all_finite(image.iter(), || "values of the image".into(), "check its preprocessing")
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        self.session.graph().input_shape()
    }

    /// Several images of the size of this one.
    pub(super) fn images(&self, n: usize) -> Array4<f32> {
        let [c, h, w] = self.shape();
        Array4::zeros((n, c, h, w))
    }

    /// The image alone, as a batch of one.
    pub(super) fn batch(&self) -> Array4<f32> {
        self.image.to_owned().insert_axis(Axis(0))
    }

    /// The explained score, computed from the logits of an image.
    fn score(&self, logits: ArrayView1<'_, f32>) -> Result<f64, ExplainError> {
        all_finite(logits.iter(), || "logits".into(), OVERFLOW)?;
        Ok(f64::from(logits[self.class]) - self.versus.map_or(0.0, |other| f64::from(logits[other])))
    }

    fn scores_of(&self, output: &ArrayD<f32>) -> Result<Vec<f64>, ExplainError> {
        let logits = output.view().into_dimensionality::<ndarray::Ix2>();
        let logits = logits.unwrap_or_else(|_| unreachable!("the output is one logit a class"));
        logits.outer_iter().map(|logits| self.score(logits)).collect()
    }

    /// The explained score of each image.
    pub(super) fn scores(&mut self, images: &Array4<f32>) -> Result<Vec<f64>, ExplainError> {
        let output = self.session.run(&images.view())?;
        self.scores_of(&output)
    }

    /// For each image, the value of that name, and the gradient of the score with respect to it.
    pub(super) fn slopes(&mut self, images: &Array4<f32>, value: &str) -> Result<Slopes, ExplainError> {
        self.slopes_by(ReluRule::Gradient, images, value)
    }

    fn slopes_by(
        &mut self,
        relu: ReluRule,
        images: &Array4<f32>,
        value: &str,
    ) -> Result<Slopes, ExplainError> {
        let run = |e| ExplainError::Run(striate_graph::RunError::Plan(e));
        let (tap, grad) = (self.session.tap(value).map_err(run)?, self.session.tap_grad(value).map_err(run)?);
        let classes = self.session.graph().output_shape()[0];
        let mut one = ArrayD::zeros(IxDyn(&[images.shape()[0], classes]));
        one.index_axis_mut(Axis(1), self.class).fill(1.0);
        if let Some(other) = self.versus {
            one.index_axis_mut(Axis(1), other).fill(-1.0);
        }
        let options = BackwardOptions { relu, ..BackwardOptions::default() };
        let output = self.session.run_backward_with(&images.view(), &one.view(), &options)?;
        let scores = self.scores_of(&output)?;
        Ok(Slopes { scores, value: self.session.get(tap), gradient: self.session.get(grad) })
    }

    /// Like [`Self::slopes`], for the images themselves.
    pub(super) fn slopes_of_input(&mut self, images: &Array4<f32>) -> Result<Slopes, ExplainError> {
        self.slopes_of_input_by(ReluRule::Gradient, images)
    }

    /// Like [`Self::slopes_of_input`], with a given rule for the backward pass of ReLU.
    pub(super) fn slopes_of_input_by(
        &mut self,
        relu: ReluRule,
        images: &Array4<f32>,
    ) -> Result<Slopes, ExplainError> {
        let input = self.session.graph().nodes[0].name.clone();
        self.slopes_by(relu, images, &input)
    }

    /// The default layer: the last with feature maps after a convolution, after its activation and before any pooling.
    pub(super) fn last_maps(&self) -> Result<NodeId, ExplainError> {
        let nodes = &self.session.graph().nodes;
        let first = nodes.iter().position(|node| node.operation().role() == Role::Convolution);
        let makes_maps = |id: &NodeId| {
            let node = &nodes[*id];
            let kept = matches!(
                node.operation().role(),
                Role::Convolution | Role::Norm | Role::Activation | Role::Merge
            );
            node.shape.len() == 3 && kept
        };
        let last = first.and_then(|first| (first..nodes.len()).rev().find(makes_maps));
        last.ok_or(ExplainError::NoConvolution)
    }

    /// An attribution with the image's shape; callers override `shape` and the other fields as needed.
    pub(super) fn attribution(
        &self,
        method: Method,
        score: f64,
        values: Vec<f32>,
    ) -> Result<Attribution, ExplainError> {
        all_finite(values.iter(), || format!("values of {}", method.name()), OVERFLOW)?;
        let (class, versus, shape, logit) = (self.class, self.versus, self.shape(), score as f32);
        let (layer, completeness, refinement, parts) = (None, None, None, Vec::new());
        Ok(Attribution {
            method,
            class,
            versus,
            logit,
            layer,
            shape,
            values,
            completeness,
            refinement,
            parts,
        })
    }
}

/// The hint for values that are not finite although parameters and image are.
const OVERFLOW: &str = "the weights and the image are finite, so the network overflows; train it again with a lower learning rate";

fn all_finite<'v>(
    values: impl ExactSizeIterator<Item = &'v f32> + Clone,
    what: impl Fn() -> String,
    hint: &'static str,
) -> Result<(), ExplainError> {
    // Counting without a branch is as fast as reading.
    let (of, finite) = (values.len(), values.map(|v| usize::from(v.is_finite())).sum::<usize>());
    if finite == of {
        return Ok(());
    }
    Err(ExplainError::NotFinite { what: what(), count: of - finite, of, hint })
}
