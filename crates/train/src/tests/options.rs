//! Every option of a run acts, and a run with it that was stopped and resumed ends in the same bits.

use super::*;
use crate::{ClassWeights, ClipMode, Metric, Stop, saved_run};
use std::time::Instant;
use striate_data::Photos;
use striate_graph::{Mode, Params, trace};

type Change = fn(&mut FitConfig);

const OPTIONS: [(&str, Change); 15] = [
    ("val_split", |c| c.val_split = 0.0),
    ("label_smoothing", |c| c.label_smoothing = 0.2),
    ("class_weights given", |c| c.class_weights = Some(ClassWeights::Given(vec![1.0, 2.0, 0.5]))),
    ("class_weights balanced", |c| c.class_weights = Some(ClassWeights::Balanced)),
    ("weighted_sampling", |c| c.weighted_sampling = true),
    ("mixup", |c| c.augment.mixup = 0.4),
    ("cutmix", |c| c.augment.cutmix = 1.0),
    ("grad_accum_steps", |c| c.grad_accum_steps = 2),
    ("clip_grad norm", |c| c.clip_grad = Some(0.1)),
    ("clip_grad value", |c| (c.clip_grad, c.clip_mode) = (Some(0.01), ClipMode::Value)),
    ("ema_decay", |c| c.ema_decay = Some(0.9)),
    ("freeze a pattern", |c| c.freeze = vec!["0.*".into()]),
    ("freeze the first", |c| c.freeze = vec!["1".into()]),
    ("layer_decay", |c| c.layer_decay = Some(0.5)),
    ("all of them", |c| {
        let given = Some(ClassWeights::Given(vec![1.0, 2.0, 0.5]));
        (c.label_smoothing, c.class_weights, c.grad_accum_steps) = (0.1, given, 3);
        (c.clip_grad, c.ema_decay, c.layer_decay) = (Some(0.5), Some(0.5), Some(0.9));
    }),
];

/// Classes of unequal size, so that what balances them acts.
fn world(change: Change) -> World {
    let mut world = World::with_batch_norm();
    let unequal = {
        let all = bars(150, 0);
        let keep: Vec<usize> = (0..150).filter(|i| i % 3 == 0 || i % 6 == 1 || i % 12 == 2).collect();
        let pixels = keep.iter().flat_map(|&i| all.sample(i).to_vec()).collect();
        Images::new([1, 8, 8], pixels, keep.iter().map(|&i| all.labels[i]).collect()).unwrap()
    };
    world.data = Dataset::new("bars", unequal, bars(40, 9999), world.data.classes).unwrap();
    change(&mut world.config);
    world
}

#[test]
fn every_option_acts_and_resumes_to_the_same_bits() {
    let plain = undisturbed(&world(|_| ()));
    for (name, change) in OPTIONS {
        let world = world(change);
        let expected = undisturbed(&world);
        assert_ne!(expected, plain, "{name} changes the model");
        let update = world.config.batch_size * world.config.grad_accum_steps;
        let all = world.config.epochs * world.splits().train.len().div_ceil(update);
        for steps in [1, all / 2, all - 1] {
            let folder = tempfile::tempdir().unwrap();
            assert!(world.run_for(steps, folder.path(), false), "{name}: {steps} of {all}");
            world.finish(Some(folder.path()), true);
            assert_eq!(hashes(folder.path()), expected, "{name}: stopped after step {steps}");
        }
    }
}

#[test]
fn every_option_has_the_same_bits_on_any_number_of_threads() {
    let world = world(OPTIONS[OPTIONS.len() - 1].1);
    let run = |threads| {
        let mut job = world.job(None, false);
        job.setup.engine = Engine::new(Some(threads)).unwrap();
        let Outcome::Finished(trained) = fit(&job, &mut []).unwrap() else { panic!("nobody stops it") };
        trained.model.to_bytes().unwrap()
    };
    let one = run(1);
    assert!([2, 4, 8].into_iter().all(|threads| run(threads) == one));
}

#[test]
fn a_plain_batch_in_parts_is_the_batch() {
    // Without batch norm, accumulating is what a larger batch is, but for the order of the sums.
    let run = |batch_size, grad_accum_steps| {
        let config = FitConfig { batch_size, grad_accum_steps, ..World::new().config };
        World { config, ..World::new() }.finish(None, false)
    };
    let (parts, whole) = (run(8, 4), run(32, 1));
    for (a, b) in parts.rows.iter().zip(&whole.rows) {
        assert!((a.train_loss - b.train_loss).abs() < 1e-4, "{a:?} {b:?}");
    }
    assert_eq!(parts.rows.len(), 3);
}

#[test]
fn a_run_starts_from_the_parameters_it_is_given_and_needs_them_no_more() {
    let world = World::new();
    let graph = trace(&*world.net, Mode::Train, [1, 8, 8]).unwrap();
    let mut given = Params::init(&graph, 77);
    let expected = {
        let folder = tempfile::tempdir().unwrap();
        let job = Job { initial: Some(&given), ..world.job(Some(folder.path()), false) };
        fit(&job, &mut []).unwrap();
        hashes(folder.path())
    };
    assert_ne!(expected, undisturbed(&world));
    let folder = tempfile::tempdir().unwrap();
    world.stop.store(true, Ordering::Relaxed);
    let job = Job { initial: Some(&given), ..world.job(Some(folder.path()), false) };
    assert!(matches!(fit(&job, &mut []).unwrap(), Outcome::Interrupted { step: 1, .. }));
    world.stop.store(false, Ordering::Relaxed);
    // Others than it began with are refused; none at all are fine.
    given.get_mut("0.bias").unwrap()[0] += 1.0;
    let job = Job { initial: Some(&given), ..world.job(Some(folder.path()), true) };
    let error = fit(&job, &mut []).unwrap_err().to_string();
    assert!(error.contains("initial_sha256"), "{error}");
    world.finish(Some(folder.path()), true);
    assert_eq!(hashes(folder.path()), expected);
}

#[test]
fn the_best_epoch_is_the_best_by_the_metric() {
    for metric in [Metric::AccuracyTop1, Metric::Loss, Metric::F1Macro] {
        let mut world = World::new();
        (world.config.metric, world.config.epochs) = (metric, 6);
        let trained = world.finish(None, false);
        // Of equals that of the smaller loss.
        let score = |i: usize| [metric, Metric::Loss].map(|metric| metric.score(&trained.rows[i]));
        let best = trained.best_epoch - 1;
        assert!((0..6).all(|i| score(i) <= score(best)) && (0..best).all(|i| score(i) < score(best)));
    }
}

#[test]
fn a_budget_decides_how_long_a_run_is_and_is_resumed_to_the_same_bits() {
    let mut world = World::new();
    (world.config.epochs, world.config.budget_s) = (1_000_000, Some(1.5));
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    assert!(world.run_for(5, folder.path(), false), "more than five steps fit");
    let saved = saved_run(folder.path()).unwrap().unwrap();
    assert_eq!((saved.epochs_done * 6 + saved.steps_done, saved.is_finished), (5, false));
    // A copy of the folder goes on elsewhere, and ends in the same bits where no clock stops it.
    let twin = tempfile::tempdir().unwrap();
    for name in [crate::CHECKPOINT, crate::ARGS_YAML] {
        std::fs::copy(folder.path().join(name), twin.path().join(name)).unwrap();
    }
    let finish = |folder: &Path| {
        let mut cut = false;
        let mut listen = |event: &Event<'_>| {
            cut |= matches!(event, Event::Stopped { why: Stop::Budget { .. } });
            Ok::<(), FitError>(())
        };
        let Outcome::Finished(trained) = fit(&world.job(Some(folder), true), &mut [&mut listen]).unwrap()
        else {
            panic!("nobody stops it")
        };
        (cut, trained)
    };
    let (first_cut, first) = finish(folder.path());
    let took_s = began.elapsed().as_secs_f64();
    let (second_cut, _) = finish(twin.path());
    assert!(took_s < 30.0, "{took_s} s of a budget of 1.5 s, and of the files at the end");
    assert!(first.rows.len() > 1, "a small run: {} epochs", first.rows.len());
    if !first_cut && !second_cut {
        assert_eq!(hashes(folder.path()), hashes(twin.path()));
    }
    let (_, again) = finish(folder.path());
    assert!(again.was_finished);
}

#[test]
fn a_photo_that_vanishes_in_mid_run_stops_it_and_is_named() {
    let place = tempfile::tempdir().unwrap();
    let image = |name: &str, shade: u8| {
        let path = place.path().join("photos").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Binary PGM.
        let mut bytes = b"P5 8 8 255\n".to_vec();
        bytes.extend((0..64).map(|i| shade.wrapping_add(i)));
        std::fs::write(&path, bytes).unwrap();
        path
    };
    for i in 0..12_u8 {
        image(&format!("train/dark/{i}.pgm"), i);
        image(&format!("train/bright/{i}.pgm"), 190 - i);
        image(&format!("val/dark/{i}.pgm"), 30 + i);
        image(&format!("val/bright/{i}.pgm"), 160 - i);
    }
    let doomed = place.path().join("photos/train/dark/7.pgm");
    let mut data = striate_data::load(place.path().join("photos").to_str().unwrap()).unwrap();
    // Without the cache of pixels, which would not need the file any more.
    let files = data.train.photos().unwrap().files().to_vec();
    data.train = Photos::new(data.train.photos().unwrap().root(), files, None).into();
    let net = Sequential::new().append(Flatten::new()).append(Linear::new(3 * 64, 2));
    let config = FitConfig { epochs: 3, batch_size: 4, augment: Augment::default(), ..FitConfig::default() };
    let preprocess = Preprocess::imagenet(8).unwrap();
    let world = World { net: Box::new(net), data, preprocess, config, stop: AtomicBool::new(false) };
    let run_dir = place.path().join("run");
    let mut vanish = |event: &Event<'_>| {
        if let Event::EpochEnd { .. } = event {
            let _ = std::fs::remove_file(&doomed);
            let _ = std::fs::write(&doomed, "no image any more");
        }
        Ok::<(), FitError>(())
    };
    let ended = fit(&world.job(Some(&run_dir), false), &mut [&mut vanish]);
    let error = ended.expect_err("a photo is gone");
    assert!(matches!(error, FitError::Data(_)), "{error:?}");
    assert!(error.to_string().contains("7.pgm"), "{error}");
    let saved = saved_run(&run_dir).unwrap().unwrap();
    assert_eq!((saved.epochs_done, saved.is_finished), (1, false), "the checkpoint stays");
}
