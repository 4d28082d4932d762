//! What is said when something is wrong, to the letter: place, what, expected, got, what to try.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};

/// The line fails like this, on standard error alone.
fn check_in(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}", ran.code, without_line(&ran.stderr)));
    assert_eq!(ran.stdout, "", "{line}");
}

/// The line of a network's source file moves with every comment above it.
fn without_line(text: &str) -> String {
    let Some((before, after)) = text.split_once(".rs:") else { return text.into() };
    format!("{before}.rs:LINE{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

fn check(line: &str, want: Expect) {
    check_in(&Place::new(), line, want);
}

#[test]
fn learning_rates() {
    check(
        "train --lr NaN",
        expect![[r#"
        exit code 2
        error: invalid value 'NaN' for '--lr <RATE>': expected a finite number above 0, got NaN; try 0.001

        For more information, try '--help'.
    "#]],
    );
    check(
        "train --lr -0.1",
        expect![[r#"
        exit code 2
        error: invalid value '-0.1' for '--lr <RATE>': expected a finite number above 0, got -0.1; try 0.001

        For more information, try '--help'.
    "#]],
    );
    check(
        "train --lr fast",
        expect![[r#"
        exit code 2
        error: invalid value 'fast' for '--lr <RATE>': expected a finite number above 0, got fast; try 0.001

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn counts() {
    check(
        "train --batch 0",
        expect![[r#"
        exit code 2
        error: invalid value '0' for '--batch <N>': expected a whole number from 1 to 4294967295, got 0; try 1

        For more information, try '--help'.
    "#]],
    );
    check(
        "train --epochs 0",
        expect![[r#"
        exit code 2
        error: invalid value '0' for '--epochs <N>': expected a whole number from 1 to 4294967295, got 0; try 1

        For more information, try '--help'.
    "#]],
    );
    check(
        "train --threads 0",
        expect![[r#"
        exit code 2
        error: invalid value '0' for '--threads <N>': expected 1 to 1024 threads, got 0; leave the flag out for one thread per core

        For more information, try '--help'.
    "#]],
    );
    check(
        "train --batch 9999999",
        expect![[r#"
        exit code 2
        error: batch_size: expected 1 to 1048576, got 9999999
    "#]],
    );
    check(
        "predict model.safetensors image.png --topk 0",
        expect![[r#"
        exit code 2
        error: invalid value '0' for '--topk <K>': expected a whole number from 1 to 4294967295, got 0; try 1

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn names() {
    check(
        "train --model covnet",
        expect![[r#"
        exit code 2
        error: no model `covnet`; did you mean `convnet`?
    "#]],
    );
    check(
        "train mnits",
        expect![[r#"
        exit code 2
        error: no data set or folder is called "mnits" (did you mean mnist?); the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files
    "#]],
    );
    check(
        "train nothing-like-it",
        expect![[r#"
        exit code 2
        error: no data set or folder is called "nothing-like-it"; the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files
    "#]],
    );
    check(
        "summary lenet",
        expect![[r#"
        exit code 2
        error: no file or network is called "lenet"; did you mean `lenet5`?
    "#]],
    );
    check(
        "models transformer",
        expect![[r#"
            exit code 2
            error: no model matches "transformer"; `striate models` without a pattern lists all of them
        "#]],
    );
    check(
        "data fetch cifar",
        expect![[r#"
        exit code 2
        error: no data set or folder is called "cifar"; the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files
    "#]],
    );
    check(
        "trian",
        expect![[r#"
        exit code 2
        error: unrecognized subcommand 'trian'

          tip: a similar subcommand exists: 'train'

        Usage: striate <COMMAND>

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn flags_that_do_not_go_together() {
    check(
        "train --momentum 0.9",
        expect![[r#"
        exit code 2
        error: --momentum is for --opt sgd; leave it out, or add --opt sgd
    "#]],
    );
    check(
        "train --sched multi-step",
        expect![[r#"
        exit code 2
        error: --sched multi-step needs the epochs of its steps, such as --milestones 10,15
    "#]],
    );
    check(
        "train --name a/b",
        expect![[r#"
        exit code 2
        error: --name "a/b": expected the name of a single folder; put parent folders into --project
    "#]],
    );
    check(
        "summary convnet --imgsz 32",
        expect![[r#"
        exit code 2
        error: convnet for 32x32 images: fc1 (convnet.rs:LINE): linear expects 1568 inputs (32x7x7), got 2048 = 32x8x8; set in_features to 2048, or add adaptive_avg_pool2d(7); or use 28x28 images
    "#]],
    );
}

#[test]
fn a_data_set_that_is_not_here() {
    let place = Place::new();
    let ran = place.run("train mnist");
    assert_eq!(ran.code, 74);
    assert!(ran.stderr.contains("striate data fetch mnist"), "{}", ran.stderr);
    assert!(!place.path().join("runs").exists(), "a refused run leaves nothing behind");
}

// The words are those of the operating system.
#[cfg(target_os = "linux")]
#[test]
fn folders_that_cannot_be_made() {
    let place = Place::new();
    std::fs::write(place.path().join("file"), "").unwrap();
    check_in(
        &place,
        "train --project file",
        expect![[r#"
        exit code 74
        error: file: cannot create this folder: File exists (os error 17); choose another one with --project
    "#]],
    );
    check_in(
        &place,
        "train --project file/deeper",
        expect![[r#"
        exit code 74
        error: file/deeper: cannot create this folder: Not a directory (os error 20); choose another one with --project
    "#]],
    );
}

#[test]
fn runs_that_cannot_be_resumed() {
    let place = Place::new();
    check_in(
        &place,
        "train --resume",
        expect![[r#"
        exit code 2
        error: --resume: no run in runs has a checkpoint; name the folder of a run, or start a new one
    "#]],
    );
    check_in(
        &place,
        "train --resume runs/gone",
        expect![[r#"
        exit code 2
        error: runs/gone: there is no run to resume; check the name, or start one without `Job::resume`
          without --resume, a new run is started
    "#]],
    );
    std::fs::create_dir_all(place.path().join("runs/empty")).unwrap();
    check_in(
        &place,
        "train --resume runs/empty",
        expect![[r#"
            exit code 2
            error: runs/empty: the run was stopped before it saved anything; start it again, with --exist-ok to use the same folder
        "#]],
    );
}

#[test]
fn model_files() {
    let place = Place::new();
    let write = |name: &str, bytes: &[u8]| std::fs::write(place.path().join(name), bytes).unwrap();
    write("empty.safetensors", b"");
    write("text.safetensors", b"this is not a model at all");
    // A foreign safetensors: one array and no metadata.
    let header = br#"{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    write("foreign.safetensors", &[&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat());
    check_in(
        &place,
        "val gone.safetensors",
        expect![[r#"
        exit code 74
        error: gone.safetensors: cannot be read: No such file or directory (os error 2)
    "#]],
    );
    check_in(
        &place,
        "val empty.safetensors",
        expect![[r#"
        exit code 65
        error: empty.safetensors: 0 bytes are too few for a safetensors file; the file is cut short, or it is of another kind
    "#]],
    );
    check_in(
        &place,
        "summary text.safetensors",
        expect![[r#"
        exit code 65
        error: text.safetensors: the header says that it is 2338328219631577204 bytes long, in a file of 26 bytes and with a limit of 8388608; the file is cut short, or it is not a safetensors file
    "#]],
    );
    check_in(
        &place,
        "predict foreign.safetensors image.png",
        expect![[r#"
            exit code 2
            error: foreign.safetensors: these are weights without their network; name the network with --model NAME --weights foreign.safetensors ('striate models' lists the networks)
        "#]],
    );
}

/// However the program was called: a path in a hint is noise to whoever has it on the PATH.
#[test]
fn commands_in_errors_and_help_name_striate_and_no_path() {
    let place = Place::new();
    let path = env!("CARGO_BIN_EXE_striate");
    for (line, command) in [
        ("train mnist", "data fetch mnist"),
        ("why convnet", "why convnet digits:7"),
        ("maps convnet", "maps convnet digits:7"),
        ("predict convnet", "predict MODEL IMAGE"),
        ("neuron convnet", "neuron convnet conv2:5"),
        ("--help", "predict runs/train IMAGE"),
        ("xray --help", "xray convnet digits:7"),
        ("why --help", "models"),
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let output = place.command(&words).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("striate {command}")), "{line}: {text}");
        assert!(!text.contains(path), "{line}: {text}");
    }
}

#[test]
fn what_to_do_about_bad_images_is_said_once() {
    let place = Place::new();
    for class in ["cat", "dog"] {
        let folder = place.path().join("pets").join(class);
        fs::create_dir_all(&folder).unwrap();
        for i in 0..20_u8 {
            // A BMP of one row of two gray pixels.
            let mut file =
                b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
            file.resize(54, 0);
            file.extend([i, i, i, 200 - i, 9, 9, 0, 0]);
            fs::write(folder.join(format!("{i}.bmp")), file).unwrap();
        }
    }
    fs::write(place.path().join("pets/cat/broken.png"), "no image").unwrap();
    let ran = place.run("train pets --epochs 1");
    assert_eq!(ran.code, 65, "{ran:?}");
    assert_eq!(ran.stderr.matches("epair or remove").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("--skip-bad leaves them out"), "{}", ran.stderr);
}

#[test]
fn sizes_of_images() {
    for line in ["summary resnet18 --imgsz 4294967295", "train few --imgsz 8193", "bench data --imgsz 0"] {
        let ran = Place::new().run(line);
        assert_eq!(ran.code, 2, "{line}: {ran:?}");
        let got = line.rsplit(' ').next().unwrap();
        let want = format!("expected 1 to 8192 pixels, got {got}; try 224");
        assert!(ran.stderr.contains(&want), "{line}: {}", ran.stderr);
    }
    let widest = Place::new().succeed("summary resnet18 --imgsz 8192");
    assert!(widest.contains("One image [3 x 8192 x 8192] costs 2,4"), "{widest}");
}

/// Opening a named pipe waits until somebody writes.
#[cfg(unix)]
#[test]
fn pipes_and_devices() {
    let place = Place::new();
    assert!(std::process::Command::new("mkfifo").arg(place.path().join("pipe")).status().unwrap().success());
    check_in(
        &place,
        "predict convnet pipe",
        expect![[r#"
            exit code 74
            error: pipe: cannot be read: is a named pipe (FIFO), expected a file; save its output to a file, or pass it through /dev/stdin or <(command)
        "#]],
    );
    check_in(
        &place,
        "predict --model convnet --labels pipe digits:0",
        expect![[r#"
        exit code 74
        error: pipe: cannot be read: is a named pipe (FIFO), expected a file; save its output to a file, or pass it through /dev/stdin or <(command)
    "#]],
    );
    check_in(
        &place,
        "why convnet /dev/zero",
        expect![[r#"
        exit code 74
        error: /dev/zero: cannot be read: is a device, expected a file; save its output to a file, or pass it through /dev/stdin or <(command)
    "#]],
    );
    place.few_digits(100);
    place.succeed("train few --epochs 1 --quiet");
    let line =
        format!("cat runs/train/sample.png | {} predict convnet /dev/stdin", env!("CARGO_BIN_EXE_striate"));
    let read =
        std::process::Command::new("sh").args(["-c", &line]).current_dir(place.path()).output().unwrap();
    assert!(read.status.success(), "{read:?}");
}
