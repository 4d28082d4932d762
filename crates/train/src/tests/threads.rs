//! The same bits on any number of threads.

use super::*;

#[test]
fn one_two_four_and_eight_threads_make_one_model() {
    for world in [World::new(), World::with_batch_norm()] {
        let run = |threads| {
            let mut job = world.job(None, false);
            job.setup.engine = Engine::new(Some(threads)).unwrap();
            let Outcome::Finished(trained) = fit(&job, &mut []).unwrap() else { panic!("nobody stops it") };
            assert!(trained.evaluation.accuracy() > 0.9, "{:?}", trained.rows);
            trained.model.to_bytes().unwrap()
        };
        let one = run(1);
        for threads in [2, 4, 8] {
            assert!(run(threads) == one, "{threads} threads");
        }
    }
}

/// Threads that come late to every kernel, in another order each time.
#[test]
fn on_a_busy_machine_it_is_the_same_model() {
    let world = World::with_batch_norm();
    let expected = world.finish(None, false).model.to_bytes().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        for threads in [2, 3, 5] {
            let mut job = world.job(None, false);
            job.setup.engine = Engine::new(Some(threads)).unwrap();
            let Outcome::Finished(trained) = fit(&job, &mut []).unwrap() else { panic!("nobody stops it") };
            let is_same = trained.model.to_bytes().unwrap() == expected;
            if !is_same {
                done.store(true, Ordering::Relaxed);
            }
            assert!(is_same, "{threads} threads");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn another_seed_makes_another_model() {
    let world = World::new();
    let other = World { config: FitConfig { seed: 1, ..world.config.clone() }, ..World::new() };
    let [a, b] = [&world, &other].map(|w| w.finish(None, false).model.params);
    assert_ne!(a, b);
}
