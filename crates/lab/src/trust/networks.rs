//! The network with some of its layers randomized: from the last layer down, from the first up, and each alone.

use std::ops::Range;

use serde::Serialize;
use striate_graph::rates::{LayerGroup, layer_groups};
use striate_graph::{Graph, Params};

/// The order in which layers are randomized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// From the last layer to the first, where randomized layers stay random: a cascade.
    TopDown,
    /// From the first layer to the last, where randomized layers stay random.
    BottomUp,
    /// One layer at a time; all others keep their trained weights.
    Alone,
}

/// The layers, or blocks, of a network that learn, in the order of use.
pub(super) struct Layers(Vec<LayerGroup>);

impl Layers {
    pub(super) fn of(graph: &Graph) -> Self {
        Self(layer_groups(graph))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Their names.
    pub(super) fn names(&self, range: &Range<usize>) -> Vec<String> {
        self.0[range.clone()].iter().map(|group| group.name.clone()).collect()
    }

    /// Every way to lose layers: each is a stretch of neighbors. Without `all_orders` only the cascade from the top.
    pub(super) fn steps(&self, all_orders: bool) -> Vec<(Order, Range<usize>)> {
        let n = self.len();
        let top_down = (1..=n).map(|k| (Order::TopDown, n - k..n));
        let bottom_up = (1..=n).map(|k| (Order::BottomUp, 0..k));
        let alone = (0..n).map(|i| (Order::Alone, i..i + 1));
        let others = bottom_up.chain(alone).filter(|_| all_orders);
        top_down.chain(others).collect()
    }

    /// `trained`, but the layers of `range` as [`Params::init`] makes them for `seed`.
    pub(super) fn randomised(
        &self,
        graph: &Graph,
        trained: &Params,
        range: &Range<usize>,
        seed: u64,
    ) -> Params {
        let fresh = Params::init(graph, seed);
        let lost: Vec<&String> = self.0[range.clone()].iter().flat_map(|group| &group.layers).collect();
        let mut params = trained.clone();
        for node in graph.nodes.iter().filter(|node| lost.contains(&&node.layer)) {
            for (name, _) in node.params() {
                if let Some(values) = fresh.get(&name) {
                    params.insert(name, values.clone());
                }
            }
        }
        params
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_models::shipped;

    #[test]
    fn cascades_and_layers_alone() {
        let model = shipped::find("convnet").unwrap().load().unwrap();
        let layers = Layers::of(&model.graph);
        let steps = layers.steps(true);
        assert_eq!(steps.len(), 12);
        assert_eq!(layers.names(&steps[0].1), ["fc2"]);
        assert_eq!(layers.names(&steps[2].1), ["conv2", "fc1", "fc2"]);
        assert_eq!((steps[3].1.clone(), steps[7].1.clone()), (0..4, 0..4), "both cascades end alike");
        assert_eq!(layers.names(&steps[4].1), ["conv1"]);
        assert_eq!(layers.names(&steps[9].1), ["conv2"]);
        assert_eq!(layers.steps(false).len(), 4);
    }

    #[test]
    fn only_the_named_layers_lose_what_they_learned_and_lose_all_of_it() {
        let model = shipped::find("convnet").unwrap().load().unwrap();
        let layers = Layers::of(&model.graph);
        let changed = layers.randomised(&model.graph, &model.params, &(1..3), 5);
        let fresh = Params::init(&model.graph, 5);
        for (name, values) in changed.iter() {
            let is_lost = name.starts_with("conv2") || name.starts_with("fc1");
            let from = if is_lost { &fresh } else { &model.params };
            assert_eq!(values, from.get(name).unwrap(), "{name}");
            assert!(!is_lost || values != model.params.get(name).unwrap(), "{name}");
        }
    }
}
