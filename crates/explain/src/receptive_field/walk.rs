//! The walk from a value back to the image, node by node.

use striate_graph::op::{Role, Span};
use striate_graph::{Graph, NodeId};

/// What is seen of one map on the way back.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// `[rows, columns]`, half-open: as far as the windows reach, in the padding too.
    pub(super) hull: [[isize; 2]; 2],
    /// Whether it is the same for all values of the layer, which read all rows, or all columns, of a map.
    fixed: [bool; 2],
    /// Which rows and which columns of the map itself are read; empty where nobody asked.
    cells: [Vec<bool>; 2],
    /// Of a vector: all of its values.
    all: bool,
    /// Whether what is read is the product of these rows and columns, all of it.
    pub(super) exact: bool,
    /// Whether all values of the layer have a hull of this size.
    pub(super) even: bool,
}

/// Rows and columns; a vector has one each.
pub(super) fn size(shape: &[usize]) -> [usize; 2] {
    match *shape {
        [_, h, w] => [h, w],
        _ => [1, 1],
    }
}

/// What value `at` of node `id`, which may lie past its edge, sees of the image; row by row if `cells`.
pub(super) fn back(graph: &Graph, id: NodeId, at: [isize; 2], cells: bool) -> Seen {
    let mut seen: Vec<Option<Seen>> = vec![None; id + 1];
    seen[id] = Some(Seen::one(size(&graph.nodes[id].shape), at, cells));
    for here in (1..=id).rev() {
        let Some(now) = seen[here].take() else { continue };
        let inputs = &graph.nodes[here].inputs;
        for (i, &input) in inputs.iter().enumerate() {
            let before = now.through(graph, here, i);
            seen[input] = Some(match seen[input].take() {
                Some(other) => other.joined(before, size(&graph.nodes[input].shape)),
                None => before,
            });
        }
    }
    // A value that depends on no image at all cannot be traced: every node has inputs, but the first.
    seen[0].take().unwrap_or_else(|| unreachable!("every value comes from the image"))
}

impl Seen {
    fn one(size: [usize; 2], at: [isize; 2], cells: bool) -> Self {
        let only = |axis: usize| {
            let here = |cell: usize| cell as isize == at[axis];
            if cells { (0..size[axis]).map(here).collect() } else { Vec::new() }
        };
        Self {
            hull: at.map(|at| [at, at + 1]),
            fixed: [false; 2],
            cells: [only(0), only(1)],
            all: false,
            exact: true,
            even: true,
        }
    }

    /// What node `id` reads of its input `i` for these values.
    fn through(&self, graph: &Graph, id: NodeId, i: usize) -> Self {
        let operation = graph.nodes[id].operation();
        let inputs = graph.input_shapes(id);
        let reads = operation.reads(i, &inputs);
        let mut now = self.clone();
        let before = size(inputs[i]);
        // A vector that is read as a whole was moved as a whole.
        now.exact &= reads.exact || (self.all && operation.role() == Role::Reshape);
        now.all |= reads.all_values;
        for (axis, span) in reads.spans.into_iter().enumerate() {
            let [from, to] = now.hull[axis];
            now.hull[axis] = [span.first(from), span.last(to - 1) + 1];
            now.fixed[axis] |= matches!(span, Span::All { .. } | Span::Adaptive { to: 1, .. });
            now.even &= span.is_even();
            if !now.cells[axis].is_empty() {
                now.cells[axis] = read(&now.cells[axis], span, before[axis]);
            }
        }
        now
    }

    /// What either of two sees of a map of this size. Beside what all values see, what one of them reads is inside the map, and
    /// what its window reads of the padding is not told: else the hull would lie elsewhere for each.
    fn joined(mut self, other: Self, size: [usize; 2]) -> Self {
        for axis in [0, 1] {
            let inside = |[from, to]: [isize; 2]| {
                let end = size[axis] as isize;
                [from.clamp(0, end), to.clamp(0, end)]
            };
            let ([a, b], [c, d]) = match (self.fixed[axis], other.fixed[axis]) {
                (true, false) => (self.hull[axis], inside(other.hull[axis])),
                (false, true) => (inside(self.hull[axis]), other.hull[axis]),
                _ => (self.hull[axis], other.hull[axis]),
            };
            self.hull[axis] = [a.min(c), b.max(d)];
            self.fixed[axis] |= other.fixed[axis];
        }
        (self.all, self.even) = (self.all || other.all, self.even && other.even);
        if other.is_blind() {
            return self;
        }
        if self.is_blind() {
            return Self { hull: self.hull, all: self.all, even: self.even, ..other };
        }
        // Of two products of rows and columns the union is one only where one holds the other.
        let holds = |a: &Self, b: &Self| {
            let within = |axis: usize| a.cells[axis].iter().zip(&b.cells[axis]).all(|(&a, &b)| a || !b);
            within(0) && within(1)
        };
        self.exact = match (holds(&self, &other), holds(&other, &self)) {
            (true, true) => self.exact || other.exact,
            (true, false) => self.exact,
            (false, true) => other.exact,
            (false, false) => false,
        };
        for axis in [0, 1] {
            self.cells[axis].iter_mut().zip(&other.cells[axis]).for_each(|(a, b)| *a |= b);
        }
        self
    }

    /// Whether rows or columns are known, and none is read.
    fn is_blind(&self) -> bool {
        self.cells.iter().any(|cells| !cells.is_empty() && !cells.contains(&true))
    }

    /// The smallest box around what is read, half-open; `0, 0` where nothing is.
    pub(super) fn bounds(&self) -> [[usize; 2]; 2] {
        if self.is_blind() {
            return [[0, 0]; 2];
        }
        [0, 1].map(|axis| {
            let first = self.cells[axis].iter().position(|&seen| seen).unwrap_or(0);
            let last = self.cells[axis].iter().rposition(|&seen| seen).map_or(first, |last| last + 1);
            [first, last]
        })
    }
}

/// The cells, of so many, that are read for these values.
fn read(values: &[bool], reads: Span, cells: usize) -> Vec<bool> {
    let mut read = vec![false; cells];
    for i in (0..values.len()).filter(|&i| values[i]) {
        let i = i as isize;
        for cell in (reads.first(i)..=reads.last(i)).step_by(reads.step()) {
            if let Some(read) = usize::try_from(cell).ok().and_then(|cell| read.get_mut(cell)) {
                *read = true;
            }
        }
    }
    read
}
