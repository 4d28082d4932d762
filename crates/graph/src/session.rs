//! A network in inference, with parameters loaded and memory planned.

mod clone;

use crate::edit::{BackwardOptions, Edit, Edits, ValueEdit};
use crate::engine::Engine;
use crate::explain::Explained;
use crate::graph::{Graph, NodeId};
use crate::hooks::{Call, Hook};
use crate::packed::Packed;
use crate::params::Params;
use crate::plan_error::PlanError;
use crate::plans::Plans;
use crate::run_error::{RunError, SessionError, check_evaluates, check_images};
use crate::stage::{Key, Kind, Request, Stage, TILE};
use crate::watch::{Captured, Held, Tap, Watch, exactly};
use ndarray::{ArrayD, ArrayView4, ArrayViewD, IxDyn};
use std::borrow::Cow;
use striate_kernels::ReluRule;

/// What a run needs besides the images.
struct Task<'a> {
    backward: Option<ReluRule>,
    /// Gradient of the output, for a run with a backward pass.
    grads: &'a [f32],
    edits: Edits<'a>,
}

/// A network in inference.
///
/// Every value in it has a name: [`Session::tap`] keeps a value, [`Session::tap_grad`] keeps its gradient,
/// [`Session::register_forward_hook`] registers a function that is called with the inputs and the output of an operation, and
/// [`Session::run_with`] changes values for one run. Without any of them nothing is kept, and the passes fuse what they can.
///
/// For all of this it keeps the parameters twice: as they were given, and as the kernels read them. A [`Runner`](crate::Runner)
/// keeps them once.
///
/// # Example
/// ```
/// use ndarray::{Array4, ArrayD, IxDyn};
/// use striate_graph::{Edit, Forward, Mode, Module, Params, Session, Var, op, trace};
/// # use striate_graph::Child;
/// # struct Net { fc: Fc }
/// # struct Fc;
/// # impl Module for Fc { fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {} }
/// # impl Forward for Fc {
/// #     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
/// #         x.op(op::Linear { in_features: 4, out_features: 3, bias: true, init: None }.into())
/// #     }
/// # }
/// # impl Module for Net {
/// #     fn children<'a>(&'a self, f: &mut dyn FnMut(&str, &'a dyn Module)) { f("fc", &self.fc) }
/// # }
/// # impl Forward for Net {
/// #     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> { x.relu().flatten(1).apply(&self.fc) }
/// # }
/// let graph = trace(&Net { fc: Fc }, Mode::Eval, [1, 2, 2])?;
/// let params = Params::init(&graph, 0);
/// let weight = params.get("fc.weight").unwrap().clone();
/// let mut session = Session::new(graph, params)?;
/// let (relu, grad) = (session.tap("relu")?, session.tap_grad("relu")?);
/// let hook = session.register_forward_hook("fc", |call| assert_eq!(call.output.shape(), [1, 3]))?;
///
/// let image = Array4::from_elem((1, 1, 2, 2), -2.0);
/// let logit_2 = ArrayD::from_shape_vec(IxDyn(&[1, 3]), vec![0.0, 0.0, 1.0])?;
/// session.run_backward(&image.view(), &logit_2.view())?;
/// assert!(session.get(relu).iter().all(|&v| v == 0.0));
/// assert!(session.get(grad).iter().eq(weight.outer_iter().nth(2).unwrap().iter()));
///
/// assert!(session.remove_hook(hook));
/// let as_if = session.run_with(&image.view(), &[Edit::replace("relu", ArrayD::ones(IxDyn(&[1, 2, 2])))])?;
/// let usual = session.run(&image.view())?;
/// assert!(((as_if - usual).sum() - weight.sum()).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Session {
    engine: Engine,
    graph: Graph,
    params: Params,
    packed: Packed,
    output: Vec<f32>,
    watch: Watch,
    plans: Plans,
    /// The plan that still holds what was observed in the last run.
    held: Option<usize>,
    passes: bool,
    reuse: bool,
    most_bytes: Option<usize>,
}

impl Session {
    /// Prepares a network for inference, on every core of the machine. The graph must be traced with
    /// [`Mode::Eval`](crate::Mode::Eval).
    ///
    /// # Errors
    /// If the parameters do not match the graph; everything missing, unexpected or mismatched is listed.
    pub fn new(graph: Graph, params: Params) -> Result<Self, SessionError> {
        let engine = Engine::new(None).map_err(SessionError::Engine)?;
        Self::with_engine(graph, params, engine)
    }

    /// Like [`Session::new`], on the threads of `engine`.
    ///
    /// # Errors
    /// Those of [`Session::new`].
    pub fn with_engine(graph: Graph, params: Params, engine: Engine) -> Result<Self, SessionError> {
        graph.check().map_err(PlanError::from)?;
        params.check(&graph).map_err(PlanError::from)?;
        Ok(Self::fresh(engine, graph, params))
    }

    fn fresh(engine: Engine, graph: Graph, params: Params) -> Self {
        let (packed, watch, plans) = (Packed::default(), Watch::default(), Plans::default());
        let (output, held, passes, reuse, most_bytes) = (Vec::new(), None, true, true, None);
        Self { engine, graph, params, packed, output, watch, plans, held, passes, reuse, most_bytes }
    }

    /// Runs the graph as it is, without passes and with separate memory for every value. The fast plan is tested against this.
    #[must_use]
    pub fn plain(mut self) -> Self {
        (self.passes, self.reuse) = (false, false);
        self
    }

    /// Gives every value its own memory; the passes still run.
    #[must_use]
    pub fn without_reuse(mut self) -> Self {
        self.reuse = false;
        self
    }

    /// Refuses a run that would need more than `bytes` bytes for values and parameters, before any memory is allocated.
    ///
    /// Without this limit, a run takes whatever one sample needs, and processes only as many samples at once as fit into 4 GiB.
    #[must_use]
    pub fn with_most_bytes(mut self, bytes: usize) -> Self {
        self.most_bytes = Some(bytes);
        self
    }

    /// The graph that the session runs, as traced, without the passes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The parameters that the session was created with.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Keeps the value named `name` from the next run on.
    ///
    /// A value is the output of one operation, so both sides of an activation can be tapped: `conv1` is the value before it and
    /// `relu` the value after it; [`Graph::activated`] leads from one to the other.
    ///
    /// # Errors
    /// If there is no such value; similar names are listed.
    pub fn tap(&mut self, name: &str) -> Result<Tap, PlanError> {
        let id = exactly(&self.graph, name)?;
        Ok(self.tap_ids(&[id], false)[0])
    }

    /// Like [`Session::tap`], for every value that matches `pattern`, in the order of [`Graph::select`].
    ///
    /// # Errors
    /// If nothing matches.
    pub fn tap_all(&mut self, pattern: &str) -> Result<Vec<Tap>, PlanError> {
        let ids = self.graph.select(pattern)?;
        Ok(self.tap_ids(&ids, false))
    }

    /// Keeps the gradient with respect to the value named `name` from the next [`Session::run_backward`] on.
    ///
    /// # Errors
    /// Those of [`Session::tap`].
    pub fn tap_grad(&mut self, name: &str) -> Result<Tap, PlanError> {
        let id = exactly(&self.graph, name)?;
        Ok(self.tap_ids(&[id], true)[0])
    }

    /// Like [`Session::tap_grad`], for every value that matches `pattern`.
    ///
    /// # Errors
    /// Those of [`Session::tap_all`].
    pub fn tap_grad_all(&mut self, pattern: &str) -> Result<Vec<Tap>, PlanError> {
        let ids = self.graph.select(pattern)?;
        Ok(self.tap_ids(&ids, true))
    }

    /// Called when the set of observed values has changed: first takes what was recorded out of the plans.
    fn forget_plans(&mut self) {
        if let Some(held) = self.held.take() {
            let stage = self.plans.get(held);
            self.watch.see(&self.graph, stage.held(&self.engine));
        }
        self.plans = Plans::default();
    }

    fn tap_ids(&mut self, ids: &[NodeId], gradient: bool) -> Vec<Tap> {
        let (taps, new) = self.watch.tap(ids, gradient);
        if new {
            self.forget_plans();
        }
        taps
    }

    /// Stops keeping what `tap` stands for; returns false if it was not kept. All copies of a tap are equivalent.
    pub fn untap(&mut self, tap: Tap) -> bool {
        let was = self.watch.is_tapped(tap);
        if was {
            self.forget_plans();
            self.watch.untap(tap);
        }
        was
    }

    /// Calls `hook` after every run, for each operation whose value matches `pattern` (see [`Graph::select`]), in the order of
    /// the network, with all samples of the run. `flatten` is one operation; `layer3.*` are all operations of a stage.
    ///
    /// A panic in a hook reaches the caller of the run; the session is unchanged and can be used again.
    ///
    /// # Errors
    /// If nothing matches; similar names are listed.
    ///
    /// # PyTorch
    /// `module.register_forward_hook`, for operations rather than modules, and read-only: to change values, see
    /// [`Session::run_with`].
    pub fn register_forward_hook(
        &mut self,
        pattern: &str,
        hook: impl FnMut(&Call<'_>) + Send + Sync + 'static,
    ) -> Result<Hook, PlanError> {
        let nodes = self.graph.select(pattern)?;
        self.forget_plans();
        Ok(self.watch.hook(nodes, hook))
    }

    /// Removes a hook; returns false if it was not registered.
    pub fn remove_hook(&mut self, hook: Hook) -> bool {
        let was = self.watch.unhook(hook);
        if was {
            self.forget_plans();
        }
        was
    }

    /// Runs the network on images `[N, C, H, W]` and returns its output `[N, ...]`.
    ///
    /// # Errors
    /// If the images do not have the shape of the network's input.
    pub fn run(&mut self, images: &ArrayView4<'_, f32>) -> Result<ArrayD<f32>, RunError> {
        let n = self.check(images)?;
        let images = images.as_standard_layout();
        self.run_slice(images.as_slice().expect("standard layout"), n)?;
        Ok(shaped(&self.output, n, self.graph.output_shape()))
    }

    fn check(&self, images: &ArrayView4<'_, f32>) -> Result<usize, RunError> {
        let (expected, n) = (self.graph.input_shape(), images.shape()[0]);
        if images.shape()[1..] != expected {
            return Err(RunError::Shape { expected, got: images.shape().to_vec() });
        }
        if n == 0 { Err(RunError::Empty) } else { Ok(n) }
    }

    /// Like [`Session::run`], with input and output as row-major slices.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    pub fn run_slice(&mut self, images: &[f32], n: usize) -> Result<&[f32], RunError> {
        check_images(&self.graph, images.len(), n)?;
        let task = Task { backward: None, grads: &[], edits: Edits::default() };
        self.go(images, n, &task)?;
        Ok(&self.output)
    }

    /// Runs a task on images that have been checked, tile by tile, and leaves the output.
    fn go(&mut self, images: &[f32], n: usize, task: &Task<'_>) -> Result<(), RunError> {
        let Task { backward, grads, edits } = task;
        let (of_input, of_values) = edits.values.split_at(edits.values.partition_point(|e| e.id == 0));
        let (replaced, scaled): (Vec<_>, Vec<_>) =
            of_values.iter().partition(|edit| edit.replacement.is_some());
        let ids = |edits: &[&ValueEdit<'_>]| edits.iter().map(|edit| edit.id).collect();
        let kind = Kind { backward: *backward, cuts: ids(&replaced), scaled: ids(&scaled) };
        self.watch.begin(n);
        self.held = None;
        let mut own = None;
        let at = match &edits.params {
            // This plan is for an edited network, so it is of no use to the next run.
            Some(params) => {
                own =
                    Some(Stage::plan(&self.request(&self.key(&kind), n), &mut Cow::Borrowed(params), None)?);
                None
            }
            None => Some(self.planned(kind, n)?),
        };
        let Self { graph, engine, output, watch, plans, .. } = self;
        let stage = match (&mut own, at) {
            (None, Some(at)) => plans.get_mut(at),
            (own, _) => own.as_mut().expect("either of the two"),
        };
        scaled.iter().enumerate().for_each(|(i, edit)| stage.set_factors(i, &edit.factors));
        let mut images = Cow::Borrowed(images);
        for edit in of_input {
            edit.apply(images.to_mut(), &graph.nodes[0].shape, 0);
        }
        let (per_output, tile) = (grads.len() / n, stage.tile);
        output.clear();
        for first in (0..n).step_by(tile) {
            let part = first..(first + tile).min(n);
            for (i, edit) in replaced.iter().enumerate() {
                let shape = &graph.nodes[edit.id].shape;
                let mut value = vec![0.0; part.len() * shape.iter().product::<usize>()];
                edit.apply(&mut value, shape, first);
                stage.set_cut(i, &value, part.len());
            }
            if backward.is_some() {
                stage.set_grad_output(&grads[part.start * per_output..part.end * per_output]);
            }
            output.extend(stage.run(engine, &images, n, part));
        }
        if at.is_none() || watch.has_hooks() {
            watch.see(graph, stage.held(engine));
            watch.tell(graph);
        } else {
            self.held = at;
        }
        Ok(())
    }

    /// A plan that was made before, or a new one.
    fn planned(&mut self, kind: Kind, n: usize) -> Result<usize, RunError> {
        if let Some(at) = self.plans.find(&kind, n, TILE) {
            return Ok(at);
        }
        let key = self.key(&kind);
        let (request, mut params) = (self.request(&key, n), Cow::Borrowed(&self.params));
        let stage = self.packed.plan(&key, |constants| Stage::plan(&request, &mut params, constants))?;
        Ok(self.plans.add(kind, stage))
    }

    /// Runs the network on images `[N, C, H, W]`, then backward from `grad_output`, the gradient of some score with respect to
    /// the output. Every gradient tap then holds the gradient of that score, `Σ_i grad_output_i · ∂output_i/∂value`. Returns
    /// the output.
    ///
    /// With a 1 at one class and 0 elsewhere, the result is the gradient of that class's logit, for each sample.
    ///
    /// # Shapes
    /// `grad_output` `[N, …]`, the shape of the output.
    ///
    /// # Errors
    /// Those of [`Session::run`]; also if `grad_output` does not have the shape of the output, or if the graph was traced for
    /// training and has batch norm or dropout.
    ///
    /// # PyTorch
    /// `torch.autograd.grad(output, values, grad_output)`, in eval mode.
    pub fn run_backward(
        &mut self,
        images: &ArrayView4<'_, f32>,
        grad_output: &ArrayViewD<'_, f32>,
    ) -> Result<ArrayD<f32>, RunError> {
        self.run_backward_with(images, grad_output, &BackwardOptions::default())
    }

    /// Like [`Session::run_backward`], with some of the network's values or parameters changed for this run, or with another
    /// gradient rule for ReLU and ReLU6.
    ///
    /// # Errors
    /// Those of [`Session::run_backward`] and [`Session::run_with`]. On an error nothing has run.
    ///
    /// # Source
    /// Springenberg 2015, for [`ReluRule::Guided`].
    ///
    /// # PyTorch
    /// `captum.attr.GuidedBackprop` for the guided rule; hooks that return a replacement value for the edits.
    ///
    /// # Example
    /// ```
    /// use ndarray::{Array4, ArrayD, IxDyn};
    /// use striate_graph::{BackwardOptions, Edit, Forward, Mode, Module, Params, ReluRule, Session, Var, trace};
    /// # use striate_graph::Child;
    /// # struct Net;
    /// # impl Module for Net { fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {} }
    /// # impl Forward for Net { fn forward<'g>(&self, x: Var<'g>) -> Var<'g> { x.relu().flatten(1) } }
    /// let graph = trace(&Net, Mode::Eval, [1, 1, 3])?; // y = max(0, x)
    /// let params = Params::init(&graph, 0);
    /// let mut session = Session::new(graph, params)?;
    /// let grad = session.tap_grad("input")?;
    /// let image = Array4::from_shape_vec((1, 1, 1, 3), vec![-1.0, 2.0, 3.0])?;
    /// let weights = ArrayD::from_shape_vec(IxDyn(&[1, 3]), vec![1.0, -1.0, 1.0])?;
    ///
    /// let twice = [Edit::scale_channel("relu", 0, 2.0)];
    /// let options = BackwardOptions { edits: &twice, relu: ReluRule::Gradient };
    /// session.run_backward_with(&image.view(), &weights.view(), &options)?;
    /// assert_eq!(session.get(grad).as_slice().unwrap(), [0.0, -2.0, 2.0]);
    ///
    /// let options = BackwardOptions { edits: &twice, relu: ReluRule::Guided };
    /// session.run_backward_with(&image.view(), &weights.view(), &options)?;
    /// assert_eq!(session.get(grad).as_slice().unwrap(), [0.0, 0.0, 2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_backward_with(
        &mut self,
        images: &ArrayView4<'_, f32>,
        grad_output: &ArrayViewD<'_, f32>,
        options: &BackwardOptions<'_>,
    ) -> Result<ArrayD<f32>, RunError> {
        let n = self.check(images)?;
        check_evaluates(&self.graph)?;
        let shape: Vec<usize> = [n].into_iter().chain(self.graph.output_shape().iter().copied()).collect();
        if grad_output.shape() != shape {
            return Err(RunError::GradOutput { expected: shape, got: grad_output.shape().to_vec() });
        }
        let edits = Edits::new(options.edits, &self.graph, &self.params, n)?;
        let (images, grads) = (images.as_standard_layout(), grad_output.as_standard_layout());
        let whole = "standard layout";
        let (images, grads) = (images.as_slice().expect(whole), grads.as_slice().expect(whole));
        self.go(images, n, &Task { backward: Some(options.relu), grads, edits })?;
        Ok(shaped(&self.output, n, self.graph.output_shape()))
    }

    /// Runs the network on images `[N, C, H, W]` with some of its values or parameters changed, and returns its output. Taps
    /// and hooks see the edited network; the next run is not affected.
    ///
    /// # Errors
    /// Those of [`Session::run`]; also if an edit refers to a value, a channel or a parameter that does not exist, if it
    /// replaces one by an array of another shape, or if the graph was traced for training. On an error nothing has run.
    ///
    /// # Numerics
    /// An edited value is computed in full, and the passes fuse less around it, so an edit that changes nothing gives the
    /// output of [`Session::run`] only up to rounding.
    pub fn run_with(
        &mut self,
        images: &ArrayView4<'_, f32>,
        edits: &[Edit],
    ) -> Result<ArrayD<f32>, RunError> {
        let n = self.check(images)?;
        check_evaluates(&self.graph)?;
        let edits = Edits::new(edits, &self.graph, &self.params, n)?;
        let images = images.as_standard_layout();
        let images = images.as_slice().expect("standard layout");
        self.go(images, n, &Task { backward: None, grads: &[], edits })?;
        Ok(shaped(&self.output, n, self.graph.output_shape()))
    }

    /// Returns the tapped value or gradient of the last run: `[N, C, H, W]` or `[N, F]`, with N = 0 if it holds nothing.
    pub fn get(&self, tap: Tap) -> ArrayD<f32> {
        self.watch.get(&self.graph, self.held(), tap)
    }

    /// Copies all tapped values and gradients of the last run.
    pub fn captured(&self) -> Captured {
        self.watch.captured(&self.graph, self.held())
    }

    fn held(&self) -> Option<Held<'_>> {
        self.held.map(|at| self.plans.get(at).held(&self.engine))
    }

    /// The size of the planned memory in bytes; 0 before the first run.
    pub fn memory_bytes(&self) -> usize {
        self.plans.memory_bytes()
    }

    /// Seconds spent in each kernel during one run, with the kernel's name: for finding out where the time goes.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    pub fn profile(&mut self, images: &[f32], n: usize) -> Result<Vec<(&'static str, f64)>, RunError> {
        Ok(self.explain(images, n)?.into_iter().flat_map(|part| part.kernels).collect())
    }

    /// Like [`Session::profile`], with the nodes that each kernel computes, and by which algorithm; same errors.
    pub fn explain(&mut self, images: &[f32], n: usize) -> Result<Vec<Explained>, RunError> {
        self.run_slice(images, n)?;
        let at = self.planned(Kind::default(), n)?;
        Ok(self.plans.get_mut(at).explain(&self.engine, images, n))
    }

    fn key(&self, kind: &Kind) -> Key {
        let gradients = if kind.backward.is_some() { self.watch.gradients() } else { Vec::new() };
        Key { kind: kind.clone(), values: self.watch.values(&self.graph), gradients, passes: self.passes }
    }

    fn request<'a>(&'a self, key: &'a Key, n: usize) -> Request<'a> {
        let (tile, most_bytes, reuse) = (n.min(TILE), self.most_bytes, self.reuse);
        Request { engine: &self.engine, graph: &self.graph, key, tile, most_bytes, batch: n, reuse }
    }
}

fn shaped(values: &[f32], n: usize, shape: &[usize]) -> ArrayD<f32> {
    let shape: Vec<usize> = std::iter::once(n).chain(shape.iter().copied()).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), values.to_vec()).expect("n samples of this shape")
}
