//! Does a map follow the weights? Layers are randomized, and the map is compared with that of the trained network.

use std::ops::Range;

use serde::Serialize;
use striate_explain::ExplainError;
use striate_graph::{Engine, Graph, Params, Session};

use super::explain::{Explainer, Map, Seen};
use super::networks::{Layers, Order};
use super::similarity::{entropy, spearman, ssim};
use crate::LabError;

/// The similarity of two maps, or the average over several pairs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Likeness {
    /// Spearman's rank correlation of the values; 0 if one map is constant.
    pub spearman: f64,
    /// Spearman's rank correlation of the magnitudes, which ignores signs. It stays high if the image alone decides where a map
    /// is strong.
    pub spearman_magnitude: f64,
    /// The structural similarity, as in [`ssim`](super::similarity::ssim).
    pub ssim: f64,
}

/// One step of the randomization of layers, with the similarity of the maps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RandomizationStep {
    /// The order in which layers are randomized.
    pub order: Order,
    /// The names of the layers that are random in this step.
    pub random: Vec<String>,
    /// The similarity to the map of the trained network, on average over images and seeds.
    pub likeness: Likeness,
}

/// One explainer's figures.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    pub(super) steps: Vec<RandomizationStep>,
    /// On average over the upper half of the cascade from the top: where classes are told apart.
    pub(super) upper: Likeness,
    /// `(H(random) - H(trained)) / H(trained)` of the maps' entropies, all layers being random.
    pub(super) entropy_rise: f64,
    /// The first image's maps of the cascade from the top, with the first seed.
    pub(super) strip: Vec<Map>,
}

impl Likeness {
    /// Of two maps.
    pub(super) fn of(a: &Map, b: &Map) -> Self {
        let magnitudes = |map: &Map| map.values.iter().map(|v| v.abs()).collect::<Vec<f32>>();
        Self {
            spearman: spearman(&a.values, &b.values).unwrap_or(0.0),
            spearman_magnitude: spearman(&magnitudes(a), &magnitudes(b)).unwrap_or(0.0),
            ssim: ssim(&a.values, &b.values, a.size),
        }
    }

    pub(super) fn mean(all: impl Iterator<Item = Self>) -> Self {
        let (mut sum, mut n) = (Self::default(), 0.0);
        for one in all {
            sum.spearman += one.spearman;
            sum.spearman_magnitude += one.spearman_magnitude;
            sum.ssim += one.ssim;
            n += 1.0;
        }
        let n = f64::max(n, 1.0);
        Self {
            spearman: sum.spearman / n,
            spearman_magnitude: sum.spearman_magnitude / n,
            ssim: sum.ssim / n,
        }
    }
}

/// A network with random layers, and for each explainer the maps of all images, or why there is none.
struct Variant {
    range: Range<usize>,
    seed: u64,
    maps: Result<Vec<Result<Vec<Map>, String>>, LabError>,
}

/// The maps of all images.
pub(super) fn maps_of(
    explainer: Explainer,
    session: &mut Session,
    images: &[Seen],
) -> Result<Vec<Map>, ExplainError> {
    images.iter().map(|seen| explainer.explain(session, seen)).collect()
}

/// Compares the maps of networks with random layers with `trained`, the maps of each explainer. Networks run in parallel, each on
/// a thread of its own.
pub(super) fn follow(
    (graph, params): (&Graph, &Params),
    layers: &Layers,
    (explainers, trained): (&[Explainer], &[Vec<Map>]),
    images: &[Seen],
    (seeds, all_orders): (&[u64], bool),
    engine: &Engine,
) -> Result<Vec<Result<Followed, String>>, LabError> {
    let steps = layers.steps(all_orders);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (_, range) in &steps {
        if !ranges.contains(range) {
            ranges.push(range.clone());
        }
    }
    let networks = ranges.iter().flat_map(|range| seeds.iter().map(move |&seed| (range.clone(), seed)));
    let mut variants: Vec<Variant> =
        networks.map(|(range, seed)| Variant { range, seed, maps: Ok(Vec::new()) }).collect();
    engine.pool().for_each(&mut variants, |_, variant| {
        let params = layers.randomised(graph, params, &variant.range, variant.seed);
        let one = Engine::with(1, engine.isa());
        let open = Session::with_engine(graph.clone(), params, one).map_err(LabError::from);
        variant.maps = open.map(|mut session| {
            let said = |error: ExplainError| error.to_string();
            let maps = |&explainer: &Explainer| maps_of(explainer, &mut session, images).map_err(said);
            explainers.iter().map(maps).collect()
        });
    });
    let mut found = Vec::new();
    for variant in variants {
        found.push((variant.range, variant.seed, variant.maps?));
    }
    let whole = 0..layers.len();
    let of_explainer = |e: usize| -> Result<Followed, String> {
        let mut of_range = Vec::new();
        for range in &ranges {
            let mut all = Vec::new();
            for (_, _, maps) in found.iter().filter(|(r, ..)| r == range) {
                let maps = maps[e].as_ref().map_err(Clone::clone)?;
                all.extend(trained[e].iter().zip(maps).map(|(a, b)| Likeness::of(a, b)));
            }
            of_range.push(Likeness::mean(all.into_iter()));
        }
        let likeness = |range: &Range<usize>| of_range[ranges.iter().position(|r| r == range).unwrap_or(0)];
        let step = |(order, range): &(Order, Range<usize>)| RandomizationStep {
            order: *order,
            random: layers.names(range),
            likeness: likeness(range),
        };
        let first = |range: &Range<usize>| {
            let maps = &found.iter().find(|(r, seed, _)| r == range && *seed == seeds[0])?.2[e];
            Some(maps.as_ref().ok()?.first()?.clone())
        };
        let bits =
            |maps: &[Map]| maps.iter().map(|map| entropy(&map.values)).sum::<f64>() / maps.len() as f64;
        let before = bits(&trained[e]);
        let random: Vec<Map> = found
            .iter()
            .filter(|(range, ..)| *range == whole)
            .filter_map(|(_, _, maps)| maps[e].as_ref().ok())
            .flatten()
            .cloned()
            .collect();
        let top_down = steps.iter().filter(|(order, _)| *order == Order::TopDown);
        let upper = layers.len().div_ceil(2);
        let cascade = steps.iter().filter(|(order, _)| *order == Order::TopDown);
        Ok(Followed {
            upper: Likeness::mean(cascade.take(upper).map(|(_, range)| likeness(range))),
            steps: steps.iter().map(step).collect(),
            entropy_rise: if before > 0.0 { (bits(&random) - before) / before } else { 0.0 },
            strip: top_down.filter_map(|(_, range)| first(range)).collect(),
        })
    };
    Ok((0..explainers.len()).map(of_explainer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32]) -> Map {
        let values = values.to_vec();
        Map { size: [1, values.len()], stretched: values.clone(), values, logit: 0.0, completeness: None }
    }

    #[test]
    fn a_map_that_changes_its_sign_looks_at_the_same_places() {
        let turned = Likeness::of(&map(&[1.0, 2.0, 3.0]), &map(&[-1.0, -2.0, -3.0]));
        assert_eq!((turned.spearman, turned.spearman_magnitude), (-1.0, 1.0));
        let nothing = Likeness::of(&map(&[1.0, 2.0, 3.0]), &map(&[0.0; 3]));
        assert_eq!((nothing.spearman, nothing.spearman_magnitude), (0.0, 0.0));
        let mean = Likeness::mean([turned, nothing].into_iter());
        assert_eq!((mean.spearman, mean.spearman_magnitude), (-0.5, 0.5));
    }
}
