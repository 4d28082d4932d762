//! Lists of rows: the terms of an output pixel's sum, in order.

use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::{BLOCK, ConvShape};
use std::collections::HashMap;
use std::ops::Range;

/// For each block of output channels, the rows of its sum, and the positions of the weights of each row.
///
/// Weights are `[row][16 output channels]`, with all blocks one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Rows of output block `b` are `starts[b]..starts[b + 1]`.
    pub(super) starts: Vec<usize>,
    /// Offset from the first tap of the window (block 0) to the value of the row.
    pub(super) offsets: Vec<u32>,
    /// The largest offset.
    far: usize,
    /// Input channel and tap of each row; if each lane has its own channel, the first channel of the block.
    pub(super) taps: Vec<(usize, [usize; 2])>,
    /// The lanes that the value of a row is for.
    pub(super) lanes: Lanes,
}

/// The lanes of a block of 16 that the value of a row is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lanes {
    /// All lanes: the channels of every block are in one group.
    All,
    /// The lanes whose bit is set, row by row: groups share a block. The other weights of the row are zero, but zero times an
    /// infinity of another group would be NaN.
    Grouped(Vec<u16>),
    /// Each lane has its own value, that of its own channel: depthwise. The row is 16 adjacent values.
    Own,
    /// All lanes, and a value is a pair of bf16 values.
    Pairs,
}

/// The offset in a plane that a tap of the window reads.
fn offset(plane: &Plane, channel: usize, [y, x]: [usize; 2]) -> u32 {
    let at = channel / plane.block * plane.plane_len()
        + y * plane.row_len()
        + x * plane.block
        + channel % plane.block;
    u32::try_from(at).expect("the planner refuses planes of 2^32 values")
}

/// Channels of one side that the 16 lanes of block `b` of the other side are connected to.
fn connected(b: usize, lanes: usize, groups: usize, others: usize) -> Range<usize> {
    let (per, other_per) = (lanes / groups, others / groups);
    let (first, last) = (b * BLOCK / per, ((b + 1) * BLOCK).min(lanes).div_ceil(per));
    first * other_per..last * other_per
}

impl Rows {
    /// Visits block, row order, channel and tap: over blocks of channels, then taps, then channels in a block.
    fn build(
        x: &Plane,
        lanes: usize,
        groups: usize,
        taps: &[[usize; 2]],
        place: impl Fn([usize; 2]) -> [usize; 2],
    ) -> Self {
        let (per, other_per) = (lanes / groups, x.channels / groups);
        let own = groups > 1 && per == 1 && other_per == 1 && x.block == BLOCK;
        let shared = |b| connected(b, lanes, groups, x.channels).len() > other_per;
        let grouped = !own && (0..lanes.div_ceil(BLOCK)).any(shared);
        let (mut masks, lanes_of) = (Vec::new(), |b: usize, c: usize| {
            let is_its = |lane: &usize| b * BLOCK + lane < lanes && (b * BLOCK + lane) / per == c / other_per;
            (0..BLOCK).filter(is_its).fold(0, |bits, lane| bits | 1_u16 << lane)
        });
        let mut rows =
            Self { starts: vec![0], offsets: Vec::new(), far: 0, taps: Vec::new(), lanes: Lanes::All };
        for b in 0..lanes.div_ceil(BLOCK) {
            let channels = connected(b, lanes, groups, x.channels);
            for cb in channels.start / x.block..channels.end.div_ceil(x.block) {
                let block = channels.start.max(cb * x.block)..channels.end.min((cb + 1) * x.block);
                let block = if own { block.start..block.start + 1 } else { block };
                for &tap in taps {
                    for c in block.clone() {
                        rows.offsets.push(offset(x, c, place(tap)));
                        rows.taps.push((c, tap));
                        if grouped {
                            masks.push(lanes_of(b, c));
                        }
                    }
                }
            }
            rows.starts.push(rows.offsets.len());
        }
        rows.far = rows.offsets.iter().max().map_or(0, |&o| o as usize);
        if own {
            rows.lanes = Lanes::Own;
        } else if grouped {
            rows.lanes = Lanes::Grouped(masks);
        }
        rows
    }

    /// These rows as a forward pass reads them, without the information on where the weights come from.
    pub(super) fn into_run(self) -> Self {
        Self { taps: Vec::new(), ..self }
    }

    /// Channel on the other side of the row's product in the lane of `channel`.
    fn partner(&self, row: usize, channel: usize) -> usize {
        if self.lanes == Lanes::Own { channel } else { self.taps[row].0 }
    }

    /// Returns the rows of the forward pass over input `x`.
    pub fn forward(shape: &ConvShape, x: &Plane) -> Self {
        let dilation = shape.window.dilation;
        let taps = all_taps(shape.window.kernel);
        Self::build(x, shape.c_out, shape.groups, &taps, |[y, x]| [y * dilation[0], x * dilation[1]])
    }

    /// The rows of the forward pass over an input `x` of pairs of bf16 channels, and for each of them the rows of `forward`
    /// whose weights form its pair; there may be no second one.
    pub(super) fn bf16(shape: &ConvShape, forward: &Self, x: &Plane) -> (Self, Vec<(u32, Option<u32>)>) {
        let paired = ConvShape { c_in: shape.c_in.div_ceil(2), ..*shape };
        let rows = Self { lanes: Lanes::Pairs, ..Self::forward(&paired, x) };
        let mut pairs = Vec::new();
        for b in 0..rows.blocks() {
            let mut places = HashMap::new();
            for row in forward.starts[b]..forward.starts[b + 1] {
                places.insert(forward.taps[row], row as u32);
            }
            let place = |channel, tap| places.get(&(channel, tap)).copied();
            pairs.extend(rows.taps[rows.starts[b]..rows.starts[b + 1]].iter().map(|&(pair, tap)| {
                let first =
                    place(2 * pair, tap).expect("every channel of a convolution without groups has a row");
                (first, place(2 * pair + 1, tap))
            }));
        }
        (rows, pairs)
    }

    /// The rows of the input's gradient at the pixels `≡ phase (mod stride)`, over the output's gradient `dy`, and how far
    /// before the pixel's own position in `dy` the window begins.
    pub(super) fn backward_data(shape: &ConvShape, dy: &Plane, phase: [usize; 2]) -> (Self, [isize; 2]) {
        // dX[h] = Σ_kh dY[(h + p − kh·d) / s] over the taps where the division is exact; with h = s·i + phase that
        // is dY[i + (phase + p − kh·d) / s].
        let w = &shape.window;
        let place = |axis: usize, tap: usize| {
            let at = (phase[axis] + w.before()[axis]) as isize - (tap * w.dilation[axis]) as isize;
            (at.rem_euclid(w.stride[axis] as isize) == 0).then(|| at.div_euclid(w.stride[axis] as isize))
        };
        let taps: Vec<[usize; 2]> = all_taps(w.kernel)
            .into_iter()
            .filter(|t| place(0, t[0]).is_some() && place(1, t[1]).is_some())
            .collect();
        let first: [isize; 2] =
            std::array::from_fn(|axis| taps.iter().filter_map(|t| place(axis, t[axis])).min().unwrap_or(0));
        let rows = Self::build(dy, shape.c_in, shape.groups, &taps, |t| {
            std::array::from_fn(|a| (place(a, t[a]).expect("filtered above") - first[a]) as usize)
        });
        (rows, first)
    }

    /// The largest offset.
    #[inline(always)]
    pub(super) fn far(&self) -> usize {
        self.far
    }

    /// The number of values of the packed weights.
    pub fn weight_len(&self) -> usize {
        self.offsets.len() * BLOCK
    }

    /// Whether all blocks of output channels have the same rows, so that two of them can share each broadcast.
    pub(super) fn uniform(&self) -> bool {
        let first = &self.offsets[..self.starts[1]];
        matches!(self.lanes, Lanes::All | Lanes::Pairs)
            && self.starts.windows(2).all(|s| &self.offsets[s[0]..s[1]] == first)
    }

    pub(super) fn blocks(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns, for each value of PyTorch's weight `[c_out, c_in / groups, kh, kw]`, its position in the packed weights of
    /// the forward pass; `None` if they are 2^32 or more.
    pub fn weight_map(&self, shape: &ConvShape) -> Option<Vec<u32>> {
        u32::try_from(self.weight_len()).ok()?;
        let [kh, kw] = shape.window.kernel;
        let (per_in, per_out) = (shape.c_in / shape.groups, shape.c_out / shape.groups);
        let mut map = vec![u32::MAX; shape.weight_len()];
        for b in 0..self.blocks() {
            for row in self.starts[b]..self.starts[b + 1] {
                let [y, x] = self.taps[row].1;
                for k in b * BLOCK..((b + 1) * BLOCK).min(shape.c_out) {
                    let c = self.partner(row, k);
                    if c / per_in == k / per_out {
                        let torch = ((k * per_in + c % per_in) * kh + y) * kw + x;
                        map[torch] = (row * BLOCK + k % BLOCK) as u32;
                    }
                }
            }
        }
        Some(map)
    }

    /// The map of weights for a forward pass that was planned.
    pub(super) fn planned_map(&self, shape: &ConvShape) -> Vec<u32> {
        self.weight_map(shape).expect("a forward pass that was planned has fewer than 2^32 weights")
    }

    /// Positions of the packed weights that do not correspond to a weight of PyTorch's, in order.
    pub(super) fn unconnected(&self, shape: &ConvShape) -> Vec<u32> {
        let mut connected = vec![false; self.weight_len()];
        self.planned_map(shape).into_iter().for_each(|at| connected[at as usize] = true);
        (0_u32..).zip(connected).filter(|(_, c)| !c).map(|(at, _)| at).collect()
    }

    /// For each packed weight of these backward rows, the position of the same weight in the packed weights `forward`, or
    /// `u32::MAX` if there is none.
    pub(super) fn transpose_map(&self, forward: &Rows, shape: &ConvShape) -> Vec<u32> {
        let [kh, kw] = shape.window.kernel;
        let (per_in, per_out) = (shape.c_in / shape.groups, shape.c_out / shape.groups);
        let to_forward = forward.planned_map(shape);
        let mut map = vec![u32::MAX; self.weight_len()];
        for b in 0..self.blocks() {
            for row in self.starts[b]..self.starts[b + 1] {
                let [y, x] = self.taps[row].1;
                for c in b * BLOCK..((b + 1) * BLOCK).min(shape.c_in) {
                    let k = self.partner(row, c);
                    if c / per_in == k / per_out {
                        let torch = ((k * per_in + c % per_in) * kh + y) * kw + x;
                        map[row * BLOCK + c % BLOCK] = to_forward[torch];
                    }
                }
            }
        }
        map
    }
}

/// Taps of a window in scan order.
fn all_taps([kh, kw]: [usize; 2]) -> Vec<[usize; 2]> {
    (0..kh).flat_map(|y| (0..kw).map(move |x| [y, x])).collect()
}

/// Computes `to[i] = from[map[i]]`, or 0 where the map has `u32::MAX`. It repacks weights for the backward pass, once per
/// batch; `to` is a kept buffer.
#[derive(Debug)]
pub struct Gather {
    /// The buffer that is read.
    pub from: Buf,
    /// The buffer that is written.
    pub to: Buf,
    /// The source index of each destination value.
    pub map: Vec<u32>,
    /// The index of the first destination value.
    pub start: usize,
}

const GATHER_TASK: usize = 1024;

// SAFETY: tasks write disjoint chunks of `to`; `from` is only read.
unsafe impl Kernel for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.from]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, _: usize) -> usize {
        self.map.len().div_ceil(GATHER_TASK)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        if !cx.starts_sums() {
            return; // the weights are the same for every tile
        }
        let part = task * GATHER_TASK..((task + 1) * GATHER_TASK).min(self.map.len());
        // SAFETY: see the impl.
        let (from, to) = unsafe {
            (cx.read_all(self.from), cx.write(self.to, self.start + part.start..self.start + part.end))
        };
        for (to, &at) in to.iter_mut().zip(&self.map[part]) {
            *to = if at == u32::MAX { 0.0 } else { from[at as usize] };
        }
    }
}

/// The halo that the backward pass needs around the output's gradient.
pub fn backward_halo(shape: &ConvShape) -> [usize; 2] {
    let w = &shape.window;
    let out = shape.output();
    std::array::from_fn(|a| {
        let before = ((w.kernel[a] - 1) * w.dilation[a]).saturating_sub(w.before()[a]).div_ceil(w.stride[a]);
        let last = (shape.input[a] - 1 + w.before()[a]) / w.stride[a];
        before.max((last + 1).saturating_sub(out[a]))
    })
}

/// Position of the first tap of the window of output pixel (0, 0) in the plane of block 0.
pub(super) fn origin(x: &Value, before: [isize; 2]) -> usize {
    let at = |a: usize| {
        usize::try_from(x.plane.halo[a] as isize + before[a]).unwrap_or_else(|_| {
            panic!("a halo of {:?} does not hold a window that begins {before:?} before", x.plane.halo)
        })
    };
    at(0) * x.plane.row_len() + at(1) * x.plane.block
}
