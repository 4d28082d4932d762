//! A linear map of selected rows of a table, and the gradient of its weights, in one pass over the table:
//! `S[m, o] = Σ_i X[m, i] · W[o, i]`, then the caller's `R[m] = f(S[m])`, then `G[o, i] = Σ_m R[m, o] · X[m, i]`.
//!
//! Fitting a classifier to features in memory needs this again and again, for tables far larger than the caches and for varying
//! selections of rows. So it is not a [`Kernel`](crate::Kernel): it copies no rows into an arena, and reads each row from
//! memory only once for both products.
//!
//! **Schedule.** The selected rows are cut into parts, and a part into blocks of 48 rows, which stay in the second-level cache
//! between the products. The first product uses the tile of the forward pass (`forward.rs`), whose lanes are outputs. The
//! second has inputs for lanes, in the order of the table, and up to six outputs by a panel of 64 inputs in registers. Each
//! part has its own sum; there are at most 16 parts, and their sums take at most as much memory as the table.
//!
//! **Numerics.** f32; a score is one chain of fused multiply-adds in the order of the inputs, a gradient one chain per part in
//! the order of the rows, and the parts are added in f64, in order. The parts follow from shapes alone.

use super::{LinearPack, PANEL, ROWS, for_tile, forward::sum, part, strip_width};
use crate::pool::Pool;
use crate::simd::{BLOCK, Isa, Simd, Task};
use crate::unrolled::unrolled;
use std::ops::Range;

/// Number of rows in a block.
const BLOCK_ROWS: usize = 48;
/// Number of inputs whose weights stay in the first-level cache.
const INPUTS: usize = 128;
/// The largest number of parts, and the smallest number of rows in one.
const PARTS: usize = 16;
const PART_ROWS: usize = 64;

/// Selected rows of a table.
#[derive(Debug, Clone, Copy)]
pub struct TableRows<'a> {
    /// The table `[N, I]`, row by row.
    pub table: &'a [f32],
    /// The number of inputs I, a multiple of 16; pad the rows with zeros to reach one.
    pub inputs: usize,
    /// The indices of the selected rows, in order.
    pub chosen: &'a [u32],
}

impl TableRows<'_> {
    /// Computes S, `[rows, outputs]`, for the weights `[outputs, I]`.
    ///
    /// # Panics
    /// If the lengths do not fit, I is not a multiple of 16, or a row index is out of range.
    pub fn scores(&self, pool: &Pool, isa: Isa, weight: &[f32], outputs: usize) -> Vec<f32> {
        let weight = self.packed(weight, outputs);
        let mut scores = vec![0.0; self.chosen.len() * outputs];
        pool.for_each_chunk(&mut scores, (BLOCK_ROWS * outputs).max(1), |block, to| {
            let rows = block * BLOCK_ROWS..block * BLOCK_ROWS + to.len() / outputs;
            let mut walk = Walk::new(self, &weight, outputs);
            isa.dispatch(Scores { walk: &mut walk, rows });
            for (to, from) in to.chunks_exact_mut(outputs).zip(walk.scores.chunks_exact(walk.pack.lanes())) {
                to.copy_from_slice(&from[..outputs]);
            }
        });
        scores
    }

    /// Calls `residual(m, S[m])` for each selected row, which overwrites it with `R[m]` and returns a number. Writes G,
    /// `[outputs, I]`, and returns the sum of the numbers.
    ///
    /// # Panics
    /// Those of [`scores`](Self::scores), and if the gradient does not have the length of the weights.
    pub fn gradient(
        &self,
        pool: &Pool,
        isa: Isa,
        weight: &[f32],
        gradient: &mut [f64],
        residual: &(dyn Fn(usize, &mut [f32]) -> f64 + Sync),
    ) -> f64 {
        assert_eq!(gradient.len(), weight.len(), "one gradient per weight");
        let outputs = weight.len() / self.inputs;
        let weight = self.packed(weight, outputs);
        let rows = self.chosen.len();
        let parts = PARTS.min(rows / PART_ROWS).min(rows / outputs.max(1)).max(1);
        let mut sums: Vec<(Vec<f32>, f64)> = vec![(Vec::new(), 0.0); parts];
        pool.for_each_chunk(&mut sums, 1, |i, sum| {
            let mut walk = Walk::new(self, &weight, outputs);
            sum[0].0 = vec![0.0; gradient.len()];
            let of_part = part(&(0..rows), parts, i);
            for start in of_part.clone().step_by(BLOCK_ROWS) {
                let rows = start..of_part.end.min(start + BLOCK_ROWS);
                isa.dispatch(Scores { walk: &mut walk, rows: rows.clone() });
                for (m, scores) in rows.clone().zip(walk.scores.chunks_exact_mut(walk.pack.lanes())) {
                    sum[0].1 += residual(m, &mut scores[..outputs]);
                }
                isa.dispatch(Gradient { walk: &walk, rows, to: &mut sum[0].0 });
            }
        });
        gradient.fill(0.0);
        for (sum, _) in &sums {
            gradient.iter_mut().zip(sum).for_each(|(to, &value)| *to += f64::from(value));
        }
        sums.iter().map(|(_, value)| value).sum()
    }

    /// The weights in panels of outputs.
    fn packed(&self, weight: &[f32], outputs: usize) -> Vec<f32> {
        let inputs = self.inputs;
        assert!(
            inputs > 0 && inputs.is_multiple_of(BLOCK),
            "inputs must be a multiple of {BLOCK}, got {inputs}"
        );
        assert!(self.table.len().is_multiple_of(inputs), "a table of whole rows");
        assert_eq!(weight.len(), outputs * inputs, "one weight for each output and input");
        let pack = LinearPack { in_features: inputs, out_features: outputs };
        let mut packed = vec![0.0; pack.weight_len()];
        for (o, weight) in weight.chunks_exact(inputs).enumerate() {
            let panel = o / PANEL;
            let to = packed[pack.panel(panel)].iter_mut().skip(o % PANEL).step_by(pack.panel_width(panel));
            to.zip(weight).for_each(|(to, &w)| *to = w);
        }
        packed
    }
}

/// The state of a thread while it walks over rows.
struct Walk<'a> {
    of: &'a TableRows<'a>,
    pack: LinearPack,
    weight: &'a [f32],
    /// For a block, `[rows, lanes]`; past the last output they are zero.
    scores: Vec<f32>,
}

impl<'a> Walk<'a> {
    fn new(of: &'a TableRows<'a>, weight: &'a [f32], outputs: usize) -> Self {
        let pack = LinearPack { in_features: of.inputs, out_features: outputs };
        Self { of, pack, weight, scores: vec![0.0; BLOCK_ROWS * pack.lanes()] }
    }

    /// The `m`-th selected row, from input `at` on.
    #[inline(always)]
    fn row(&self, m: usize, at: usize, len: usize) -> &'a [f32] {
        &self.of.table[self.of.chosen[m] as usize * self.of.inputs + at..][..len]
    }
}

/// The scores of a block of rows.
struct Scores<'s, 'a> {
    walk: &'s mut Walk<'a>,
    rows: Range<usize>,
}

impl Task for Scores<'_, '_> {
    #[inline(always)]
    fn run<V: Simd>(mut self) {
        let (pack, inputs) = (self.walk.pack, self.walk.of.inputs);
        let tiles = self.rows.len().div_ceil(ROWS);
        for panel in 0..pack.panels() {
            let width = pack.panel_width(panel);
            let strip = strip_width(V::LANES, width);
            for first in (0..inputs).step_by(INPUTS) {
                let block = first..(first + INPUTS).min(inputs);
                for at in (0..width).step_by(strip) {
                    for tile in 0..tiles {
                        let rows = part(&self.rows, tiles, tile);
                        for_tile!(
                            V,
                            rows.len(),
                            strip / V::LANES,
                            self.tile(rows.start, &block, (panel, at))
                        );
                    }
                }
            }
        }
    }
}

impl Scores<'_, '_> {
    #[inline(always)]
    fn tile<V: Simd, const P: usize, const NV: usize>(
        &mut self,
        m: usize,
        block: &Range<usize>,
        (panel, at): (usize, usize),
    ) {
        let (lanes, width) = (self.walk.pack.lanes(), self.walk.pack.panel_width(panel));
        let start = (m - self.rows.start) * lanes + panel * PANEL + at;
        let mut x: [&[f32]; P] = [&[]; P];
        unrolled!(p < P => x[p] = self.walk.row(m + p, block.start, block.len()));
        let w = &self.walk.weight[self.walk.pack.panel(panel)][block.start * width + at..];
        let to = &mut self.walk.scores[start..];
        let mut acc = [[V::zero(); NV]; P];
        if block.start > 0 {
            unrolled!(p < P => unrolled!(v < NV => acc[p][v] = V::load(&to[p * lanes + v * V::LANES..])));
        }
        let acc = sum::<V, P, NV, false>(x, w, width, acc);
        unrolled!(p < P => unrolled!(v < NV => acc[p][v].store(&mut to[p * lanes + v * V::LANES..])));
    }
}

/// Adds the contribution of a block of rows to the gradient.
struct Gradient<'s, 'a> {
    walk: &'s Walk<'a>,
    rows: Range<usize>,
    to: &'s mut [f32],
}

impl Task for Gradient<'_, '_> {
    #[inline(always)]
    fn run<V: Simd>(mut self) {
        let outputs = 0..self.walk.pack.out_features;
        let tiles = outputs.len().div_ceil(ROWS);
        for panel in (0..self.walk.of.inputs).step_by(PANEL) {
            let width = (self.walk.of.inputs - panel).min(PANEL);
            let strip = strip_width(V::LANES, width);
            for at in (panel..panel + width).step_by(strip) {
                for tile in 0..tiles {
                    let outputs = part(&outputs, tiles, tile);
                    for_tile!(V, outputs.len(), strip / V::LANES, self.tile(outputs.start, at));
                }
            }
        }
    }
}

impl Gradient<'_, '_> {
    /// `P` outputs starting at `o`, `NV` vectors of inputs starting at `at`.
    #[inline(always)]
    fn tile<V: Simd, const P: usize, const NV: usize>(&mut self, o: usize, at: usize) {
        let (lanes, inputs) = (self.walk.pack.lanes(), self.walk.of.inputs);
        let to = &mut self.to[o * inputs + at..];
        let mut acc = [[V::zero(); NV]; P];
        unrolled!(p < P => unrolled!(v < NV => acc[p][v] = V::load(&to[p * inputs + v * V::LANES..])));
        for (m, residuals) in self.rows.clone().zip(self.walk.scores.chunks_exact(lanes)) {
            let row = self.walk.row(m, at, NV * V::LANES);
            let residuals = &residuals[o..][..P];
            let mut x = [V::zero(); NV];
            unrolled!(v < NV => x[v] = V::load(&row[v * V::LANES..]));
            unrolled!(p < P => {
                let residual = V::splat(residuals[p]);
                unrolled!(v < NV => acc[p][v] = acc[p][v].fma(residual, x[v]));
            });
        }
        unrolled!(p < P => unrolled!(v < NV => acc[p][v].store(&mut to[p * inputs + v * V::LANES..])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use striate_testkit::{Sample, assert_close, widen};

    /// Rows of the table, inputs, outputs, rows that are chosen: one of each, primes, more and less than a block, a part, a
    /// panel and a vector.
    const SHAPES: [[usize; 4]; 7] = [
        [1, 16, 1, 1],
        [5, 16, 2, 3],
        [131, 80, 5, 49],
        [401, 144, 7, 397],
        [97, 256, 17, 97],
        [70, 32, 131, 61],
        [1100, 16, 3, 1100],
    ];

    struct Case {
        table: Vec<f32>,
        weight: Vec<f32>,
        chosen: Vec<u32>,
        inputs: usize,
        outputs: usize,
    }

    impl Case {
        fn new([n, inputs, outputs, chosen]: [usize; 4]) -> Self {
            let mut sample = Sample::new((n * inputs + outputs) as u64);
            // In no particular order, with some rows left out.
            let chosen = (0..chosen).map(|m| (m * 7 % n) as u32).collect();
            let (table, weight) = (sample.normal_vec(n * inputs), sample.normal_vec(outputs * inputs));
            Self { table, weight, chosen, inputs, outputs }
        }

        fn rows(&self) -> TableRows<'_> {
            TableRows { table: &self.table, inputs: self.inputs, chosen: &self.chosen }
        }

        /// The selected rows, one after the other, in f64.
        fn gathered(&self) -> Vec<f64> {
            let row = |&m: &u32| self.table[m as usize * self.inputs..][..self.inputs].to_vec();
            widen(&self.chosen.iter().flat_map(row).collect::<Vec<f32>>())
        }

        /// Scores, gradient and sum for residuals `S / 2 + m`.
        fn run(&self, threads: usize, isa: Isa) -> (Vec<f32>, Vec<f64>, f64) {
            let pool = Pool::new(threads);
            let scores = self.rows().scores(&pool, isa, &self.weight, self.outputs);
            let mut gradient = vec![f64::NAN; self.weight.len()];
            let sum = self.rows().gradient(&pool, isa, &self.weight, &mut gradient, &|m, scores| {
                assert_eq!(scores.len(), self.outputs);
                scores.iter_mut().for_each(|s| *s = 0.5 * *s + (m % 5) as f32);
                m as f64
            });
            (scores, gradient, sum)
        }
    }

    #[test]
    fn both_products_are_those_of_the_reference_on_every_machine() {
        for shape in SHAPES {
            let case = Case::new(shape);
            let (rows, x, w) = (case.chosen.len(), case.gathered(), widen(&case.weight));
            let want = reference::linear(rows, case.inputs, case.outputs, &x, &w, None);
            let place = |i: usize| (i / case.outputs % 5) as f64;
            let residuals: Vec<f64> = want.iter().enumerate().map(|(i, s)| 0.5 * s + place(i)).collect();
            let grads = reference::linear_vjp(rows, case.inputs, case.outputs, &x, &w, &residuals);
            // A sum of K products has an RMS of √K times theirs and an error near √K · 2⁻²⁴ · √K / 2 times theirs.
            let rel = |k: usize| 1e-6 * (k as f64).sqrt();
            for isa in Isa::available() {
                let (scores, gradient, sum) = case.run(2, isa);
                assert_close(&scores, &want, rel(case.inputs), 1e-6, &format!("scores {shape:?} {isa:?}"));
                let what = format!("gradient {shape:?} {isa:?}");
                assert_close(&gradient, &grads.grad_weight, rel(rows), 1e-6, &what);
                assert_eq!(sum, (0..rows).sum::<usize>() as f64);
            }
        }
    }

    #[test]
    fn neither_threads_nor_lanes_change_a_bit() {
        for shape in SHAPES {
            let case = Case::new(shape);
            for isa in Isa::available() {
                let one = case.run(1, isa);
                for threads in [2, 4, 8] {
                    assert!(case.run(threads, isa) == one, "{shape:?} {isa:?}, {threads} threads");
                }
                if isa != Isa::PORTABLE {
                    assert!(case.run(1, Isa::available()[1]) == one, "{shape:?} {isa:?}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "inputs must be a multiple of 16, got 20")]
    fn rows_that_are_not_filled_up_are_refused() {
        let rows = TableRows { table: &[0.0; 40], inputs: 20, chosen: &[0] };
        rows.scores(&Pool::new(1), Isa::PORTABLE, &[0.0; 20], 1);
    }
}
