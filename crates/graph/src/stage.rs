//! A graph, or a part of one, as a program for use: passes run, memory planned, parameters loaded.

use crate::engine::Engine;
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::params::Params;
use crate::pass::{fold_batch_norm, fuse};
use crate::plan::{Purpose, Wanted, plan};
use crate::plan_error::PlanError;
use crate::watch::Kept;
use striate_kernels::{Builder, Program, Step, Value};

/// What a stage is to be.
pub(crate) struct Request<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) params: &'a Params,
    /// The value that the stage is for.
    pub(crate) output: NodeId,
    /// Values that the host writes, instead of what the graph computes.
    pub(crate) cuts: &'a [NodeId],
    /// Values and gradients that are looked at.
    pub(crate) values: &'a [&'a str],
    pub(crate) gradients: &'a [&'a str],
    /// Whether a gradient of the output comes back.
    pub(crate) backward: bool,
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
    cuts: Vec<Value>,
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
        graph.output = request.output;
        let cut_names = request.cuts.iter().map(|&id| name(id));
        let keep: Vec<&str> = values.iter().chain(gradients).copied().chain(cut_names).collect();
        graph.remove_dead(&keep);
        if request.passes {
            fold_batch_norm(&mut graph, &mut params, &keep);
            fuse(&mut graph, &keep);
        }
        let mut builder = Builder::new(request.tile);
        if !request.reuse {
            builder = builder.without_reuse();
        }
        let purpose = if request.backward { Purpose::Gradients } else { Purpose::Forward };
        let placed = plan(&graph, &mut builder, &Wanted { purpose, values, gradients })?;
        let find = |id| placed.values[graph.find(name(id)).expect("passes keep what is asked for")];
        let output = find(request.output);
        let named =
            |list: &[(String, Value)], id| list.iter().find(|(n, _)| n == name(id)).map(|&(_, value)| value);
        let output_copy = named(&placed.kept_values, request.output);
        let source = |&id| named(&placed.sources, id).expect("a cut is a source");
        let cuts = request.cuts.iter().map(source).collect();
        builder.keep(output.buf);
        let mut program = builder.finish()?;
        placed.load(&mut program, &params);
        let kept = Kept::new(request.graph, &placed);
        Ok(Self {
            program,
            tile: request.tile,
            output,
            grad_output: placed.grad_output,
            output_copy,
            cuts,
            kept,
        })
    }

    /// Runs on `n` samples, with the values of the cuts, and returns the output in PyTorch's order.
    pub(crate) fn run(&mut self, engine: &Engine, images: &[f32], n: usize, cuts: &[Vec<f32>]) -> Vec<f32> {
        for (to, values) in self.cuts.iter().zip(cuts) {
            let len = values.len() / n;
            let samples = self.program.get_mut(to.buf).chunks_exact_mut(to.plane.sample_len());
            samples.zip(values.chunks_exact(len)).for_each(|(to, from)| to[..len].copy_from_slice(from));
        }
        let step = Step { input: images, targets: &[], n, learning_rate: 0.0, update: 0, seed: 0 };
        self.program.run(&engine.pool, engine.isa, &step);
        let Some(Value { buf, plane }) = self.output_copy else {
            return self.output.plane.to_nchw(self.program.get(self.output.buf), n);
        };
        let samples = self.program.get(buf).chunks_exact(plane.sample_len()).take(n);
        let len = plane.channels * plane.height * plane.width;
        samples.flat_map(|sample| &sample[..len]).copied().collect()
    }

    /// The gradient of the output for the next run.
    pub(crate) fn set_grad_output(&mut self, values: &[f32]) {
        let to = self.grad_output.expect("planned for gradients");
        to.plane.from_nchw(values, self.program.get_mut(to.buf));
    }
}
