//! Sharing memory changes no bit, and threads wait where they must.

use super::*;

/// y = a·x + 1, with one task per value.
#[derive(Debug)]
struct Affine(Buf, Buf, f32);
// SAFETY: task i reads x[i] and writes y[i].
unsafe impl Kernel for Affine {
    fn name(&self) -> &'static str {
        "affine"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.0]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.1]
    }
    fn tasks(&self, _: usize) -> usize {
        100
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        // SAFETY: each task has its own element, and x is not written by this kernel.
        unsafe {
            cx.write(self.1, task..task + 1)[0] = self.2 * cx.read(self.0, task..task + 1)[0] + 1.0;
        }
    }
}

fn chain(no_reuse: bool, threads: usize) -> (Vec<f32>, usize) {
    let mut b = Builder::new(8);
    b.no_reuse = no_reuse;
    let first = b.kept(100);
    let mut x = first;
    for i in 0..10 {
        let y = if i == 9 { b.kept(100) } else { b.buffer(100) };
        b.push(Affine(x, y, 0.5));
        x = y;
    }
    let mut program = b.finish().unwrap();
    program.get_mut(first).iter_mut().enumerate().for_each(|(i, v)| *v = i as f32);
    let pool = Pool::new(threads);
    let step = Step { input: &[], targets: &[], n: 1, learning_rate: 0.0, update: 0, seed: 0 };
    program.run(&pool, Isa::PORTABLE, &step);
    (program.get(x).to_vec(), program.memory_bytes())
}

#[test]
fn reuse_saves_memory_and_changes_no_bit() {
    let (reused, small) = chain(false, 2);
    let (plain, large) = chain(true, 1);
    assert_eq!(reused, plain);
    assert!(small <= large / 2, "{small} {large}");
    let want: f32 = (0..10).fold(99.0, |x, _| 0.5 * x + 1.0);
    assert_eq!(reused[99], want);
}

/// y = x + 1, sample by sample.
#[derive(Debug)]
struct Next(Buf, Buf);
// SAFETY: task n reads x[n] and writes y[n].
unsafe impl Kernel for Next {
    fn name(&self) -> &'static str {
        "next"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.0]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.1]
    }
    fn tasks(&self, n: usize) -> usize {
        n
    }
    fn run(&self, cx: &Cx<'_>, n: usize) {
        // SAFETY: each task has its own samples.
        let (x, y) = unsafe { (cx.read(self.0, 2 * n..2 * n + 2), cx.write(self.1, 2 * n..2 * n + 2)) };
        y.copy_from_slice(&[x[0] + 1.0, x[1] + (cx.first_sample() + n) as f32]);
    }
}

fn held(batch: usize) -> (Program, Buf) {
    let mut b = Builder::new(3).with_batch(batch);
    let (x, y, z) = (b.kept(6), b.buffer(6), b.buffer(6));
    b.push(Next(x, y));
    b.push(Next(y, z));
    b.hold(y, 2);
    (b.finish().unwrap(), y)
}

#[test]
fn a_held_buffer_holds_every_sample_of_a_run() {
    for n in [1, 3, 7, 8] {
        let (mut program, y) = held(8);
        let step = Step { input: &[], targets: &[], n, learning_rate: 0.0, update: 0, seed: 0 };
        program.run(&Pool::new(2), Isa::PORTABLE, &step);
        let want: Vec<f32> = (0..n).flat_map(|n| [1.0, n as f32]).collect();
        assert_eq!(program.get(y)[..2 * n], want);
        assert_eq!(program.get(y).len(), 16);
    }
}

#[cfg(unix)]
#[test]
fn between_guard_pages_a_write_behind_a_buffer_is_seen() {
    for (extra, is_clean) in [(0, true), (1, false)] {
        let mut b = Builder::new(1);
        let (x, y) = (b.kept(2), b.kept(2 - extra));
        b.push(Next(x, y));
        let mut program = b.finish_guarded();
        program.fill(f32::NAN);
        program.get_mut(x).fill(1.0);
        let step = Step { input: &[], targets: &[], n: 1, learning_rate: 0.0, update: 0, seed: 0 };
        program.run(&Pool::new(1), Isa::PORTABLE, &step);
        assert_eq!(program.is_slack(f32::NAN), is_clean);
    }
}

#[test]
#[should_panic(expected = "a run of 9, whose buffers hold 8 samples")]
fn a_run_of_more_than_is_held_is_refused() {
    let step = Step { input: &[], targets: &[], n: 9, learning_rate: 0.0, update: 0, seed: 0 };
    held(8).0.run(&Pool::new(1), Isa::PORTABLE, &step);
}

#[test]
fn threads_wait_only_where_memory_is_shared() {
    let mut b = Builder::new(1).without_reuse();
    let [x, y, z, u] = std::array::from_fn(|_| b.kept(100));
    b.push(Affine(x, y, 1.0));
    b.push(Affine(x, z, 1.0)); // independent of the one before
    b.push(Affine(y, u, 1.0)); // needs y
    b.push(Affine(z, y, 1.0)); // overwrites what the one before reads
    assert_eq!(b.finish().unwrap().waits, [true, false, true, true]);
}

/// A faulty kernel: the elements that task 0 and task 1 access, and the buffers that it names.
#[derive(Debug)]
struct Wrong {
    x: Buf,
    y: Buf,
    named: bool,
    reads: [Range<usize>; 2],
    writes: [Range<usize>; 2],
}
// SAFETY: none; it is only watched, on one thread, and never touches what it asks for.
unsafe impl Kernel for Wrong {
    fn name(&self) -> &'static str {
        "wrong"
    }
    fn reads(&self) -> Vec<Buf> {
        if self.named { vec![self.x] } else { Vec::new() }
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y]
    }
    fn tasks(&self, _: usize) -> usize {
        2
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        // SAFETY: neither slice is used.
        unsafe {
            cx.read(self.x, self.reads[task].clone());
            cx.write(self.y, self.writes[task].clone());
        }
    }
}

#[test]
fn a_watch_finds_what_is_not_named_and_tasks_that_meet() {
    let watched = |in_place: bool, named, reads, writes| {
        let mut b = Builder::new(1);
        let [x, other] = [b.kept(8), b.kept(8)];
        let y = if in_place { x } else { other };
        b.push(Wrong { x, y, named, reads, writes });
        let step = Step { input: &[], targets: &[], n: 1, learning_rate: 0.0, update: 0, seed: 0 };
        let mut program = b.finish().unwrap();
        let told = program.watch(Isa::PORTABLE, &step, 0..1).join("\n");
        // A run on a thread that watches is watched; later runs are not.
        let ((), broken) = super::watched(|| program.run(&Pool::new(1), Isa::PORTABLE, &step));
        assert_eq!((broken.join("\n"), super::witness::is_watching()), (told.clone(), false));
        told
    };
    let halves = || [0..4, 4..8];
    assert_eq!(watched(false, true, halves(), halves()), "");
    assert_eq!(watched(true, true, halves(), halves()), "");
    assert_eq!(watched(false, true, [0..8, 0..8], halves()), "");
    assert_eq!(watched(false, false, halves(), halves()), "`wrong` reads Buf(0), which it does not name");
    assert_eq!(
        watched(false, true, halves(), [0..5, 4..8]),
        "task 1 of `wrong` writes what task 0 of `wrong` writes, with no barrier between them"
    );
    assert_eq!(
        watched(true, true, [0..5, 4..8], halves()),
        "task 0 of `wrong` reads what task 1 of `wrong` writes, with no barrier between them"
    );
}

/// y = x + c, one task a value.
#[derive(Debug)]
struct Plus(Buf, Buf, Buf);
// SAFETY: task i reads x[i] and c[i], and writes y[i].
unsafe impl Kernel for Plus {
    fn name(&self) -> &'static str {
        "plus"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.0, self.1]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.2]
    }
    fn tasks(&self, _: usize) -> usize {
        100
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let part = task..task + 1;
        // SAFETY: each task has its own element, and only y is written.
        unsafe {
            let sum = cx.read(self.0, part.clone())[0] + cx.read(self.1, part.clone())[0];
            cx.write(self.2, part)[0] = sum;
        }
    }
}

/// y = x + (2a + 1) + (2b + 1): what is made of two constants, which lie in the same place one after the other.
fn of_constants(shared: Option<Constants>) -> (Program, [Buf; 4]) {
    let mut builder = Builder::new(1);
    let (x, y, z) = (builder.kept(100), builder.buffer(100), builder.kept(100));
    let [a, b, of_a, of_b] = [0; 4].map(|_| builder.constant(100));
    builder.push_before(Affine(a, of_a, 2.0));
    builder.push_before(Affine(b, of_b, 2.0));
    builder.push(Plus(x, of_a, y));
    builder.push(Plus(y, of_b, z));
    (builder.finish_with(shared).unwrap(), [x, z, a, b])
}

fn step() -> Step<'static> {
    Step { input: &[], targets: &[], n: 1, learning_rate: 0.0, update: 0, seed: 0 }
}

#[test]
fn constants_are_made_once_and_shared() {
    let pool = Pool::new(2);
    let (mut program, [x, z, a, b]) = of_constants(None);
    for (constant, value) in [(a, 10.0), (b, 100.0)] {
        program.get_mut(constant).fill(value);
        program.prepare(constant, &pool, Isa::PORTABLE);
    }
    let (mut other, _) = of_constants(Some(program.constants()));
    for (program, start) in [(&mut program, 1.0), (&mut other, 2.0)] {
        program.get_mut(x).fill(start);
        program.run(&pool, Isa::PORTABLE, &step());
        assert!(program.get(z).iter().all(|&v| v == start + 21.0 + 201.0), "{:?}", program.get(z));
        let told = program.watch(Isa::PORTABLE, &step(), 0..1);
        assert!(told.is_empty(), "a constant lies where nothing else does: {told:?}");
    }
    let alone = program.constants();
    assert!(alone.is_shared());
    drop((program, other));
    assert!(!alone.is_shared());
}

#[test]
#[should_panic(expected = "a program that was not prepared")]
fn constants_that_were_not_made_are_missed() {
    let (mut program, [_, _, a, _]) = of_constants(None);
    program.prepare(a, &Pool::new(1), Isa::PORTABLE);
    program.run(&Pool::new(1), Isa::PORTABLE, &step());
}

#[test]
#[should_panic(expected = "a kernel writes a constant")]
fn a_constant_is_written_by_no_kernel_of_a_run() {
    let mut builder = Builder::new(1);
    let (x, y) = (builder.kept(100), builder.constant(100));
    builder.push(Affine(x, y, 1.0));
    let _ = builder.finish();
}
