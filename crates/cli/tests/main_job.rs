//! The main job, through the binary: learn, measure, ask, look, stop and go on.

mod common;

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use common::Place;
use serde_json::Value;

const RUN: &str = "train few --epochs 2 --threads 1";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn learn_measure_ask_and_look() {
    let place = Place::new();
    place.few_digits(1000);
    let last_lines = place.succeed(RUN);
    assert!(last_lines.starts_with("Test accuracy "), "{last_lines}");
    assert!(last_lines.contains("95 % interval"), "{last_lines}");
    for name in ["model", "last", "checkpoint"] {
        assert!(place.path().join(format!("runs/train/{name}.safetensors")).is_file(), "{name}");
    }
    for name in ["args.yaml", "results.csv", "curves.svg", "curves.png", "confusion_matrix.png", "sample.png"]
    {
        assert!(place.path().join("runs/train").join(name).is_file(), "{name}");
    }

    // The commands to try next are real.
    let (_, next) = last_lines.split_once("Next:\n").unwrap();
    assert_eq!(next.lines().count(), 3);
    for line in next.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ran = place.run_words(&words[1..]);
        assert_eq!((words[0], ran.code), ("striate", 0), "{line}: {}", ran.stderr);
    }

    let val = json(&place.succeed("val runs/train --json"));
    let accuracy = val["accuracy_top1"].as_f64().unwrap();
    assert!(accuracy > 0.5, "2 epochs of 1,000 digits: {accuracy}");
    let percent = format!("{:.2} %", 100.0 * accuracy);
    assert!(last_lines.contains(&percent), "{percent} in {last_lines}");
    assert_eq!(val["images"], 100);
    assert!(val["accuracy_top5"].as_f64().unwrap() >= accuracy);
    assert!(place.succeed("val runs/train/model.safetensors few").contains("top-5 accuracy"));

    let summary = json(&place.succeed("summary runs/train/model.safetensors --json"));
    assert_eq!((&summary["parameters"], &summary["multiply_adds"]), (&206_922.into(), &1_218_048.into()));
    assert_eq!(summary["provenance"]["command"], "striate train few --epochs 2");

    let again = place.succeed(RUN);
    assert!(again.contains("runs/train2/model.safetensors"), "{again}");
    let bytes = |run: &str| std::fs::read(place.path().join(run).join("model.safetensors")).unwrap();
    place.succeed("train few --epochs 2 --threads 2 --project elsewhere --name it --quiet");
    assert!(bytes("runs/train") == bytes("runs/train2"), "the same command makes the same file");
    assert!(bytes("runs/train") == bytes("elsewhere/it"), "on any number of threads, in any folder");
}

#[test]
fn predict_reads_files_folders_and_standard_input() {
    let place = Place::new();
    place.few_digits(300);
    place.succeed("train few --epochs 1 --quiet");
    let sample = place.path().join("runs/train/sample.png");
    std::fs::create_dir(place.path().join("images")).unwrap();
    std::fs::copy(&sample, place.path().join("images/b.png")).unwrap();
    std::fs::copy(&sample, place.path().join("images/a.png")).unwrap();
    std::fs::write(place.path().join("images/broken.png"), "no image").unwrap();

    let model = "predict runs/train/model.safetensors";
    let table = place.succeed(&format!("{model} runs/train/sample.png --topk 2"));
    assert!(table.contains("runs/train/sample.png"), "{table}");
    let csv = place.succeed(&format!("{model} images/b.png images/a.png --format csv --topk 2"));
    assert!(csv.starts_with("image,rank,class,class_index,probability\nimages/b.png,1,"), "{csv}");
    assert_eq!(csv.lines().count(), 5);

    // What can be read is answered, what cannot is named, and the exit code tells.
    let ran = place.run(&format!("{model} images --json"));
    assert_eq!(ran.code, 65);
    assert!(ran.stderr.contains("images/broken.png: is not an image"), "{}", ran.stderr);
    let document = json(&ran.stdout);
    let names: Vec<&str> =
        document["predictions"].as_array().unwrap().iter().map(|p| p["image"].as_str().unwrap()).collect();
    assert_eq!(names, ["images/a.png", "images/b.png"]);
    assert_eq!(document["failures"][0]["image"], "images/broken.png");

    let words: Vec<&str> = model.split(' ').chain(["-", "--json"]).collect();
    let mut child = place.command(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&std::fs::read(&sample).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let piped = json(std::str::from_utf8(&output.stdout).unwrap());
    assert_eq!(
        piped["predictions"][0]["top"], document["predictions"][0]["top"],
        "the same image, the same answer"
    );

    // Black on white is another image, unless it is said to be one.
    let plain = json(&place.succeed(&format!("{model} runs/train/sample.png --json")));
    let inverted = json(&place.succeed(&format!("{model} runs/train/sample.png --json --invert")));
    assert_ne!(plain["predictions"][0]["top"], inverted["predictions"][0]["top"]);
}

#[test]
fn many_images_give_the_same_answers_as_one() {
    let place = Place::new();
    place.few_digits(300);
    place.succeed("train few --epochs 1 --quiet");
    std::fs::create_dir(place.path().join("images")).unwrap();
    for i in 0..70 {
        let to = place.path().join(format!("images/{i:02}.png"));
        std::fs::copy(place.path().join("runs/train/sample.png"), to).unwrap();
    }
    let csv = place.succeed("predict runs/train images --format csv --topk 1");
    let answers: std::collections::BTreeSet<&str> =
        csv.lines().skip(1).map(|line| line.split_once(',').unwrap().1).collect();
    assert_eq!((csv.lines().count(), answers.len()), (71, 1), "{csv}");
}

#[test]
fn lists() {
    let place = Place::new();
    assert!(place.succeed("models").contains("convnet"));
    assert_eq!(json(&place.succeed("models conv* --json"))[0]["parameters"], 206_922);
    assert!(place.succeed("data list").contains("striate data fetch mnist"));
    assert_eq!(place.succeed("data path digits"), "");
    place.few_digits(10);
    assert_eq!(place.succeed("data path few"), "few\n");
    assert_eq!(json(&place.succeed("summary lenet5 --json"))["parameters"], 61_706);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let place = Place::new();
    for line in ["models", "data list", "summary convnet", "summary convnet --json", "--help", "train --help"]
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut child = place.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{line}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    let place = Place::new();
    place.few_digits(2000);
    let flags = "few --epochs 6 --quiet";
    place.succeed(&format!("train {flags} --name whole"));
    let mut signals = vec![("INT", 130, "interrupted"), ("TERM", 143, "terminated")];
    if cfg!(target_os = "linux") && !hang_up_is_ignored() {
        signals.push(("HUP", 129, "hung_up"));
    }
    for (signal, code, name) in signals {
        let line = format!("train {flags} --name {name}");
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut child = place.command(&words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        send_once_saved(&place, &mut child, signal, name);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{stderr}");
        assert!(stderr.contains(&format!("train --resume runs/{name}")), "{stderr}");

        let other = place.run(&format!("train {flags} --seed 1 --resume runs/{name}"));
        assert_eq!(other.code, 2, "{}", other.stderr);
        place.succeed(&format!("train --resume runs/{name} --threads 1"));
        let model =
            |run: &str| std::fs::read(place.path().join("runs").join(run).join("model.safetensors")).unwrap();
        assert!(model("whole") == model(name), "{name}: the resumed run ended in other bits");
        assert!(place.succeed(&format!("train --resume runs/{name}")).contains("already finished"));
    }
}

/// Sends a signal to a run, not before there is something to go on with.
#[cfg(unix)]
fn send_once_saved(place: &Place, child: &mut Child, signal: &str, name: &str) {
    let checkpoint = place.path().join(format!("runs/{name}/checkpoint.safetensors"));
    while !checkpoint.is_file() {
        assert!(child.try_wait().unwrap().is_none(), "ended before its first checkpoint");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let kill = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
    assert!(kill.unwrap().success());
}

/// Whether these tests were started by `nohup`, and what they start is too.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    let ignored = Command::new("sh").args(["-c", "kill -HUP $$"]).status().unwrap();
    ignored.success()
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_under_nohup_goes_on_when_its_terminal_closes() {
    let place = Place::new();
    place.few_digits(2000);
    let mut shell = Command::new("sh");
    let train = "trap '' HUP; exec \"$0\" train few --epochs 6 --name kept";
    shell.args(["-c", train, env!("CARGO_BIN_EXE_striate")]).current_dir(place.path());
    let mut child = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    send_once_saved(&place, &mut child, "HUP", "kept");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Killed between the claim of its folder and its first checkpoint: the settings are there, and say what to do.
#[test]
fn a_run_that_never_saved_starts_again() {
    let place = Place::new();
    place.few_digits(300);
    place.succeed("train few --epochs 1 --lr 0.002 --quiet --name whole");
    place.succeed("train few --epochs 1 --lr 0.002 --quiet --name killed");
    let killed = place.path().join("runs/killed");
    for file in ["checkpoint", "model", "last"] {
        std::fs::remove_file(killed.join(format!("{file}.safetensors"))).unwrap();
    }
    place.succeed("train --resume runs/killed --quiet");
    let model =
        |run: &str| std::fs::read(place.path().join("runs").join(run).join("model.safetensors")).unwrap();
    assert!(model("whole") == model("killed"));

    // Killed even before that: what is asked for now is all there is to know.
    std::fs::create_dir(place.path().join("runs/emptied")).unwrap();
    place.succeed("train few --epochs 1 --lr 0.002 --quiet --resume runs/emptied");
    assert!(model("whole") == model("emptied"));
}
