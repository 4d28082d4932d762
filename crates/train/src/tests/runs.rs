//! A run from its first event to its last file.

use super::*;
use crate::{ARGS_YAML, EpochRow, RESULTS_CSV, Stop};
use expect_test::expect;
use std::fs;
use striate_graph::Session;
use striate_nn::AdaptiveAvgPool2d;

#[test]
fn events_come_in_order_and_files_are_there() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let run_dir = folder.path().join("runs/first");
    let mut told = String::new();
    let mut listen = |event: &Event<'_>| {
        told.push(match event {
            Event::Started { resumed: None, parameters: 235, steps: 6, .. } => 'S',
            Event::Step { .. } => '.',
            Event::Checkpoint { path } => {
                assert!(path.exists());
                'c'
            }
            Event::EpochEnd { row, rows, .. } => {
                assert_eq!(row.epoch, rows.len());
                'E'
            }
            Event::Finished { .. } => 'F',
            _ => '?',
        });
        Ok::<(), FitError>(())
    };
    let outcome = fit(&world.job(Some(&run_dir), false), &mut [&mut listen]).unwrap();
    assert_eq!(told, "S......cE......cE......cEF");
    let Outcome::Finished(trained) = outcome else { panic!("nobody stops it") };

    let mut files: Vec<_> =
        fs::read_dir(&run_dir).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let charts: Vec<_> =
        files.extract_if(.., |name| name.ends_with(".png") || name.ends_with(".svg")).collect();
    let expected: &[&str] = match cfg!(feature = "charts") {
        true => &["confusion_matrix.png", "confusion_matrix.svg", "curves.png", "curves.svg"],
        false => &[],
    };
    assert_eq!(charts, expected);
    expect![[r#"
        .lock
        args.yaml
        checkpoint.previous.safetensors
        checkpoint.safetensors
        last.safetensors
        model.safetensors
        results.csv"#]]
    .assert_eq(&files.join("\n"));
    let args = fs::read_to_string(run_dir.join(ARGS_YAML)).unwrap();
    expect![[r#"
        augment:
          blur: 0.0
          color_jitter:
            brightness: 0.0
            contrast: 0.0
            hue: 0.0
            saturation: 0.0
          crop: null
          cutmix: 0.0
          erase: 0.2
          flip_horizontal: 0.0
          flip_vertical: 0.0
          grayscale: 0.0
          mixup: 0.0
          policy: null
          rotate_deg: 10.0
          scale_max: 1.0
          scale_min: 1.0
          shear_deg: 0.0
          shift_px: 0
          translate: 0.0
        auxiliary: true
        batch_size: 16
        budget_s: null
        checkpoint_every_s: null
        chosen_by: "held_out"
        class_weights: null
        clip_grad: null
        clip_mode: "norm"
        command: "striate train bars"
        data: "bars"
        data_sha256: "HASH"
        data_source: "bars"
        ema_decay: null
        epochs: 3
        freeze: []
        grad_accum_steps: 1
        label_smoothing: 0.0
        layer_decay: null
        learning_rate: 0.02
        metric: "accuracy_top1"
        model: "bars-net"
        optimizer:
          betas: [0.9,0.999]
          eps: 1e-8
          name: "adam"
          weight_decay: 0.0
        patience: null
        preprocess:
          channels: 1
          height: 8
          invert: false
          mean: [0.3]
          std: [0.25]
          width: 8
        schedule:
          curve:
            div_factor: 25.0
            final_div_factor: 10000.0
            name: "one_cycle"
            pct_start: 0.3
          warmup_steps: 0
        seed: 0
        striate_version: "0.1.0"
        val_split: 0.1
        weighted_sampling: false
    "#]]
    .assert_eq(&args.replace(&world.data.sha256, "HASH"));

    let csv = fs::read_to_string(run_dir.join(RESULTS_CSV)).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0].split(',').count()), (4, 9));
    let last: Vec<f64> = lines[3].split(',').map(|v| v.parse().unwrap()).collect();
    assert!((last[4] - trained.rows[2].val_accuracy).abs() < 1e-6);

    let model = ModelFile::load(trained.model_path.as_ref().unwrap()).unwrap();
    assert_eq!(model, trained.model);
    assert_eq!((model.provenance.epochs, model.provenance.model.as_str()), (trained.best_epoch, "bars-net"));
}

/// What is saved is what was measured: by the images held out after its epoch, and by the test images at the end.
#[test]
fn the_model_on_disk_has_the_accuracy_that_was_told() {
    for val_split in [0.1, 0.0] {
        let mut world = World::with_batch_norm();
        world.config.val_split = val_split;
        let folder = tempfile::tempdir().unwrap();
        let trained = world.finish(Some(folder.path()), false);
        let model = ModelFile::load(&folder.path().join(crate::BEST_MODEL)).unwrap();
        let engine = Engine::new(Some(2)).unwrap();
        let mut session = Session::with_engine(model.graph, model.params, engine.clone()).unwrap();
        let mut on = |split| crate::evaluate(&mut session, &engine, split, &model.preprocess).unwrap();
        let (splits, best) = (world.splits(), trained.rows[trained.best_epoch - 1]);
        let on_val = on(&splits.val);
        assert_eq!((on_val.accuracy(), on_val.loss), (best.val_accuracy, best.val_loss));
        assert_eq!(best.val_accuracy, trained.rows.iter().map(|r| r.val_accuracy).fold(0.0, f64::max));
        let evaluation = on(&world.data.test);
        assert_eq!(evaluation, trained.evaluation);
        assert_eq!(evaluation.confusion.total(), 40);
        assert_eq!(evaluation.top5_hits, 40, "three classes are all among the first five");
        assert_eq!(trained.counts, splits.counts());
    }
}

#[test]
fn patience_ends_a_run_after_the_best_epoch() {
    let mut world = World::new();
    // A rate at which nothing is learned: the first epoch stays the best.
    world.config = FitConfig { epochs: 20, patience: Some(2), learning_rate: 1e-12, ..world.config };
    let mut why = None;
    let mut listen = |event: &Event<'_>| {
        if let Event::Stopped { why: Stop::Patience { patience, best_epoch, .. } } = event {
            why = Some((*patience, *best_epoch));
        }
        Ok::<(), FitError>(())
    };
    let folder = tempfile::tempdir().unwrap();
    let Outcome::Finished(trained) = fit(&world.job(Some(folder.path()), false), &mut [&mut listen]).unwrap()
    else {
        panic!("nobody stops it")
    };
    assert!(trained.stopped_early);
    assert_eq!((trained.best_epoch, trained.rows.len(), why), (1, 3, Some((2, 1))));
    assert!(world.finish(Some(folder.path()), true).was_finished);
}

/// `count` images in batches of 16, by a network whose batch norm sees one pixel, or by one without.
fn left_over(count: usize, has_norm: bool) -> World {
    let net = Sequential::new()
        .append(Conv2d::new(1, 4, 3).padding(1))
        .append(AdaptiveAvgPool2d::new([1, 1]))
        .append(Flatten::new())
        .append(Linear::new(4, 3));
    let with_norm = Sequential::new()
        .append(Conv2d::new(1, 4, 3).padding(1))
        .append(AdaptiveAvgPool2d::new([1, 1]))
        .append(BatchNorm2d::new(4))
        .append(Flatten::new())
        .append(Linear::new(4, 3));
    let mut world = World::new();
    world.net = if has_norm { Box::new(with_norm) } else { Box::new(net) };
    world.data = Dataset::new("bars", bars(count, 0), bars(12, 9999), world.data.classes).unwrap();
    world.config.val_split = 0.0;
    world
}

fn steps_of_epochs(world: &World) -> Vec<usize> {
    let mut epochs = vec![0; world.config.epochs];
    let mut count = |event: &Event<'_>| {
        if let Event::Step { epoch, .. } = event {
            epochs[epoch - 1] += 1;
        }
        Ok::<(), FitError>(())
    };
    fit(&world.job(None, false), &mut [&mut count]).unwrap();
    epochs
}

#[test]
fn with_batch_norm_no_image_is_a_batch_of_its_own() {
    for (count, accumulate, has_norm, steps) in [
        (33, 1, true, 2),
        (33, 1, false, 3),
        (34, 1, true, 3),
        (49, 2, true, 2), // updates of 32 and 17, the last in parts of 16 and 1
        (33, 2, true, 1),
        (33, 2, false, 2),
    ] {
        let mut world = left_over(count, has_norm);
        world.config.grad_accum_steps = accumulate;
        let what = format!("{count} images, {accumulate} batches an update, batch norm {has_norm}");
        assert_eq!(steps_of_epochs(&world), [steps; 3], "{what}");
        crate::find_lr(&world.job(None, false)).unwrap();
    }
    let mut world = left_over(33, true);
    world.config.batch_size = 1;
    let error = fit(&world.job(None, false), &mut []).unwrap_err();
    expect![
        "2: batch norm in training needs more than one value per channel, got [1, 4, 1, 1]: one sample of one pixel; train with at least 2 samples at once, freeze 2, or give it a larger feature map"
    ]
    .assert_eq(&error.to_string());
}

#[test]
fn what_is_told_is_what_is_counted() {
    let world = World::new();
    let (mut rates, mut rows) = (Vec::new(), Vec::<EpochRow>::new());
    let mut last = (0.0, 0.0);
    let mut listen = |event: &Event<'_>| {
        match event {
            Event::Step { learning_rate, loss, accuracy, .. } => {
                rates.push(*learning_rate);
                last = (*loss, *accuracy);
            }
            Event::EpochEnd { row, .. } => {
                assert_eq!(last, (row.train_loss, row.train_accuracy));
                rows.push(**row);
            }
            _ => {}
        }
        Ok::<(), FitError>(())
    };
    fit(&world.job(None, false), &mut [&mut listen]).unwrap();
    let expected: Vec<f32> =
        (0..18).map(|step| world.config.schedule.learning_rate(0.02, step, 18, 6)).collect();
    assert_eq!(rates, expected);
    assert!(
        rows.iter()
            .all(|r| (0.0..=1.0).contains(&r.train_accuracy) && (r.train_accuracy * 81.0).fract() < 1e-9)
    );
    assert!(rows[2].train_loss < rows[0].train_loss);
}
