//! The positions of a program's buffers in the arena, and the points where its threads wait for each other.

use crate::program::{Buf, Declared, Kernel, Memory, Place};
use std::ops::Range;

/// Buffers start at multiples of a cache line.
const ALIGN: usize = 16;

/// Values of each memory of a program.
pub(crate) type Lens = [usize; Memory::COUNT];

/// First fit by first use: each buffer goes to the lowest place that no living neighbor overlaps. Constants lie one behind the other
/// in their own memory; those that no kernel reads all lie at the start of theirs.
pub(crate) fn place(buffers: &[Declared], kernels: &[Box<dyn Kernel>], no_reuse: bool) -> (Vec<Place>, Lens) {
    let mut life: Vec<Option<(usize, usize)>> = vec![None; buffers.len()];
    for (k, kernel) in kernels.iter().enumerate() {
        for Buf(b) in kernel.reads().into_iter().chain(kernel.writes()) {
            let (first, _) = life[b as usize].unwrap_or((k, k));
            life[b as usize] = Some((first, k));
        }
    }
    for (b, buffer) in buffers.iter().enumerate() {
        if !buffer.constant && (buffer.keep || no_reuse) {
            life[b] = Some((0, kernels.len()));
        }
    }
    let mut order: Vec<usize> =
        (0..buffers.len()).filter(|&b| life[b].is_some() && !buffers[b].constant).collect();
    // Larger first among those that start together: fewer holes.
    order.sort_by_key(|&b| (life[b].map(|l| l.0), std::cmp::Reverse(buffers[b].len), b));
    let nowhere =
        |buffer: &Declared| Place { memory: Memory::Arena, range: 0..0, per_sample: buffer.per_sample };
    let mut places: Vec<Place> = buffers.iter().map(nowhere).collect();
    let (mut constants, mut staging) = (0_usize, 0_usize);
    for (b, buffer) in buffers.iter().enumerate().filter(|(_, buffer)| buffer.constant) {
        let len = buffer.len.checked_next_multiple_of(ALIGN).unwrap_or(usize::MAX);
        let (memory, at) = match life[b] {
            Some(_) => (Memory::Constants, constants),
            None => (Memory::Staging, 0),
        };
        places[b] = Place { memory, range: at..at.saturating_add(buffer.len), per_sample: 0 };
        match memory {
            Memory::Staging => staging = staging.max(len),
            _ => constants = constants.saturating_add(len),
        }
    }
    let mut placed: Vec<usize> = Vec::new();
    let mut end = 0;
    for b in order {
        let (first, last) = life[b].expect("filtered above");
        // A buffer that saturates the sum cannot exist: only its size counts.
        let len = buffers[b].len.checked_next_multiple_of(ALIGN).unwrap_or(usize::MAX);
        let mut neighbors: Vec<Range<usize>> = placed
            .iter()
            .filter(|&&o| life[o].is_some_and(|(f, l)| f <= last && first <= l))
            .map(|&o| {
                places[o].range.start
                    ..places[o].range.end.checked_next_multiple_of(ALIGN).unwrap_or(usize::MAX)
            })
            .collect();
        neighbors.sort_by_key(|r| r.start);
        let mut at = 0_usize;
        for taken in neighbors {
            if at.saturating_add(len) <= taken.start {
                break;
            }
            at = at.max(taken.end);
        }
        places[b].range = at..at.saturating_add(buffers[b].len);
        end = end.max(at.saturating_add(len));
        placed.push(b);
    }
    (places, [end, constants, staging])
}

/// The place of every buffer at the end of its own pages, the protected page after each, and the total number of values.
#[cfg(all(test, unix))]
pub(crate) fn guarded(
    buffers: &[Declared],
    first_page: usize,
    page: usize,
) -> (Vec<Place>, Vec<Range<usize>>, usize) {
    let (mut places, mut guards, mut end) = (Vec::new(), Vec::new(), 0);
    for buffer in buffers {
        let len = buffer.len.next_multiple_of(ALIGN);
        let pages = (end + len).next_multiple_of(page);
        let (start, guard) = (first_page + pages - len, first_page + pages);
        let (memory, range) = (Memory::Arena, start..start + buffer.len);
        places.push(Place { memory, range, per_sample: buffer.per_sample });
        guards.push(guard..guard + page);
        end = pages + page;
    }
    (places, guards, first_page + end)
}

/// Whether the threads must wait for each other before each kernel: if it touches memory that a kernel since the last barrier
/// wrote, or writes memory that one has read.
pub(crate) fn waits(kernels: &[Box<dyn Kernel>], places: &[Place], per_tile: usize) -> Vec<bool> {
    // Nobody writes a constant.
    let place = |b: Buf| Some(&places[b.0 as usize]).filter(|place| place.memory == Memory::Arena);
    let ranges = |bufs: Vec<Buf>| {
        bufs.into_iter().filter_map(place).map(|place| place.range.clone()).collect::<Vec<_>>()
    };
    let meet = |a: &[Range<usize>], b: &[Range<usize>]| {
        a.iter().any(|x| b.iter().any(|y| x.start < y.end && y.start < x.end))
    };
    let (mut read, mut written): (Vec<Range<usize>>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    let mut waits = Vec::with_capacity(kernels.len());
    for (k, kernel) in kernels.iter().enumerate() {
        let (reads, writes) = (ranges(kernel.reads()), ranges(kernel.writes()));
        let wait = k == 0
            || k == per_tile
            || meet(&reads, &written)
            || meet(&writes, &written)
            || meet(&writes, &read);
        if wait {
            read.clear();
            written.clear();
        }
        read.extend(reads);
        written.extend(writes);
        waits.push(wait);
    }
    waits
}
