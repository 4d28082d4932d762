//! The interface of kernels, and their access to memory during a run.

use super::buffer::{Buf, Memory, Place};
#[cfg(any(test, debug_assertions))]
use super::witness::Witness;
use crate::loss::Target;
use crate::simd::Isa;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;

/// The arguments of one run of a program.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The samples of this run, row-major `[N, C, H, W]`.
    pub input: &'a [f32],
    /// The label of each sample, or a mixture of two; empty if there is no loss.
    pub targets: &'a [Target],
    /// The number of samples.
    pub n: usize,
    /// The learning rate of this update.
    pub learning_rate: f32,
    /// The number of updates, including this one: 1 for the first.
    pub update: u64,
    /// The key of every random number.
    pub seed: u64,
}

/// The part of a batch that is processed at once, and access to memory.
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
    /// The settings of the whole run.
    pub fn step(&self) -> &'a Step<'a> {
        self.step
    }
    /// The instruction set to run on.
    pub fn isa(&self) -> Isa {
        self.isa
    }
    /// The number of samples in this tile.
    pub fn n(&self) -> usize {
        self.tile.len()
    }
    /// The index in the batch of the first sample of this tile.
    pub fn first_sample(&self) -> usize {
        self.tile.start
    }
    /// Whether sums over samples (gradients, loss) start in this tile rather than continue from the one before.
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

    /// Returns a part of a buffer, for reading.
    ///
    /// # Safety
    /// No task that may run at the same time may write into this part.
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

    /// Returns a whole buffer, including its slack, for reading.
    ///
    /// # Safety
    /// As for [`Cx::read`].
    #[inline]
    pub unsafe fn read_all(&self, buf: Buf) -> &'a [f32] {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.read(buf, 0..self.place(buf).len()) }
    }

    /// Returns a part of a buffer, for writing.
    ///
    /// # Safety
    /// No task that may run at the same time may read or write this part, and this task may hold it only once.
    #[inline]
    #[allow(clippy::mut_from_ref)] // the aliasing rule is the caller's promise
    pub unsafe fn write(&self, buf: Buf, part: Range<usize>) -> &'a mut [f32] {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.out(buf).write(part) }
    }

    /// Returns a buffer of which many small parts are written.
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

    /// Returns a part of a buffer, for writing, as bytes; `part` counts bytes.
    ///
    /// # Safety
    /// As for [`Cx::write`].
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

    /// Returns a part of a buffer, for reading, as bytes; `part` counts bytes.
    ///
    /// # Safety
    /// As for [`Cx::read`].
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

/// A buffer of which a task writes parts; its position is looked up once and not for each part.
#[derive(Clone, Copy)]
pub struct Out<'a> {
    buf: Buf,
    start: *mut f32,
    len: usize,
    of: PhantomData<&'a [f32]>,
    /// The recorder of a watched run, and the start of the buffer.
    #[cfg(any(test, debug_assertions))]
    watched: Option<(&'a Witness, usize)>,
}

impl<'a> Out<'a> {
    /// Returns a part of the buffer, for writing.
    ///
    /// # Safety
    /// As for [`Cx::write`].
    #[inline]
    pub unsafe fn write(self, part: Range<usize>) -> &'a mut [f32] {
        let (start, len) = (self.start_of(part.clone()), part.len());
        // SAFETY: the part lies inside the buffer, which outlives the run; that nothing else holds it is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(start, len) }
    }

    /// Returns a pointer to the start of a part of the buffer, for a kernel that writes some of its values.
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

/// A separate function, so that the message costs nothing unless it is needed.
#[cold]
#[inline(never)]
fn outside(buf: Buf, part: Range<usize>, len: usize) -> ! {
    panic!("write {part:?} of {buf:?}, which has {len} values")
}

/// One operation on buffers, cut into tasks that may run at the same time.
///
/// # Safety
/// `run` must touch only the buffers of `reads` and `writes`, and write only those of `writes`. No two tasks of one kernel may
/// write the same element, or write what the other reads. The tasks, and what each computes, must follow from the kernel's
/// shapes and the number of samples alone, so that the number of threads cannot change a bit.
pub unsafe trait Kernel: Send + Sync + Debug {
    /// The name of the kernel in profiles.
    fn name(&self) -> &'static str;
    /// The buffers whose values it reads.
    fn reads(&self) -> Vec<Buf>;
    /// The buffers that it writes.
    fn writes(&self) -> Vec<Buf>;
    /// The number of tasks for a tile of `n` samples.
    fn tasks(&self, n: usize) -> usize;
    /// Runs one task.
    fn run(&self, cx: &Cx<'_>, task: usize);
}
