//! Standard output and standard error that nobody reads, that are full, or that are closed: no command panics, and what a command
//! is there for is done all the same.
#![cfg(target_os = "linux")]

mod common;

use std::fs::OpenOptions;
use std::io;
use std::process::{Command, Stdio};

use common::Place;

/// Commands of every kind that print: tables, pages, JSON, CSV, help, progress, notes and errors.
const PRINTING: [&str; 24] = [
    "--help",
    "train --help",
    "--version",
    "no_such_command",
    "predict convnet no_such_image.png",
    "models",
    "models --json",
    "summary convnet",
    "summary convnet --rf",
    "data list",
    "data path digits",
    "data check few",
    "train few --epochs 1 --threads 1",
    "train few --preview",
    "val convnet -d few",
    "predict convnet digits:0 digits:1",
    "predict convnet digits:0 digits:1 --json",
    "predict convnet digits:0 no_such_image.png --format csv",
    "maps convnet digits:0 --layer conv1",
    "filters convnet --layer conv1",
    "why convnet digits:0",
    "xray convnet digits:0",
    "neuron convnet conv2:5 -d few",
    "embed convnet -n 20 -d few",
];

/// A stream that goes wrong.
#[derive(Debug, Clone, Copy)]
enum Broken {
    /// A pipe whose reader has left.
    Left,
    /// A disk without room.
    Full,
}

impl Broken {
    fn stream(self) -> Stdio {
        match self {
            Self::Left => io::pipe().unwrap().1.into(),
            Self::Full => OpenOptions::new().write(true).open("/dev/full").unwrap().into(),
        }
    }
}

fn place() -> Place {
    let place = Place::new();
    place.few_digits(100);
    place
}

fn command(place: &Place, line: &str) -> Command {
    place.command(&line.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn what_cannot_be_said_ends_nothing() {
    let place = place();
    for line in PRINTING {
        let want = command(&place, line).output().unwrap();
        for broken in [Broken::Left, Broken::Full] {
            let ran = command(&place, line).stderr(broken.stream()).output().unwrap();
            assert_eq!(ran.status.code(), want.status.code(), "{line}, standard error {broken:?}");
            let is_there = |bytes: &[u8]| !bytes.is_empty();
            assert_eq!(is_there(&ran.stdout), is_there(&want.stdout), "{line}, standard error {broken:?}");
        }
    }
}

#[test]
fn an_answer_that_nobody_takes_is_no_error_and_one_that_is_lost_is() {
    let place = place();
    for line in PRINTING {
        let want = command(&place, line).output().unwrap();
        let left = command(&place, line).stdout(Broken::Left.stream()).output().unwrap();
        let full = command(&place, line).stdout(Broken::Full.stream()).output().unwrap();
        let said = [&left, &full].map(|ran| String::from_utf8_lossy(&ran.stderr).into_owned());
        assert!(!said.iter().any(|said| said.contains("panicked")), "{line}: {said:?}");
        if want.stdout.is_empty() {
            assert_eq!([left, full].map(|ran| ran.status.code()), [want.status.code(); 2], "{line}");
            continue;
        }
        assert_eq!(left.status.code(), Some(0), "{line}: {}", said[0]);
        assert!(!said[0].contains("error"), "{line}: {}", said[0]);
        assert_eq!(full.status.code(), Some(74), "{line}: {}", said[1]);
        assert!(said[1].contains("standard output: cannot write"), "{line}: {}", said[1]);
    }
}

#[test]
fn training_is_saved_when_nothing_can_be_said() {
    let place = place();
    let run = |name: &str| command(&place, &format!("train few --epochs 1 --threads 1 --name {name}"));
    let model =
        |name: &str| std::fs::read(place.path().join(format!("runs/{name}/model.safetensors"))).unwrap();
    assert!(run("heard").output().unwrap().status.success());
    for (name, broken) in [("left", Broken::Left), ("full", Broken::Full)] {
        run(name).stdout(broken.stream()).stderr(broken.stream()).output().unwrap();
        assert!(model(name) == model("heard"), "{name}");
    }
    for (name, closing) in [("out", ">&-"), ("err", "2>&-"), ("both", ">&- 2>&-")] {
        let trained = Command::new("sh")
            .args(["-c", &format!("exec \"$0\" train few --epochs 1 --threads 1 --name {name} {closing}")])
            .arg(env!("CARGO_BIN_EXE_striate"))
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(trained.status.success() && model(name) == model("heard"), "{closing}");
    }
}
