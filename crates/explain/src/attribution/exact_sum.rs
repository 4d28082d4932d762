//! The exact sum, `f_class(x) = Σ x · ∂f/∂x + Σ b · ∂f/∂b`: in a piecewise linear network, every part of the logit belongs to a
//! value of the image or to a bias.
//!
//! `b` is what an operation adds to its output regardless of its input, and `∂f/∂b` is the gradient of that output: the bias of a
//! convolution or a linear layer; for batch norm in inference `β − γ μ / √(σ² + eps)`; for a saturated ReLU6, the 6.

use striate_graph::NodeId;
use striate_graph::op::Shift;

use super::stretch::spread;
use super::{Attribution, Attributor, Completeness, LogitTerm, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Computes the exact sum. [`Attribution::parts`] holds the contribution of each operation, map by map, the image first.
    /// [`Attribution::values`] combines all parts that have a position: their maps are spread over the pixels that they cover,
    /// so that the sums are preserved, and added. [`Attribution::completeness`] compares all parts with the logit itself,
    /// without a baseline.
    ///
    /// # Shapes
    /// [`Attribution::values`] is `[1, H, W]`.
    ///
    /// # Errors
    /// When an operation on the path is not piecewise linear, and when the network cannot be run backward.
    ///
    /// # Numerics
    /// Each product is rounded to f32 for [`LogitTerm::values`]; the sums are computed from products in f64.
    ///
    /// # Source
    /// Srinivas 2019, proposition 1. The figures of the paper also take magnitudes and scale each map to its own range, after
    /// which the values no longer sum to the logit.
    pub fn exact_sum(&mut self) -> Result<Attribution, ExplainError> {
        let biases = self.biases()?;
        let mut taps = Vec::new();
        for (id, bias) in &biases {
            let name = self.session.graph().nodes[*id].name.clone();
            let run = striate_graph::RunError::Plan;
            let grad = self.session.tap_grad(&name).map_err(run)?;
            let value = matches!(bias, Shift::OfOutput(_)).then(|| self.session.tap(&name)).transpose();
            taps.push((grad, value.map_err(run)?));
        }
        let slopes = self.slopes_of_input(&self.batch())?;
        let part = |id: NodeId, terms: Vec<f64>| {
            let node = &self.session.graph().nodes[id];
            let values = terms.iter().map(|&v| v as f32).collect();
            LogitTerm { name: node.name.clone(), shape: node.shape.clone(), values, sum: terms.iter().sum() }
        };
        let products = self.image.iter().zip(&slopes.gradient).map(|(&x, &g)| f64::from(x) * f64::from(g));
        let mut parts = vec![part(0, products.collect())];
        for ((id, bias), (grad, value)) in biases.iter().zip(taps) {
            let grad = self.session.get(grad);
            let terms = match (bias, value) {
                (Shift::Channels(bias), _) => {
                    let plane = grad.len() / bias.len().max(1);
                    grad.iter().enumerate().map(|(i, &g)| bias[i / plane] * f64::from(g)).collect()
                }
                (Shift::OfOutput(of), Some(value)) => {
                    let value = self.session.get(value);
                    // 0 where the piece adds nothing, regardless of the gradient.
                    let term = |(&y, &g): (&f32, &f32)| {
                        let shift = of(y);
                        if shift == 0.0 { 0.0 } else { shift * f64::from(g) }
                    };
                    value.iter().zip(&grad).map(term).collect()
                }
                (Shift::Zero, _) | (Shift::OfOutput(_), None) => unreachable!("left out, and tapped above"),
            };
            parts.push(part(*id, terms));
        }
        let score = slopes.scores[0];
        let [_, h, w] = self.shape();
        let mut image = vec![0.0; h * w];
        for part in &parts {
            let &[_, rows, columns] = &part.shape[..] else { continue };
            let mut plane = vec![0.0; rows * columns];
            for map in part.values.chunks_exact(rows * columns) {
                plane.iter_mut().zip(map).for_each(|(sum, &v)| *sum += f64::from(v));
            }
            let shared = spread(&plane, [rows, columns], [h, w]);
            image.iter_mut().zip(shared).for_each(|(sum, v)| *sum += v);
        }
        let sum: f64 = parts.iter().map(|part| part.sum).sum();
        let completeness = Some(Completeness { rise: score, sum, gap: sum - score });
        let values = image.into_iter().map(|v| v as f32).collect();
        let attribution = self.attribution(Method::ExactSum, score, values)?;
        Ok(Attribution { shape: [1, h, w], completeness, parts, ..attribution })
    }

    /// Every operation that the output depends on and that adds a constant, in the order of the network.
    fn biases(&self) -> Result<Vec<(NodeId, Shift)>, ExplainError> {
        let (graph, params) = (self.session.graph(), self.session.params());
        let mut counts = vec![false; graph.nodes.len()];
        counts[graph.output] = true;
        let mut biases = Vec::new();
        for (id, node) in graph.nodes.iter().enumerate().rev() {
            if !counts[id] {
                continue;
            }
            node.inputs.iter().for_each(|&input| counts[input] = true);
            let values = |name: &str| -> Vec<f64> {
                let full = node.params().into_iter().find(|(_, spec)| spec.name == name);
                let array = full.and_then(|(full, _)| params.get(&full));
                let array = array.unwrap_or_else(|| unreachable!("a session's parameters are its graph's"));
                array.iter().map(|&v| f64::from(v)).collect()
            };
            // The image adds itself.
            if node.inputs.is_empty() {
                continue;
            }
            let bias = match node.operation().shift(&values) {
                Some(Shift::Zero) => continue,
                Some(shift) => shift,
                None => {
                    let (value, op) = (node.name.clone(), node.operation().name());
                    return Err(ExplainError::NotPiecewiseLinear { value, op });
                }
            };
            biases.push((id, bias));
        }
        biases.reverse();
        Ok(biases)
    }
}
