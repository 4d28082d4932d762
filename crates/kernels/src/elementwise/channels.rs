//! Channels in another order: each run of channels of the output is a run of channels of some input, or zeros. This one kernel
//! serves concatenation, a slice of the channels, a channel shuffle, and the gradients of all three.
//!
//! Runs that begin and end at block boundaries are moved as blocks; the others are copied lane by lane.

use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use std::ops::Range;

/// A run of channels of the output.
#[derive(Debug, Clone)]
pub struct Run {
    /// The value that they are copied from; with `None`, they are zeros.
    pub from: Option<Value>,
    /// The channels of that value, in order; for zeros, any range of the right length.
    pub channels: Range<usize>,
}

/// Computes `y[:, c] = runs[:, c]`, one run after the other, for any halos and blocks of 16 channels.
#[derive(Debug)]
pub struct Channels {
    runs: Vec<Run>,
    y: Value,
}

impl Channels {
    /// Creates the kernel that concatenates the runs into the channels of `y`.
    ///
    /// # Panics
    /// If the runs do not add up to the channels of `y`, or if they read channels that do not exist or values of another size.
    pub fn new(runs: Vec<Run>, y: Value) -> Self {
        let channels: usize = runs.iter().map(|run| run.channels.len()).sum();
        assert!(
            channels == y.plane.channels,
            "channels: {channels} in runs, {} in {:?}",
            y.plane.channels,
            y.plane
        );
        cut::check_blocked("channels", &y);
        for run in &runs {
            let Some(x) = &run.from else { continue };
            cut::check_apart("channels", x, &y);
            let fits = x.plane.size() == y.plane.size() && run.channels.end <= x.plane.channels;
            assert!(fits, "channels: {:?} of {:?} into {:?}", run.channels, x.plane, y.plane);
        }
        Self { runs, y }
    }
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Channels {
    fn name(&self) -> &'static str {
        "channels"
    }
    fn reads(&self) -> Vec<Buf> {
        let mut bufs: Vec<Buf> = self.runs.iter().filter_map(|run| Some(run.from?.buf)).collect();
        bufs.dedup();
        bufs
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let plane = self.y.plane;
        for (n, b) in cut::blocks(&plane, cx.n(), task) {
            // SAFETY: these blocks of `y` belong to this task.
            let to = unsafe { cx.write(self.y.buf, self.y.block(n, b)) };
            // The halo, empty lanes, and zeros that were requested.
            to.fill(0.0);
            let block = b * plane.block..((b + 1) * plane.block).min(plane.channels);
            let mut first = 0;
            for run in &self.runs {
                let here = first..first + run.channels.len();
                first = here.end;
                let both = here.start.max(block.start)..here.end.min(block.end);
                let Some(x) = run.from.filter(|_| !both.is_empty()) else { continue };
                let mut c = both.start;
                while c < both.end {
                    // As many as are adjacent in a block of the input.
                    let source = run.channels.start + c - here.start;
                    let (of, lane) = (source / x.plane.block, source % x.plane.block);
                    let count = (x.plane.block - lane).min(both.end - c);
                    // SAFETY: `x` is another buffer, which no task writes.
                    let from = unsafe { cx.read(x.buf, x.block(n, of)) };
                    let at = c - block.start;
                    for line in 0..plane.height {
                        let from = &from[x.plane.row(line)];
                        let to = &mut to[plane.row(line)];
                        if count == plane.block {
                            to.copy_from_slice(from);
                            continue;
                        }
                        let pixels = from.chunks_exact(x.plane.block).zip(to.chunks_exact_mut(plane.block));
                        for (from, to) in pixels {
                            to[at..at + count].copy_from_slice(&from[lane..lane + count]);
                        }
                    }
                    c += count;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;
    use crate::testing::{Setup, TestProgram, run_everywhere};
    use striate_testkit::Sample;

    #[test]
    fn every_channel_arrives_where_it_belongs() {
        let mut sample = Sample::new(3);
        for (sizes, pixels) in [
            (vec![16, 32], [3, 2]),
            (vec![5, 1, 30, 16], [4, 5]),
            (vec![17], [1, 1]),
            (vec![3, 3], [1, 7]),
            (vec![40, 8, 64], [2, 2]),
        ] {
            let n = sample.usize_in(1..=3);
            let size = pixels[0] * pixels[1];
            let inputs: Vec<Vec<f32>> = sizes.iter().map(|&c| sample.normal_vec(n * c * size)).collect();
            let mut halo = || sample.choose(&[[0, 0], [1, 2], [0, 1]]);
            let all: usize = sizes.iter().sum();
            let (planes, y_plane): (Vec<Plane>, Plane) = (
                sizes.iter().map(|&c| Plane::blocked(c, pixels, halo())).collect(),
                Plane::blocked(all, pixels, halo()),
            );
            // A channel shuffle by three, after a run of zeros.
            let order: Vec<usize> = (0..3).flat_map(|g| (g..sizes[0]).step_by(3)).collect();
            let shuffled = Plane::blocked(sizes[0] + 2, pixels, halo());
            let back = Plane::blocked(sizes[0], pixels, halo());
            let build = |t: &mut TestProgram| {
                let x: Vec<Value> = planes.iter().zip(&inputs).map(|(&plane, v)| t.input(plane, v)).collect();
                let [y, s, part] = [y_plane, shuffled, back].map(|plane| t.output(plane));
                let whole = x.iter().zip(&sizes).map(|(&x, &c)| Run { from: Some(x), channels: 0..c });
                t.program.push(Channels::new(whole.collect(), y));
                let zeros = [Run { from: None, channels: 0..2 }];
                let one = |&c: &usize| Run { from: Some(x[0]), channels: c..c + 1 };
                t.program.push(Channels::new(zeros.into_iter().chain(order.iter().map(one)).collect(), s));
                t.program.push(Channels::new(vec![Run { from: Some(y), channels: 0..sizes[0] }], part));
            };
            let of = |v: &[f32], channels: usize, n: usize, c: usize| {
                v[(n * channels + c) * size..(n * channels + c + 1) * size].to_vec()
            };
            let mut want = [Vec::new(), Vec::new()];
            for i in 0..n {
                for (v, &channels) in inputs.iter().zip(&sizes) {
                    want[0].extend((0..channels).flat_map(|c| of(v, channels, i, c)));
                }
                want[1].extend(vec![0.0; 2 * size]);
                want[1].extend(order.iter().flat_map(|&c| of(&inputs[0], sizes[0], i, c)));
            }
            for run in run_everywhere(&Setup::new(n), build) {
                assert_eq!(run.outputs[0], want[0], "{sizes:?}, {}", run.what);
                assert_eq!(run.outputs[1], want[1], "shuffled {sizes:?}, {}", run.what);
                assert_eq!(run.outputs[2], inputs[0], "slice of {sizes:?}, {}", run.what);
            }
        }
    }
}
