//! The thread pool: it is woken once per step, and then the threads walk through a list of kernels together, with a spin
//! barrier between them.
//!
//! A fork and join of a general pool costs 5 to 10 µs; a step of a small network has some forty kernels of 10 to
//! 100 µs. Here the workers are woken once, and a barrier between two kernels costs well under a microsecond when
//! every worker has a core. A worker that waits long yields its core, and sleeps when there is nothing to do.
//!
//! [`Pool::for_each`] is the loop over tasks of unequal size; callers without a pool use [`map_on_all_cores`].

use std::cell::Cell;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};

/// Iterations of the spin loop before a waiting thread yields; some 10 µs.
const SPINS: usize = 2_000;
/// Yields before a thread with nothing to do sleeps; some 100 µs on an idle machine.
const YIELDS: usize = 200;

type Job = dyn Fn(usize) + Sync;

/// A job on its way to the workers. The lifetime is erased: [`Pool::run`] does not return before every worker is done with it.
#[derive(Clone, Copy)]
struct JobPtr(*const Job);
// SAFETY: the pointee is `Sync`, so calling it from another thread is what it is for.
unsafe impl Send for JobPtr {}

struct Shared {
    threads: usize,
    /// What to do, and who waits for it.
    job: Mutex<Option<(JobPtr, Thread)>>,
    /// Counts jobs; a worker that sees a new number takes the job.
    generation: AtomicUsize,
    finished: AtomicUsize,
    stop: AtomicBool,
    barrier_arrived: AtomicUsize,
    barrier_round: AtomicUsize,
    /// Set when a job panics, so that threads do not wait at a barrier forever.
    poisoned: AtomicBool,
    panic: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

/// A fixed team of threads, including the caller's.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    sleepers: Vec<Thread>,
    /// Admits one job at a time.
    turn: Mutex<()>,
}

thread_local! {
    static IN_JOB: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, this thread knows that it works for a pool.
struct InJob {
    before: bool,
}

impl InJob {
    fn enter() -> Self {
        Self { before: IN_JOB.replace(true) }
    }
}

impl Drop for InJob {
    fn drop(&mut self) {
        IN_JOB.set(self.before);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Spins, then yields; returns false after `limit` yields in vain.
fn wait_until(limit: usize, mut ready: impl FnMut() -> bool) -> bool {
    for _ in 0..SPINS {
        if ready() {
            return true;
        }
        std::hint::spin_loop();
    }
    let mut yields = 0;
    loop {
        if ready() {
            return true;
        }
        if yields == limit {
            return false;
        }
        yields += 1;
        thread::yield_now();
    }
}

impl Pool {
    /// Starts a team of `threads`, of which `threads - 1` are new; fewer if the system does not start that many. The number of
    /// threads never changes a result.
    ///
    /// # Panics
    /// If `threads` is 0.
    pub fn new(threads: usize) -> Self {
        Self::of(threads, thread::Builder::new)
    }

    fn of(threads: usize, builder: fn() -> thread::Builder) -> Self {
        assert!(threads > 0, "a pool needs at least one thread");
        let shared = Arc::new(Shared {
            threads,
            job: Mutex::new(None),
            generation: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            barrier_arrived: AtomicUsize::new(0),
            barrier_round: AtomicUsize::new(0),
            poisoned: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let start = |index: usize| {
            let shared = Arc::clone(&shared);
            builder().name(format!("striate-{index}")).spawn(move || shared.work(index))
        };
        let workers: Vec<_> = (1..threads).map_while(|index| start(index).ok()).collect();
        let started = workers.len() + 1;
        let sleepers = workers.iter().map(|w| w.thread().clone()).collect();
        let team = Self { shared, workers, sleepers, turn: Mutex::new(()) };
        if started < threads {
            // The barrier counts on all threads, so the team must know how many it has.
            drop(team);
            return Self::of(started, builder);
        }
        team
    }

    /// The number of threads in the team.
    pub fn threads(&self) -> usize {
        self.shared.threads
    }

    /// Runs `job(worker)` once on every thread of the team, `worker` in `0..threads`, and returns when all are done.
    ///
    /// # Panics
    /// The panic of `job`, after every thread has left it. The pool can be used again.
    pub fn run(&self, job: impl Fn(usize) + Sync) {
        let _turn = lock(&self.turn);
        let shared = &*self.shared;
        if shared.threads == 1 {
            let _in_job = InJob::enter();
            return job(0);
        }
        let job: &(dyn Fn(usize) + Sync + '_) = &job;
        // SAFETY: only the lifetime changes; this function leaves only after `finished` says that no worker holds
        // the pointer any more, also when the job panics.
        let erased =
            JobPtr(unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), *const Job>(job) });
        shared.finished.store(0, Relaxed);
        shared.poisoned.store(false, Relaxed);
        shared.barrier_arrived.store(0, Relaxed);
        *lock(&shared.job) = Some((erased, thread::current()));
        shared.generation.fetch_add(1, Release);
        self.sleepers.iter().for_each(Thread::unpark);
        shared.guarded(job, 0);
        // The pieces of some jobs are as long as the decoding of a photo, or the training of a network.
        while !wait_until(YIELDS, || shared.finished.load(Acquire) == shared.threads - 1) {
            thread::park();
        }
        *lock(&shared.job) = None;
        let panic = lock(&shared.panic).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Waits, inside a job, until every thread of the team has reached this point.
    ///
    /// # Panics
    /// If another thread's part of the job has panicked.
    pub fn barrier(&self) {
        let shared = &*self.shared;
        if shared.threads == 1 {
            return;
        }
        let round = shared.barrier_round.load(Acquire);
        if shared.barrier_arrived.fetch_add(1, AcqRel) + 1 == shared.threads {
            shared.barrier_arrived.store(0, Relaxed);
            shared.barrier_round.store(round.wrapping_add(1), Release);
        } else {
            wait_until(usize::MAX, || {
                shared.barrier_round.load(Acquire) != round || shared.poisoned.load(Relaxed)
            });
            let passed = shared.barrier_round.load(Acquire) != round;
            assert!(passed || !shared.poisoned.load(Relaxed), "another thread of the team panicked");
        }
    }

    /// Calls `work(index, item)` for each item once; a thread that is done takes the next item. Since the calls are
    /// independent of each other, the result does not depend on which thread makes which call.
    ///
    /// Inside a job, of this pool or another, the calling thread makes all calls, since the other threads are busy.
    ///
    /// # Panics
    /// The panic of `work`.
    pub fn for_each<T: Send>(&self, items: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
        if self.threads() == 1 || items.len() < 2 || IN_JOB.get() {
            return items.iter_mut().enumerate().for_each(|(i, item)| work(i, item));
        }
        let slots: Vec<Mutex<&mut T>> = items.iter_mut().map(Mutex::new).collect();
        let next = AtomicUsize::new(0);
        self.run(|_| {
            loop {
                let i = next.fetch_add(1, Relaxed);
                let Some(slot) = slots.get(i) else { return };
                work(i, &mut lock(slot));
            }
        });
    }

    /// Splits `data` into chunks of `len` values and calls `work(chunk index, chunk)` for each, like
    /// [`for_each`](Self::for_each).
    ///
    /// # Panics
    /// When `len` is 0; also the panic of `work`.
    pub fn for_each_chunk<T: Send>(&self, data: &mut [T], len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let mut chunks: Vec<_> = data.chunks_mut(len).collect();
        self.for_each(&mut chunks, |i, chunk| work(i, chunk));
    }

    /// Calls `work(i)` for every `i` below `count`, like [`for_each`](Self::for_each), and returns the results in order.
    ///
    /// # Panics
    /// The panic of `work`.
    pub fn map<T: Send>(&self, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let mut slots: Vec<Option<T>> = (0..count).map(|_| None).collect();
        self.for_each(&mut slots, |i, slot| *slot = Some(work(i)));
        slots.into_iter().map(|slot| slot.expect("every number was worked on")).collect()
    }
}

/// Runs [`Pool::map`] on every core, for callers without a pool, such as those that read and decode files before a network
/// exists. The threads are started for this call; if the system does not provide any, the calling thread does all the work.
///
/// At most as many calls run at once as there are cores, which bounds the memory for their files.
///
/// # Panics
/// The panic of `work`.
///
/// # Example
/// ```
/// assert_eq!(striate_kernels::map_on_all_cores(4, |i| i * i), [0, 1, 4, 9]);
/// ```
pub fn map_on_all_cores<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if IN_JOB.get() { 1 } else { cores.min(count).max(1) };
    Pool::new(threads).map(count, work)
}

/// The contiguous range of `tasks` that belongs to `worker`.
pub(crate) fn share(tasks: usize, worker: usize, threads: usize) -> std::ops::Range<usize> {
    worker * tasks / threads..(worker + 1) * tasks / threads
}

impl Shared {
    fn guarded(&self, job: &(dyn Fn(usize) + Sync), worker: usize) {
        let in_job = InJob::enter();
        let result = catch_unwind(AssertUnwindSafe(|| job(worker)));
        drop(in_job);
        if let Err(panic) = result {
            // The first panic is the cause; those at the barrier only follow.
            lock(&self.panic).get_or_insert(panic);
            self.poisoned.store(true, Release);
        }
    }

    fn work(&self, index: usize) {
        let mut seen = 0;
        loop {
            let fresh = || self.generation.load(Acquire) != seen || self.stop.load(Acquire);
            while !wait_until(YIELDS, fresh) {
                thread::park();
            }
            if self.stop.load(Acquire) {
                return;
            }
            seen = self.generation.load(Acquire);
            let (job, caller) = lock(&self.job).clone().expect("a new generation comes with a job");
            // SAFETY: `Pool::run` keeps the job alive until `finished` counts this thread.
            self.guarded(unsafe { &*job.0 }, index);
            if self.finished.fetch_add(1, Release) + 2 == self.threads {
                caller.unpark();
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Release);
        self.sleepers.iter().for_each(Thread::unpark);
        for worker in self.workers.drain(..) {
            // A worker cannot panic: its job is guarded.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} threads)", self.threads())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_runs_every_job_and_barriers_order_them() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            for _ in 0..50 {
                let first = AtomicUsize::new(0);
                pool.run(|_| {
                    for round in 1..=5 {
                        first.fetch_add(1, Relaxed);
                        pool.barrier();
                        assert_eq!(first.load(Relaxed), threads * round);
                        pool.barrier();
                    }
                });
                assert_eq!(first.load(Relaxed), threads * 5);
            }
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(3);
        for guilty in 0..3 {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.run(|worker| {
                    assert!(worker != guilty, "worker {guilty} fails");
                    pool.barrier();
                });
            }));
            let message = *caught.unwrap_err().downcast::<String>().expect("a formatted message");
            assert!(message.contains("fails"), "{message}");
            let count = AtomicUsize::new(0);
            pool.run(|_| _ = count.fetch_add(1, Relaxed));
            assert_eq!(count.load(Relaxed), 3);
        }
    }

    #[test]
    fn chunks_are_each_seen_once() {
        let pool = Pool::new(4);
        let mut data = vec![0usize; 1003];
        pool.for_each_chunk(&mut data, 10, |i, chunk| chunk.iter_mut().for_each(|v| *v += i + 1));
        assert!(data.iter().enumerate().all(|(i, &v)| v == i / 10 + 1));
    }

    #[test]
    fn every_number_is_worked_on_once_and_in_its_place() {
        for count in [0, 1, 2, 7, 1000] {
            let expected: Vec<usize> = (0..count).map(|i| i * i).collect();
            assert_eq!(Pool::new(3).map(count, |i| i * i), expected);
            assert_eq!(map_on_all_cores(count, |i| i * i), expected);
        }
    }

    #[test]
    fn a_panic_of_one_piece_is_passed_on() {
        for threads in [1, 3] {
            let pool = Pool::new(threads);
            let work = || pool.map(100, |i| assert!(i != 5, "number {i}"));
            let message = catch_unwind(AssertUnwindSafe(work)).unwrap_err().downcast::<String>().unwrap();
            assert_eq!(*message, "number 5");
            assert_eq!(pool.map(3, |i| i), [0, 1, 2]);
        }
    }

    #[test]
    fn inside_a_job_the_thread_that_asks_does_all() {
        let me = || thread::current().id();
        for threads in [1, 3] {
            let pool = Pool::new(threads);
            pool.run(|_| {
                let ids: Vec<_> =
                    [pool.map(4, |_| me()), Pool::new(2).map(4, |_| me()), map_on_all_cores(4, |_| me())]
                        .concat();
                assert!(ids.iter().all(|&id| id == me()));
            });
            assert!(!IN_JOB.get(), "the job is over");
            assert_eq!(pool.map(20, |i| pool.map(i, |j| j).len()), (0..20).collect::<Vec<_>>());
        }
    }

    #[test]
    fn without_further_threads_this_one_does_all() {
        // No address space has room for such a stack.
        let builder = || thread::Builder::new().stack_size(usize::MAX >> 4);
        assert!(builder().spawn(|| {}).is_err());
        let pool = Pool::of(4, builder);
        assert_eq!((pool.threads(), pool.map(100, |i| i)), (1, (0..100).collect()));
    }

    #[test]
    fn shares_cover_every_task_once() {
        for tasks in 0..20 {
            for threads in 1..9 {
                let all: Vec<_> = (0..threads).flat_map(|w| share(tasks, w, threads)).collect();
                assert_eq!(all, (0..tasks).collect::<Vec<_>>());
            }
        }
    }
}
