//! Windows and kernels of one value, channel by channel.

use striate_graph::op::{Cells, Role, Weighted};
use striate_graph::{Node, Params};

use super::by_hand::{Cell, ChannelSum, Sum};

/// A value of the network for one image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) name: &'a str,
    /// `[C, H, W]`; a vector has as many channels as values.
    pub(super) shape: [usize; 3],
    pub(super) values: &'a [f32],
}

impl Seen<'_> {
    /// The value of a channel at a place that may lie outside the map.
    pub(super) fn at(&self, channel: usize, [y, x]: [isize; 2]) -> Option<f32> {
        let [_, h, w] = self.shape;
        let (y, x) = (usize::try_from(y).ok()?, usize::try_from(x).ok()?);
        (y < h && x < w).then(|| self.values[(channel * h + y) * w + x])
    }
}

/// Row and column of a tap of the window whose first tap is at `first`.
pub(super) fn place(first: [isize; 2], tap: [usize; 2], dilation: [usize; 2]) -> [isize; 2] {
    [0, 1].map(|a| first[a] + (tap[a] * dilation[a]) as isize)
}

/// What a layer has learned under this name; nothing where it has no such parameter. The graph knows what a whole network that is
/// one layer, and so has no name, calls it.
pub(super) fn parameter<'a>(node: &Node, params: &'a Params, name: &str) -> Option<&'a [f32]> {
    let (key, _) = node.params().into_iter().find(|(_, spec)| spec.name == name)?;
    let values = params.get(&key).and_then(|array| array.as_slice());
    Some(values.unwrap_or_else(|| unreachable!("a session's parameters are its graph's")))
}

/// The largest subtotal first; of equals, and of those that are no numbers, the lower channel.
fn sorted(mut channels: Vec<ChannelSum>) -> Vec<ChannelSum> {
    let size = |c: &ChannelSum| if c.subtotal.is_nan() { f64::INFINITY } else { c.subtotal.abs() };
    channels.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.channel.cmp(&b.channel)));
    channels
}

/// The windows that a weighted sum reads, and its weights. Where a vector was an image, `x` is that image, and the window its
/// whole map.
pub(super) fn sum(node: &Node, weighted: &Weighted, params: &Params, x: Seen<'_>) -> Sum {
    let weight = parameter(node, params, "weight").unwrap_or_default();
    let weight = &weight[weighted.weights.clone()];
    let bias = weighted.bias.and_then(|i| Some(parameter(node, params, "bias")?[i]));
    let flattened = node.operation().role() == Role::Linear;
    let window = if flattened { [x.shape[1], x.shape[2]] } else { weighted.window };
    let channels = if flattened { 0..x.shape[0] } else { weighted.channels.clone() };
    let taps = || (0..window[0]).flat_map(|y| (0..window[1]).map(move |x| [y, x]));
    let channel = |(channel, weight): (usize, &[f32])| {
        let at = |tap| x.at(channel, place(weighted.first, tap, weighted.dilation));
        ChannelSum::new(channel, taps().map(at).collect(), weight.to_vec())
    };
    let channels = channels.zip(weight.chunks(window[0] * window[1])).map(channel).collect();
    let Weighted { first, dilation, .. } = *weighted;
    Sum { input: x.name.into(), window, first, dilation, channels: sorted(channels), bias }
}

/// Those cells of a channel that lie inside the map, in scan order.
pub(super) fn inside(x: Seen<'_>, map: usize, cells: &Cells) -> Vec<Cell> {
    let places = cells.rows.iter().flat_map(|&y| cells.columns.iter().map(move |&x| [y, x]));
    let cell = |at: [isize; 2]| Some(Cell { value: x.at(map, at)?, at: at.map(|a| a as usize) });
    places.filter_map(cell).collect()
}
