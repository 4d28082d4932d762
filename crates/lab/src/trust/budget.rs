//! The numbers of images and networks, which a budget of multiply-adds determines, so that they depend on the network and never
//! on the machine.

use striate_graph::Graph;

use super::explain::Explainer;
use super::networks::Layers;

/// Multiply-adds for all maps of the networks with random layers: half a minute on two cores.
const MOST: u64 = 800_000_000_000;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// Test images.
    pub(super) images: usize,
    /// Seeds of random layers.
    pub(super) seeds: usize,
    /// Whether layers are lost from the first up and alone too, or from the last down only.
    pub(super) all_orders: bool,
}

/// From the most to the least.
const SAMPLES: [Sample; 5] = [
    Sample { images: 6, seeds: 3, all_orders: true },
    Sample { images: 3, seeds: 2, all_orders: true },
    Sample { images: 2, seeds: 1, all_orders: true },
    Sample { images: 2, seeds: 1, all_orders: false },
    Sample { images: 1, seeds: 1, all_orders: false },
];

impl Sample {
    /// Networks with random layers, each of them once.
    fn networks(&self, layers: usize) -> u64 {
        // Top-down n, bottom-up n - 1 more, alone all but the first and the last.
        let n = layers as u64;
        let each = if self.all_orders && n > 1 { 3 * n - 3 } else { n };
        each * self.seeds as u64
    }

    /// Multiply-adds of so many passes a map.
    fn cost(&self, graph: &Graph, layers: usize, passes: u64) -> u64 {
        let maps = self.images as u64 * (1 + self.networks(layers));
        graph.multiply_adds().saturating_mul(passes).saturating_mul(maps)
    }

    /// The largest sample within the budget, and for each explainer whether it is within its share of it.
    pub(super) fn choose(
        graph: &Graph,
        layers: &Layers,
        explainers: &[Explainer],
    ) -> (Self, Vec<Result<(), String>>) {
        let passes: Vec<u64> = explainers.iter().map(|explainer| explainer.passes(graph)).collect();
        let all = passes.iter().sum();
        let fits = |sample: &Self| sample.cost(graph, layers.len(), all) <= MOST;
        if let Some(sample) = SAMPLES.into_iter().find(fits) {
            return (sample, vec![Ok(()); explainers.len()]);
        }
        let least = SAMPLES[SAMPLES.len() - 1];
        let share = MOST / 10;
        let affordable = |&passes: &u64| {
            let cost = least.cost(graph, layers.len(), passes);
            if cost <= share {
                return Ok(());
            }
            let (cost, share) = (cost / 1_000_000_000, share / 1_000_000_000);
            Err(format!("it would take {cost} billion multiply-adds, but the budget of a method is {share}"))
        };
        (least, passes.iter().map(affordable).collect())
    }
}

/// Whether one map of the network itself is within reach.
pub(super) fn affordable_once(graph: &Graph, explainer: Explainer) -> bool {
    graph.multiply_adds().saturating_mul(explainer.passes(graph)) <= MOST / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_explain::attribution::Method;
    use striate_models::registry;
    use striate_nn::{Mode, trace};

    #[test]
    fn small_networks_are_looked_at_closely_and_large_ones_as_far_as_it_goes() {
        let choose = |name: &str| {
            let info = registry::find(name).unwrap();
            let graph = trace((info.build)(10, info.input[0]).as_ref(), Mode::Eval, info.input).unwrap();
            Sample::choose(&graph, &Layers::of(&graph), &Explainer::all())
        };
        let (sample, checked) = choose("convnet");
        assert_eq!(sample, SAMPLES[0]);
        assert!(checked.iter().all(Result::is_ok));
        let (sample, checked) = choose("resnet18");
        assert_eq!(sample, SAMPLES[4]);
        let of =
            |method| &checked[Explainer::all().iter().position(|&e| e == Explainer::Method(method)).unwrap()];
        assert!(of(Method::Gradient).is_ok() && of(Method::GradCam).is_ok());
        assert!(of(Method::Occlusion).as_ref().unwrap_err().contains("billion multiply-adds"));
    }
}
