//! A graph, or a part of one, as a program for inference: passes run, memory planned, parameters loaded.

use crate::arithmetic::Arithmetic;
use crate::engine::Engine;
use crate::explain::{Explained, Part, explained};
use crate::graph::{Graph, NodeId};
use crate::lower::Lowered;
use crate::params::Params;
use crate::pass::{Folded, fold_batch_norm, fuse, fuse_beside};
use crate::plan::{Purpose, Wanted, plan};
use crate::plan_error::PlanError;
use crate::watch::{Held, Kept, views};
use std::borrow::Cow;
use std::ops::Range;
use striate_kernels::Activation;
use striate_kernels::{Buf, Builder, Constants, Program, ReluRule, Step, Value, export};

/// What a plan depends on, besides what is observed.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Kind {
    /// Whether there is a backward pass, and by which ReLU rule.
    pub(crate) backward: Option<ReluRule>,
    /// Values that the host writes, so that the graph does not compute them.
    pub(crate) cuts: Vec<NodeId>,
    /// Values whose channels are multiplied by factors that the host writes.
    pub(crate) scaled: Vec<NodeId>,
}

impl Kind {
    pub(crate) fn is_edited(&self) -> bool {
        !self.cuts.is_empty() || !self.scaled.is_empty()
    }
}

/// What a stage of a network depends on beside the number of samples: on which its packed parameters do not.
#[derive(Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) kind: Kind,
    /// Values and gradients that are looked at.
    pub(crate) values: Vec<NodeId>,
    pub(crate) gradients: Vec<NodeId>,
    /// Whether passes run.
    pub(crate) passes: bool,
}

/// What a stage is to be.
pub(crate) struct Request<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) graph: &'a Graph,
    pub(crate) key: &'a Key,
    /// Most samples at once, where [`MOST_BYTES`] hold their values; else as many as these do.
    pub(crate) tile: usize,
    /// A limit on the bytes of its memory, if there is one.
    pub(crate) most_bytes: Option<usize>,
    /// The largest number of samples in a run, for values that are observed.
    pub(crate) batch: usize,
    /// Whether values share memory.
    pub(crate) reuse: bool,
}

/// Beyond this, fewer samples run at once; the results do not depend on their number.
const MOST_BYTES: usize = 4 << 30;

/// Samples in one pass: enough rows for fully connected layers, and few enough that activations stay in a core's cache.
pub(crate) const TILE: usize = 32;

/// A program for inference.
pub(crate) struct Stage {
    pub(crate) program: Program,
    pub(crate) tile: usize,
    /// The tile that was requested.
    asked: usize,
    output: Value,
    grad_output: Option<Value>,
    /// Whether the output's memory holds all samples of a run, or only those of a tile.
    output_held: bool,
    batch: usize,
    cuts: Vec<Option<Value>>,
    factors: Vec<Option<Buf>>,
    parts: Vec<Part>,
    pub(crate) kept: Kept,
}

impl Stage {
    /// Plans for as many samples at once as there is memory for. `constants` are those of a stage that differs in the number of
    /// samples alone. Of parameters that it owns, it releases each once all kernels have it.
    pub(crate) fn plan(
        request: &Request<'_>,
        params: &mut Cow<'_, Params>,
        constants: Option<&Constants>,
    ) -> Result<Self, PlanError> {
        let mut tile = request.tile;
        loop {
            match Self::plan_tile(request, params, tile, constants) {
                Err(PlanError::Memory(_)) if tile > 1 => tile = tile.div_ceil(2),
                done => return done,
            }
        }
    }

    fn plan_tile(
        request: &Request<'_>,
        params: &mut Cow<'_, Params>,
        tile: usize,
        constants: Option<&Constants>,
    ) -> Result<Self, PlanError> {
        let Request { graph, key, .. } = *request;
        let Key { kind: Kind { backward, cuts, scaled }, values, passes, .. } = key;
        let gradients = &key.gradients[..];
        let (mut lowered, mut folded) = (Lowered::new(graph), Folded::default());
        // A gradient goes back through the sums of a direct convolution.
        lowered.arithmetic = if backward.is_none() { request.engine.arithmetic } else { Arithmetic::PLAIN };
        cuts.iter().for_each(|&id| lowered.cut(id));
        let changed = [&cuts[..], scaled].concat();
        let views = views(graph, values, if *passes { &changed } else { values });
        let values: Vec<NodeId> = views.iter().map(|view| view.of).collect();
        lowered.remove_dead(&[&values, gradients].concat());
        let mut keep = [&values, gradients, &changed].concat();
        if *passes {
            folded = fold_batch_norm(&mut lowered, &keep);
            let passed = |id: &&NodeId| !gradients.contains(id) && !changed.contains(id);
            let beside: Vec<NodeId> = values.iter().filter(passed).copied().collect();
            fuse_beside(&mut lowered, &mut keep, &beside);
            fuse(&mut lowered, &keep);
        }
        let mut builder = Builder::new(tile).with_batch(request.batch);
        let usual = (tile > 1).then_some(MOST_BYTES);
        if let Some(most) = request.most_bytes.into_iter().chain(usual).min() {
            builder = builder.with_most_bytes(most);
        }
        if !request.reuse {
            builder = builder.without_reuse();
        }
        let purpose = backward.map_or(Purpose::Forward, Purpose::Gradients);
        let placed = plan(&lowered, &mut builder, &Wanted { purpose, values: &values, gradients, scaled })?;
        let output = placed.values[&graph.output];
        let cuts = cuts.iter().map(|id| placed.sources.get(id).copied()).collect();
        let factors = scaled.iter().map(|id| placed.factors.get(id).copied()).collect();
        builder.keep(output.buf);
        let mut program = builder.finish_with(constants.cloned())?;
        // Constants that are given hold their values already; running statistics are each plan's own.
        for (i, slot) in placed.slots.iter().enumerate().filter(|(_, s)| constants.is_none() || !s.trainable)
        {
            slot.write(&mut program, slot.buf, &folded.param(params, &slot.name));
            if constants.is_none() {
                program.prepare(slot.buf, &request.engine.pool, request.engine.isa);
            }
            if let Cow::Owned(params) = params
                && slot.trainable
                && placed.slots[i + 1..].iter().all(|later| later.name != slot.name)
            {
                params.release(&slot.name);
            }
        }
        let kept = Kept::new(&placed, &views);
        let output_held = placed.kept_values.contains_key(&graph.output);
        let (asked, batch, grad_output) = (request.tile, request.batch, placed.grad_output);
        let parts = placed.parts;
        Ok(Self { program, tile, asked, batch, output, output_held, grad_output, cuts, factors, parts, kept })
    }

    /// Runs on the samples `part` of `n` images and returns their output in PyTorch's order.
    pub(crate) fn run(&mut self, engine: &Engine, images: &[f32], n: usize, part: Range<usize>) -> Vec<f32> {
        let step = Step { input: images, targets: &[], n, learning_rate: 0.0, update: 0, seed: 0 };
        self.program.run_part(&engine.pool, engine.isa, &step, part.clone());
        let plane = &self.output.plane;
        let first = if self.output_held { part.start } else { 0 };
        let from = &self.program.get(self.output.buf)[first * plane.sample_len()..];
        let mut output = vec![0.0; part.len() * plane.channels * plane.height * plane.width];
        export(&engine.pool, engine.isa, from, plane, Activation::None, &mut output);
        output
    }

    /// Runs on `n` images, and returns what each part of the plan took.
    pub(crate) fn explain(&mut self, engine: &Engine, images: &[f32], n: usize) -> Vec<Explained> {
        let step = Step { input: images, targets: &[], n, learning_rate: 0.0, update: 0, seed: 0 };
        let kernels = self.program.profile(&engine.pool, engine.isa, &step);
        explained(&self.parts, &kernels, &self.program.touched_bytes(n), n)
    }

    /// Whether it can run `n` samples, in tiles of `tile` if there are that many.
    pub(crate) fn fits(&self, n: usize, tile: usize) -> bool {
        self.asked >= n.min(tile) && (self.batch >= n || self.kept.is_empty())
    }

    /// What it left of its last run.
    pub(crate) fn held<'a>(&'a self, engine: &'a Engine) -> Held<'a> {
        Held { engine, program: &self.program, kept: &self.kept }
    }

    /// Sets the value of cut `i` for `n` samples of the next run; does nothing if no kernel reads it.
    pub(crate) fn set_cut(&mut self, i: usize, values: &[f32], n: usize) {
        let Some(to) = self.cuts[i] else { return };
        let len = values.len() / n;
        let samples = self.program.get_mut(to.buf).chunks_exact_mut(to.plane.sample_len());
        samples.zip(values.chunks_exact(len)).for_each(|(to, from)| to[..len].copy_from_slice(from));
    }

    /// Sets the factors for the channels of the `i`-th scaled value, from the next run on.
    pub(crate) fn set_factors(&mut self, i: usize, factors: &[f32]) {
        let Some(to) = self.factors[i] else { return };
        self.program.get_mut(to)[..factors.len()].copy_from_slice(factors);
    }

    /// Sets the gradient of the output for the next run.
    pub(crate) fn set_grad_output(&mut self, values: &[f32]) {
        let to = self.grad_output.expect("planned for gradients");
        to.plane.from_nchw(values, self.program.get_mut(to.buf));
    }
}
