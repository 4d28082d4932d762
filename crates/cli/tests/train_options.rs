//! `train` with its options, through the binary: what each leaves behind, what is refused, and that a run goes on.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;

const OPTIONS: &str = "--label-smoothing 0.1 --class-weights balanced --weighted-sampling --accum 2 --clip-grad 1 --ema-decay 0.9 \
     --layer-decay 0.8 --freeze conv1 --metric f1_macro --mixup 0.2 --cutmix 0.5 --batch 32";

fn few() -> Place {
    let place = Place::new();
    place.few_digits(600);
    place
}

fn model(place: &Place, run: &str) -> Vec<u8> {
    fs::read(place.path().join(run).join("model.safetensors")).unwrap()
}

#[test]
fn all_options_together_make_one_model_on_any_number_of_threads() {
    let place = few();
    for (threads, name) in [(1, "one"), (2, "two")] {
        place.succeed(&format!("train few --epochs 2 {OPTIONS} --threads {threads} --name {name} --quiet"));
    }
    assert!(model(&place, "runs/one") == model(&place, "runs/two"));
    place.succeed("train few --epochs 2 --batch 32 --threads 1 --name plain --quiet");
    assert!(model(&place, "runs/one") != model(&place, "runs/plain"));
    // What was asked for is written down, and goes on as it was: a flag without a value too.
    let args = fs::read_to_string(place.path().join("runs/one/args.yaml")).unwrap();
    for line in
        ["grad_accum_steps: 2", "weighted_sampling: true", "clip_mode: \"norm\"", "metric: \"f1_macro\""]
    {
        assert!(args.contains(line), "{line} in {args}");
    }
    let command = args.lines().find(|line| line.starts_with("command: ")).unwrap();
    assert!(
        command.contains("--weighted-sampling --ema-decay 0.9")
            || command.contains("--weighted-sampling --accum 2"),
        "{command}"
    );
    assert!(place.succeed("train --resume runs/one").contains("already finished"));
    let header = fs::read_to_string(place.path().join("runs/one/results.csv")).unwrap();
    assert!(
        header.starts_with("epoch,train_loss,train_accuracy,val_loss,val_accuracy,val_f1_macro,"),
        "{header}"
    );
}

#[test]
fn weights_of_one_run_are_the_start_of_another() {
    let place = few();
    place.succeed("train few --epochs 2 --threads 1 --name base --quiet");
    let line = "train few --epochs 1 --lr 1e-12 --threads 1 --quiet --json --weights runs/base/model.safetensors --name";
    let next: Value = serde_json::from_str(&place.succeed(&format!("{line} next"))).unwrap();
    let base: Value = serde_json::from_str(&place.succeed("val runs/base few --json")).unwrap();
    assert_eq!(next["accuracy_top1"], base["accuracy_top1"], "a rate of nothing leaves them as they are");
    let fresh: Value = serde_json::from_str(
        &place.succeed("train few --epochs 1 --lr 1e-12 --threads 1 --quiet --json --name fresh"),
    )
    .unwrap();
    assert_ne!(fresh["accuracy_top1"], base["accuracy_top1"]);
    // The file may be gone when the run is gone on with.
    fs::remove_file(place.path().join("runs/base/model.safetensors")).unwrap();
    assert!(place.succeed("train --resume runs/next").contains("already finished"));
}

#[test]
fn a_budget_ends_a_run() {
    let place = few();
    let ran = place.run("train few --budget 2s --threads 1");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows = fs::read_to_string(place.path().join("runs/train/results.csv")).unwrap().lines().count() - 1;
    let sums: f64 = fs::read_to_string(place.path().join("runs/train/results.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap())
        .sum();
    assert!(rows >= 1 && sums < 2.5, "{rows} epochs, {sums} s of training");
    assert!(place.succeed("train --resume").contains("already finished"));
}

#[test]
fn looking_before_training_trains_nothing() {
    let place = few();
    let said = place.succeed("train few --preview --mixup 0.4 --rotate 20");
    assert_eq!(said, "48 images of the first epoch: runs/preview.png\n");
    let said = place.succeed("train few --find-lr --threads 1");
    assert!(said.contains("try --lr") && said.contains("Plot: runs/find_lr.png"), "{said}");
    let one: Value = serde_json::from_str(&place.succeed("train few --find-lr --json --threads 1")).unwrap();
    let two: Value = serde_json::from_str(&place.succeed("train few --find-lr --json --threads 2")).unwrap();
    assert_eq!(one, two);
    let (rates, losses) = (one["rates"].as_array().unwrap(), one["losses"].as_array().unwrap());
    assert!(rates.len() == losses.len() && rates.len() > 20);
    let mut files: Vec<_> = fs::read_dir(place.path().join("runs"))
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["find_lr.png", "find_lr.svg", "preview.png"], "and no run");
}

/// The epoch is chosen by a part of the training images, and the test images are looked at once; or they choose, and it is said.
#[test]
fn what_is_reported_has_chosen_nothing_unless_it_is_said() {
    let place = few();
    let said = place.succeed("train few --epochs 2 --threads 1");
    assert!(
        said.contains(", on 100 images\n")
            && said.contains(" was kept, the best on 61 images held out of the training set\n"),
        "{said}"
    );
    assert!(!said.contains("optimistic"), "{said}");
    // A tenth of each class, so not to the image a tenth of all.
    let one = |flags: &str| -> Value {
        serde_json::from_str(
            &place.succeed(&format!("train few --epochs 2 --threads 1 --quiet --json {flags}")),
        )
        .unwrap()
    };
    let held_out = one("");
    for (name, value) in [("train_images", 539), ("val_images", 61), ("images", 100)] {
        assert_eq!(held_out[name], value, "{name}");
    }
    assert_eq!((&held_out["chosen_by"], &held_out["judged_by"]), (&"held_out".into(), &"test".into()));
    let quarter = one("--val-split 0.25")["val_images"].as_u64().unwrap();
    assert!((145..=155).contains(&quarter), "{quarter}");

    let said = place.succeed("train few --epochs 2 --threads 1 --val-split 0 --name by_test");
    assert!(said.contains("the best on the 100 test images\nThe epoch was selected using these images, so the accuracy is slightly optimistic; without --val-split 0"), "{said}");
    let page = |run: &str| fs::read_to_string(place.path().join(format!("runs/{run}/report.html"))).unwrap();
    assert!(
        page("by_test").contains("so its figures are slightly optimistic")
            && !page("train").contains("optimistic")
    );
    let all = one("--val-split 0");
    assert_eq!((&all["train_images"], &all["chosen_by"]), (&600.into(), &"test".into()));
    // What a run measured, `val` measures again, and says the same about it.
    for (run, is_optimistic) in [("by_test", true), ("train", false)] {
        place.succeed(&format!("val runs/{run} few"));
        let page =
            fs::read_to_string(place.path().join(format!("runs/{run}/report-val-few-test.html"))).unwrap();
        assert_eq!(page.contains("so its figures are slightly optimistic"), is_optimistic, "{run}");
    }
    // One epoch is no choice.
    assert!(!place.succeed("train few --epochs 1 --val-split 0 --threads 1").contains("optimistic"));
}

fn refused(line: &str, want: &Expect) {
    let place = few();
    let ran = place.run(line);
    assert!(!place.path().join("runs").exists(), "{line}: a run that is refused leaves no folder");
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
}

#[test]
fn what_makes_no_sense_is_refused() {
    refused(
        "train few --freeze fc9",
        &expect![[r#"
        exit code 2
        error: no parameter of this network matches `fc9`; name a layer (conv1, conv2, fc1, fc2), or use * for any text
    "#]],
    );
    refused(
        "train few --freeze 9",
        &expect![[r#"
        exit code 2
        error: all 8 parameters are frozen, so nothing can be trained; freeze fewer layers, for example all but the last
    "#]],
    );
    refused(
        "train few --val-split 1",
        &expect![[r#"
        exit code 2
        error: invalid value '1' for '--val-split <SHARE>': expected a number of at least 0 and below 1, got 1; try 0.1

        For more information, try '--help'.
    "#]],
    );
    refused(
        "train few --class-weights 1,2",
        &expect![[r#"
        exit code 2
        error: class_weights: expected 10 numbers, one per class, got 2
    "#]],
    );
    refused(
        "train few --class-weights even",
        &expect![[r#"
        exit code 2
        error: invalid value 'even' for '--class-weights <LIST>': expected one number per class, separated by commas, or balanced, got even; try balanced

        For more information, try '--help'.
    "#]],
    );
    refused(
        "train few --budget soon",
        &expect![[r#"
        exit code 2
        error: invalid value 'soon' for '--budget <TIME>': expected a time above 0 with the unit s, m or h, got soon; try 90s

        For more information, try '--help'.
    "#]],
    );
    refused(
        "train few --ema-decay 1",
        &expect![[r#"
        exit code 2
        error: invalid value '1' for '--ema-decay <SHARE>': expected a number of at least 0 and below 1, got 1; try 0.1

        For more information, try '--help'.
    "#]],
    );
    refused(
        "train few --clip-mode value",
        &expect![[r#"
        exit code 2
        error: the following required arguments were not provided:
          --clip-grad <BOUND>

        Usage: striate train --clip-grad <BOUND> --clip-mode <MODE> <DATA>

        For more information, try '--help'.
    "#]],
    );
    refused(
        "train few --imgsz 64",
        &expect![[r#"
        exit code 2
        error: --imgsz is for photos; the images of few have a fixed size, so leave it out
    "#]],
    );
    refused(
        "train few --new-head",
        &expect![[r#"
        exit code 2
        error: the following required arguments were not provided:
          --weights <SOURCE>

        Usage: striate train --weights <SOURCE> --new-head <DATA>

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn a_run_can_be_made_longer() {
    let place = few();
    place.succeed("train few --epochs 2 --sched constant --threads 1 --quiet --skip-bad");
    place.succeed("train few --epochs 3 --sched constant --threads 1 --quiet --skip-bad --name long");
    let ran = place.run("train --resume runs/train --epochs 3 --threads 1");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("with epochs 3 instead of 2; the epochs above stay as they are, and the schedule now spans 3 epochs"),
        "{}",
        ran.stderr
    );
    let losses = |run: &str| {
        let rows = fs::read_to_string(place.path().join(run).join("results.csv")).unwrap();
        rows.lines().map(|row| row.split(',').take(6).collect::<Vec<_>>().join(",")).collect::<Vec<_>>()
    };
    assert_eq!(losses("runs/train"), losses("runs/long"));

    // The same command again, with another rate: what cannot change is compared with what is stored, not with words.
    let line = "train few --seed 0 --sched constant --skip-bad --threads 1 --resume runs/train";
    assert!(place.succeed(line).contains("already finished"));
    place.succeed(&format!("{line} --epochs 4 --lr 0.001 --batch 32 --quiet"));
    let args = fs::read_to_string(place.path().join("runs/train/args.yaml")).unwrap();
    for line in
        ["epochs: 4", "batch_size: 32", "learning_rate: 0.001", "# after epoch 3: batch_size 32, epochs 4"]
    {
        assert!(args.contains(line), "{line} in {args}");
    }
    let refused = |flags: &str, expected: Expect| {
        let ran = place.run(&format!("train --resume runs/train {flags}"));
        expected.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
    };
    refused(
        "--epochs 9 --seed 1 --sched cosine",
        expect![[r#"
        exit code 2
        error: runs/train/checkpoint.safetensors belongs to another run: only epochs, batch_size, learning_rate and patience may change when a run is resumed:
          schedule.curve.name: the checkpoint has "constant", this run has "cosine"
          seed: the checkpoint has 0, this run has 1
          schedule.curve.min_lr_ratio: the checkpoint has nothing, this run has 0.0
    "#]],
    );
    refused(
        "--model lenet5",
        expect![[r#"
        exit code 2
        error: runs/train/checkpoint.safetensors belongs to another run: only epochs, batch_size, learning_rate and patience may change when a run is resumed:
          layers_sha256: the checkpoint has 48f6b083dce0b5ad63e38b62c8c7eec520fbe997ea7306206c80131d06b8ecc5, this run has 29ef56bd6938aa1fe3daadd3d7aafeb9c48ad5ffc102465ab78c44bf9b517366
          model: the checkpoint has convnet, this run has lenet5
    "#]],
    );
    refused(
        "--data digits",
        expect![[r#"
        exit code 2
        error: runs/train/checkpoint.safetensors belongs to another run: only epochs, batch_size, learning_rate and patience may change when a run is resumed:
          augment.shift_px: the checkpoint has 0, this run has 2
          data_sha256: the checkpoint has 2abe2c79a1b1cacb7df751016a54174805a3ac89b63ad6b3f5e94b638da26ad3, this run has eb5d995bca6cdd01f99dc9f667ad39950203c77ec47f81503050420618fa363f
    "#]],
    );
    refused(
        "--imgsz 64",
        expect![[r#"
        exit code 2
        error: --resume runs/train: --weights, --new-head and --imgsz decide how a run begins, so they cannot change when it is resumed; leave them out to continue it, or leave --resume out to start another run
    "#]],
    );
    refused(
        "--epochs 1",
        expect![[r#"
        exit code 2
        error: epochs: expected at least the 4 that the run has begun, got 1
    "#]],
    );
}
