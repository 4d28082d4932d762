//! Thread-local memory for one task, for intermediate values that no other task sees.
//!
//! It grows to the largest size that a task has requested and is kept, so that only the first runs allocate.

use std::cell::RefCell;

thread_local! {
    static MEMORY: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Number of values in a cache line.
const LINE: usize = 16;

/// Calls `body` with `len` values of arbitrary content, aligned to a cache line.
pub(crate) fn with<R>(len: usize, body: impl FnOnce(&mut [f32]) -> R) -> R {
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < len + LINE {
            memory.resize(len + LINE, 0.0);
        }
        let skip = memory.as_ptr().align_offset(4 * LINE).min(LINE);
        body(&mut memory[skip..skip + len])
    })
}
