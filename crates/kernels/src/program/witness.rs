//! A record of memory accesses: in tests, a run records every part of memory that a task accesses, and reports afterwards
//! whether two tasks that may run at the same time conflicted, and whether each kernel kept to the buffers that it names. It is
//! available in debug builds, so that whole networks can be watched from outside this crate.

use super::Buf;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;

thread_local! {
    /// The reports of the runs that this thread has watched; `None` while it is not watching.
    static TOLD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Watches every run that `body` starts on this thread: its kernels run one task after the other, and each part of memory that
/// a task reads or writes is recorded. Returns what `body` returns, and one sentence for every violation: two tasks that may
/// run at the same time, of which one writes what the other reads or writes, or a kernel that touches a buffer which it does
/// not name. Available in debug builds only.
pub fn watched<R>(body: impl FnOnce() -> R) -> (R, Vec<String>) {
    TOLD.set(Some(Vec::new()));
    let result = body();
    (result, TOLD.take().unwrap_or_default())
}

/// Whether this thread watches its runs.
pub(super) fn is_watching() -> bool {
    TOLD.with_borrow(Option::is_some)
}

/// Stores the report of a run.
pub(super) fn tell(broken: Vec<String>) {
    TOLD.with_borrow_mut(|told| told.iter_mut().for_each(|told| told.extend(broken.iter().cloned())));
}

/// The accesses that a kernel declares.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) name: &'static str,
    pub(super) reads: Vec<Buf>,
    pub(super) writes: Vec<Buf>,
}

/// The records of one worker.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    /// Number of barriers so far, and the current task of the current kernel.
    now: Cell<(usize, Task)>,
    seen: RefCell<Vec<Access>>,
}

/// Index of the kernel, and of the task.
type Task = (usize, usize);

#[derive(Debug, Clone)]
struct Access {
    meeting: usize,
    task: Task,
    buf: Buf,
    /// Byte range in the arena.
    bytes: Range<usize>,
    writes: bool,
}

impl Witness {
    /// Records a barrier.
    pub(super) fn meets(&self) {
        let (meeting, task) = self.now.get();
        self.now.set((meeting + 1, task));
    }

    /// Records that a task starts.
    pub(super) fn starts(&self, kernel: usize, task: usize) {
        self.now.set((self.now.get().0, (kernel, task)));
    }

    /// Records an access to these bytes of the arena.
    pub(super) fn sees(&self, buf: Buf, bytes: Range<usize>, writes: bool) {
        let (meeting, task) = self.now.get();
        if !bytes.is_empty() {
            self.seen.borrow_mut().push(Access { meeting, task, buf, bytes, writes });
        }
    }

    /// One sentence for every violation.
    pub(super) fn report(&self, kernels: &[Claim]) -> Vec<String> {
        let mut told = Vec::new();
        let mut meetings: BTreeMap<usize, Vec<Access>> = BTreeMap::new();
        for access in self.seen.borrow().iter() {
            let Claim { name, reads, writes } = &kernels[access.task.0];
            let is_named = writes.contains(&access.buf) || !access.writes && reads.contains(&access.buf);
            if !is_named {
                let verb = if access.writes { "writes" } else { "reads" };
                told.push(format!("`{name}` {verb} {:?}, which it does not name", access.buf));
            }
            meetings.entry(access.meeting).or_default().push(access.clone());
        }
        for seen in meetings.values() {
            told.extend(races(seen, kernels));
        }
        told.sort();
        told.dedup();
        told
    }
}

/// Bytes that one task writes and another reads or writes between the same two barriers.
fn races(seen: &[Access], kernels: &[Claim]) -> Vec<String> {
    let mut of_task: BTreeMap<Task, Vec<Range<usize>>> = BTreeMap::new();
    for access in seen.iter().filter(|access| access.writes) {
        of_task.entry(access.task).or_default().push(access.bytes.clone());
    }
    // First the writes of each task, without duplicates; then, in order, the writes of all: where two overlap, they are of two
    // tasks.
    let mut written: Vec<(Range<usize>, Task)> = Vec::new();
    for (task, mut ranges) in of_task {
        ranges.sort_by_key(|range| range.start);
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        written.extend(joined.into_iter().map(|range| (range, task)));
    }
    written.sort_by_key(|(range, _)| range.start);
    let say = |verb: &str, a: Task, b: Task| {
        let [one, other] = [a, b].map(|(kernel, task)| format!("task {task} of `{}`", kernels[kernel].name));
        format!("{one} {verb} what {other} writes, with no barrier between them")
    };
    let mut told = Vec::new();
    for pair in written.windows(2) {
        if pair[1].0.start < pair[0].0.end {
            told.push(say("writes", pair[1].1, pair[0].1));
        }
    }
    for access in seen.iter().filter(|access| !access.writes) {
        let first = written.partition_point(|(range, _)| range.end <= access.bytes.start);
        let met = written[first..].iter().take_while(|(range, _)| range.start < access.bytes.end);
        told.extend(
            met.filter(|(_, task)| *task != access.task).map(|(_, task)| say("reads", access.task, *task)),
        );
    }
    told
}
