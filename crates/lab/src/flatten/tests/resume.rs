use super::{few_digits, tiny};
use crate::flatten::{Finished, FlattenError, Log, Network, Settings, Study, flatten, table};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs the experiment, and gives the names of the runs that were made; stops after so many of them.
fn run(
    settings: &Settings,
    log: &mut Log,
    workers: usize,
    most: usize,
) -> (Result<Study, FlattenError>, Vec<String>) {
    let (stop, mut made) = (AtomicBool::new(false), Vec::new());
    let study = flatten(&[few_digits()], settings, log, workers, &stop, &mut |progress| {
        made.push(progress.finished.run.name());
        stop.store(made.len() >= most, Ordering::Relaxed);
        assert!(progress.done <= progress.planned, "{progress:?}");
    });
    (study, made)
}

#[test]
fn an_interrupted_experiment_goes_on_and_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let (once, all) = run(&tiny(), &mut Log::in_memory(), 2, usize::MAX);
    let once = once.unwrap();

    let (stopped, first) = run(&tiny(), &mut Log::open(&path).unwrap(), 1, 5);
    let Err(FlattenError::Stopped { finished: 5, planned }) = stopped else { panic!("{stopped:?}") };
    assert!(first.len() == 5 && planned > 5);
    // As if the process had been killed while it wrote the sixth.
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"run\":{\"edition\":1,\"da");
    fs::write(&path, &text).unwrap();

    let (resumed, second) = run(&tiny(), &mut Log::open(&path).unwrap(), 1, usize::MAX);
    assert_eq!(resumed.unwrap(), once, "bits");
    assert!(second.iter().all(|name| !first.contains(name)), "nothing is made twice");
    assert_eq!(first.len() + second.len(), all.len());
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), all.len());

    let (third, made) = run(&tiny(), &mut Log::open(&path).unwrap(), 1, usize::MAX);
    assert_eq!((third.unwrap(), made.len()), (once.clone(), 0));

    // One more seed costs its own runs; another number of steps costs all.
    let more = Settings { seeds: vec![1, 2, 3], ..tiny() };
    let (_, made) = run(&more, &mut Log::open(&path).unwrap(), 2, usize::MAX);
    assert_eq!(made.len(), 11, "4 networks on 60 and on all images, 3 scrambled: {made:?}");
    assert!(made.iter().all(|name| name.contains("seed 3")));
    let longer = Settings { min_steps: 20, ..tiny() };
    let (_, made) = run(&longer, &mut Log::open(&path).unwrap(), 2, 1);
    assert!(!made.is_empty());

    whole(&once);
}

/// What has to be true of any study.
fn whole(study: &Study) {
    let result = &study.parts[0];
    assert_eq!((result.train_images, result.test_images, result.moved_images), (240, 60, 20));
    for contender in &result.contenders {
        assert_eq!(contender.clean.seeds.len(), 2);
        let unmoved = &contender.shifts[0];
        assert_eq!(*unmoved, contender.rotations[0], "not moved at all");
        assert!(unmoved.accuracy.seeds.iter().all(|seed| (0.0..=1.0).contains(seed)), "{unmoved:?}");
        let images: Vec<usize> = contender.by_images.iter().map(|learned| learned.images).collect();
        assert_eq!(images, [60, 240]);
        assert_eq!(contender.by_images[1].accuracy, contender.clean);
        assert_eq!(contender.scrambled.is_some(), contender.network != Network::MlpShifts);
        // No better rate lies just outside of what was tried, unless there is none to try.
        for scrambled in [false, true].into_iter().filter(|&s| !s || contender.scrambled.is_some()) {
            let trials = || contender.tuning.iter().filter(|trial| trial.scrambled == scrambled);
            let chosen: Vec<_> = trials().filter(|trial| trial.chosen).collect();
            let [chosen] = chosen[..] else { panic!("one rate is chosen: {chosen:?}") };
            let best = trials().map(|trial| trial.accuracy).fold(0.0, f64::max);
            if scrambled {
                let mut plain = contender.tuning.iter().filter(|trial| !trial.scrambled && trial.chosen);
                let is_kept =
                    plain.any(|p| p.hidden == chosen.hidden && p.learning_rate == chosen.learning_rate);
                assert!(is_kept || chosen.accuracy == best, "{chosen:?}");
                continue;
            }
            assert_eq!(chosen.accuracy, best);
            let rates =
                trials().filter(|trial| trial.hidden == chosen.hidden).map(|trial| trial.learning_rate);
            let (low, high) = rates.fold((f32::MAX, 0.0_f32), |(low, high), r| (low.min(r), high.max(r)));
            assert!(chosen.learning_rate > low || low == 1e-4, "{chosen:?}");
            assert!(chosen.learning_rate < high || high == 1e-1, "{chosen:?}");
        }
    }
    let shown = table(result);
    assert!(
        shown.contains("conv 1-16-32-32-64-96, mean, linear 96-10") && shown.contains("10 px"),
        "{shown}"
    );
    assert!(!shown.contains("NaN"), "{shown}");
}

/// Runs that an earlier version measured are not made again: how many images were right is in its log too.
#[test]
fn a_log_that_says_what_was_right_unmoved_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let (study, made) = run(&tiny(), &mut Log::open(&path).unwrap(), 2, usize::MAX);
    assert!(!made.is_empty());
    let text = fs::read_to_string(&path).unwrap();
    let older =
        text.replace("{\"images\":20,\"hits\":", "{\"images\":20,\"hits_unmoved\":7,\"kept\":3,\"hits\":");
    assert_ne!(older, text);
    fs::write(&path, older).unwrap();
    let (again, made) = run(&tiny(), &mut Log::open(&path).unwrap(), 1, usize::MAX);
    assert_eq!((again.unwrap(), made.len()), (study.unwrap(), 0));
}

#[test]
fn a_line_that_is_no_run_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let mut log = Log::open(&path).unwrap();
    let (_, made) = run(&tiny(), &mut log, 1, 1);
    assert_eq!(made.len(), 1);
    let line = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{line}{{\"run\":7}}\n{line}")).unwrap();
    let error = Log::open(&path).unwrap_err();
    assert!(matches!(error, FlattenError::Log { line: 2, .. }), "{error}");
    let said = error.to_string().replace(&path.display().to_string(), "RUNS");
    expect_test::expect!["RUNS, line 2: expected a finished run as JSON: invalid type: integer `7`, expected struct Run at line 1 column 8; remove this line (its run will be repeated) or choose another folder"].assert_eq(&said);

    // What is read is what was written.
    fs::write(&path, &line).unwrap();
    let read = Log::open(&path).unwrap();
    let finished: &Finished = &read.finished()[0];
    assert_eq!(read.finished(), log.finished());
    assert_eq!(read.find(&finished.run), Some(finished));
    let other = |change: fn(&mut crate::flatten::Run)| {
        let mut run = finished.run.clone();
        change(&mut run);
        read.find(&run).is_none()
    };
    assert!(
        other(|run| run.seed += 1) && other(|run| run.learning_rate *= 2.0) && other(|run| run.passes += 1)
    );
    assert!(other(|run| run.data_sha256.push('0')) && other(|run| run.scrambled = !run.scrambled));
    assert!(
        other(|run| run.edition += 1) && other(|run| run.hidden.push(1)) && other(|run| run.held_out = None)
    );
}
