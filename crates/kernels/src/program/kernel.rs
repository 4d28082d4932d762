//! What a kernel is, and what it gets to see of a run.

use super::buffer::{Buf, Memory, Place};
#[cfg(any(test, debug_assertions))]
use super::witness::Witness;
use crate::loss::Target;
use crate::simd::Isa;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;

/// What changes from one run of a program to the next.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Samples of this run, row-major `[N, C, H, W]`.
    pub input: &'a [f32],
    /// What each sample should be taken for; empty where there is no loss.
    pub targets: &'a [Target],
    /// Samples.
    pub n: usize,
    /// Learning rate of this update.
    pub learning_rate: f32,
    /// Updates done, this one included: 1 for the first.
    pub update: u64,
    /// Key of every random number.
    pub seed: u64,
}

/// The part of a batch that passes through the network at once, and how to get at memory.
pub struct Cx<'a> {
    pub(super) step: &'a Step<'a>,
    /// Where each memory begins; null for one that this run has no use for.
    pub(super) memories: [*mut f32; Memory::COUNT],
    pub(super) places: &'a [Place],
    pub(super) isa: Isa,
    pub(super) tile: Range<usize>,
    #[cfg(any(test, debug_assertions))]
    pub(super) witness: Option<&'a Witness>,
}

impl<'a> Cx<'a> {
    /// What the whole run is about.
    pub fn step(&self) -> &'a Step<'a> {
        self.step
    }
    /// The instruction set to run on.
    pub fn isa(&self) -> Isa {
        self.isa
    }
    /// Samples in this tile.
    pub fn n(&self) -> usize {
        self.tile.len()
    }
    /// Index in the batch of the tile's first sample.
    pub fn first_sample(&self) -> usize {
        self.tile.start
    }
    /// Whether sums over samples (gradients, loss) start here rather than go on from the tile before.
    pub fn starts_sums(&self) -> bool {
        self.tile.start == 0
    }

    /// Where the buffer lies in its memory for the samples of this tile.
    #[inline]
    fn place(&self, buf: Buf) -> Range<usize> {
        let Place { range, per_sample, .. } = &self.places[buf.0 as usize];
        range.start + self.tile.start * per_sample..range.end
    }

    /// Where the memory begins that the buffer lies in.
    #[inline]
    fn memory(&self, buf: Buf) -> *mut f32 {
        self.memories[self.places[buf.0 as usize].memory as usize]
    }

    /// The number of the buffer's first value among those of all memories, for whoever watches.
    #[cfg(any(test, debug_assertions))]
    fn number(&self, buf: Buf) -> usize {
        self.place(buf).start + self.places[buf.0 as usize].memory as usize * (usize::MAX / 16)
    }

    /// Notes bytes of a buffer for whoever watches.
    #[cfg(any(test, debug_assertions))]
    fn note(&self, buf: Buf, bytes: Range<usize>, writes: bool) {
        if let Some(witness) = self.witness {
            let start = 4 * self.number(buf);
            witness.sees(buf, start + bytes.start..start + bytes.end, writes);
        }
    }

    /// A part of a buffer to read.
    ///
    /// # Safety
    /// No task that may run at the same time writes into this part.
    #[inline]
    pub unsafe fn read(&self, buf: Buf, part: Range<usize>) -> &'a [f32] {
        let place = self.place(buf);
        assert!(part.start <= part.end && part.end <= place.len(), "read {part:?} of {buf:?}, {place:?}");
        #[cfg(any(test, debug_assertions))]
        self.note(buf, 4 * part.start..4 * part.end, false);
        // SAFETY: the part lies inside the buffer, and the buffer inside its memory, which outlives the run; that
        // nobody writes it is the caller's promise.
        unsafe { std::slice::from_raw_parts(self.memory(buf).add(place.start + part.start), part.len()) }
    }

    /// A whole buffer to read, its slack included.
    ///
    /// # Safety
    /// As [`Cx::read`].
    #[inline]
    pub unsafe fn read_all(&self, buf: Buf) -> &'a [f32] {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.read(buf, 0..self.place(buf).len()) }
    }

    /// A part of a buffer to write.
    ///
    /// # Safety
    /// No task that may run at the same time reads or writes this part, and this task holds it once.
    #[inline]
    #[allow(clippy::mut_from_ref)] // the aliasing rule is the caller's promise
    pub unsafe fn write(&self, buf: Buf, part: Range<usize>) -> &'a mut [f32] {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.out(buf).write(part) }
    }

    /// A buffer of which many small parts are to be written.
    #[inline]
    pub fn out(&self, buf: Buf) -> Out<'a> {
        let place = self.place(buf);
        // SAFETY: the buffer lies inside its memory.
        let start = unsafe { self.memory(buf).add(place.start) };
        Out {
            buf,
            start,
            len: place.len(),
            of: PhantomData,
            #[cfg(any(test, debug_assertions))]
            watched: self.witness.map(|witness| (witness, self.number(buf))),
        }
    }

    /// A part of a buffer to write, as bytes; `part` counts bytes.
    ///
    /// # Safety
    /// As [`Cx::write`].
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn write_bytes(&self, buf: Buf, part: Range<usize>) -> &'a mut [u8] {
        let place = self.place(buf);
        assert!(part.start <= part.end && part.end <= 4 * place.len(), "bytes {part:?} of {buf:?}");
        #[cfg(any(test, debug_assertions))]
        self.note(buf, part.clone(), true);
        // SAFETY: as in `write`; any bytes are valid u8 and valid f32.
        unsafe {
            let start = self.memory(buf).add(place.start).cast::<u8>().add(part.start);
            std::slice::from_raw_parts_mut(start, part.len())
        }
    }

    /// A part of a buffer to read, as bytes; `part` counts bytes.
    ///
    /// # Safety
    /// As [`Cx::read`].
    #[inline]
    pub unsafe fn read_bytes(&self, buf: Buf, part: Range<usize>) -> &'a [u8] {
        let place = self.place(buf);
        assert!(part.start <= part.end && part.end <= 4 * place.len(), "bytes {part:?} of {buf:?}");
        #[cfg(any(test, debug_assertions))]
        self.note(buf, part.clone(), false);
        // SAFETY: as in `read`.
        unsafe {
            let start = self.memory(buf).add(place.start).cast::<u8>().add(part.start);
            std::slice::from_raw_parts(start, part.len())
        }
    }
}

/// A buffer of which a task writes parts: its place is looked up once, not for each of them.
#[derive(Clone, Copy)]
pub struct Out<'a> {
    buf: Buf,
    start: *mut f32,
    len: usize,
    of: PhantomData<&'a [f32]>,
    /// Who watches, and where the buffer begins.
    #[cfg(any(test, debug_assertions))]
    watched: Option<(&'a Witness, usize)>,
}

impl<'a> Out<'a> {
    /// A part to write.
    ///
    /// # Safety
    /// As [`Cx::write`].
    #[inline]
    pub unsafe fn write(self, part: Range<usize>) -> &'a mut [f32] {
        let (start, len) = (self.start_of(part.clone()), part.len());
        // SAFETY: the part lies inside the buffer, which outlives the run; that nobody else holds it is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(start, len) }
    }

    /// Where a part begins that lies inside the buffer, for a kernel that writes some values of it.
    #[inline]
    pub fn start_of(self, part: Range<usize>) -> *mut f32 {
        if part.start > part.end || part.end > self.len {
            outside(self.buf, part, self.len);
        }
        #[cfg(any(test, debug_assertions))]
        if let Some((witness, first)) = self.watched {
            witness.sees(self.buf, 4 * (first + part.start)..4 * (first + part.end), true);
        }
        // SAFETY: it lies inside the buffer.
        unsafe { self.start.add(part.start) }
    }
}

/// Apart, so that what it says costs nothing where it is not said.
#[cold]
#[inline(never)]
fn outside(buf: Buf, part: Range<usize>, len: usize) -> ! {
    panic!("write {part:?} of {buf:?}, which has {len} values")
}

/// One operation on buffers, cut into tasks that may run at the same time.
///
/// # Safety
/// `run` touches only the buffers of `reads` and `writes`, writes only those of `writes`, and no two tasks of one
/// kernel write the same element or write what the other reads. The tasks, and what each computes, follow from the
/// kernel's shapes and the number of samples alone, so that the number of threads cannot change a bit.
pub unsafe trait Kernel: Send + Sync + Debug {
    /// What it is called in profiles.
    fn name(&self) -> &'static str;
    /// Buffers that must hold their values before.
    fn reads(&self) -> Vec<Buf>;
    /// Buffers that hold new values after.
    fn writes(&self) -> Vec<Buf>;
    /// Tasks for a tile of `n` samples.
    fn tasks(&self, n: usize) -> usize;
    /// One task.
    fn run(&self, cx: &Cx<'_>, task: usize);
}
