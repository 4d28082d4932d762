//! A network in training: one call per batch runs forward, loss, backward and update as one program.

use crate::arithmetic::{Arithmetic, Dtype};
use crate::clip::Clip;
use crate::engine::Engine;
use crate::explain::{Explained, explained};
use crate::graph::{Graph, NodeId};
use crate::hooks::{Call, Hook};
use crate::loss::CrossEntropy;
use crate::lower::Lowered;
use crate::optim::Optimizer;
use crate::params::Params;
use crate::pass::fuse;
use crate::plan::{Placed, Purpose, Training, Wanted, plan};
use crate::plan_error::PlanError;
use crate::rates;
use crate::slot::Slot;
use crate::watch::{Captured, Held, Kept, Tap, Watch, exactly, views};
use ndarray::{ArrayD, IxDyn};
use striate_kernels::{Buf, Builder, Program, Step, Target};

/// Samples that pass through forward and backward at once, so that their activations stay in the cores' caches, whatever the
/// batch. The gradients of the tiles are added in order, so this number affects the result of a run; it is the same on every
/// machine.
const TILE: usize = 64;

/// The options for planning a training program; [`TrainOptions::new`] has the usual settings.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// The number of samples in the largest batch.
    pub batch_size: usize,
    /// The random seed of the run.
    pub seed: u64,
    /// Whether passes fuse operations.
    pub passes: bool,
    /// Whether values whose lifetimes do not overlap share memory.
    pub reuse: bool,
    /// Whether the gradient of the images is kept, for [`TrainStep::input_gradient`].
    pub input_gradient: bool,
    /// The number of samples processed at once if the batch does not fit into memory; the last part may be smaller. Gradients
    /// are those of the whole batch, and batch norm normalizes each part separately, as when PyTorch accumulates gradients.
    pub micro_batch: Option<usize>,
    /// The bounds on the gradients, applied before each update.
    pub clip: Option<Clip>,
    /// The decay of an exponential moving average of the parameters, at least 0 and below 1; with `None` no average is kept.
    /// See [`TrainStep::ema_params`].
    pub ema: Option<f32>,
    /// The factors of the learning rate by name pattern; the first match counts, and 0 freezes. See [`rates`].
    pub rates: Vec<(String, f32)>,
}

impl TrainOptions {
    /// The usual options: passes and memory reuse on, no gradient of the images, no clipping, no averages, nothing frozen.
    pub fn new(batch_size: usize, seed: u64) -> Self {
        Self {
            batch_size,
            seed,
            passes: true,
            reuse: true,
            input_gradient: false,
            micro_batch: None,
            clip: None,
            ema: None,
            rates: Vec::new(),
        }
    }

    /// The largest number of samples that pass through at once.
    fn part(&self) -> usize {
        self.micro_batch.unwrap_or(self.batch_size).min(self.batch_size)
    }

    fn check(&self, graph: &Graph) -> Result<(), PlanError> {
        let refuse = |what, expected, got: String| Err(PlanError::Option { what, expected, got });
        if self.micro_batch == Some(0) {
            return refuse("micro_batch", "at least 1 sample", "0".into());
        }
        if let Some(Clip::Norm(bound) | Clip::Value(bound)) = self.clip
            && !(bound > 0.0 && bound.is_finite())
        {
            return refuse("clip", "a number above 0", bound.to_string());
        }
        if let Some(decay) = self.ema
            && !(0.0..1.0).contains(&decay)
        {
            return refuse("ema", "at least 0 and below 1", decay.to_string());
        }
        rates::check(graph, &self.rates)
    }
}

/// The result of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// The mean loss of the batch before the update, including the weighted losses of auxiliary classifiers.
    pub loss: f32,
    /// The number of samples whose largest logit is that of the label.
    pub correct: usize,
}

/// A network in training.
///
/// Here hooks and taps can read but not change values: a changed value would make the gradient wrong. A step with any of them
/// processes the whole batch as one tile, so that it can show all of it; that takes more memory. Observed values inside an
/// operation that passes would fuse are computed by separate kernels, so results agree only up to rounding.
pub struct TrainStep {
    engine: Engine,
    graph: Graph,
    loss: CrossEntropy,
    optimizer: Box<dyn Optimizer + Send + Sync>,
    program: Program,
    placed: Placed,
    kept: Kept,
    watch: Watch,
    updates: u64,
    options: TrainOptions,
    targets: Vec<Target>,
    /// The reason why a single sample cannot be trained on, if there is one.
    one_value: Option<PlanError>,
}

impl TrainStep {
    /// Plans the training of a graph traced with [`Mode::Train`](crate::Mode::Train).
    ///
    /// # Errors
    /// If the parameters, the output or the memory do not fit, if an option is out of its range, or if samples come one at a
    /// time and a batch norm would see a single value per channel.
    pub fn new(
        graph: &Graph,
        params: &Params,
        loss: &CrossEntropy,
        optimizer: &dyn Optimizer,
        engine: Engine,
        options: TrainOptions,
    ) -> Result<Self, PlanError> {
        graph.check()?;
        params.check(graph)?;
        options.check(graph)?;
        let mut graph = graph.clone();
        rates::freeze_batch_norms(&mut graph, &options.rates);
        let one_value = one_value(&graph);
        if let Some(error) = one_value.clone().filter(|_| options.part() == 1) {
            return Err(error);
        }
        let (watch, loss, optimizer) = (Watch::default(), loss.clone(), optimizer.shared());
        let (mut program, placed) = plan_step(&engine, &graph, &loss, &*optimizer, &options, &watch)?;
        placed.load(&mut program, params);
        let (kept, updates, targets) = (Kept::default(), 0, Vec::new());
        Ok(Self {
            engine,
            graph,
            loss,
            optimizer,
            program,
            placed,
            kept,
            watch,
            updates,
            options,
            targets,
            one_value,
        })
    }

    /// Whether the values of a sample depend on the others in the batch, that is, whether there is a batch norm that is not
    /// frozen.
    pub fn couples_batch(&self) -> bool {
        couples_batch(&self.graph)
    }

    /// Calls `hook` after every step, for each operation whose value matches `pattern` (see [`Graph::select`]), in the order of
    /// the network, with all samples of the batch. The gradients of the last step are discarded.
    ///
    /// A panic in a hook reaches the caller of the step. The step is complete by then, and training can continue.
    ///
    /// # Errors
    /// If nothing matches (similar names are listed), if there is not enough memory, or if the batch is processed in parts
    /// ([`TrainOptions::micro_batch`]), of which the hook would see only the last.
    pub fn register_forward_hook(
        &mut self,
        pattern: &str,
        hook: impl FnMut(&Call<'_>) + Send + Sync + 'static,
    ) -> Result<Hook, PlanError> {
        let nodes = self.graph.select(pattern)?;
        self.can_look()?;
        let hook = self.watch.hook(nodes, hook);
        self.replan().inspect_err(|_| {
            self.watch.unhook(hook);
        })?;
        Ok(hook)
    }

    /// Removes a hook and plans anew without it; returns false if it was not registered.
    ///
    /// # Errors
    /// If there is not enough memory for the new plan; the hook is removed nevertheless.
    pub fn remove_hook(&mut self, hook: Hook) -> Result<bool, PlanError> {
        let was = self.watch.unhook(hook);
        if was {
            self.replan()?;
        }
        Ok(was)
    }

    /// Keeps the value named `name` from the next step on.
    ///
    /// # Errors
    /// Those of [`TrainStep::register_forward_hook`].
    pub fn tap(&mut self, name: &str) -> Result<Tap, PlanError> {
        self.tap_id(exactly(&self.graph, name)?, false)
    }

    /// Keeps the gradient of the loss with respect to the value named `name` from the next step on.
    ///
    /// # Errors
    /// Those of [`TrainStep::register_forward_hook`].
    pub fn tap_grad(&mut self, name: &str) -> Result<Tap, PlanError> {
        self.tap_id(exactly(&self.graph, name)?, true)
    }

    fn tap_id(&mut self, id: NodeId, gradient: bool) -> Result<Tap, PlanError> {
        self.can_look()?;
        let (taps, new) = self.watch.tap(&[id], gradient);
        if new {
            self.replan().inspect_err(|_| {
                self.watch.untap(taps[0]);
            })?;
        }
        Ok(taps[0])
    }

    /// Stops keeping the value or gradient of `tap`; returns false if it was not kept.
    ///
    /// # Errors
    /// Those of [`TrainStep::remove_hook`].
    pub fn untap(&mut self, tap: Tap) -> Result<bool, PlanError> {
        let was = self.watch.untap(tap);
        if was {
            self.replan()?;
        }
        Ok(was)
    }

    /// Returns the tapped value or gradient of the last step: `[N, C, H, W]` or `[N, F]`, with N = 0 if it holds nothing.
    pub fn get(&self, tap: Tap) -> ArrayD<f32> {
        self.watch.get(&self.graph, None, tap)
    }

    /// Copies all tapped values and gradients of the last step.
    pub fn captured(&self) -> Captured {
        self.watch.captured(&self.graph, None)
    }

    fn can_look(&self) -> Result<(), PlanError> {
        match self.options.micro_batch {
            Some(part) if part < self.options.batch_size => Err(PlanError::Option {
                what: "micro_batch",
                expected: "none, or the whole batch, while there are hooks or taps",
                got: part.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// Plans for what is observed now, and continues from the current state of training.
    fn replan(&mut self) -> Result<(), PlanError> {
        let (params, state) = (self.params(), self.optimizer_state());
        let (mut program, placed) =
            plan_step(&self.engine, &self.graph, &self.loss, &*self.optimizer, &self.options, &self.watch)?;
        placed.load(&mut program, &params);
        let values = self.watch.values(&self.graph);
        self.kept = Kept::new(&placed, &views(&self.graph, &values, &values));
        (self.program, self.placed) = (program, placed);
        self.restore(&params, &state, self.updates).expect("the same parameters");
        Ok(())
    }

    /// Makes one update on images `[N, C, H, W]`, row-major, and their labels, or mixtures of two labels each ([`Target`]).
    ///
    /// # Panics
    /// If lengths differ, if the batch is empty or larger than planned, if a label is not a class index, or if the batch, or
    /// its last part ([`TrainOptions::micro_batch`]), is a single sample for which a batch norm would see a single value per
    /// channel. The loader has checked all of this.
    ///
    /// # PyTorch
    /// `ValueError: Expected more than 1 value per channel when training` in the last case.
    pub fn step<T: Into<Target> + Copy>(
        &mut self,
        images: &[f32],
        targets: &[T],
        learning_rate: f32,
    ) -> StepReport {
        self.run(images, targets, learning_rate, |program, engine, step| {
            program.run(&engine.pool, engine.isa, step);
        });
        let report = self.program.get(self.placed.report.expect("training has a loss"));
        let report = StepReport { loss: report[0], correct: report[1] as usize };
        self.watch.begin(targets.len());
        let Self { engine, program, kept, graph, watch, .. } = self;
        watch.see(graph, Held { engine, program, kept });
        watch.tell(graph);
        report
    }

    fn run<T: Into<Target> + Copy, R>(
        &mut self,
        images: &[f32],
        targets: &[T],
        learning_rate: f32,
        go: impl FnOnce(&mut Program, &Engine, &Step<'_>) -> R,
    ) -> R {
        let n = targets.len();
        let per_sample: usize = self.graph.input_shape().iter().product();
        let classes = self.graph.output_shape()[0];
        assert!(
            n > 0 && n <= self.options.batch_size,
            "a batch of {n} samples, but the plan is for at most {}",
            self.options.batch_size
        );
        assert_eq!(images.len(), n * per_sample, "{n} images of {:?}", self.graph.input_shape());
        if let Some(error) = &self.one_value {
            let last = (n - 1) % self.options.part() + 1;
            assert!(last > 1, "{error}; these are {n}, {} at once", self.options.part());
        }
        self.targets.clear();
        self.targets.extend(targets.iter().map(|&target| target.into()));
        assert!(
            self.targets.iter().all(|t| t.is_valid(classes)),
            "a label that is not among the {classes} classes"
        );
        self.updates += 1;
        let (update, seed) = (self.updates, self.options.seed);
        let step = Step { input: images, targets: &self.targets, n, learning_rate, update, seed };
        go(&mut self.program, &self.engine, &step)
    }

    /// Makes one update like [`TrainStep::step`], and returns the time of each kernel in seconds, by name.
    pub fn profile<T: Into<Target> + Copy>(
        &mut self,
        images: &[f32],
        targets: &[T],
        learning_rate: f32,
    ) -> Vec<(&'static str, f64)> {
        self.explain(images, targets, learning_rate).into_iter().flat_map(|part| part.kernels).collect()
    }

    /// Makes one update like [`TrainStep::profile`], and returns the kernels by node, with their algorithms.
    pub fn explain<T: Into<Target> + Copy>(
        &mut self,
        images: &[f32],
        targets: &[T],
        learning_rate: f32,
    ) -> Vec<Explained> {
        let (kernels, bytes) = self.run(images, targets, learning_rate, |program, engine, step| {
            (program.profile(&engine.pool, engine.isa, step), program.touched_bytes(step.n))
        });
        explained(&self.placed.parts, &kernels, &bytes, targets.len())
    }

    /// The number of updates done so far, including those before a [`TrainStep::restore`].
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The size of the planned memory in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.program.memory_bytes()
    }

    /// Copies the current parameters.
    pub fn params(&self) -> Params {
        self.placed.slots.iter().map(|s| (s.name.clone(), s.read(&self.program, s.buf))).collect()
    }

    /// The average of the parameters over the updates, if [`TrainOptions::ema`] is set. Running statistics of batch norms are
    /// averaged as well, and frozen parameters are returned as they are.
    ///
    /// `ema ← d · ema + (1 − d) · parameter` after each update, `d = min(decay, (1 + t)/(10 + t))` at update `t`, from 1.
    ///
    /// # PyTorch
    /// timm's `ModelEmaV3`, with the same meaning of `decay` and the same averaging of buffers. The warm-up is that of
    /// TensorFlow's `ExponentialMovingAverage`, so that a run of a few hundred updates benefits from it.
    pub fn ema_params(&self) -> Option<Params> {
        self.options.ema?;
        let one = |s: &Slot| (s.name.clone(), s.read(&self.program, s.ema.unwrap_or(s.buf)));
        Some(self.placed.slots.iter().map(one).collect())
    }

    /// The gradients of the last step as the optimizer received them, after clipping; frozen parameters have none.
    pub fn gradients(&self) -> Params {
        let one = |s: &Slot| s.grad.map(|g| (s.name.clone(), s.read(&self.program, g)));
        self.placed.slots.iter().filter_map(one).collect()
    }

    /// The gradient of the images of the last step, `[N, C, H, W]`, if [`TrainOptions::input_gradient`] is set.
    pub fn input_gradient(&self, n: usize) -> Option<ArrayD<f32>> {
        let value = self.placed.kept_gradients.get(&0)?;
        let [c, h, w] = self.graph.input_shape();
        let values = value.plane.to_nchw(self.program.get(value.buf), n);
        ArrayD::from_shape_vec(IxDyn(&[n, c, h, w]), values).ok()
    }

    /// The optimizer's state, as `name.of.parameter.state_name`, and the averages, as `name.of.parameter.ema`.
    pub fn optimizer_state(&self) -> Params {
        let slots = &self.placed.slots;
        let each = |s: &Slot| {
            let one = |(state, buf)| (format!("{}.{state}", s.name), s.read(&self.program, buf));
            s.state().map(one).collect::<Vec<_>>()
        };
        slots.iter().flat_map(each).collect()
    }

    /// Continues from a checkpoint: parameters, optimizer state and the number of updates done.
    ///
    /// # Errors
    /// The names of the arrays that are missing or have another shape.
    pub fn restore(&mut self, params: &Params, state: &Params, updates: u64) -> Result<(), Vec<String>> {
        let slots = &self.placed.slots;
        let mut wanted: Vec<(String, &Slot, Buf, &Params)> = Vec::new();
        for slot in slots {
            wanted.push((slot.name.clone(), slot, slot.buf, params));
            for (name, buf) in slot.state() {
                wanted.push((format!("{}.{name}", slot.name), slot, buf, state));
            }
        }
        let fits =
            |name: &str, slot: &Slot, from: &Params| from.get(name).is_some_and(|a| a.shape() == slot.shape);
        let bad: Vec<String> =
            wanted.iter().filter(|(n, s, _, from)| !fits(n, s, from)).map(|w| w.0.clone()).collect();
        if !bad.is_empty() {
            return Err(bad);
        }
        for (name, slot, buf, from) in wanted {
            slot.write(&mut self.program, buf, from.get(&name).expect("checked above"));
        }
        self.updates = updates;
        Ok(())
    }

    /// The name of the first parameter, or of the first gradient, with a value that is not finite.
    pub fn first_non_finite(&self) -> Option<String> {
        let bad = |buf| self.program.get(buf).iter().any(|v: &f32| !v.is_finite());
        self.placed.slots.iter().find_map(|s| {
            if s.grad.is_some_and(bad) {
                Some(format!("the gradient of {}", s.name))
            } else {
                bad(s.buf).then(|| s.name.clone())
            }
        })
    }
}

fn couples_batch(graph: &Graph) -> bool {
    graph.nodes.iter().any(|n| n.operation().couples_batch())
}

/// The error for a single sample, if a batch norm sees only one pixel of it.
fn one_value(graph: &Graph) -> Option<PlanError> {
    let is_pixel = |shape: &[usize]| shape[1..].iter().product::<usize>() == 1;
    let norm = graph.nodes.iter().find(|n| n.operation().couples_batch() && is_pixel(&n.shape))?;
    Some(PlanError::OneValue { layer: norm.name.clone(), channels: norm.shape[0] })
}

/// The program of a step that keeps what is observed.
fn plan_step(
    engine: &Engine,
    graph: &Graph,
    loss: &CrossEntropy,
    optimizer: &dyn Optimizer,
    options: &TrainOptions,
    watch: &Watch,
) -> Result<(Program, Placed), PlanError> {
    let (values, mut gradients) = (watch.values(graph), watch.gradients());
    let looked_at = !values.is_empty() || !gradients.is_empty();
    if options.input_gradient && !gradients.contains(&0) {
        gradients.push(0);
    }
    let mut lowered = Lowered::new(graph);
    if options.passes {
        let auxiliary: Vec<NodeId> = graph.auxiliary.iter().map(|auxiliary| auxiliary.logits).collect();
        fuse(&mut lowered, &[&values[..], &gradients, &auxiliary].concat());
    }
    // Allowed only after the passes: where a convolution and a pool are fused, the backward pass skips three quarters of its
    // work, which is more than Winograd saves.
    lowered.arithmetic = Arithmetic { dtype: Dtype::F32, ..engine.arithmetic };
    let part = options.part();
    let tile = if couples_batch(graph) || looked_at { part } else { part.min(TILE) };
    let mut builder = Builder::new(tile.max(1)).with_batch(options.batch_size);
    if !options.reuse {
        builder = builder.without_reuse();
    }
    let TrainOptions { clip, ema, ref rates, .. } = *options;
    let training = Training { loss, optimizer, rates, clip, ema };
    let purpose = Purpose::Training(&training);
    let wanted = Wanted { purpose, values: &values, gradients: &gradients, scaled: &[] };
    let placed = plan(&lowered, &mut builder, &wanted)?;
    Ok((builder.finish()?, placed))
}
