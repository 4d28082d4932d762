//! A network in use: parameters loaded, memory planned, images in, values out.

use crate::engine::Engine;
use crate::graph::{Graph, NodeId};
use crate::params::Params;
use crate::pass::{fold_batch_norm, fuse};
use crate::plan::{PlanError, plan};
use ndarray::{ArrayD, ArrayView4, IxDyn};
use striate_kernels::{Builder, Program, Step};

/// Samples that pass through the network at once: enough rows for the fully connected layers, few enough for the
/// activations to stay in the cache of a core.
const TILE: usize = 32;

/// A value that is kept: what [`Session::tap`] gives and [`Session::get`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tap(usize);

struct Tapped {
    name: String,
    shape: Vec<usize>,
    values: Vec<f32>,
}

struct Planned {
    program: Program,
    tile: usize,
    /// The output, then the taps.
    read: Vec<(NodeId, striate_kernels::Value)>,
}

/// A network in use.
pub struct Session {
    engine: Engine,
    graph: Graph,
    params: Params,
    output: Vec<f32>,
    taps: Vec<Tapped>,
    samples: usize,
    planned: Option<Planned>,
    passes: bool,
    reuse: bool,
}

/// Images that the network cannot take.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RunError {
    /// Of another shape.
    #[error("the network takes images [N, {}, {}, {}], got {got:?}; resize or convert them first", expected[0], expected[1], expected[2])]
    Shape {
        /// `[C, H, W]`.
        expected: [usize; 3],
        /// What came.
        got: Vec<usize>,
    },
    /// None at all.
    #[error("a run needs at least one image")]
    Empty,
    /// The plan failed.
    #[error(transparent)]
    Plan(#[from] PlanError),
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
        Ok(Self {
            engine,
            graph,
            params,
            output: Vec::new(),
            taps: Vec::new(),
            samples: 0,
            planned: None,
            passes: true,
            reuse: true,
        })
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
    /// # Errors
    /// When there is no such value; near names are listed.
    pub fn tap(&mut self, name: &str) -> Result<Tap, PlanError> {
        let Some(id) = self.graph.find(name) else {
            return Err(PlanError::Unknown { name: name.to_string(), near: near(&self.graph, name) });
        };
        if let Some(known) = self.taps.iter().position(|t| t.name == name) {
            return Ok(Tap(known));
        }
        let shape = self.graph.nodes[id].shape.clone();
        self.taps.push(Tapped { name: name.to_string(), shape, values: Vec::new() });
        self.planned = None;
        Ok(Tap(self.taps.len() - 1))
    }

    /// Runs the network on images `[N, C, H, W]` and returns its output `[N, ...]`.
    ///
    /// # Errors
    /// When the images have another shape than the network's input.
    pub fn run(&mut self, images: &ArrayView4<'_, f32>) -> Result<ArrayD<f32>, RunError> {
        let expected = self.graph.input_shape();
        if images.shape()[1..] != expected {
            return Err(RunError::Shape { expected, got: images.shape().to_vec() });
        }
        let n = images.shape()[0];
        let images = images.as_standard_layout();
        self.run_slice(images.as_slice().expect("standard layout"), n)?;
        Ok(shaped(&self.output, n, self.graph.output_shape()))
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
        if self.planned.as_ref().is_none_or(|p| p.tile < tile) {
            self.planned = Some(self.plan(tile)?);
        }
        let planned = self.planned.as_mut().expect("just planned");
        self.output.clear();
        self.taps.iter_mut().for_each(|t| t.values.clear());
        for images in images.chunks(planned.tile * per_sample) {
            let n = images.len() / per_sample;
            let step = Step { input: images, targets: &[], n, learning_rate: 0.0, update: 0, seed: 0 };
            planned.program.run(&self.engine.pool, self.engine.isa, &step);
            let kept = std::iter::once(&mut self.output).chain(self.taps.iter_mut().map(|t| &mut t.values));
            for ((_, value), to) in planned.read.iter().zip(kept) {
                to.extend(value.plane.to_nchw(planned.program.get(value.buf), n));
            }
        }
        self.samples = n;
        Ok(&self.output)
    }

    /// The tapped value of the last run: `[N, C, H, W]` or `[N, F]`; empty before the first.
    pub fn get(&self, tap: Tap) -> ArrayD<f32> {
        let tapped = &self.taps[tap.0];
        let n = if tapped.values.is_empty() { 0 } else { self.samples };
        shaped(&tapped.values, n, &tapped.shape)
    }

    /// Bytes of the planned memory; 0 before the first run.
    pub fn memory_bytes(&self) -> usize {
        self.planned.as_ref().map_or(0, |p| p.program.memory_bytes())
    }

    /// Seconds of each kernel of one run, by name: for finding out where time goes.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn profile(&mut self, images: &[f32], n: usize) -> Result<Vec<(&'static str, f64)>, RunError> {
        self.run_slice(images, n)?;
        let planned = self.planned.as_mut().expect("the run above planned");
        let step = Step { input: images, targets: &[], n, learning_rate: 0.0, update: 0, seed: 0 };
        Ok(planned.program.profile(&self.engine.pool, self.engine.isa, &step))
    }

    fn plan(&self, tile: usize) -> Result<Planned, PlanError> {
        let (mut graph, mut params) = (self.graph.clone(), self.params.clone());
        let keep: Vec<&str> = self.taps.iter().map(|t| t.name.as_str()).collect();
        let mut wanted = vec![graph.nodes[graph.output].name.clone()];
        wanted.extend(keep.iter().map(ToString::to_string));
        if self.passes {
            fold_batch_norm(&mut graph, &mut params, &keep);
            fuse(&mut graph, &keep);
        }
        let mut builder = Builder::new(tile);
        if !self.reuse {
            builder = builder.without_reuse();
        }
        let (placed, _) = plan(&graph, &mut builder, None)?;
        let read: Vec<_> = wanted
            .iter()
            .map(|name| {
                let id = graph.find(name).expect("passes keep tapped values");
                builder.keep(placed.values[id].buf);
                (id, placed.values[id])
            })
            .collect();
        let mut program = builder.finish()?;
        placed.load(&mut program, &params);
        Ok(Planned { program, tile, read })
    }
}

/// What can go wrong when a session is made.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Parameters that do not fit.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// `STRIATE_ISA` names what this machine lacks.
    #[error("{0}")]
    Engine(String),
}

fn shaped(values: &[f32], n: usize, shape: &[usize]) -> ArrayD<f32> {
    let shape: Vec<usize> = std::iter::once(n).chain(shape.iter().copied()).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), values.to_vec()).expect("n samples of this shape")
}

/// Up to eight names, those that share the most with `name` first.
fn near(graph: &Graph, name: &str) -> Vec<String> {
    let score = |other: &str| {
        let prefix = other.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
        std::cmp::Reverse(2 * prefix + usize::from(other.contains(name) || name.contains(other)) * 3)
    };
    let mut names: Vec<String> = graph.nodes.iter().map(|n| n.name.clone()).collect();
    names.sort_by_key(|n| score(n));
    names.truncate(8);
    names
}
