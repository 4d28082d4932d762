//! Runs the network up to a value and decomposes the value.

use ndarray::{ArrayD, ArrayView3, Axis, IxDyn};
use striate_graph::op::{Product, Role, Terms};
use striate_graph::{
    Arithmetic, Engine, Graph, NodeId, Params, PlanError, RunError, Session, SessionError, Tap,
};

use super::by_hand::{Sum, Work, mean, winner};
use super::chain::{chain, folds};
use super::channels::{Seen, inside, place as tap_place, sum as sum_of};
use super::order::Rounding;
use super::proof::Proof;
use super::steps::{Norm, ValueStep};
use super::{Ask, Xray, choose};
use crate::error::ExplainError;
use crate::maps::FeatureMaps;
use crate::receptive_field::receptive_field;

/// Decomposes one value of a network.
///
/// The network runs only up to that value. `image`, `[C, H, W]`, is preprocessed: scaled and normalized.
///
/// # Errors
/// When the image has another size; when the layer, the map or the position does not exist; and when the layer computes no sum,
/// mean or maximum.
///
/// # Example
/// ```
/// use ndarray::Array3;
/// use striate_graph::{Engine, Graph, Params};
/// use striate_explain::xray::{Ask, Work, xray};
///
/// let graph: Graph = serde_json::from_str(
///     r#"{ "nodes": [
///         { "op": { "op": "input", "channels": 1, "height": 6, "width": 6 },
///           "inputs": [], "shape": [1, 6, 6], "name": "input", "layer": "" },
///         { "op": { "op": "conv2d", "in_channels": 1, "out_channels": 4, "kernel_size": [3, 3], "stride": [1, 1],
///           "padding": [1, 1], "dilation": [1, 1], "groups": 1, "bias": true },
///           "inputs": [0], "shape": [4, 6, 6], "name": "conv", "layer": "conv" }
///     ], "output": 1 }"#,
/// )?;
/// let params = Params::init(&graph, 0);
/// let image = Array3::from_shape_fn((1, 6, 6), |(_, y, x)| (y as f32 - x as f32) / 6.0);
/// let engine = Engine::new(Some(1))?;
/// let ask = Ask { map: Some(2), at: Some([3, 4]), ..Ask::default() };
/// let xray = xray(&graph, &params, &engine, image.view(), &ask)?;
/// assert!(xray.is_proved(), "the same to the last bit");
/// let Work::Sum(sum) = &xray.work else { unreachable!("a convolution") };
/// assert!((sum.exact() - f64::from(xray.value)).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn xray(
    graph: &Graph,
    params: &Params,
    engine: &Engine,
    image: ArrayView3<'_, f32>,
    ask: &Ask<'_>,
) -> Result<Xray, ExplainError> {
    let (expected, got) = (graph.input_shape(), image.shape());
    if got != expected {
        return Err(RunError::Shape { expected, got: [&[1], got].concat() }.into());
    }
    let asked = choose::layer(graph, ask)?;
    let chain = chain(graph, asked)?;
    Subject { graph, params, engine, image, chain }.look(&graph.nodes[asked].name, ask)
}

struct Subject<'a> {
    graph: &'a Graph,
    params: &'a Params,
    engine: &'a Engine,
    image: ArrayView3<'a, f32>,
    chain: Vec<NodeId>,
}

/// Values of one run, by node.
struct Values(Vec<(NodeId, Vec<f32>)>);

impl Values {
    fn of(&self, id: NodeId) -> &[f32] {
        let found = self.0.iter().find(|(of, _)| *of == id);
        &found.unwrap_or_else(|| unreachable!("node {id} was tapped")).1
    }
}

impl Subject<'_> {
    fn first(&self) -> NodeId {
        self.chain[0]
    }

    fn last(&self) -> NodeId {
        self.chain[self.chain.len() - 1]
    }

    /// The network up to node `id`, and nothing that it does not need.
    fn until(&self, id: NodeId) -> Result<Session, ExplainError> {
        let cut = self.graph.until(id);
        let needed = cut.params().into_iter().filter_map(|(name, _)| {
            let array = self.params.get(&name)?.clone();
            Some((name, array))
        });
        let params = needed.collect();
        // The sums that are shown are those of a direct convolution, product by product.
        let engine = self.engine.clone().with_arithmetic(Arithmetic::PLAIN);
        Session::with_engine(cut, params, engine).map_err(|error| match error {
            SessionError::Plan(error) => RunError::Plan(error).into(),
            // Threads and instruction set are there already.
            SessionError::Engine(problem) => unreachable!("{problem}"),
        })
    }

    /// The values of nodes, and of node `last`, in one run of the network up to that.
    fn values(&self, ids: &[NodeId], last: NodeId) -> Result<Values, ExplainError> {
        let mut session = self.until(last)?;
        let tap = |&id: &NodeId| Ok((id, session.tap(&self.graph.nodes[id].name).map_err(planned)?));
        let taps = ids.iter().map(tap).collect::<Result<Vec<(NodeId, Tap)>, ExplainError>>()?;
        let output = session.run(&self.image.insert_axis(Axis(0)))?;
        let tapped = taps.iter().map(|&(id, tap)| (id, session.get(tap).into_raw_vec_and_offset().0));
        let last = (last, output.into_raw_vec_and_offset().0);
        Ok(Values(tapped.chain([last]).collect()))
    }

    fn look(&self, name: &str, ask: &Ask<'_>) -> Result<Xray, ExplainError> {
        let graph = self.graph;
        let first = &graph.nodes[self.first()];
        let ids: Vec<NodeId> = first.inputs.iter().chain(&self.chain).copied().collect();
        let values = self.values(&ids, self.last())?;
        let maps = FeatureMaps::new(graph, self.last(), values.of(self.last()).to_vec());
        let (map, at) = choose::place(name, ask, &maps, values.of(self.first()))?;
        let shape = maps.dimensions();
        let rounding = Rounding::of(self.engine.isa().name());
        let index = (map * shape[1] + at[0]) * shape[2] + at[1];
        let (work, by_hand, exact, extent) = self.work(&values, (map, at), rounding);
        let engine = |id: NodeId| values.of(id)[index];
        let mut steps = vec![ValueStep {
            name: first.name.clone(),
            op: first.operation().name(),
            norm: None,
            proof: Proof::new(by_hand, engine(self.first()), exact, extent),
        }];
        // A batch norm or an activation alone is a step on a value, not the sum that comes before one.
        let (from, mut x) = match work {
            Work::Value { value, .. } => {
                steps.clear();
                (0, value)
            }
            _ => (1, by_hand),
        };
        for &id in &self.chain[from..] {
            let node = &graph.nodes[id];
            let operation = node.operation();
            let step = match operation.running_norm() {
                Some(eps) => Norm::new(node, eps, self.params, map).step(node, x, engine(id), rounding),
                None => {
                    let value = operation.activation().map_or(x, |activation| activation.value(x));
                    let proof = Proof::unrounded(value, engine(id));
                    ValueStep { name: node.name.clone(), op: operation.name(), norm: None, proof }
                }
            };
            x = step.proof.by_hand;
            steps.push(step);
        }
        let in_use = self.in_use(&work, (map, at), index, rounding)?;
        let slope = self.slope((map, at))?;
        let [_, height, width] = graph.input_shape();
        Ok(Xray {
            layer: name.into(),
            map,
            at,
            shape,
            value: engine(self.last()),
            steps,
            work,
            in_use,
            field: receptive_field(graph, self.first(), at),
            image: [height, width],
            slope_pixels: slope.iter().filter(|&&g| g != 0.0).count(),
            slope,
            map_values: maps.map(map).to_vec(),
            map_scale: maps.scale,
            isa: self.engine.isa().name(),
        })
    }

    /// What the first operation does, what that is by hand and in f64, and how many terms of what size it adds.
    fn work(
        &self,
        values: &Values,
        (map, at): (usize, [usize; 2]),
        rounding: Rounding,
    ) -> (Work, f32, f64, (usize, f64)) {
        let node = &self.graph.nodes[self.first()];
        let seen = |input: usize| self.seen(values, node.inputs[input]);
        let unrounded = |work: Work, value: f32| (work, value, f64::from(value), (0, 0.0));
        let terms = node.operation().terms(&self.graph.input_shapes(self.first()), [map, at[0], at[1]]);
        match terms {
            Some(Terms::Weighted(weighted)) if node.operation().role() == Role::Linear => {
                let sum = sum_of(node, &weighted, self.params, self.flattened(values));
                let (exact, extent) = (sum.exact(), sum.extent());
                let mut in_turn: Vec<_> = sum.channels.iter().collect();
                in_turn.sort_by_key(|c| c.channel);
                let terms = in_turn.iter().flat_map(|c| c.window.iter().zip(&c.kernel));
                let by_hand = terms
                    .fold(sum.bias.unwrap_or(0.0), |sum, (x, &w)| rounding.fma(sum, x.unwrap_or(0.0), w));
                (Work::Sum(sum), by_hand, exact, extent)
            }
            Some(Terms::Weighted(weighted)) => {
                let sum = sum_of(node, &weighted, self.params, seen(0));
                let by_hand = self.in_order(&sum, seen(0), map, rounding);
                let (exact, extent) = (sum.exact(), sum.extent());
                (Work::Sum(sum), by_hand, exact, extent)
            }
            Some(Terms::Largest(cells)) => {
                let x = seen(0);
                let cells = inside(x, map, &cells);
                let winner = winner(&cells);
                let value = winner.map_or(f32::NEG_INFINITY, |winner| cells[winner].value);
                unrounded(Work::Max { input: x.name.into(), cells, winner }, value)
            }
            Some(Terms::Mean { cells, divisor }) => {
                let x = seen(0);
                let cells = inside(x, map, &cells);
                let divisor = divisor.unwrap_or(cells.len());
                let values = || cells.iter().map(|cell| f64::from(cell.value));
                let share = divisor.max(1) as f64;
                let (by_hand, exact) = (mean(&cells, divisor), values().sum::<f64>() / share);
                // The sum, the rounded share, and their product.
                let extent = (cells.len() + 2, values().map(f64::abs).sum::<f64>() / share);
                (Work::Mean { input: x.name.into(), cells, divisor }, by_hand, exact, extent)
            }
            Some(Terms::Sum) => {
                let (a, b) = (seen(0), seen(1));
                let [va, vb] = [a, b].map(|x| x.at(map, at.map(|at| at as isize)).unwrap_or(0.0));
                let exact = f64::from(va) + f64::from(vb);
                let work = Work::Add { inputs: [a.name.into(), b.name.into()], values: [va, vb] };
                (work, va + vb, exact, (1, f64::from(va).abs() + f64::from(vb).abs()))
            }
            Some(Terms::Own) | None => {
                let x = seen(0);
                let value = x.at(map, at.map(|at| at as isize)).unwrap_or(0.0);
                unrounded(Work::Value { input: x.name.into(), value }, value)
            }
        }
    }

    fn seen<'v>(&'v self, values: &'v Values, id: NodeId) -> Seen<'v> {
        let (node, values) = (&self.graph.nodes[id], values.of(id));
        let shape = match node.shape[..] {
            [c, h, w] => [c, h, w],
            _ => [values.len(), 1, 1],
        };
        Seen { name: &node.name, shape, values }
    }

    /// What a fully connected layer reads: where that is a flattened image, the image.
    fn flattened<'v>(&'v self, values: &'v Values) -> Seen<'v> {
        let input = self.graph.nodes[self.first()].inputs[0];
        let seen = self.seen(values, input);
        let node = &self.graph.nodes[input];
        let is_moved = node.operation().role() == Role::Reshape;
        let image = is_moved.then(|| &self.graph.nodes[node.inputs[0]]);
        match image.map(|image| (image, &image.shape[..])) {
            Some((image, &[c, h, w])) => Seen { name: &image.name, shape: [c, h, w], ..seen },
            _ => seen,
        }
    }

    /// The convolution with its batch norm folded in, as the engine runs it where nobody looks at what is between.
    fn in_use(
        &self,
        work: &Work,
        (map, at): (usize, [usize; 2]),
        index: usize,
        rounding: Rounding,
    ) -> Result<Option<Proof>, ExplainError> {
        let nodes = &self.graph.nodes;
        let Work::Sum(sum) = work else { return Ok(None) };
        if !folds(self.graph, &self.chain) {
            return Ok(None);
        }
        let (conv, norm) = (&nodes[self.first()], &nodes[self.chain[1]]);
        let shapes = self.graph.input_shapes(self.first());
        let terms = conv.operation().terms(&shapes, [map, at[0], at[1]]);
        let (Some(Terms::Weighted(weighted)), Some(eps)) = (terms, norm.operation().running_norm()) else {
            return Ok(None);
        };
        // Looked at are the input and the norm, and nothing between.
        let input = conv.inputs[0];
        let values = self.values(&[input], self.chain[1])?;
        let of_norm = Norm::new(norm, eps, self.params, map);
        let x = self.seen(&values, input);
        let fresh = sum_of(conv, &weighted, self.params, x);
        let folded = fresh.with(|w| of_norm.folded_weight(w), of_norm.folded_bias(sum.bias));
        let by_hand = self.in_order(&folded, x, map, rounding);
        let (count, magnitude) = folded.extent();
        let exact = fresh.exact() * of_norm.scale + of_norm.shift;
        // The folded weights and the bias are rounded too: one more ε of all.
        Ok(Some(Proof::new(by_hand, values.of(self.chain[1])[index], exact, (count + 1, magnitude))))
    }

    /// The sum of a convolution by hand, in the order in which the engine adds. Looked at is what it reads and makes.
    fn in_order(&self, sum: &Sum, x: Seen<'_>, map: usize, rounding: Rounding) -> f32 {
        let node = &self.graph.nodes[self.first()];
        let part = self.graph.until(self.last());
        let input = part.find(&self.graph.nodes[node.inputs[0]].name);
        let block = input.and_then(|input| part.channel_block(input).ok());
        let rows = block.and_then(|block| node.operation().order(map, block));
        let rows = rows.unwrap_or_else(|| unreachable!("{} ran, so it lies somewhere", node.name));
        let of_others =
            |row: &Product| x.at(row.channel, tap_place(sum.first, row.tap, sum.dilation)).unwrap_or(0.0);
        sum.in_order(&rows, rounding, of_others)
    }

    /// `[H, W]`: `|∂/∂pixel|` of the first operation's value, the most of all channels.
    fn slope(&self, (map, at): (usize, [usize; 2])) -> Result<Vec<f32>, ExplainError> {
        let [channels, height, width] = self.graph.input_shape();
        let mut session = self.until(self.first())?;
        let tap = session.tap_grad(&self.graph.nodes[0].name).map_err(planned)?;
        let shape: Vec<usize> =
            [1].into_iter().chain(session.graph().output_shape().iter().copied()).collect();
        let mut one = ArrayD::zeros(IxDyn(&shape));
        let place = if shape.len() == 4 { vec![0, map, at[0], at[1]] } else { vec![0, map] };
        one[IxDyn(&place)] = 1.0;
        session.run_backward(&self.image.insert_axis(Axis(0)), &one.view())?;
        let gradient = session.get(tap);
        let steepest = |y: usize, x: usize| {
            (0..channels)
                .map(|c| gradient[[0, c, y, x]].abs())
                .fold(0.0_f32, |a, b| if b > a || b.is_nan() { b } else { a })
        };
        Ok((0..height * width).map(|i| steepest(i / width, i % width)).collect())
    }
}

fn planned(error: PlanError) -> ExplainError {
    RunError::Plan(error).into()
}
