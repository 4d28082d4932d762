//! `striate flatten`: what it refuses, and that an interrupted experiment goes on. The experiment itself is tested in the
//! library, where it can be made small.

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;

fn check(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
    assert_eq!(ran.stdout, "", "{line}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let place = Place::new();
    check(
        &place,
        "flatten --quick --data digit",
        expect![[r#"
        exit code 2
        error: no data set or folder is called "digit" (did you mean digits?); the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files
    "#]],
    );
    check(
        &place,
        "flatten --quick --seeds 0",
        expect![[r#"
        exit code 2
        error: invalid value '0' for '--seeds <N>': expected a whole number from 1 to 4294967295, got 0; try 1

        For more information, try '--help'.
    "#]],
    );
    check(
        &place,
        "flatten --quick --data digits digits",
        expect![[r#"
        exit code 2
        error: digits: named twice; name each data set once
    "#]],
    );
    for class in ["a", "b"] {
        let folder = place.path().join("photos/train").join(class);
        fs::create_dir_all(&folder).unwrap();
        for i in 0..3 {
            let gray = if class == "a" { 10 } else { 200 };
            fs::write(folder.join(format!("{i}.ppm")), [&b"P6 2 1 255\n"[..], &[gray + i; 6]].concat())
                .unwrap();
        }
    }
    check(
        &place,
        "flatten --data photos",
        expect![[r#"
        exit code 65
        error: photos: expected gray images of 28x28 pixels, [C, H, W] = [1, 28, 28], got photos of any size; the canvas and the networks of this experiment have that size; try digits, mnist or fashion-mnist
    "#]],
    );
    assert!(!place.path().join("flatten").exists(), "nothing is written");

    fs::create_dir(place.path().join("flatten")).unwrap();
    fs::write(place.path().join("flatten/runs.jsonl"), "hello\n").unwrap();
    check(
        &place,
        "flatten --quick",
        expect![[r#"
        exit code 65
        error: flatten/runs.jsonl, line 1: expected a finished run as JSON: expected value at line 1 column 1; remove this line (its run will be repeated) or choose another folder
    "#]],
    );
}

/// Starts the experiment, waits for so many finished runs, interrupts it, and gives them with what was said.
#[cfg(unix)]
fn until(place: &Place, runs: usize) -> (Vec<Value>, String) {
    let path: PathBuf = place.path().join("out/runs.jsonl");
    let words = ["flatten", "--data", "few", "--quick", "--out", "out", "--threads", "1"];
    let mut child = place.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = || fs::read_to_string(&path).unwrap_or_default().lines().count();
    while lines() < runs {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let ran = child.wait_with_output().unwrap();
    assert_eq!((ran.status.code(), ran.stdout.len()), (Some(130), 0));
    let text = fs::read_to_string(&path).unwrap();
    let parse = |line: &str| serde_json::from_str(line).unwrap();
    (text.lines().map(parse).collect(), String::from_utf8(ran.stderr).unwrap())
}

#[test]
#[cfg(unix)]
fn an_interrupted_experiment_keeps_its_runs_and_goes_on() {
    let place = Place::new();
    place.few_digits(120);
    let (first, said) = until(&place, 1);
    assert!(
        said.starts_with("stopped after ") && said.contains("the same command continues from there"),
        "{said}"
    );
    let (second, _) = until(&place, first.len() + 1);
    assert_eq!(first[..], second[..first.len()]);
    assert!(
        second.iter().enumerate().all(|(i, a)| second[..i].iter().all(|b| a["run"] != b["run"])),
        "{second:?}"
    );
}
