//! A network that can only be run, so that its parameters are kept in memory only once.

use crate::engine::Engine;
use crate::graph::Graph;
use crate::params::Params;
use crate::plan_error::PlanError;
use crate::run_error::{RunError, SessionError, check_images};
use crate::stage::{Key, Kind, Request, Stage, TILE};
use std::borrow::Cow;
use striate_kernels::Constants;

/// A network that computes its output and nothing else. Its parameters are in memory once, in the layout that the kernels read.
///
/// A [`Session`](crate::Session) gives the same bits, but also keeps the parameters as they were given, for looking inside the
/// network, for edits and for gradients. That takes about as many bytes more as the model file has.
///
/// A clone is meant for another thread: it shares the parameters and has its own memory for values. Clones take turns on the
/// threads of their [`Engine`].
///
/// # Example
/// ```
/// use striate_graph::{Engine, Forward, Mode, Module, Params, Runner, Var, op, trace};
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
/// #     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> { x.flatten(1).apply(&self.fc) }
/// # }
/// let graph = trace(&Net { fc: Fc }, Mode::Eval, [1, 2, 2])?;
/// let params = Params::init(&graph, 0);
/// let mut runner = Runner::new(graph, params, Engine::new(Some(1))?, None)?;
/// assert_eq!(runner.run_slice(&[0.5; 2 * 4], 2)?.len(), 2 * 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Runner {
    engine: Engine,
    graph: Graph,
    /// The parameters that remain: running statistics, of which each plan has its own copy, and those that were folded into
    /// others.
    rest: Params,
    constants: Constants,
    /// `None` in a clone that has not run yet.
    stage: Option<Stage>,
    output: Vec<f32>,
}

impl Runner {
    /// Prepares a network for use on the threads of `engine`, and drops each parameter once it is laid out for the kernels, which
    /// frees its memory unless there is another copy of `params`. The graph must be traced with [`Mode::Eval`](crate::Mode::Eval).
    ///
    /// # Errors
    /// If the parameters do not match the graph; everything missing, unexpected or mismatched is listed. Also if the values and
    /// parameters of one sample need more than `most_bytes` bytes, where a limit is given, or more memory than there is.
    pub fn new(
        graph: Graph,
        params: Params,
        engine: Engine,
        most_bytes: Option<usize>,
    ) -> Result<Self, SessionError> {
        graph.check().map_err(PlanError::from)?;
        params.check(&graph).map_err(PlanError::from)?;
        let mut params = Cow::Owned(params);
        let stage = planned(&engine, &graph, 1, most_bytes, &mut params, None)?;
        let (constants, rest, output) = (stage.program.constants(), params.into_owned(), Vec::new());
        Ok(Self { engine, graph, rest, constants, stage: Some(stage), output })
    }

    /// The graph of the network, as traced.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Runs the network on `n` images, given as row-major values `[N, C, H, W]`, and returns its output `[N, ...]`, row-major
    /// too.
    ///
    /// # Errors
    /// If `n` is 0, if the values are not `n` images of the network's input shape, or if there is not enough memory.
    pub fn run_slice(&mut self, images: &[f32], n: usize) -> Result<&[f32], RunError> {
        check_images(&self.graph, images.len(), n)?;
        let known = self.stage.take().filter(|stage| stage.fits(n, TILE));
        let stage = known.map_or_else(|| self.plan(n), Ok)?;
        let Self { engine, output, .. } = self;
        let stage = self.stage.insert(stage);
        output.clear();
        for first in (0..n).step_by(stage.tile) {
            output.extend(stage.run(engine, images, n, first..(first + stage.tile).min(n)));
        }
        Ok(output)
    }

    /// The number of bytes of the planned memory, parameters included; 0 before the first run of a clone.
    pub fn memory_bytes(&self) -> usize {
        self.stage.as_ref().map_or(0, |stage| stage.program.memory_bytes())
    }

    /// Plans a run of `n` images with the constants of the first plan.
    fn plan(&self, n: usize) -> Result<Stage, PlanError> {
        let mut rest = Cow::Borrowed(&self.rest);
        planned(&self.engine, &self.graph, n, None, &mut rest, Some(&self.constants))
    }
}

impl Clone for Runner {
    fn clone(&self) -> Self {
        let Self { engine, graph, rest, constants, .. } = self;
        let (engine, graph, rest) = (engine.clone(), graph.clone(), rest.clone());
        Self { engine, graph, rest, constants: constants.clone(), stage: None, output: Vec::new() }
    }
}

fn planned(
    engine: &Engine,
    graph: &Graph,
    n: usize,
    most_bytes: Option<usize>,
    params: &mut Cow<'_, Params>,
    constants: Option<&Constants>,
) -> Result<Stage, PlanError> {
    let key = Key { kind: Kind::default(), values: Vec::new(), gradients: Vec::new(), passes: true };
    let request = Request { engine, graph, key: &key, tile: n.min(TILE), most_bytes, batch: n, reuse: true };
    Stage::plan(&request, params, constants)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A convolution with the batch norm that is folded into it, another batch norm, and a linear layer that runs twice on
    /// values of different layouts.
    fn graph() -> Graph {
        let norm =
            json!({"op": "batch_norm2d", "num_features": 4, "eps": 1e-5, "momentum": 0.1, "training": false});
        let conv = json!({"op": "conv2d", "in_channels": 1, "out_channels": 4, "kernel_size": [3, 3], "stride": [1, 1],
                          "padding": [1, 1], "dilation": [1, 1], "groups": 1, "bias": false});
        let linear = json!({"op": "linear", "in_features": 16, "out_features": 16, "bias": true});
        let operations = [
            (json!({"op": "input", "channels": 1, "height": 2, "width": 2}), vec![1, 2, 2], ""),
            (conv, vec![4, 2, 2], "conv"),
            (norm.clone(), vec![4, 2, 2], "folded"),
            (norm, vec![4, 2, 2], "norm"),
            (json!({"op": "flatten"}), vec![16], ""),
            (linear.clone(), vec![16], "fc"),
            (linear, vec![16], "fc"),
        ];
        let node = |(i, (op, shape, layer)): (usize, &(serde_json::Value, Vec<usize>, &str))| {
            let inputs: Vec<usize> = i.checked_sub(1).into_iter().collect();
            json!({"op": op, "inputs": inputs, "shape": shape, "name": format!("n{i}"), "layer": layer})
        };
        let nodes: Vec<_> = operations.iter().enumerate().map(node).collect();
        serde_json::from_value(json!({"nodes": nodes, "output": nodes.len() - 1})).unwrap()
    }

    #[test]
    fn what_the_kernels_have_is_dropped() {
        let graph = graph();
        let params = Params::init(&graph, 0);
        let runner = Runner::new(graph, params, Engine::new(Some(1)).unwrap(), None).unwrap();
        let left: Vec<&str> = runner.rest.iter().map(|(name, _)| name).collect();
        let statistics = ["norm.running_mean", "norm.running_var"];
        let folded = ["folded.weight", "folded.bias", "folded.running_mean", "folded.running_var"];
        assert_eq!(left, [&folded[..], &statistics].concat());
    }
}
