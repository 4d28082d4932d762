//! One zeroed, cache-line-aligned piece of memory, on large pages where the system offers them.

use std::alloc::{Layout, alloc_zeroed, dealloc};

/// Large arenas start on a large page, small ones on a cache line.
const LARGE_PAGE: usize = 2 << 20;
const LINE: usize = 64;

/// `len` f32 values that start at zero.
pub(crate) struct Arena {
    start: *mut f32,
    len: usize,
    layout: Layout,
}

// SAFETY: the arena owns its memory, as a Vec does.
unsafe impl Send for Arena {}
// SAFETY: shared access only reads.
unsafe impl Sync for Arena {}

impl Arena {
    /// `None` when the memory cannot be had.
    pub(crate) fn zeroed(len: usize) -> Option<Self> {
        let bytes = len.max(LINE).checked_mul(4)?;
        let align = if bytes >= LARGE_PAGE { LARGE_PAGE } else { LINE };
        let layout = Layout::from_size_align(bytes, align).ok()?;
        // SAFETY: the layout is not empty.
        let start = unsafe { alloc_zeroed(layout) }.cast::<f32>();
        if start.is_null() {
            return None;
        }
        #[cfg(target_os = "linux")]
        if bytes >= LARGE_PAGE {
            // Advice only: 4 KiB pages work too, slower.
            // SAFETY: the range is the allocation just made.
            unsafe { libc::madvise(start.cast(), bytes, libc::MADV_HUGEPAGE) };
        }
        Some(Self { start, len, layout })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        // SAFETY: `len` initialised values, borrowed from self.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as above, and self is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.start
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated in `zeroed` with this layout.
        unsafe { dealloc(self.start.cast(), self.layout) }
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
}
