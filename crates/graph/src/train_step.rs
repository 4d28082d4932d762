//! A network in training: one call a batch runs forward, loss, backward and update as one program.

use crate::engine::Engine;
use crate::graph::Graph;
use crate::loss::CrossEntropy;
use crate::optim::Optimizer;
use crate::params::Params;
use crate::pass::fuse;
use crate::plan::{Placed, PlanError, Training, TrainingPlaces, plan};
use ndarray::{ArrayD, IxDyn};
use striate_kernels::{Builder, Program, Step};

/// Samples that pass through forward and backward at once: their activations stay in the cores' caches, whatever the
/// batch. The gradients of the tiles are added in order, so this is part of what a run computes; it is the same on
/// every machine.
const TILE: usize = 64;

/// How a training program is made; `Default` is what training uses.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Samples in the largest batch.
    pub batch_size: usize,
    /// Key of every random number.
    pub seed: u64,
    /// Whether passes run.
    pub passes: bool,
    /// Whether values whose lives do not overlap share memory.
    pub reuse: bool,
    /// Whether the gradient of the images is kept.
    pub input_gradient: bool,
}

impl TrainOptions {
    /// Passes and reuse on, no gradient of the images.
    pub fn new(batch_size: usize, seed: u64) -> Self {
        Self { batch_size, seed, passes: true, reuse: true, input_gradient: false }
    }
}

/// What one step tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Mean loss of the batch, before the update.
    pub loss: f32,
    /// Samples whose largest logit was the label's.
    pub correct: usize,
}

/// A network in training.
pub struct TrainStep {
    engine: Engine,
    graph: Graph,
    program: Program,
    placed: Placed,
    places: TrainingPlaces,
    updates: u64,
    options: TrainOptions,
}

impl TrainStep {
    /// Plans the training of a graph traced with [`Mode::Train`](crate::Mode::Train).
    ///
    /// # Errors
    /// When parameters, output or memory do not fit.
    pub fn new(
        graph: &Graph,
        params: &Params,
        loss: &CrossEntropy,
        optimizer: &dyn Optimizer,
        engine: Engine,
        options: TrainOptions,
    ) -> Result<Self, PlanError> {
        params.check(graph)?;
        let mut graph = graph.clone();
        if options.passes {
            fuse(&mut graph, &[]);
        }
        let coupled = graph.nodes.iter().any(|n| n.operation().couples_batch());
        let tile = if coupled { options.batch_size } else { options.batch_size.min(TILE) };
        let mut builder = Builder::new(tile.max(1));
        if !options.reuse {
            builder = builder.without_reuse();
        }
        let training = Training { loss, optimizer, input_gradient: options.input_gradient };
        let (placed, places) = plan(&graph, &mut builder, Some(&training))?;
        let places = places.expect("training was asked for");
        let mut program = builder.finish()?;
        placed.load(&mut program, params);
        Ok(Self { engine, graph, program, placed, places, updates: 0, options })
    }

    /// One update on images `[N, C, H, W]`, row-major, and their labels.
    ///
    /// # Panics
    /// When lengths differ, the batch is empty or larger than planned, or a label is past the last class: the loader
    /// has checked all of it.
    pub fn step(&mut self, images: &[f32], labels: &[u32], learning_rate: f32) -> StepReport {
        let n = labels.len();
        let per_sample: usize = self.graph.input_shape().iter().product();
        let classes = self.graph.output_shape()[0];
        assert!(
            n > 0 && n <= self.options.batch_size,
            "a batch of {n}, planned for {}",
            self.options.batch_size
        );
        assert_eq!(images.len(), n * per_sample, "{n} images of {:?}", self.graph.input_shape());
        assert!(labels.iter().all(|&l| (l as usize) < classes), "a label past the {classes} classes");
        self.updates += 1;
        let step = self.describe(images, labels, learning_rate);
        self.program.run(&self.engine.pool, self.engine.isa, &step);
        let report = self.program.get(self.places.report);
        StepReport { loss: report[0], correct: report[1] as usize }
    }

    fn describe<'a>(&self, input: &'a [f32], labels: &'a [u32], learning_rate: f32) -> Step<'a> {
        let (update, seed) = (self.updates, self.options.seed);
        Step { input, labels, n: labels.len(), learning_rate, update, seed }
    }

    /// As [`TrainStep::step`], and returns the seconds of each kernel by name.
    pub fn profile(
        &mut self,
        images: &[f32],
        labels: &[u32],
        learning_rate: f32,
    ) -> Vec<(&'static str, f64)> {
        self.updates += 1;
        let step = self.describe(images, labels, learning_rate);
        self.program.profile(&self.engine.pool, self.engine.isa, &step)
    }

    /// Updates done so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Bytes of the planned memory.
    pub fn memory_bytes(&self) -> usize {
        self.program.memory_bytes()
    }

    /// The parameters as they are now.
    pub fn params(&self) -> Params {
        self.placed.slots.iter().map(|s| (s.name.clone(), s.read(&self.program, s.buf))).collect()
    }

    /// The gradients of the last step.
    pub fn gradients(&self) -> Params {
        let one = |s: &crate::plan::Slot| s.grad.map(|g| (s.name.clone(), s.read(&self.program, g)));
        self.placed.slots.iter().filter_map(one).collect()
    }

    /// The gradient of the images of the last step, `[N, C, H, W]`, where it was asked for and the batch was one tile.
    pub fn input_gradient(&self, n: usize) -> Option<ArrayD<f32>> {
        let value = self.places.input_gradient?;
        let [c, h, w] = self.graph.input_shape();
        let values = value.plane.to_nchw(self.program.get(value.buf), n);
        ArrayD::from_shape_vec(IxDyn(&[n, c, h, w]), values).ok()
    }

    /// What the optimiser keeps, as `name.of.parameter.state_name`.
    pub fn optimizer_state(&self) -> Params {
        let slots = &self.placed.slots;
        let each = |s: &crate::plan::Slot| {
            let one = |&(state, buf): &(&str, _)| (format!("{}.{state}", s.name), s.read(&self.program, buf));
            s.state.iter().map(one).collect::<Vec<_>>()
        };
        slots.iter().flat_map(each).collect()
    }

    /// Continues from a checkpoint: parameters, optimiser state and the number of updates done.
    ///
    /// # Errors
    /// The names of arrays that are missing or of another shape.
    pub fn restore(&mut self, params: &Params, state: &Params, updates: u64) -> Result<(), Vec<String>> {
        let slots = &self.placed.slots;
        let mut wanted: Vec<(String, &crate::plan::Slot, striate_kernels::Buf, &Params)> = Vec::new();
        for slot in slots {
            wanted.push((slot.name.clone(), slot, slot.buf, params));
            for &(name, buf) in &slot.state {
                wanted.push((format!("{}.{name}", slot.name), slot, buf, state));
            }
        }
        let fits = |name: &str, slot: &crate::plan::Slot, from: &Params| {
            from.get(name).is_some_and(|a| a.shape() == slot.shape)
        };
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

    /// The first parameter, or its gradient, with a value that is not finite.
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
