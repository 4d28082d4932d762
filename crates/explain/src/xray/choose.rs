//! The default choice of a layer, a map and a position.

use striate_graph::op::Role;
use striate_graph::{Graph, NodeId};

use super::Ask;
use crate::error::ExplainError;
use crate::maps::FeatureMaps;
use crate::maps::select::near;

/// The layer that was asked for, by its name or a pattern that means it alone; or the last that multiplies.
///
/// # Errors
/// [`ExplainError::NoLayer`] with similar names; [`ExplainError::NoSum`] where nothing was named and nothing multiplies.
pub(super) fn layer(graph: &Graph, ask: &Ask<'_>) -> Result<NodeId, ExplainError> {
    let nodes = &graph.nodes;
    if let Some(name) = ask.layer {
        return match graph.select(name).as_deref() {
            Ok(&[id]) => Ok(id),
            _ => {
                let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
                Err(ExplainError::NoLayer { pattern: name.into(), near: near(&names, name) })
            }
        };
    }
    let last = |wanted: Role| nodes.iter().rposition(|node| node.operation().role() == wanted);
    let found = last(Role::Convolution).or_else(|| last(Role::Linear));
    found.ok_or_else(|| ExplainError::NoSum {
        layer: nodes[graph.output].name.clone(),
        op: nodes[graph.output].operation().name(),
        layers: Vec::new(),
    })
}

/// The map and the place in it: what was asked for, or where the layer is strongest. `first` are the values before the
/// activation, for maps that it leaves all zero.
///
/// # Errors
/// [`ExplainError::NoMap`] and [`ExplainError::NoPlace`] for what is not there.
pub(super) fn place(
    layer: &str,
    ask: &Ask<'_>,
    last: &FeatureMaps,
    first: &[f32],
) -> Result<(usize, [usize; 2]), ExplainError> {
    let [maps, h, w] = last.dimensions();
    if let Some(map) = ask.map.filter(|&map| map >= maps) {
        return Err(ExplainError::NoMap { layer: layer.into(), map, maps });
    }
    if let Some(at) = ask.at.filter(|at| at[0] >= h || at[1] >= w) {
        return Err(ExplainError::NoPlace { layer: layer.into(), at, size: [h, w] });
    }
    let ranked = last.ranked();
    let strongest = || ranked.first().map_or(0, |map| map.map);
    let strength = |map: usize, [y, x]: [usize; 2]| last.map(map)[y * w + x].abs();
    let map = match (ask.map, ask.at) {
        (Some(map), _) => map,
        (None, Some(at)) => {
            // The first of those with the largest value there.
            let best =
                |best: usize, map: usize| if strength(map, at) > strength(best, at) { map } else { best };
            (0..maps).reduce(best).unwrap_or(0)
        }
        (None, None) => strongest(),
    };
    let at = ask.at.unwrap_or_else(|| {
        let stats = ranked.iter().find(|stats| stats.map == map);
        match stats {
            Some(stats) if !stats.is_silent() => stats.at,
            _ => {
                let values = &first[map * h * w..(map + 1) * h * w];
                let better = |best: usize, i: usize| if values[i] > values[best] { i } else { best };
                let best = (0..values.len()).reduce(better).unwrap_or(0);
                [best / w, best % w]
            }
        }
    });
    Ok((map, at))
}
