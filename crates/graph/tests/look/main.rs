//! Looking inside: taps, gradients, hooks and edits, against the interpreter and against what each is the same as.

mod edits;
mod explain;
mod gradients;
mod hooks;
mod names;
#[path = "../nets/mod.rs"]
mod nets;
mod plans;
mod rules;

use ndarray::{ArrayD, ArrayView4, ArrayViewD, Axis, IxDyn};
use nets::{Descent, Net, all, params, without_relu};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use striate_graph::interpret::Values;
use striate_graph::op::Op;
use striate_graph::{
    BackwardOptions, CrossEntropy, Edit, Engine, Graph, Mode, Params, PlanError, ReluRule, RunError, Session,
    TrainOptions, TrainStep, trace,
};
use striate_kernels::Isa;
use striate_testkit::{Sample, assert_close, widen};

struct Case {
    net: Net,
    graph: Graph,
    params: Params,
    n: usize,
    images: Vec<f32>,
}

impl Case {
    fn all(mode: Mode) -> Vec<Self> {
        all().into_iter().map(|net| Self::of(net, mode)).collect()
    }

    /// More samples than a tile of a session holds, where it does not take too long.
    fn of(net: Net, mode: Mode) -> Self {
        let graph = trace(&net, mode, net.input).unwrap();
        let n = if net.input == [1, 28, 28] { 3 } else { 35 };
        let images = Sample::new(4).normal_vec(n * net.input.iter().product::<usize>());
        Self { params: params(&graph), net, graph, n, images }
    }

    fn convnet() -> Self {
        Self::all(Mode::Eval).swap_remove(0)
    }

    fn view(&self) -> ArrayView4<'_, f32> {
        let [c, h, w] = self.net.input;
        ArrayView4::from_shape((self.n, c, h, w), &self.images).unwrap()
    }

    fn session(&self) -> Session {
        let best = *Isa::available().last().unwrap();
        Session::with_engine(self.graph.clone(), self.params.clone(), Engine::with(2, best)).unwrap()
    }

    /// A weight for every output of every sample.
    fn grad_output(&self) -> ArrayD<f32> {
        let classes = self.net.classes;
        ArrayD::from_shape_vec(IxDyn(&[self.n, classes]), Sample::new(9).normal_vec(self.n * classes))
            .unwrap()
    }

    fn labels(&self) -> Vec<u32> {
        (0..self.n).map(|i| (i * 7 % self.net.classes) as u32).collect()
    }

    fn step(&self, options: TrainOptions) -> TrainStep {
        let loss = CrossEntropy::default();
        let engine = Engine::new(Some(2)).unwrap();
        TrainStep::new(&self.graph, &self.params, &loss, &Descent, engine, options).unwrap()
    }
}

/// Two ways to the same value of this network may add its 1,568 products in another order: each is off by some
/// `√1568 · 2⁻²⁴ = 2.4e-6` of the RMS.
const REORDERED: f64 = 1e-5;

fn slice(array: &ArrayD<f32>) -> &[f32] {
    array.as_slice().unwrap()
}
