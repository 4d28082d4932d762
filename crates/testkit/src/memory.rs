//! Measures how much memory a piece of code takes, and tests what it does when there is none left.
//!
//! The memory of the whole program is counted, so a test that measures must be alone in its file.

use cap::Cap;
use peak_alloc::PeakAlloc;

/// An allocator that counts, and that refuses allocations past a limit.
pub type Memory = Cap<PeakAlloc>;

/// The allocator for a test program, without a limit.
///
/// ```
/// use striate_testkit::{Memory, memory, peak_bytes, with_room};
///
/// #[global_allocator]
/// static MEMORY: Memory = memory();
///
/// let (sum, peak) = peak_bytes(|| vec![1_u8; 1 << 20].iter().map(|&v| u32::from(v)).sum::<u32>());
/// assert_eq!(sum, 1 << 20);
/// assert!((1 << 20..2 << 20).contains(&peak));
/// assert!(with_room(&MEMORY, 1 << 20, || Vec::<u8>::new().try_reserve(2 << 20).is_err()));
/// ```
pub const fn memory() -> Memory {
    Cap::new(PeakAlloc, usize::MAX)
}

/// Returns the result of `work`, and the peak number of bytes that it allocated, beyond those allocated before.
///
/// Nothing is counted unless the program's allocator is [`memory`].
pub fn peak_bytes<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = PeakAlloc.current_usage();
    PeakAlloc.reset_peak_usage();
    let result = work();
    (result, PeakAlloc.peak_usage().saturating_sub(before))
}

/// Runs `work` with at most `bytes` more bytes than are allocated now; past them, allocating fails.
///
/// # Panics
/// If another thread allocates or frees memory at the moment when the limit is set.
pub fn with_room<T>(memory: &Memory, bytes: usize, work: impl FnOnce() -> T) -> T {
    memory.set_limit(memory.allocated().saturating_add(bytes)).expect("more than is taken");
    let result = work();
    memory.set_limit(usize::MAX).expect("more than is taken");
    result
}
