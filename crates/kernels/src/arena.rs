//! One zeroed, cache-line-aligned allocation, on large pages if the system offers them.

use std::alloc::{Layout, alloc_zeroed, dealloc};

/// Large arenas start on a large page, small ones on a cache line.
const LARGE_PAGE: usize = 2 << 20;
const LINE: usize = 64;

/// `len` f32 values that start at zero. A page of a large arena takes up memory from when it is first touched.
pub(crate) struct Arena {
    start: *mut f32,
    len: usize,
    /// What was allocated: the values start at the first large page, or cache line, of it.
    allocated: *mut u8,
    layout: Layout,
    #[cfg(all(test, unix))]
    guards: Vec<std::ops::Range<usize>>,
}

// SAFETY: the arena owns its memory, as a Vec does.
unsafe impl Send for Arena {}
// SAFETY: shared access only reads.
unsafe impl Sync for Arena {}

impl Arena {
    /// Returns `None` if there is not enough memory.
    pub(crate) fn zeroed(len: usize) -> Option<Self> {
        let bytes = len.max(LINE).checked_mul(4)?;
        let align = if bytes >= LARGE_PAGE { LARGE_PAGE } else { LINE };
        // Memory that is fresh from the system is zero without being touched. The standard library knows that only for alignments
        // that any allocation has; for others it writes the zeros.
        let layout = Layout::from_size_align(bytes.checked_add(align)?, align_of::<f32>()).ok()?;
        // SAFETY: the layout is not empty.
        let allocated = unsafe { alloc_zeroed(layout) };
        if allocated.is_null() {
            return None;
        }
        // SAFETY: less than `align` bytes further on, where `bytes` bytes of the allocation follow.
        let start = unsafe { allocated.add(allocated.addr().next_multiple_of(align) - allocated.addr()) };
        let start = start.cast::<f32>();
        // A page is allocated when it is first touched, so the advice must come before that.
        #[cfg(target_os = "linux")]
        if bytes >= LARGE_PAGE {
            // This is only advice: 4 KiB pages work too, but slower.
            // SAFETY: the range is part of the allocation just made.
            unsafe { libc::madvise(start.cast(), bytes, libc::MADV_HUGEPAGE) };
        }
        Some(Self {
            start,
            len,
            allocated,
            layout,
            #[cfg(all(test, unix))]
            guards: Vec::new(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        // SAFETY: `len` initialized values, borrowed from self.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as above, and self is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.start
    }

    /// Where it begins, for readers.
    pub(crate) fn as_ptr(&self) -> *const f32 {
        self.start
    }
}

#[cfg(all(test, unix))]
impl Arena {
    /// Number of values in a page.
    pub(crate) fn page() -> usize {
        // SAFETY: asks for a constant of the system.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).expect("the system has pages") / 4
    }

    /// Number of values before the first whole page.
    pub(crate) fn first_page(&self) -> usize {
        (self.start as usize).next_multiple_of(4 * Self::page()) / 4 - self.start as usize / 4
    }

    /// From now on, any access to one of these whole pages ends the process.
    pub(crate) fn guard(&mut self, pages: Vec<std::ops::Range<usize>>) {
        pages.iter().for_each(|part| self.protect(part, libc::PROT_NONE));
        self.guards = pages;
    }

    fn protect(&self, part: &std::ops::Range<usize>, how: libc::c_int) {
        assert!(part.start <= part.end && part.end <= self.len);
        // SAFETY: the pages are part of the allocation, and `drop` gives them back as they were.
        let done = unsafe { libc::mprotect(self.start.add(part.start).cast(), 4 * part.len(), how) };
        assert_eq!(done, 0, "mprotect of {part:?}");
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        #[cfg(all(test, unix))]
        self.guards.iter().for_each(|part| self.protect(part, libc::PROT_READ | libc::PROT_WRITE));
        // SAFETY: allocated in `zeroed` with this layout.
        unsafe { dealloc(self.allocated, self.layout) }
    }
}

impl std::fmt::Debug for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arena({} values)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligned_and_zero() {
        for len in [0, 1, 1000, 3_000_000] {
            let mut arena = Arena::zeroed(len).unwrap();
            assert_eq!(arena.as_mut_ptr() as usize % LINE, 0);
            assert!(arena.as_slice().iter().all(|&v| v == 0.0) && arena.as_slice().len() == len);
            arena.as_mut_slice().fill(1.0);
        }
        assert!(Arena::zeroed(usize::MAX / 8).is_none());
        assert!(Arena::zeroed(usize::MAX).is_none());
    }

    /// Kilobytes that Linux counts under `what` in the mapping of this arena.
    #[cfg(target_os = "linux")]
    fn kilobytes(arena: &Arena, what: &str) -> Option<usize> {
        let address = arena.as_ptr() as usize;
        let maps = std::fs::read_to_string("/proc/self/smaps").ok()?;
        let start_of = |line: &str| usize::from_str_radix(line.split_once('-')?.0, 16).ok();
        let holds = |line: &str| {
            let end = line.split_once('-').and_then(|(_, rest)| rest.split_once(' '));
            let end = end.and_then(|(end, _)| usize::from_str_radix(end, 16).ok());
            start_of(line).is_some_and(|start| start <= address) && end.is_some_and(|end| address < end)
        };
        let mut lines = maps.lines().skip_while(|line| !holds(line));
        let pages = lines.find_map(|line| line.strip_prefix(what))?;
        pages.trim().strip_suffix(" kB")?.parse().ok()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn large_arenas_lie_on_large_pages() {
        let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        if !setting.is_ok_and(|setting| setting.contains("[madvise]") || setting.contains("[always]")) {
            return; // the system offers no large pages
        }
        let mut arena = Arena::zeroed(16 << 20).unwrap();
        arena.as_mut_slice().fill(1.0);
        assert!(kilobytes(&arena, "AnonHugePages:").unwrap() > 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn large_arenas_take_up_memory_when_touched() {
        let mut arena = Arena::zeroed(16 << 20).unwrap();
        let all = 64 << 10;
        assert!(kilobytes(&arena, "Rss:").unwrap() < all / 2);
        arena.as_mut_slice().fill(1.0);
        assert!(kilobytes(&arena, "Rss:").unwrap() >= all);
    }
}
