//! Antialiased resampling, which equals that of Pillow up to version 12 bit for bit.
//!
//! ```text
//! out[i] = sum over j of weight(i, j) in[j],   weight(i, j) = f((j + 1/2 - c_i) / s) / sum,   c_i = (i + 1/2) size / full
//! ```
//! with the stretch `s = max(size / full, 1)` and the filter `f` of an [`Interpolation`]. It is applied first along the
//! rows, then along the columns, with 8 bits in between. The order and the rounding influence the result, since a cubic
//! overshoots and is clipped after each step.
//!
//! Pillow 13 resizes some tall images along the columns first; there, values differ by one.
//!
//! Weights are fixed point with 22 fractional bits, so sums are integers and the same on every machine. Rows are processed
//! eight at a time and transposed, so that both directions add whole vectors of pixels.
//!
//! # Source
//! Keys 1981, for the cubic filter.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::pixels::Image;

/// The filter of a resize. Both are antialiased: shrinking widens them, so that every source pixel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// A triangle, two pixels wide: Pillow's `BILINEAR`, torchvision's default.
    #[default]
    Bilinear,
    /// Keys' cubic with a = -0.5, four pixels wide: Pillow's `BICUBIC`.
    Bicubic,
}

impl Interpolation {
    /// Half the width of the filter.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
            _ => 0.0,
        }
    }
}

/// A rectangle of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The range of columns.
    pub x: Range<usize>,
    /// The range of rows.
    pub y: Range<usize>,
}

impl Window {
    /// Returns the window that covers the whole image.
    pub fn all(image: &Image) -> Self {
        Self { x: 0..image.width, y: 0..image.height }
    }
}

/// The size of the result along one axis: `full` pixels, of which the range `wanted` is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The number of pixels to which the whole window is resized.
    pub full: usize,
    /// The range of these pixels that is computed.
    pub wanted: Range<usize>,
}

impl Axis {
    /// Returns an axis of `full` pixels, all of which are computed.
    pub fn whole(full: usize) -> Self {
        Self { full, wanted: 0..full }
    }
}

const FRACTION_BITS: u32 = 22;
const HALF: i32 = 1 << (FRACTION_BITS - 1);
/// Rows that are resampled together.
const ROWS: usize = 8;

/// Resamples a window of an image; pixels outside the window have no influence.
pub fn resample(image: &Image, window: &Window, across: &Axis, down: &Axis, filter: Interpolation) -> Image {
    let columns = Weights::new(window.x.len(), across, filter);
    let rows = Weights::new(window.y.len(), down, filter);
    let (width, height, channels) = (across.wanted.len(), down.wanted.len(), image.channels);
    // Rows that no output row looks at are left out.
    let seen = rows.seen();
    let source = Window { x: window.x.clone(), y: window.y.start + seen.start..window.y.start + seen.end };
    let narrow = match channels {
        1 => resample_rows::<ROWS>(image, &source, &columns),
        _ => resample_rows::<{ 3 * ROWS }>(image, &source, &columns),
    };
    let row_len = width * channels;
    let mut pixels = vec![0; row_len * height];
    let mut sums = vec![0i32; row_len];
    for ((start, weights), out) in rows.each().zip(pixels.chunks_exact_mut(row_len)) {
        sums.fill(HALF);
        let first = (start - seen.start) * row_len;
        for (&weight, row) in weights.iter().zip(narrow[first..].chunks_exact(row_len)) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += weight * i32::from(value);
            }
        }
        out.iter_mut().zip(&sums).for_each(|(out, &sum)| *out = clip(sum));
    }
    Image { width, height, channels, pixels }
}

/// The rows of a window, each resampled: `[rows, outputs, C]`, for `LANES = ROWS * C`.
fn resample_rows<const LANES: usize>(image: &Image, window: &Window, columns: &Weights) -> Vec<u8> {
    let channels = LANES / ROWS;
    let (stride, row_len) = (image.width * channels, columns.len() * channels);
    let mut out = vec![0; window.y.len() * row_len];
    // Column by column: the values of all rows side by side.
    let mut turned = vec![[0u8; LANES]; window.x.len()];
    for (block, out) in out.chunks_mut(ROWS * row_len).enumerate() {
        for r in 0..out.len() / row_len {
            let start = (window.y.start + block * ROWS + r) * stride + window.x.start * channels;
            let row = &image.pixels[start..start + window.x.len() * channels];
            for (lanes, pixel) in turned.iter_mut().zip(row.chunks_exact(channels)) {
                lanes[r * channels..(r + 1) * channels].copy_from_slice(pixel);
            }
        }
        for (i, (start, weights)) in columns.each().enumerate() {
            let mut sums = [HALF; LANES];
            for (&weight, lanes) in weights.iter().zip(&turned[start..]) {
                for (sum, &value) in sums.iter_mut().zip(lanes) {
                    *sum += weight * i32::from(value);
                }
            }
            for (row, sums) in out.chunks_exact_mut(row_len).zip(sums.chunks_exact(channels)) {
                for (out, &sum) in row[i * channels..].iter_mut().zip(sums) {
                    *out = clip(sum);
                }
            }
        }
    }
    out
}

fn clip(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

/// For each output the first input that it sees, and the weights of that and the following ones.
struct Weights {
    spans: Vec<(usize, Range<usize>)>,
    weights: Vec<i32>,
}

impl Weights {
    fn new(size: usize, axis: &Axis, filter: Interpolation) -> Self {
        let scale = size as f64 / axis.full as f64;
        let stretch = scale.max(1.0);
        let support = filter.support() * stretch;
        let (mut spans, mut weights) = (Vec::with_capacity(axis.wanted.len()), Vec::new());
        let mut exact = Vec::new();
        for i in axis.wanted.clone() {
            let center = (i as f64 + 0.5) * scale;
            // `as` rounds toward zero and negative numbers become 0.
            let start = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(size);
            exact.clear();
            exact.extend((start..end).map(|j| filter.weight((j as f64 - center + 0.5) * (1.0 / stretch))));
            let sum: f64 = exact.iter().sum();
            let first = weights.len();
            weights.extend(exact.iter().map(|weight| {
                let scaled = weight / sum * f64::from(1 << FRACTION_BITS);
                (scaled + 0.5f64.copysign(scaled)) as i32
            }));
            spans.push((start, first..weights.len()));
        }
        Self { spans, weights }
    }

    fn len(&self) -> usize {
        self.spans.len()
    }

    fn each(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.spans.iter().map(|(start, range)| (*start, &self.weights[range.clone()]))
    }

    /// The inputs that any output sees.
    fn seen(&self) -> Range<usize> {
        let end = self.spans.last().map_or(0, |(start, range)| start + range.len());
        self.spans.first().map_or(0, |(start, _)| *start)..end
    }
}
