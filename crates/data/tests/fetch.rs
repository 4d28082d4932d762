//! Downloads, against a file server on this machine's loopback.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use sha2::{Digest, Sha256};
use striate_data::fetch::{FetchEvent, fetch_files};
use striate_data::registry::KnownFile;

/// What the server answers to one path.
#[derive(Clone)]
enum Answer {
    Body(Vec<u8>),
    /// Announces the length of the body and closes after so many bytes.
    Cut(Vec<u8>, usize),
    /// Sends the body without a length until the other side hangs up.
    Endless,
}

/// A server of a few files; it ends with the test's process. Gives its address and the paths it was asked for.
fn serve(answers: HashMap<String, Answer>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                request.push(byte[0]);
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_string();
            log.lock().unwrap().push(path.clone());
            let head = |length: usize| {
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
                    .into_bytes()
            };
            // The client may hang up early; that is what some of the tests are about.
            let _ = match answers.get(&path) {
                None => stream
                    .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                Some(Answer::Body(body)) => stream.write_all(&[head(body.len()), body.clone()].concat()),
                Some(Answer::Cut(body, at)) => {
                    stream.write_all(&[head(body.len()), body[..*at].to_vec()].concat())
                }
                Some(Answer::Endless) => {
                    let start = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
                    // Bounded all the same, should the client fail to hang up.
                    start.and_then(|()| (0..1000).try_for_each(|_| stream.write_all(&[7; 65_536])))
                }
            };
        }
    });
    (address, asked)
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn content(name: &str) -> Vec<u8> {
    (0..100_000usize).map(|i| (i * 31 + usize::from(name.as_bytes()[0])) as u8).collect()
}

fn known_files() -> [KnownFile; 4] {
    NAMES.map(|name| {
        let body = content(name);
        let hash: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
        KnownFile { name, gz_bytes: body.len() as u64, gz_sha256: hash.leak(), raw_sha256: "" }
    })
}

fn good_answers() -> HashMap<String, Answer> {
    NAMES.into_iter().map(|name| (format!("{name}.gz"), Answer::Body(content(name)))).collect()
}

fn answers_with(b: Option<Answer>) -> HashMap<String, Answer> {
    let mut answers = good_answers();
    match b {
        Some(answer) => answers.insert("b.gz".into(), answer),
        None => answers.remove("b.gz"),
    };
    answers
}

#[test]
fn four_files_are_stored_and_not_fetched_twice() {
    let (mirror, asked) = serve(good_answers());
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("new/folder");
    let mut last = 0;
    let paths = fetch_files(&known_files(), &[&mirror], &folder, &mut |event| {
        if let FetchEvent::Received { bytes, of } = event {
            assert!(bytes <= of);
            last = bytes;
        }
    })
    .unwrap();
    assert_eq!(last, 100_000);
    for (path, name) in paths.iter().zip(NAMES) {
        assert_eq!(fs::read(path).unwrap(), content(name));
    }
    fs::write(&paths[2], "damaged").unwrap();
    let mut present = 0;
    fetch_files(&known_files(), &[&mirror], &folder, &mut |event| {
        present += usize::from(matches!(event, FetchEvent::Present { .. }));
    })
    .unwrap();
    assert_eq!(present, 3);
    assert_eq!(fs::read(&paths[2]).unwrap(), content("c"));
    assert_eq!(*asked.lock().unwrap(), ["a.gz", "b.gz", "c.gz", "d.gz", "c.gz"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "no temporary file is left");
}

/// Each defect of a first mirror: what is said of it alone, and that a second mirror makes up for it.
#[test]
fn a_failing_mirror_is_named_and_passed_over() {
    let mut wrong = content("b");
    wrong[5] ^= 1;
    let longer = [content("b"), vec![0; 10]].concat();
    for (defect, said) in [
        (None, "404"),
        (Some(Answer::Body(wrong)), "sha256: expected"),
        (Some(Answer::Cut(content("b"), 40_000)), "of 100000 bytes"),
        (Some(Answer::Body(b"<html>".to_vec())), "expected 100000 bytes, got 6 bytes"),
        (Some(Answer::Body(longer)), "got 100001 or more"),
        (Some(Answer::Endless), "got 100001 or more"),
    ] {
        let (bad, _) = serve(answers_with(defect));
        let (good, _) = serve(good_answers());
        let folder = tempfile::tempdir().unwrap();
        let error = fetch_files(&known_files(), &[&bad], folder.path(), &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
        assert!(error.contains(&format!("{bad}b.gz")), "{error}");
        let mut stored: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        stored.sort();
        assert_eq!(stored, ["a.gz"], "what came whole stays, and nothing else");

        let mut failures = 0;
        let paths = fetch_files(&known_files(), &[&bad, &good], folder.path(), &mut |event| {
            failures += usize::from(matches!(event, FetchEvent::Failed { .. }));
        })
        .unwrap();
        assert_eq!(failures, 1, "{said}");
        assert_eq!(fs::read(&paths[1]).unwrap(), content("b"));
    }
}

#[test]
fn nobody_at_home_is_an_error() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mirror = format!("http://{address}/");
    let error = fetch_files(&known_files(), &[&mirror], folder.path(), &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("no mirror gave it") && error.contains("by hand"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    let error =
        fetch_files(&known_files(), &["http://127.0.0.1:1/"], &file.join("sub"), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("cannot create this folder"), "{error}");
}
