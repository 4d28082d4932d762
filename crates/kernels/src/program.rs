//! A program: a sequence of kernels over buffers in one arena, recorded once and run many times, without allocation.
//!
//! The planner declares buffers ([`Builder::buffer`]) and pushes kernels that name them. From what each kernel reads and
//! writes, [`Builder::finish`] derives the lifetime of every buffer, places the buffers in one arena so that those with
//! overlapping lifetimes never share memory, and finds the places where threads must wait for each other.

mod buffer;
mod kernel;
#[cfg(test)]
mod tests;
#[cfg(any(test, debug_assertions))]
mod witness;

pub use buffer::Buf;
pub(crate) use buffer::{Declared, Memory, Place, SLACK};
pub use kernel::{Cx, Kernel, Out, Step};
#[cfg(any(test, debug_assertions))]
pub use witness::watched;

use crate::arena::Arena;
use crate::layout::{place, waits};
use crate::pool::{Pool, share};
use crate::simd::Isa;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// Collects the buffers and kernels of a program.
#[derive(Debug, Default)]
pub struct Builder {
    buffers: Vec<Declared>,
    kernels: Vec<Box<dyn Kernel>>,
    once: Vec<Box<dyn Kernel>>,
    before: Vec<Box<dyn Kernel>>,
    tile: usize,
    batch: usize,
    no_reuse: bool,
    most_bytes: Option<usize>,
}

impl Builder {
    /// Starts a program for batches that are processed in tiles of at most `tile` samples.
    pub fn new(tile: usize) -> Self {
        assert!(tile > 0, "a tile holds at least one sample");
        Self { tile, batch: tile, ..Self::default() }
    }

    /// Sets the largest number of samples in a run, for buffers that hold all of them ([`Builder::hold`]); the default is that
    /// of a tile.
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch: batch.max(self.tile), ..self }
    }

    /// Rejects a plan that needs more than `bytes` bytes, before any memory is allocated.
    pub fn with_most_bytes(self, bytes: usize) -> Self {
        Self { most_bytes: Some(bytes), ..self }
    }

    /// Gives every buffer its own memory, for tests and for inspecting every value.
    pub fn without_reuse(mut self) -> Self {
        self.no_reuse = true;
        self
    }

    /// The largest number of samples in a tile.
    pub fn tile(&self) -> usize {
        self.tile
    }

    /// Declares a buffer that lives from the first kernel that names it to the last; `len` is its length in values, for
    /// a whole tile.
    pub fn buffer(&mut self, len: usize) -> Buf {
        self.declare(len, false)
    }

    /// Declares a buffer with its own memory, for parameters and for values that are read after a run; `len` is its length in
    /// values.
    pub fn kept(&mut self, len: usize) -> Buf {
        self.declare(len, true)
    }

    /// Declares a buffer that no kernel of a run writes: a parameter of a network in inference, or the result of a kernel of
    /// [`Builder::push_before`]. Its memory can be shared with other programs ([`Builder::finish_with`]).
    pub fn constant(&mut self, len: usize) -> Buf {
        let buf = self.declare(len, true);
        self.buffers[buf.0 as usize].constant = true;
        buf
    }

    fn declare(&mut self, len: usize, keep: bool) -> Buf {
        self.buffers.push(Declared { len: len.saturating_add(SLACK), keep, constant: false, per_sample: 0 });
        Buf(u32::try_from(self.buffers.len() - 1).expect("fewer than 2^32 buffers"))
    }

    /// Gives this buffer its own memory from now on.
    pub fn keep(&mut self, buf: Buf) {
        self.buffers[buf.0 as usize].keep = true;
    }

    /// Makes this buffer, with `per_sample` values per sample, hold the values of every sample of a run, in its own memory:
    /// kernels write each tile to its position there, and the whole can be read after the run.
    pub fn hold(&mut self, buf: Buf, per_sample: usize) {
        let (len, keep) = (self.batch.saturating_mul(per_sample).saturating_add(SLACK), true);
        self.buffers[buf.0 as usize] = Declared { len, keep, constant: false, per_sample };
    }

    /// Adds a kernel that runs for every tile.
    pub fn push(&mut self, kernel: impl Kernel + 'static) {
        self.kernels.push(Box::new(kernel));
    }

    /// The number of kernels so far. It is an index into [`Program::profile`] as long as no kernel runs once, and shows which
    /// kernels belong together.
    pub fn kernels(&self) -> usize {
        self.kernels.len() + self.once.len()
    }

    /// Adds a kernel that runs once, after the last tile.
    pub fn push_once(&mut self, kernel: Box<dyn Kernel>) {
        self.once.push(kernel);
    }

    /// Adds a kernel that runs only in [`Program::prepare`]: it computes one constant, which other kernels read, from another
    /// one.
    pub fn push_before(&mut self, kernel: impl Kernel + 'static) {
        self.before.push(Box::new(kernel));
    }

    /// Plans the memory and the points where threads wait.
    ///
    /// # Errors
    /// If there is not enough memory, or the plan needs more than [`Builder::with_most_bytes`] allows; the error says how much
    /// it needs.
    pub fn finish(self) -> Result<Program, OutOfMemory> {
        self.finish_with(None)
    }

    /// Plans like [`Builder::finish`]. Given `constants`, the program shares those of another program with the same plan, which
    /// may be for another number of samples.
    ///
    /// # Errors
    /// Those of [`Builder::finish`].
    ///
    /// # Panics
    /// When the number of constants is that of no such program, or a kernel of a run writes one.
    pub fn finish_with(mut self, constants: Option<Constants>) -> Result<Program, OutOfMemory> {
        let per_tile = self.kernels.len();
        let kernels: Vec<_> = self.kernels.into_iter().chain(self.once).collect();
        let writes = kernels.iter().flat_map(|kernel| kernel.writes());
        writes.for_each(|buf| assert!(!self.buffers[buf.0 as usize].constant, "a kernel writes a constant"));
        let (places, lens) = place(&self.buffers, &kernels, self.no_reuse);
        let len = lens.iter().fold(0_usize, |sum, &len| sum.saturating_add(len));
        let (bytes, most) = (len.saturating_mul(4), self.most_bytes);
        if most.is_some_and(|most| bytes > most) {
            return Err(OutOfMemory { bytes, most });
        }
        let zeroed = |len| Arena::zeroed(len).ok_or(OutOfMemory { bytes, most: None });
        let [arena, of_constants, staging] = lens;
        let (constants, staging) = match constants {
            Some(Constants(constants)) => {
                assert_eq!(constants.len(), of_constants, "the constants of another plan");
                self.before.clear();
                (constants, None)
            }
            None => {
                let staging = (staging > 0).then(|| zeroed(staging)).transpose()?;
                (Arc::new(zeroed(of_constants)?), staging)
            }
        };
        let arena = zeroed(arena)?;
        let waits = waits(&kernels, &places, per_tile);
        let (tile, batch, before) = (self.tile, self.batch, self.before);
        Ok(Program { arena, constants, staging, places, kernels, before, waits, per_tile, tile, batch })
    }
}

#[cfg(all(test, unix))]
impl Builder {
    /// Like [`Builder::finish`], with every buffer between protected pages: a kernel that leaves its buffers, and the slack
    /// behind them, ends the process.
    pub(crate) fn finish_guarded(self) -> Program {
        let per_tile = self.kernels.len();
        let kernels: Vec<_> = self.kernels.into_iter().chain(self.once).collect();
        let page = Arena::page();
        let (_, _, len) = crate::layout::guarded(&self.buffers, page, page);
        let mut arena = Arena::zeroed(len).expect("a test fits into memory");
        let (places, guards, _) = crate::layout::guarded(&self.buffers, arena.first_page(), page);
        arena.guard(guards);
        let waits = waits(&kernels, &places, per_tile);
        let constants = Arc::new(Arena::zeroed(0).expect("nothing fits into memory"));
        let (tile, batch, before, staging) = (self.tile, self.batch, self.before, None);
        Program { arena, constants, staging, places, kernels, before, waits, per_tile, tile, batch }
    }
}

/// There is not enough memory for the arena of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    /// The number of bytes that the plan needs.
    pub bytes: usize,
    /// The number of bytes that were allowed; `None` if the system could not allocate them.
    pub most: Option<usize>,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = |bytes: usize| match bytes {
            0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
            _ => format!("{} MB", bytes.div_ceil(1_000_000)),
        };
        let bytes = size(self.bytes);
        match self.most.map(size) {
            None => write!(f, "not enough memory for this plan, which needs {bytes}; use a smaller batch"),
            Some(most) => write!(f, "this plan needs {bytes} of memory, but only {most} are allowed"),
        }
    }
}
impl std::error::Error for OutOfMemory {}

/// Where each memory begins.
struct Bases([*mut f32; Memory::COUNT]);
// SAFETY: the pointers are only used through `Cx`, under the rules of `Kernel`; none writes a constant.
unsafe impl Sync for Bases {}

/// The constants of a program, in the layouts that its kernels read; copies share the memory.
#[derive(Debug, Clone)]
pub struct Constants(Arc<Arena>);

impl Constants {
    /// Whether another program shares them.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// A program: kernels, their memory, and the points where threads wait.
#[derive(Debug)]
pub struct Program {
    arena: Arena,
    constants: Arc<Arena>,
    /// Until every constant is made of what lies here.
    staging: Option<Arena>,
    places: Vec<Place>,
    kernels: Vec<Box<dyn Kernel>>,
    /// What makes the constants that are not made yet.
    before: Vec<Box<dyn Kernel>>,
    waits: Vec<bool>,
    per_tile: usize,
    tile: usize,
    batch: usize,
}

impl Program {
    /// The size of its memory in bytes, constants included.
    pub fn memory_bytes(&self) -> usize {
        (self.arena.len() + self.constants.len()) * 4
    }

    /// Returns its constants, for another program with the same plan.
    ///
    /// # Panics
    /// When some of them are not [prepared](Program::prepare) yet.
    pub fn constants(&self) -> Constants {
        assert!(self.before.is_empty(), "constants that were not prepared");
        Constants(Arc::clone(&self.constants))
    }

    /// Returns the values of a buffer. They are meaningful for kept buffers, and for others until a later kernel reuses their
    /// memory.
    ///
    /// # Panics
    /// When the buffer is a constant that only served to compute another one, which is already prepared.
    pub fn get(&self, buf: Buf) -> &[f32] {
        let place = &self.places[buf.0 as usize];
        let len = place.range.len().saturating_sub(SLACK);
        let memory = match place.memory {
            Memory::Arena => &self.arena,
            Memory::Constants => &*self.constants,
            Memory::Staging => self.staging.as_ref().expect("a constant that was let go"),
        };
        &memory.as_slice()[place.range.clone()][..len]
    }

    /// Returns the values of a buffer, which may be changed between runs; those of a constant only before the first run.
    ///
    /// # Panics
    /// When it is a constant that another program shares; also those of [`Program::get`].
    pub fn get_mut(&mut self, buf: Buf) -> &mut [f32] {
        let place = &self.places[buf.0 as usize];
        let len = place.range.len().saturating_sub(SLACK);
        let memory = match place.memory {
            Memory::Arena => &mut self.arena,
            Memory::Constants => Arc::get_mut(&mut self.constants).expect("constants that nobody shares yet"),
            Memory::Staging => self.staging.as_mut().expect("a constant that was let go"),
        };
        &mut memory.as_mut_slice()[place.range.clone()][..len]
    }

    /// Fills all buffers, including their slack: no result may depend on what was there before.
    #[cfg(test)]
    pub(crate) fn fill(&mut self, value: f32) {
        for place in &self.places {
            self.arena.as_mut_slice()[place.range.clone()].fill(value);
        }
    }

    /// Whether the slack of every buffer is still as [`Program::fill`] left it, if buffers share no memory.
    #[cfg(test)]
    pub(crate) fn is_slack(&self, value: f32) -> bool {
        let slack = |place: &Place| {
            &self.arena.as_slice()[place.range.end - SLACK.min(place.range.len())..place.range.end]
        };
        self.places.iter().all(|place| slack(place).iter().all(|v| v.to_bits() == value.to_bits()))
    }

    /// Runs the kernels of [`Builder::push_before`] that read this constant, and drops them. Callers that write constants must
    /// call this before they write the next one: constants that no kernel of a run reads share the same memory.
    ///
    /// # Panics
    /// When another program shares the constants.
    pub fn prepare(&mut self, constant: Buf, pool: &Pool, isa: Isa) {
        let step = Step { input: &[], targets: &[], n: 1, learning_rate: 0.0, update: 0, seed: 0 };
        let (now, later) = std::mem::take(&mut self.before)
            .into_iter()
            .partition(|kernel| kernel.reads().contains(&constant));
        self.before = later;
        let now: Vec<Box<dyn Kernel>> = now;
        let constants = Arc::get_mut(&mut self.constants).expect("constants that nobody shares yet");
        let staging = self.staging.as_mut().map_or(std::ptr::null_mut(), Arena::as_mut_ptr);
        let bases = Bases([self.arena.as_mut_ptr(), constants.as_mut_ptr(), staging]);
        let bases = &bases;
        let this = &*self;
        for kernel in &now {
            pool.run(|worker| {
                let cx = Cx {
                    step: &step,
                    memories: bases.0,
                    places: &this.places,
                    isa,
                    tile: 0..1,
                    #[cfg(any(test, debug_assertions))]
                    witness: None,
                };
                for task in share(kernel.tasks(1), worker, pool.threads()) {
                    kernel.run(&cx, task);
                }
            });
        }
        if self.before.is_empty() {
            self.staging = None;
        }
    }

    /// Where each memory begins, for a run.
    fn bases(&mut self) -> Bases {
        // Nobody writes a constant: `finish_with` has made sure.
        Bases([self.arena.as_mut_ptr(), self.constants.as_ptr().cast_mut(), std::ptr::null_mut()])
    }

    /// Runs every kernel over `step.n` samples, tile by tile, on the threads of `pool`.
    ///
    /// # Panics
    /// If `step.n` is 0, or if the program has kernels to [prepare](Program::prepare) that never ran.
    pub fn run(&mut self, pool: &Pool, isa: Isa, step: &Step<'_>) {
        self.run_part(pool, isa, step, 0..step.n);
    }

    /// Runs like [`Program::run`], for a part of the samples, so that the caller can do other work between the tiles. The parts
    /// of a run must be consecutive, and the last must end at `step.n`.
    pub fn run_part(&mut self, pool: &Pool, isa: Isa, step: &Step<'_>, part: Range<usize>) {
        self.run_with(pool, isa, step, part, &|_, _| ());
    }

    /// Runs like [`Program::run`], and returns the names of the kernels with the time of each in seconds.
    pub fn profile(&mut self, pool: &Pool, isa: Isa, step: &Step<'_>) -> Vec<(&'static str, f64)> {
        let times = std::sync::Mutex::new(vec![0.0; self.kernels.len()]);
        let last = std::sync::Mutex::new(Instant::now());
        self.run_with(pool, isa, step, 0..step.n, &|k, worker| {
            pool.barrier();
            if worker == 0 {
                let mut last = last.lock().expect("nobody panics here");
                times.lock().expect("nobody panics here")[k] += last.elapsed().as_secs_f64();
                *last = Instant::now();
            }
        });
        let times = times.into_inner().expect("nobody panics here");
        self.kernels.iter().map(|k| k.name()).zip(times).collect()
    }

    /// The size in bytes of the buffers that each kernel names, in the order of [`Program::profile`], in a run of `n` samples:
    /// each buffer that it reads and each that it writes counts in full, once per tile.
    pub fn touched_bytes(&self, n: usize) -> Vec<u64> {
        let of = |k: usize| {
            let tiles = if k < self.per_tile { n.div_ceil(self.tile) } else { 1 };
            let values = |buf: Buf| match &self.places[buf.0 as usize] {
                Place { range, per_sample: 0, .. } => tiles * range.len().saturating_sub(SLACK),
                Place { per_sample, .. } => n * per_sample,
            };
            let kernel = &self.kernels[k];
            kernel.reads().into_iter().chain(kernel.writes()).map(|buf| 4 * values(buf) as u64).sum()
        };
        (0..self.kernels.len()).map(of).collect()
    }

    fn run_with(
        &mut self,
        pool: &Pool,
        isa: Isa,
        step: &Step<'_>,
        part: Range<usize>,
        after: &(dyn Fn(usize, usize) + Sync),
    ) {
        assert!(step.n > 0, "a run needs at least one sample");
        assert!(self.before.is_empty(), "a program that was not prepared");
        assert!(
            step.n <= self.batch || self.places.iter().all(|place| place.per_sample == 0),
            "a run of {}, whose buffers hold {} samples",
            step.n,
            self.batch
        );
        #[cfg(any(test, debug_assertions))]
        if witness::is_watching() {
            return witness::tell(self.watch(isa, step, part));
        }
        let bases = &self.bases();
        let this = &*self;
        pool.run(|worker| {
            let walk = |kernels: Range<usize>, tile: Range<usize>| {
                let cx = Cx {
                    step,
                    memories: bases.0,
                    places: &this.places,
                    isa,
                    tile,
                    #[cfg(any(test, debug_assertions))]
                    witness: None,
                };
                for k in kernels {
                    if this.waits[k] {
                        pool.barrier();
                    }
                    let kernel = &this.kernels[k];
                    for task in share(kernel.tasks(cx.n()), worker, pool.threads()) {
                        kernel.run(&cx, task);
                    }
                    after(k, worker);
                }
            };
            for start in part.clone().step_by(this.tile) {
                walk(0..this.per_tile, start..(start + this.tile).min(part.end));
            }
            if part.end == step.n {
                walk(this.per_tile..this.kernels.len(), 0..step.n);
            }
        });
    }
}

#[cfg(any(test, debug_assertions))]
impl Program {
    /// Runs every kernel on this thread, and reports which of them touched buffers that they do not name, and which of their
    /// tasks could have accessed the same place at the same time.
    pub(crate) fn watch(&mut self, isa: Isa, step: &Step<'_>, part: Range<usize>) -> Vec<String> {
        let (bases, witness) = (self.bases(), witness::Witness::default());
        let memories = bases.0;
        let walk = |kernels: Range<usize>, tile: Range<usize>| {
            let cx = Cx { step, memories, places: &self.places, isa, tile, witness: Some(&witness) };
            for k in kernels {
                if self.waits[k] {
                    witness.meets();
                }
                for task in 0..self.kernels[k].tasks(cx.n()) {
                    witness.starts(k, task);
                    self.kernels[k].run(&cx, task);
                }
            }
        };
        for start in part.clone().step_by(self.tile) {
            walk(0..self.per_tile, start..(start + self.tile).min(part.end));
        }
        if part.end == step.n {
            walk(self.per_tile..self.kernels.len(), 0..step.n);
        }
        let claims = self.kernels.iter().map(|kernel| {
            let (name, reads, writes) = (kernel.name(), kernel.reads(), kernel.writes());
            witness::Claim { name, reads, writes }
        });
        witness.report(&claims.collect::<Vec<_>>())
    }
}
