//! Runs a test's program on every instruction set and with several numbers of threads, and requires equal bits.
//!
//! ```ignore
//! let runs = run_everywhere(&Setup::new(n), |t| {
//!     let x = t.input(Plane::blocked(20, [5, 7], [1, 1]), &x);   // row-major [N, C, H, W]
//!     let y = t.output(Plane::blocked(20, [5, 7], [0, 0]));
//!     t.program.push(Activate { x, y, act });
//! });
//! for run in &runs { assert_close(&run.outputs[0], &want, 1e-6, 0.0, &run.what); }
//! ```
//!
//! All memory starts as NaN, inputs arrive tile by tile, and every output is checked as a whole. This exposes a kernel that
//! relies on zeros, leaves a part of its output unwritten, or writes into its halo or empty lanes. On Unix each test runs once
//! more with every buffer between protected pages, so that a read or write outside ends the process. Another run is watched:
//! every part of memory that a task accesses is recorded, and no two tasks that may run at the same time may conflict.

use crate::plane::{Plane, Value};
use crate::pool::Pool;
use crate::program::{Buf, Builder, Cx, Kernel, Program, Step};
use crate::simd::Isa;
use std::sync::OnceLock;

/// How a test's program is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup<'a> {
    /// The largest number of samples in a tile.
    pub(crate) tile: usize,
    /// Samples, targets, learning rate, update and seed.
    pub(crate) step: Step<'a>,
}

impl Setup<'_> {
    /// `n` samples in one tile.
    pub(crate) fn new(n: usize) -> Self {
        let step = Step { input: &[], targets: &[], n, learning_rate: 0.01, update: 1, seed: 7 };
        Self { tile: n, step }
    }

    /// The same in tiles of at most `tile` samples.
    pub(crate) fn tiles(self, tile: usize) -> Self {
        Self { tile, ..self }
    }
}

/// The results on one instruction set, which are the same for every number of threads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) what: String,
    pub(crate) isa: Isa,
    /// In the order in which the test named them: activations as row-major `[N, C, H, W]`, buffers unchanged.
    pub(crate) outputs: Vec<Vec<f32>>,
}

/// Collects a test's buffers and kernels.
pub(crate) struct TestProgram {
    pub(crate) program: Builder,
    n: usize,
    start: Vec<(Buf, Vec<f32>)>,
    outputs: Vec<Output>,
    /// Outputs whose last kernel has not been added yet.
    waiting: Vec<(Value, Buf)>,
}

enum Output {
    Value(Plane, Buf),
    Buffer(Buf),
}

impl TestProgram {
    /// An activation that holds `nchw`, tile by tile.
    pub(crate) fn input(&mut self, plane: Plane, nchw: &[f32]) -> Value {
        assert_eq!(nchw.len(), self.n * plane.channels * plane.height * plane.width, "input of {plane:?}");
        let value = self.hidden(plane);
        let mut data = vec![0.0; self.n * plane.sample_len()];
        plane.from_nchw(nchw, &mut data);
        self.program.push(Feed { to: value, data });
        value
    }

    /// A buffer that holds `values` before the run.
    pub(crate) fn values(&mut self, values: &[f32]) -> Buf {
        let buf = self.program.kept(values.len());
        self.start.push((buf, values.to_vec()));
        buf
    }

    /// An activation that the test reads.
    pub(crate) fn output(&mut self, plane: Plane) -> Value {
        let value = self.hidden(plane);
        let all = self.program.kept(self.n * plane.sample_len());
        self.outputs.push(Output::Value(plane, all));
        self.waiting.push((value, all));
        value
    }

    /// A buffer that the test reads.
    pub(crate) fn output_buffer(&mut self, len: usize) -> Buf {
        let buf = self.program.kept(len);
        self.outputs.push(Output::Buffer(buf));
        buf
    }

    /// Makes the test read this buffer after the run.
    pub(crate) fn look_at(&mut self, buf: Buf) {
        self.outputs.push(Output::Buffer(buf));
    }

    /// A buffer that holds `values` before the run, and that the test reads after it.
    pub(crate) fn updated(&mut self, values: &[f32]) -> Buf {
        let buf = self.values(values);
        self.outputs.push(Output::Buffer(buf));
        buf
    }

    /// An activation that only kernels use.
    pub(crate) fn hidden(&mut self, plane: Plane) -> Value {
        let len = self.program.tile() * plane.sample_len();
        Value { buf: self.program.buffer(len), plane }
    }
}

/// Runs what `build` describes on every instruction set of this machine, with 1, 2, 4 and 8 threads on the best of them and
/// with 1 and 2 on the others.
///
/// # Panics
/// If the results differ in any bit between numbers of threads or between instruction sets with fused multiply-add; if an
/// output's halo or empty lanes are not zero; or if an output holds memory that was never written.
pub(crate) fn run_everywhere(setup: &Setup<'_>, build: impl Fn(&mut TestProgram)) -> Vec<Run> {
    let pools = pools();
    let mut runs: Vec<Run> = Vec::new();
    let all = Isa::available();
    assert_apart(setup, &build, all[all.len() - 1]);
    for &isa in &all {
        let run = run_once(setup, &build, &pools[0], isa);
        #[cfg(unix)]
        assert_same(
            &run,
            &run_with(setup, &build, &pools[0], isa, true),
            &format!("{isa:?}, between guard pages"),
        );
        let more = if all.last() == Some(&isa) { &pools[1..] } else { &pools[1..pools.len().min(2)] };
        for pool in more {
            let again = run_once(setup, &build, pool, isa);
            assert_same(&run, &again, &format!("{isa:?}, 1 and {} threads", pool.threads()));
        }
        if let Some(last) = runs.last().filter(|last| last.isa != Isa::PORTABLE) {
            assert_same(last, &run, &format!("{:?} and {isa:?}", last.isa));
        }
        runs.push(run);
    }
    runs
}

/// Teams of 1, 2, 4 and 8 threads, or of at most `STRIATE_TEST_THREADS`: on an emulated processor, waiting threads take time
/// from working ones, and eight of them need hours.
fn pools() -> &'static [Pool] {
    static POOLS: OnceLock<Vec<Pool>> = OnceLock::new();
    POOLS.get_or_init(|| {
        let most = std::env::var("STRIATE_TEST_THREADS").ok().and_then(|most| most.parse().ok()).unwrap_or(8);
        [1, 2, 4, 8].into_iter().filter(|&threads| threads <= most).map(Pool::new).collect()
    })
}

/// Asserts that the bits are equal; a NaN equals a NaN.
#[track_caller]
pub(crate) fn assert_same(a: &Run, b: &Run, what: &str) {
    for (i, (a, b)) in a.outputs.iter().zip(&b.outputs).enumerate() {
        let differ = |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
        if let Some(at) = a.iter().zip(b).position(differ) {
            panic!("{what}: output {i} differs at {at}: {:?} and {:?}", a[at], b[at]);
        }
    }
}

/// Asserts that tasks which may run at the same time never conflict, and that kernels touch only what they name.
#[track_caller]
fn assert_apart(setup: &Setup<'_>, build: &impl Fn(&mut TestProgram), isa: Isa) {
    let (mut program, _) = built(setup, build, false);
    let broken = program.watch(isa, &setup.step, 0..setup.step.n);
    assert!(broken.is_empty(), "{setup:?}: {}", broken.join("\n"));
}

fn run_once(setup: &Setup<'_>, build: &impl Fn(&mut TestProgram), pool: &Pool, isa: Isa) -> Run {
    run_with(setup, build, pool, isa, false)
}

/// `guarded`: with every buffer between protected pages, and checks that the slack is untouched.
fn run_with(
    setup: &Setup<'_>,
    build: &impl Fn(&mut TestProgram),
    pool: &Pool,
    isa: Isa,
    guarded: bool,
) -> Run {
    let (mut program, looked_at) = built(setup, build, guarded);
    program.run(pool, isa, &setup.step);
    assert!(
        !guarded || program.is_slack(f32::NAN),
        "{isa:?}: a kernel wrote past the end of one of its buffers"
    );
    let outputs = looked_at.iter().map(|output| match output {
        Output::Buffer(buf) => program.get(*buf).to_vec(),
        Output::Value(plane, buf) => {
            let got = program.get(*buf);
            let nchw = plane.to_nchw(got, setup.step.n);
            let mut clean = vec![0.0; got.len()];
            plane.from_nchw(&nchw, &mut clean);
            let bad = got.iter().zip(&clean).position(|(a, b)| a != b && !(a.is_nan() && b.is_nan()));
            if let Some(at) = bad {
                panic!("{isa:?}: halo or empty lane of {plane:?} is {} at {at}", got[at]);
            }
            nchw
        }
    });
    let outputs = outputs.collect();
    Run { what: format!("{isa:?}, {setup:?}"), isa, outputs }
}

/// The program, with its memory filled, and the outputs that the test reads.
fn built(setup: &Setup<'_>, build: &impl Fn(&mut TestProgram), guarded: bool) -> (Program, Vec<Output>) {
    let mut t = TestProgram {
        program: Builder::new(setup.tile),
        n: setup.step.n,
        start: Vec::new(),
        outputs: Vec::new(),
        waiting: Vec::new(),
    };
    build(&mut t);
    for (from, to) in t.waiting {
        t.program.push(Collect { from, to });
    }
    let mut program = match guarded {
        #[cfg(unix)]
        true => t.program.finish_guarded(),
        _ => t.program.finish().expect("a test fits into memory"),
    };
    program.fill(f32::NAN);
    for (buf, values) in t.start {
        program.get_mut(buf).copy_from_slice(&values);
    }
    (program, t.outputs)
}

/// Copies the samples of the tile from a test's input.
#[derive(Debug)]
struct Feed {
    to: Value,
    /// `[N]` samples as they lie in memory.
    data: Vec<f32>,
}

// SAFETY: task n writes sample n.
unsafe impl Kernel for Feed {
    fn name(&self) -> &'static str {
        "feed"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        n
    }
    fn run(&self, cx: &Cx<'_>, n: usize) {
        // SAFETY: see the impl.
        let to = unsafe { cx.write(self.to.buf, self.to.sample(n)) };
        to.copy_from_slice(&self.data[self.to.sample(cx.first_sample() + n)]);
    }
}

/// Copies the samples of the tile from an output, after those of the other tiles.
#[derive(Debug)]
struct Collect {
    from: Value,
    to: Buf,
}

// SAFETY: task n writes its sample's part.
unsafe impl Kernel for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.from.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, n: usize) -> usize {
        n
    }
    fn run(&self, cx: &Cx<'_>, n: usize) {
        // SAFETY: see the impl; the samples are not written here.
        unsafe {
            let from = cx.read(self.from.buf, self.from.sample(n));
            cx.write(self.to, self.from.sample(cx.first_sample() + n)).copy_from_slice(from);
        }
    }
}
