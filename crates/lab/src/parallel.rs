//! Work that falls into independent pieces of unequal size.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use striate_graph::Engine;

/// Calls `work(index, item)` for each item once, on all threads; a thread that is done takes the next item. As no piece
/// sees another, the result does not depend on who does which.
pub(crate) fn for_each<T: Send>(engine: &Engine, items: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
    let slots: Vec<Mutex<&mut T>> = items.iter_mut().map(Mutex::new).collect();
    let next = AtomicUsize::new(0);
    engine.pool().run(|_| {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = slots.get(i) else { return };
            work(i, &mut slot.lock().unwrap_or_else(PoisonError::into_inner));
        }
    });
}
