//! Memory of a thread for one task: what a kernel needs between its input and its output, and nobody else sees.
//!
//! It grows to the largest that a task has asked for and is kept, so that only the first runs allocate.

use std::cell::RefCell;

thread_local! {
    static MEMORY: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Values from one line of the caches to the next.
const LINE: usize = 16;

/// Calls `body` with `len` values of any content, which begin at a line of the caches.
pub(crate) fn with<R>(len: usize, body: impl FnOnce(&mut [f32]) -> R) -> R {
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < len + LINE {
            memory.resize(len + LINE, 0.0);
        }
        let skip = memory.as_ptr().align_offset(4 * LINE).min(LINE);
        body(&mut memory[skip..skip + len])
    })
}
