//! The thread pool: woken once a step, then walking a list of kernels together, a spin barrier between them.
//!
//! A fork and join of a general pool costs 5 to 10 µs; a step of a small network has some forty kernels of 10 to
//! 100 µs. Here the workers are woken once, and a barrier between two kernels costs well under a microsecond when
//! every worker has a core. A worker that waits long yields its core, and sleeps when there is nothing to do.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};

/// Turns of the spin loop before a waiting thread yields; some 10 µs.
const SPINS: usize = 2_000;
/// Yields before a worker with nothing to do sleeps; some 100 µs on an idle machine.
const YIELDS: usize = 200;

type Job = dyn Fn(usize) + Sync;

/// A job on its way to the workers. The lifetime is erased: [`Pool::run`] does not return before every worker is
/// done with it.
#[derive(Clone, Copy)]
struct JobPtr(*const Job);
// SAFETY: the pointee is `Sync`, so calling it from another thread is what it is for.
unsafe impl Send for JobPtr {}

struct Shared {
    threads: usize,
    job: Mutex<Option<JobPtr>>,
    /// Counts jobs; a worker that sees a new number takes the job.
    generation: AtomicUsize,
    finished: AtomicUsize,
    stop: AtomicBool,
    barrier_arrived: AtomicUsize,
    barrier_round: AtomicUsize,
    /// A job panicked somewhere: whoever waits at a barrier must not wait for ever.
    poisoned: AtomicBool,
    panic: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

/// A fixed team of threads, the caller's among them.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    sleepers: Vec<Thread>,
    /// One job at a time.
    turn: Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Spins, then yields; false when it has yielded `limit` times in vain.
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
    /// A team of `threads`, of which `threads - 1` are started here; of fewer where the system starts no more. Their number
    /// changes no result.
    ///
    /// # Panics
    /// When `threads` is 0.
    pub fn new(threads: usize) -> Self {
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
            thread::Builder::new().name(format!("striate-{index}")).spawn(move || shared.work(index))
        };
        let workers: Vec<_> = (1..threads).map_while(|index| start(index).ok()).collect();
        let started = workers.len() + 1;
        let sleepers = workers.iter().map(|w| w.thread().clone()).collect();
        let team = Self { shared, workers, sleepers, turn: Mutex::new(()) };
        if started < threads {
            // The barrier counts on all of them: a team that knows how many it is.
            drop(team);
            return Self::new(started);
        }
        team
    }

    /// Threads in the team.
    pub fn threads(&self) -> usize {
        self.shared.threads
    }

    /// Runs `job(worker)` once on every thread of the team, `worker` in `0..threads`, and returns when all are done.
    ///
    /// # Panics
    /// With the panic of `job`, after every thread has left it. The pool can be used again.
    pub fn run(&self, job: impl Fn(usize) + Sync) {
        let _turn = lock(&self.turn);
        let shared = &*self.shared;
        if shared.threads == 1 {
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
        *lock(&shared.job) = Some(erased);
        shared.generation.fetch_add(1, Release);
        self.sleepers.iter().for_each(Thread::unpark);
        shared.guarded(job, 0);
        wait_until(usize::MAX, || shared.finished.load(Acquire) == shared.threads - 1);
        *lock(&shared.job) = None;
        let panic = lock(&shared.panic).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Waits, inside a job, until every thread of the team has come here.
    ///
    /// # Panics
    /// When another thread's part of the job has panicked.
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

    /// Splits `data` into chunks of `len` values and calls `work(chunk index, chunk)` for each, in parallel.
    pub fn for_each_chunk<T: Send>(&self, data: &mut [T], len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let chunks: Vec<_> = data.chunks_mut(len).map(|chunk| Mutex::new(Some(chunk))).collect();
        self.run(|worker| {
            for i in share(chunks.len(), worker, self.threads()) {
                let chunk = lock(&chunks[i]).take().expect("each chunk has one owner");
                work(i, chunk);
            }
        });
    }
}

/// The contiguous part of `tasks` that belongs to `worker`.
pub(crate) fn share(tasks: usize, worker: usize, threads: usize) -> std::ops::Range<usize> {
    worker * tasks / threads..(worker + 1) * tasks / threads
}

impl Shared {
    fn guarded(&self, job: &(dyn Fn(usize) + Sync), worker: usize) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(worker))) {
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
            let job = lock(&self.job).expect("a new generation comes with a job");
            // SAFETY: `Pool::run` keeps the job alive until `finished` counts this thread.
            self.guarded(unsafe { &*job.0 }, index);
            self.finished.fetch_add(1, Release);
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
    fn shares_cover_every_task_once() {
        for tasks in 0..20 {
            for threads in 1..9 {
                let all: Vec<_> = (0..threads).flat_map(|w| share(tasks, w, threads)).collect();
                assert_eq!(all, (0..tasks).collect::<Vec<_>>());
            }
        }
    }
}
