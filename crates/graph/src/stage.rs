//! A graph, or a part of one, as a program for use: passes run, memory planned, parameters loaded.

use crate::engine::Engine;
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::params::Params;
use crate::pass::{fold_batch_norm, fuse};
use crate::plan::{Purpose, Wanted, plan};
use crate::plan_error::PlanError;
use crate::watch::Kept;
use striate_kernels::{Buf, Builder, Program, ReluRule, Step, Value};

/// What a stage is to be.
pub(crate) struct Request<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) params: &'a Params,
    /// Values that the host writes, instead of what the graph computes.
    pub(crate) cuts: &'a [NodeId],
    /// Values whose channels are multiplied by factors that the host writes.
    pub(crate) scaled: &'a [NodeId],
    /// Values and gradients that are looked at.
    pub(crate) values: &'a [&'a str],
    pub(crate) gradients: &'a [&'a str],
    /// Whether a gradient of the output comes back, and how.
    pub(crate) backward: Option<ReluRule>,
    /// Most samples at once.
    pub(crate) tile: usize,
    /// Whether passes run, and values share memory.
    pub(crate) passes: bool,
    pub(crate) reuse: bool,
}

/// A program in use.
pub(crate) struct Stage {
    pub(crate) program: Program,
    pub(crate) tile: usize,
    output: Value,
    grad_output: Option<Value>,
    /// Where the output lies sample after sample in PyTorch's order, if it does.
    output_copy: Option<Value>,
    cuts: Vec<Option<Value>>,
    factors: Vec<Option<Buf>>,
    pub(crate) kept: Kept,
}

impl Stage {
    pub(crate) fn plan(request: &Request<'_>) -> Result<Self, PlanError> {
        let Request { values, gradients, .. } = *request;
        let (mut graph, mut params) = (request.graph.clone(), request.params.clone());
        let name = |id: NodeId| request.graph.nodes[id].name.as_str();
        for &cut in request.cuts {
            let node = &mut graph.nodes[cut];
            let mut sides = node.shape.iter().copied().chain([1, 1]);
            let image = std::array::from_fn(|_| sides.next().unwrap_or(1));
            (node.op, node.inputs, node.layer) = (Op::input(image), Vec::new(), String::new());
        }
        let looked_at: Vec<&str> = values.iter().chain(gradients).copied().collect();
        graph.remove_dead(&looked_at);
        let changed = request.cuts.iter().chain(request.scaled).map(|&id| name(id));
        let keep: Vec<&str> = looked_at.into_iter().chain(changed).collect();
        if request.passes {
            fold_batch_norm(&mut graph, &mut params, &keep);
            fuse(&mut graph, &keep);
        }
        let mut builder = Builder::new(request.tile);
        if !request.reuse {
            builder = builder.without_reuse();
        }
        let purpose = request.backward.map_or(Purpose::Forward, Purpose::Gradients);
        let scaled: Vec<&str> = request.scaled.iter().map(|&id| name(id)).collect();
        let placed = plan(&graph, &mut builder, &Wanted { purpose, values, gradients, scaled: &scaled })?;
        let output = placed.values[graph.output];
        let output_copy = of(&placed.kept_values, name(request.graph.output));
        let cuts = request.cuts.iter().map(|&id| of(&placed.sources, name(id))).collect();
        let factors = scaled.iter().map(|name| of(&placed.factors, name)).collect();
        builder.keep(output.buf);
        let mut program = builder.finish()?;
        placed.load(&mut program, &params);
        let kept = Kept::new(request.graph, &placed);
        let (tile, grad_output) = (request.tile, placed.grad_output);
        Ok(Self { program, tile, output, grad_output, output_copy, cuts, factors, kept })
    }

    /// Runs on `n` samples and returns the output in PyTorch's order.
    pub(crate) fn run(&mut self, engine: &Engine, images: &[f32], n: usize) -> Vec<f32> {
        let step = Step { input: images, targets: &[], n, learning_rate: 0.0, update: 0, seed: 0 };
        self.program.run(&engine.pool, engine.isa, &step);
        let Some(Value { buf, plane }) = self.output_copy else {
            return self.output.plane.to_nchw(self.program.get(self.output.buf), n);
        };
        let samples = self.program.get(buf).chunks_exact(plane.sample_len()).take(n);
        let len = plane.channels * plane.height * plane.width;
        samples.flat_map(|sample| &sample[..len]).copied().collect()
    }

    /// The value of cut `i` for `n` samples of the next run; nothing where nobody asks for it.
    pub(crate) fn set_cut(&mut self, i: usize, values: &[f32], n: usize) {
        let Some(to) = self.cuts[i] else { return };
        let len = values.len() / n;
        let samples = self.program.get_mut(to.buf).chunks_exact_mut(to.plane.sample_len());
        samples.zip(values.chunks_exact(len)).for_each(|(to, from)| to[..len].copy_from_slice(from));
    }

    /// The factors of the channels of the `i`-th scaled value, from the next run on.
    pub(crate) fn set_factors(&mut self, i: usize, factors: &[f32]) {
        let Some(to) = self.factors[i] else { return };
        self.program.get_mut(to)[..factors.len()].copy_from_slice(factors);
    }

    /// The gradient of the output for the next run.
    pub(crate) fn set_grad_output(&mut self, values: &[f32]) {
        let to = self.grad_output.expect("planned for gradients");
        to.plane.from_nchw(values, self.program.get_mut(to.buf));
    }
}

fn of<T: Copy>(list: &[(String, T)], name: &str) -> Option<T> {
    list.iter().find(|(n, _)| n == name).map(|&(_, found)| found)
}
