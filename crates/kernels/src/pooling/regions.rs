//! The input cells that each output pixel of a pooling reads: along each axis a run of cells, `step` apart.

use crate::plane::Plane;
use crate::shape::Window;

/// The cells `first, first + step, …` of one output position, along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: usize,
    /// Number of cells inside the input; 0 for a window entirely in the padding.
    pub(super) count: usize,
    /// The number that a mean divides by.
    pub(super) counted: usize,
}

/// The regions of all output pixels: the product of a span of rows and one of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Regions {
    pub(super) rows: Vec<Span>,
    pub(super) columns: Vec<Span>,
    /// Distance between cells.
    pub(super) step: [usize; 2],
}

impl Regions {
    /// The regions of a sliding window. Cells in the padding are left out.
    pub(super) fn window(input: [usize; 2], window: &Window) -> Self {
        let output = window.output(input).expect("the window fits the input");
        let spans = |a: usize| {
            let at = |position: usize| {
                let cell = |tap: usize| {
                    let cell = (position * window.stride[a] + tap * window.dilation[a])
                        .checked_sub(window.before()[a])?;
                    (cell < input[a]).then_some(cell)
                };
                let mut cells = (0..window.kernel[a]).filter_map(cell);
                let first = cells.next();
                let count = first.map_or(0, |_| 1 + cells.count());
                Span { first: first.unwrap_or(0), count, counted: count }
            };
            (0..output[a]).map(at).collect()
        };
        Self { rows: spans(0), columns: spans(1), step: window.dilation }
    }

    /// Also counts the taps that lie in `counted` cells of padding, `[[top, bottom], [left, right]]`.
    pub(super) fn counting(mut self, input: [usize; 2], window: &Window, counted: [[usize; 2]; 2]) -> Self {
        for (a, spans) in [&mut self.rows, &mut self.columns].into_iter().enumerate() {
            // Starting at the first cell of the window's padding.
            let first = window.before()[a] - counted[a][0];
            let end = window.before()[a] + input[a] + counted[a][1];
            for (position, span) in spans.iter_mut().enumerate() {
                let cell = |tap: usize| position * window.stride[a] + tap * window.dilation[a];
                span.counted = (0..window.kernel[a]).filter(|&tap| (first..end).contains(&cell(tap))).count();
            }
        }
        self
    }

    /// The regions of adaptive pooling: position `i` of `out` reads `floor(i·in/out) ≤ cell < ceil((i+1)·in/out)`.
    pub(super) fn adaptive(input: [usize; 2], output: [usize; 2]) -> Self {
        let spans = |a: usize| {
            let at = |i: usize| {
                let first = i * input[a] / output[a];
                let count = ((i + 1) * input[a]).div_ceil(output[a]) - first;
                Span { first, count, counted: count }
            };
            (0..output[a]).map(at).collect()
        };
        Self { rows: spans(0), columns: spans(1), step: [1, 1] }
    }

    /// Output pixels in scan order, as `(offset in the small plane, region)`.
    #[inline(always)]
    pub(super) fn pixels<'a>(
        &'a self,
        small: &'a Plane,
        big: &'a Plane,
    ) -> impl Iterator<Item = (usize, Cells)> + 'a {
        let down = self.step[0] * big.row_len();
        let right = self.step[1] * big.block;
        self.rows.iter().enumerate().flat_map(move |(y, rows)| {
            self.columns.iter().enumerate().map(move |(x, columns)| {
                let cells = Cells {
                    first: big.index(0, rows.first, columns.first),
                    counts: [rows.count, columns.count],
                    divisor: rows.counted * columns.counted,
                    steps: [down, right],
                };
                (small.index(0, y, x), cells)
            })
        })
    }
}

/// The cells of one output pixel, as offsets in the plane of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells {
    first: usize,
    counts: [usize; 2],
    divisor: usize,
    steps: [usize; 2],
}

impl Cells {
    pub(super) fn count(&self) -> usize {
        self.counts[0] * self.counts[1]
    }

    /// The number that a mean divides by.
    pub(super) fn divisor(&self) -> usize {
        self.divisor
    }

    /// Number of cells along each axis.
    #[inline(always)]
    pub(super) fn counts(&self) -> [usize; 2] {
        self.counts
    }

    /// Offsets of `H` rows of `W` cells.
    #[inline(always)]
    pub(super) fn grid<const H: usize, const W: usize>(&self) -> [[usize; W]; H] {
        let [down, right] = self.steps;
        std::array::from_fn(|y| std::array::from_fn(|x| self.first + y * down + x * right))
    }

    /// Offsets in scan order.
    #[inline(always)]
    pub(super) fn offsets(self) -> impl Iterator<Item = usize> {
        let Cells { first, counts: [rows, columns], steps: [down, right], .. } = self;
        (0..rows).flat_map(move |y| (0..columns).map(move |x| first + y * down + x * right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(all: &[(usize, usize)]) -> Vec<Span> {
        all.iter().map(|&(first, count)| Span { first, count, counted: count }).collect()
    }

    #[test]
    fn by_hand() {
        let window = Window { kernel: [3, 2], stride: [2, 3], padding: [[1, 1], [0, 0]], dilation: [1, 2] };
        let regions = Regions::window([4, 6], &window);
        assert_eq!(regions.rows, spans(&[(0, 2), (1, 3)]));
        assert_eq!(regions.columns, spans(&[(0, 2), (3, 2)]));
        // Counts the row of padding before and the column after, and no others.
        let wide = Window { padding: [[1, 2], [0, 3]], ..window };
        let regions = Regions::window([4, 6], &wide).counting([4, 6], &wide, [[1, 0], [0, 1]]);
        assert_eq!(regions.rows.iter().map(|span| span.counted).collect::<Vec<_>>(), [3, 3, 1]);
        assert_eq!(regions.columns.iter().map(|span| span.counted).collect::<Vec<_>>(), [2, 2, 1]);
        // Taps at -1 and 2 of two cells.
        let hole = Window { kernel: [1, 2], stride: [1, 1], padding: [[0, 0], [1, 1]], dilation: [1, 3] };
        assert_eq!(Regions::window([1, 2], &hole).columns, spans(&[(0, 0)]));
        let adaptive = Regions::adaptive([5, 2], [3, 3]);
        assert_eq!(adaptive.rows, spans(&[(0, 2), (1, 3), (3, 2)]));
        assert_eq!(adaptive.columns, spans(&[(0, 1), (0, 2), (1, 1)]));
    }
}
