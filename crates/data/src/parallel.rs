//! Work on many files at once, on threads of its own: reading and decoding before there is a team of threads.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// `work(i)` for every `i` below `count`, on every core; the results in order.
///
/// Each thread takes the next number when it is done with one, so a slow file holds nobody up; only as many files as there
/// are cores are in memory at once.
/// Where the system gives no further thread, those that are there do the work.
pub(crate) fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    map_on(count, thread::Builder::new, work)
}

fn map_on<T: Send>(
    count: usize,
    thread: fn() -> thread::Builder,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(count);
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                return done;
            }
            done.push((i, work(i)));
        }
    };
    let mut all: Vec<(usize, T)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map_while(|_| thread().spawn_scoped(scope, take).ok()).collect();
        let mut all = take();
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_unstable_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::{map, map_on};

    #[test]
    fn every_number_is_worked_on_once_and_in_its_place() {
        for count in [0, 1, 2, 7, 1000] {
            let expected: Vec<usize> = (0..count).map(|i| i * i).collect();
            assert_eq!(map(count, |i| i * i), expected);
        }
    }

    #[test]
    fn without_further_threads_this_one_does_all() {
        // No address space has room for such a stack.
        let thread = || std::thread::Builder::new().stack_size(usize::MAX >> 4);
        assert!(thread().spawn(|| {}).is_err());
        assert_eq!(map_on(100, thread, |i| i), (0..100).collect::<Vec<_>>());
    }

    #[test]
    #[should_panic(expected = "number 5")]
    fn a_panic_is_passed_on() {
        map(100, |i| assert!(i != 5, "number {i}"));
    }
}
