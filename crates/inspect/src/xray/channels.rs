//! Windows and kernels of one value, channel by channel.

use striate_graph::op::{AdaptiveAvgPool2d, AvgPool2d, Conv2d, Linear, MaxPool2d};
use striate_graph::{Node, Params};

use super::by_hand::{Cell, ChannelSum, Sum};

/// A value of the network for one picture.
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

/// What output channel `map` of a convolution sums at a place.
pub(super) fn of_conv(
    node: &Node,
    conv: &Conv2d,
    params: &Params,
    x: Seen<'_>,
    (map, at): (usize, [usize; 2]),
) -> Sum {
    let weight = parameter(node, params, "weight").unwrap_or_default();
    let bias = parameter(node, params, "bias").map(|bias| bias[map]);
    let ([kh, kw], per_in) = (conv.kernel_size, conv.in_channels / conv.groups);
    let group = map / (conv.out_channels / conv.groups);
    let first = [0, 1].map(|a| (at[a] * conv.stride[a]) as isize - conv.padding[a][0] as isize);
    let taps = || (0..kh).flat_map(|y| (0..kw).map(move |x| [y, x]));
    let channel = |i: usize| {
        let channel = group * per_in + i;
        let window = taps().map(|tap| x.at(channel, place(first, tap, conv.dilation))).collect();
        let start = (map * per_in + i) * kh * kw;
        ChannelSum::new(channel, window, weight[start..start + kh * kw].to_vec())
    };
    Sum {
        input: x.name.into(),
        window: conv.kernel_size,
        first,
        dilation: conv.dilation,
        channels: sorted((0..per_in).map(channel).collect()),
        bias,
    }
}

/// What output `map` of a fully connected layer sums; where `x` is an image, its window is the whole map.
pub(super) fn of_linear(node: &Node, linear: &Linear, params: &Params, x: Seen<'_>, map: usize) -> Sum {
    let weight = parameter(node, params, "weight").unwrap_or_default();
    let bias = parameter(node, params, "bias").map(|bias| bias[map]);
    let weight = &weight[map * linear.in_features..(map + 1) * linear.in_features];
    let [_, h, w] = x.shape;
    let parts = x.values.chunks(h * w).zip(weight.chunks(h * w)).enumerate();
    let channel = |(channel, (values, weights)): (usize, (&[f32], &[f32]))| {
        ChannelSum::new(channel, values.iter().map(|&v| Some(v)).collect(), weights.to_vec())
    };
    let channels = sorted(parts.map(channel).collect());
    Sum { input: x.name.into(), window: [h, w], first: [0, 0], dilation: [1, 1], channels, bias }
}

/// A window of a channel: its values inside the map, in scan order.
fn cells(x: Seen<'_>, map: usize, rows: &[isize], columns: &[isize]) -> Vec<Cell> {
    let places = rows.iter().flat_map(|&y| columns.iter().map(move |&x| [y, x]));
    let cell = |at: [isize; 2]| Some(Cell { value: x.at(map, at)?, at: at.map(|a| a as usize) });
    places.filter_map(cell).collect()
}

/// Places of a window of `kernel` taps along an axis.
fn taps(at: usize, kernel: usize, stride: usize, padding: usize, dilation: usize) -> Vec<isize> {
    (0..kernel).map(|tap| (at * stride + tap * dilation) as isize - padding as isize).collect()
}

/// What a max-pool chooses from.
pub(super) fn of_max(pool: &MaxPool2d, x: Seen<'_>, map: usize, at: [usize; 2]) -> Vec<Cell> {
    let of = |a: usize| taps(at[a], pool.kernel_size[a], pool.stride[a], pool.padding[a], pool.dilation[a]);
    cells(x, map, &of(0), &of(1))
}

/// What an average pool averages, and by what it divides.
pub(super) fn of_mean(pool: &AvgPool2d, x: Seen<'_>, map: usize, at: [usize; 2]) -> (Vec<Cell>, usize) {
    let of = |a: usize| taps(at[a], pool.kernel_size[a], pool.stride[a], pool.padding[a], 1);
    let cells = cells(x, map, &of(0), &of(1));
    let divisor = if pool.count_include_pad { pool.kernel_size.iter().product() } else { cells.len() };
    (cells, divisor)
}

/// The same of an adaptive average pool.
pub(super) fn of_adaptive(
    pool: &AdaptiveAvgPool2d,
    x: Seen<'_>,
    map: usize,
    at: [usize; 2],
) -> (Vec<Cell>, usize) {
    let of = |a: usize| {
        let (from, to) = (x.shape[a + 1], pool.output_size[a]);
        let span = at[a] * from / to..((at[a] + 1) * from).div_ceil(to);
        span.map(|cell| cell as isize).collect::<Vec<_>>()
    };
    let cells = cells(x, map, &of(0), &of(1));
    let divisor = cells.len();
    (cells, divisor)
}
