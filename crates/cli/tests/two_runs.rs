//! Runs that meet in one folder: one wins, and everything in the folder is its own.

#![cfg(unix)]

mod common;

use std::fs;
use std::process::{Child, Output, Stdio};

use common::Place;
use serde_json::Value;
use striate::formats::{Checkpoint, ModelFile};
use striate::train::FolderLock;

fn start(place: &Place, line: &str) -> Child {
    let words: Vec<&str> = line.split_whitespace().collect();
    place.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Lets runs meet; their outputs.
fn meet(place: &Place, lines: &[String]) -> Vec<Output> {
    let runs: Vec<Child> = lines.iter().map(|line| start(place, line)).collect();
    runs.into_iter().map(|run| run.wait_with_output().unwrap()).collect()
}

/// Makes sure that of these runs one won, and that the others were refused and told by whom.
fn winner(runs: &[Output]) -> usize {
    let text = |run: &Output| String::from_utf8_lossy(&run.stderr).into_owned();
    let all: Vec<String> = runs.iter().map(|run| format!("{:?} {}", run.status, text(run))).collect();
    let won: Vec<usize> = (0..runs.len()).filter(|&run| runs[run].status.success()).collect();
    assert_eq!(won.len(), 1, "{all:?}");
    for run in runs.iter().filter(|run| !run.status.success()) {
        assert_eq!(run.status.code(), Some(2), "{all:?}");
        assert!(text(run).contains("another run is in progress in this folder (process "), "{all:?}");
    }
    won[0]
}

/// Everything in the folder says that it is of the run with this seed.
fn is_all_of(place: &Place, seed: u64) {
    let folder = place.path().join("runs/train");
    for name in ["model.safetensors", "last.safetensors"] {
        let model = ModelFile::load(&folder.join(name)).unwrap();
        assert_eq!(model.provenance.seed, seed, "{name}");
    }
    let checkpoint = folder.join("checkpoint.safetensors");
    for path in [Checkpoint::previous(&checkpoint), checkpoint] {
        let state: Value = serde_json::from_str(&Checkpoint::load(&path).unwrap().state).unwrap();
        assert_eq!(state["config"]["seed"], seed, "{}", path.display());
    }
    let args = fs::read_to_string(folder.join("args.yaml")).unwrap();
    assert!(args.lines().any(|line| line == format!("seed: {seed}")), "{args}");
}

fn pairs_in_one_folder(pairs: u64) {
    for pair in 0..pairs {
        let place = Place::new();
        place.few_digits(2000);
        let seeds = [2 * pair, 2 * pair + 1];
        let line = |seed| format!("train few --epochs 8 --threads 1 --exist-ok --seed {seed}");
        let won = winner(&meet(&place, &seeds.map(line)));
        is_all_of(&place, seeds[won]);
    }
}

#[test]
fn of_two_new_runs_in_one_folder_one_wins() {
    pairs_in_one_folder(5);
}

#[test]
#[ignore = "takes minutes"]
fn of_two_new_runs_in_one_folder_one_wins_thirty_times() {
    pairs_in_one_folder(30);
}

#[test]
fn of_three_that_go_on_with_one_run_one_wins() {
    let place = Place::new();
    place.few_digits(2000);
    let run = start(&place, "train few --epochs 8 --threads 1 --seed 7");
    let checkpoint = place.path().join("runs/train/checkpoint.safetensors");
    while !checkpoint.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // Whoever comes while it runs is told its number, and its end frees the folder, however it comes.
    let others = place.run("train --resume runs/train");
    assert_eq!(others.code, 2, "{}", others.stderr);
    assert!(others.stderr.contains(&format!("(process {})", run.id())), "{}", others.stderr);
    let mut run = run;
    run.kill().unwrap();
    run.wait().unwrap();
    winner(&meet(&place, &["train --resume runs/train"; 3].map(String::from)));
    is_all_of(&place, 7);
}

#[test]
fn a_damaged_checkpoint_is_warned_of_and_replaced_by_the_one_before_it() {
    let place = Place::new();
    place.few_digits(300);
    place.succeed("train few --epochs 2 --seed 7 --quiet");
    let model = place.path().join("runs/train/model.safetensors");
    let expected = fs::read(&model).unwrap();
    fs::write(place.path().join("runs/train/checkpoint.safetensors"), "damaged").unwrap();
    let ran = place.run("train --resume --quiet");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let said = "warning: runs/train/checkpoint.safetensors: 7 bytes are too few for a safetensors file; the file is cut \
                short, or it is of another kind; resuming from the checkpoint before it, \
                runs/train/checkpoint.previous.safetensors";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(fs::read(&model).unwrap() == expected, "the same bits");
    is_all_of(&place, 7);
}

#[test]
fn an_experiment_has_its_folder_for_itself() {
    let place = Place::new();
    let folder = place.path().join("flatten");
    fs::create_dir(&folder).unwrap();
    let _lock = FolderLock::take(&folder).unwrap();
    let ran = place.run("flatten --quick");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("(process {})", std::process::id())), "{}", ran.stderr);
}
