//! A network in use: parameters loaded, memory planned, images in, values out.

use crate::edit::{Edit, Edits};
use crate::engine::Engine;
use crate::graph::{Graph, Node, NodeId};
use crate::hooks::{Call, Hook};
use crate::op::Op;
use crate::params::Params;
use crate::plan_error::PlanError;
use crate::run_error::{RunError, SessionError};
use crate::stage::{Request, Stage};
use crate::watch::{Tap, Trace, Watch, exactly};
use ndarray::{ArrayD, ArrayView4, ArrayViewD, IxDyn};
use striate_kernels::Step;

/// Samples that pass through the network at once: enough rows for the fully connected layers, few enough for the
/// activations to stay in the cache of a core.
const TILE: usize = 32;

/// Which values are edited, and whether each must be computed first.
type Cuts = Vec<(NodeId, bool)>;

/// A stage for each edited value that must be computed, and one for the rest.
type Stages = Vec<Option<Stage>>;

/// Programs that were made and can be run again.
#[derive(Default)]
struct Plans {
    forward: Option<Stage>,
    backward: Option<Stage>,
    edited: Option<(Cuts, usize, Stages)>,
}

/// A network in use.
///
/// Every value in it has a name: [`Session::tap`] keeps one, [`Session::tap_grad`] its gradient,
/// [`Session::register_forward_hook`] is called with what an operation took and made, and [`Session::run_with`] changes
/// values for one run. Without any of them nothing is kept, and the passes join what they can.
///
/// # Example
/// ```
/// use ndarray::{Array4, ArrayD, IxDyn};
/// use striate_graph::{Edit, Forward, Mode, Module, Params, Session, Var, op, trace};
/// # use striate_graph::Child;
/// # struct Net { fc: Fc }
/// # struct Fc;
/// # impl Module for Fc { fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Forward)) {} }
/// # impl Forward for Fc {
/// #     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
/// #         x.op(op::Linear { in_features: 4, out_features: 3, bias: true, init: None,
/// #             activation: striate_kernels::conv::Activation::None }.into())
/// #     }
/// # }
/// # impl Module for Net {
/// #     fn children<'a>(&'a self, f: &mut dyn FnMut(&str, &'a dyn Forward)) { f("fc", &self.fc) }
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
    output: Vec<f32>,
    watch: Watch,
    plans: Plans,
    passes: bool,
    reuse: bool,
}

impl Session {
    /// A network in use, on every core of the machine. The graph is one traced with [`Mode::Eval`](crate::Mode::Eval).
    ///
    /// # Errors
    /// When the parameters are not the graph's: everything missing, unexpected and mismatched is listed.
    pub fn new(graph: Graph, params: Params) -> Result<Self, SessionError> {
        let engine = Engine::new(None).map_err(SessionError::Engine)?;
        Self::with_engine(graph, params, engine)
    }

    /// As [`Session::new`], on the threads of `engine`.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub fn with_engine(graph: Graph, params: Params, engine: Engine) -> Result<Self, SessionError> {
        params.check(&graph).map_err(PlanError::from)?;
        let (watch, plans) = (Watch::default(), Plans::default());
        Ok(Self { engine, graph, params, output: Vec::new(), watch, plans, passes: true, reuse: true })
    }

    /// Runs the graph as it is, without passes and with memory of its own for every value: what the fast plan is
    /// tested against.
    #[must_use]
    pub fn plain(mut self) -> Self {
        (self.passes, self.reuse) = (false, false);
        self
    }

    /// Gives every value memory of its own, passes on.
    #[must_use]
    pub fn without_reuse(mut self) -> Self {
        self.reuse = false;
        self
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Keeps the value of that name from the next run on.
    ///
    /// A value is that of one operation, so both sides of an activation can be had: `conv1` is before, `relu` behind it;
    /// [`Graph::activated`] leads from one to the other.
    ///
    /// # Errors
    /// When there is no such value; near names are listed.
    pub fn tap(&mut self, name: &str) -> Result<Tap, PlanError> {
        let id = exactly(&self.graph, name)?;
        Ok(self.tap_ids(&[id], false)[0])
    }

    /// As [`Session::tap`], for every value that a pattern means, in the order of [`Graph::select`].
    ///
    /// # Errors
    /// When nothing matches.
    pub fn tap_all(&mut self, pattern: &str) -> Result<Vec<Tap>, PlanError> {
        let ids = self.graph.select(pattern)?;
        Ok(self.tap_ids(&ids, false))
    }

    /// Keeps the gradient with respect to the value of that name from the next [`Session::run_backward`] on.
    ///
    /// # Errors
    /// As [`Session::tap`].
    pub fn tap_grad(&mut self, name: &str) -> Result<Tap, PlanError> {
        let id = exactly(&self.graph, name)?;
        Ok(self.tap_ids(&[id], true)[0])
    }

    /// As [`Session::tap_grad`], for every value that a pattern means.
    ///
    /// # Errors
    /// As [`Session::tap_all`].
    pub fn tap_grad_all(&mut self, pattern: &str) -> Result<Vec<Tap>, PlanError> {
        let ids = self.graph.select(pattern)?;
        Ok(self.tap_ids(&ids, true))
    }

    fn tap_ids(&mut self, ids: &[NodeId], gradient: bool) -> Vec<Tap> {
        let (taps, new) = self.watch.tap(ids, gradient);
        if new {
            self.plans = Plans::default();
        }
        taps
    }

    /// Keeps it no more; false if it was not kept. All copies of a tap mean the same.
    pub fn untap(&mut self, tap: Tap) -> bool {
        let was = self.watch.untap(tap);
        if was {
            self.plans = Plans::default();
        }
        was
    }

    /// Calls `hook` after every run, for each operation whose value `pattern` means (see [`Graph::select`]), in the order
    /// of the network, with all samples of the run. `flatten` is one operation, `layer3.*` are all of a stage.
    ///
    /// A hook that panics is heard by the caller of the run; the session stays as it is, and can be used again.
    ///
    /// # Errors
    /// When nothing matches; near names are listed.
    ///
    /// # PyTorch
    /// `module.register_forward_hook`, for operations rather than modules, and for looking only: see [`Session::run_with`].
    pub fn register_forward_hook(
        &mut self,
        pattern: &str,
        hook: impl FnMut(&Call<'_>) + Send + Sync + 'static,
    ) -> Result<Hook, PlanError> {
        let nodes = self.graph.select(pattern)?;
        self.plans = Plans::default();
        Ok(self.watch.hook(nodes, hook))
    }

    /// Calls it no more; false if it was not there.
    pub fn remove_hook(&mut self, hook: Hook) -> bool {
        let was = self.watch.unhook(hook);
        if was {
            self.plans = Plans::default();
        }
        was
    }

    /// Runs the network on images `[N, C, H, W]` and returns its output `[N, ...]`.
    ///
    /// # Errors
    /// When the images have another shape than the network's input.
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

    /// What one picture's values are due to can be asked only where they are its own.
    fn check_eval(&self) -> Result<(), RunError> {
        let trains = |n: &&Node| n.operation().couples_batch() || matches!(n.op, Op::Dropout(_));
        let found = self.graph.nodes.iter().find(trains);
        found.map_or(Ok(()), |n| Err(RunError::Training { value: n.name.clone() }))
    }

    /// As [`Session::run`], over row-major values, and returns them so.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run_slice(&mut self, images: &[f32], n: usize) -> Result<&[f32], RunError> {
        let expected = self.graph.input_shape();
        let per_sample: usize = expected.iter().product();
        if n == 0 {
            return Err(RunError::Empty);
        }
        if images.len() != n * per_sample {
            return Err(RunError::Shape { expected, got: vec![n, images.len() / n] });
        }
        let tile = n.min(TILE);
        if self.plans.forward.as_ref().is_none_or(|p| p.tile < tile) {
            self.plans.forward = Some(self.plan(false, tile)?);
        }
        let Self { graph, engine, output, watch, plans, .. } = self;
        let stage = plans.forward.as_mut().expect("just planned");
        output.clear();
        watch.begin(n);
        for images in images.chunks(stage.tile * per_sample) {
            let n = images.len() / per_sample;
            output.extend(stage.run(engine, images, n, &[]));
            watch.see(graph, &stage.kept, &stage.program, n);
        }
        watch.tell(graph);
        Ok(&self.output)
    }

    /// Runs the network on images `[N, C, H, W]`, then backward from `grad_output`, the gradient of some score with respect
    /// to the output: every tap of a gradient then holds the gradient of that score, `Σ_i grad_output_i · ∂output_i/∂value`.
    /// Returns the output.
    ///
    /// A 1 at one class and 0 elsewhere gives the gradients of that class's logit, sample by sample.
    ///
    /// # Shapes
    /// `grad_output` `[N, …]`, that of the output.
    ///
    /// # Errors
    /// As [`Session::run`], when `grad_output` has another shape than the output, and when the graph was traced for
    /// training and has batch norm or dropout.
    ///
    /// # PyTorch
    /// `torch.autograd.grad(output, values, grad_output)`, in eval mode.
    pub fn run_backward(
        &mut self,
        images: &ArrayView4<'_, f32>,
        grad_output: &ArrayViewD<'_, f32>,
    ) -> Result<ArrayD<f32>, RunError> {
        let n = self.check(images)?;
        self.check_eval()?;
        let shape: Vec<usize> = [n].into_iter().chain(self.graph.output_shape().iter().copied()).collect();
        if grad_output.shape() != shape {
            return Err(RunError::GradOutput { expected: shape, got: grad_output.shape().to_vec() });
        }
        let tile = n.min(TILE);
        if self.plans.backward.as_ref().is_none_or(|p| p.tile < tile) {
            self.plans.backward = Some(self.plan(true, tile)?);
        }
        let (images, grads) = (images.as_standard_layout(), grad_output.as_standard_layout());
        let whole = "standard layout";
        let (images, grads) = (images.as_slice().expect(whole), grads.as_slice().expect(whole));
        let Self { graph, engine, output, watch, plans, .. } = self;
        let stage = plans.backward.as_mut().expect("just planned");
        let (per_image, per_output) = (images.len() / n, grads.len() / n);
        output.clear();
        watch.begin(n);
        for (images, grads) in
            images.chunks(stage.tile * per_image).zip(grads.chunks(stage.tile * per_output))
        {
            let n = images.len() / per_image;
            stage.set_grad_output(grads);
            output.extend(stage.run(engine, images, n, &[]));
            watch.see(graph, &stage.kept, &stage.program, n);
        }
        watch.tell(graph);
        Ok(shaped(&self.output, n, self.graph.output_shape()))
    }

    /// Runs the network on images `[N, C, H, W]` with some of its values, or parameters, changed, and returns its output.
    /// Taps and hooks see the edited network; the next run is as if nothing had been.
    ///
    /// # Errors
    /// As [`Session::run`], and when an edit means a value, a channel or a parameter that is not there, or replaces one
    /// by another shape, or the graph was traced for training. Nothing has run then.
    ///
    /// # Numerics
    /// The network runs in parts, up to each edited value and from it on; a value that is not changed after all gives the
    /// output of [`Session::run`] within rounding.
    pub fn run_with(
        &mut self,
        images: &ArrayView4<'_, f32>,
        edits: &[Edit],
    ) -> Result<ArrayD<f32>, RunError> {
        let n = self.check(images)?;
        self.check_eval()?;
        let edits = Edits::new(edits, &self.graph, &self.params, n)?;
        let images = images.as_standard_layout();
        let images = images.as_slice().expect("standard layout");
        let (of_input, of_values) = edits.values.split_at(edits.values.partition_point(|e| e.id == 0));
        let cuts: Cuts = of_values.iter().map(|e| (e.id, e.needs_value())).collect();
        let tile = n.min(TILE);
        let reusable = |(of, t, _): &mut (Cuts, usize, Stages)| *of == cuts && *t >= tile;
        let known = self.plans.edited.take_if(|known| edits.params.is_none() && reusable(known));
        let (tile, mut stages) = match known {
            Some((_, tile, stages)) => (tile, stages),
            None => (tile, self.stages(&cuts, edits.params.as_ref(), tile)?),
        };
        let Self { graph, engine, output, watch, .. } = self;
        let per_image = images.len() / n;
        output.clear();
        watch.begin(n);
        for (part, images) in images.chunks(tile * per_image).enumerate() {
            let (first, n, mut images) = (part * tile, images.len() / per_image, images.to_vec());
            let mut values: Vec<Vec<f32>> = Vec::new();
            of_input.iter().for_each(|edit| edit.apply(&mut images, &graph.nodes[0].shape, first));
            for (edit, stage) in of_values.iter().zip(&mut stages) {
                let shape = &graph.nodes[edit.id].shape;
                let mut value = match stage {
                    Some(stage) => stage.run(engine, &images, n, &values),
                    None => vec![0.0; n * shape.iter().product::<usize>()],
                };
                edit.apply(&mut value, shape, first);
                values.push(value);
            }
            let last = stages.last_mut().and_then(Option::as_mut).expect("the rest of the network");
            output.extend(last.run(engine, &images, n, &values));
            watch.see(graph, &last.kept, &last.program, n);
        }
        if edits.params.is_none() {
            self.plans.edited = Some((cuts, tile, stages));
        }
        self.watch.tell(&self.graph);
        Ok(shaped(&self.output, n, self.graph.output_shape()))
    }

    /// What a tap holds from the last run: `[N, C, H, W]` or `[N, F]`; no samples if it holds nothing.
    pub fn get(&self, tap: Tap) -> ArrayD<f32> {
        self.watch.get(&self.graph, tap)
    }

    /// A copy of all that is tapped, as the last run left it.
    pub fn captured(&self) -> Trace {
        self.watch.trace(&self.graph)
    }

    /// Bytes of the planned memory; 0 before the first run.
    pub fn memory_bytes(&self) -> usize {
        let Plans { forward, backward, edited } = &self.plans;
        let edited = edited.iter().flat_map(|(_, _, stages)| stages.iter().flatten());
        forward.iter().chain(backward).chain(edited).map(|s| s.program.memory_bytes()).sum()
    }

    /// Seconds of each kernel of one run, by name: for finding out where time goes.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn profile(&mut self, images: &[f32], n: usize) -> Result<Vec<(&'static str, f64)>, RunError> {
        self.run_slice(images, n)?;
        let stage = self.plans.forward.as_mut().expect("the run above planned");
        let step = Step { input: images, targets: &[], n, learning_rate: 0.0, update: 0, seed: 0 };
        Ok(stage.program.profile(&self.engine.pool, self.engine.isa, &step))
    }

    fn plan(&self, backward: bool, tile: usize) -> Result<Stage, PlanError> {
        let values = self.watch.values(&self.graph);
        let gradients = if backward { self.watch.gradients(&self.graph) } else { Vec::new() };
        self.stage(&self.params, self.graph.output, &[], (&values, &gradients), backward, tile)
    }

    fn stages(&self, cuts: &Cuts, params: Option<&Params>, tile: usize) -> Result<Stages, PlanError> {
        let params = params.unwrap_or(&self.params);
        let ids: Vec<NodeId> = cuts.iter().map(|&(id, _)| id).collect();
        let mut stages = Vec::new();
        for (i, &(id, needed)) in cuts.iter().enumerate() {
            let name = self.graph.nodes[id].name.as_str();
            let stage = || self.stage(params, id, &ids[..i], (&[name], &[]), false, tile);
            stages.push(needed.then(stage).transpose()?);
        }
        let values = self.watch.values(&self.graph);
        let rest = self.stage(params, self.graph.output, &ids, (&values, &[]), false, tile)?;
        stages.push(Some(rest));
        Ok(stages)
    }

    fn stage(
        &self,
        params: &Params,
        output: NodeId,
        cuts: &[NodeId],
        (values, gradients): (&[&str], &[&str]),
        backward: bool,
        tile: usize,
    ) -> Result<Stage, PlanError> {
        let (graph, passes, reuse) = (&self.graph, self.passes, self.reuse);
        Stage::plan(&Request {
            graph,
            params,
            output,
            cuts,
            values,
            gradients,
            backward,
            tile,
            passes,
            reuse,
        })
    }
}

fn shaped(values: &[f32], n: usize, shape: &[usize]) -> ArrayD<f32> {
    let shape: Vec<usize> = std::iter::once(n).chain(shape.iter().copied()).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), values.to_vec()).expect("n samples of this shape")
}
