//! Downloads, against a file server on this machine's loopback.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use striate_base::hex;
use striate_data::DataError;
use striate_data::fetch::{Download, FetchEvent, Size, download, fetch_files};
use striate_data::registry::KnownFile;
use striate_testkit::{FileServer, Serve};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn content(name: &str) -> Vec<u8> {
    (0..100_000usize).map(|i| (i * 31 + usize::from(name.as_bytes()[0])) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn known_files() -> [KnownFile; 4] {
    NAMES.map(|name| {
        let body = content(name);
        let gz_sha256 = sha256(&body).leak();
        KnownFile { name, gz_bytes: body.len() as u64, gz_sha256, raw_sha256: "" }
    })
}

fn serve_four() -> FileServer {
    let good = |name: &str| Serve::Good(content(name));
    FileServer::start([("a.gz", good("a")), ("b.gz", good("b")), ("c.gz", good("c")), ("d.gz", good("d"))])
}

fn stored(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn four_files_are_stored_and_not_fetched_twice() {
    let server = serve_four();
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("new/folder");
    let mut last = 0;
    let paths = fetch_files(&known_files(), &[&server.address], &folder, &mut |event| {
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
    fetch_files(&known_files(), &[&server.address], &folder, &mut |event| {
        present += usize::from(matches!(event, FetchEvent::Present { .. }));
    })
    .unwrap();
    assert_eq!(present, 3);
    assert_eq!(fs::read(&paths[2]).unwrap(), content("c"));
    assert_eq!(server.asked(), ["a.gz", "b.gz", "c.gz", "d.gz", "c.gz"]);
    assert_eq!(stored(&folder), ["a.gz", "b.gz", "c.gz", "d.gz"], "no temporary file is left");
}

/// Each defect of a first mirror: what is said of it alone, and that a second mirror makes up for it.
#[test]
fn a_failing_mirror_is_named_and_passed_over() {
    let mut wrong = content("b");
    wrong[5] ^= 1;
    let longer = [content("b"), vec![0; 10]].concat();
    for (defect, said) in [
        (None, "404"),
        (Some(Serve::Good(wrong)), "sha256: expected"),
        (Some(Serve::Cut(content("b"), 40_000)), "of 100000 bytes"),
        (Some(Serve::Length(content("b"), 200_000)), "of 100000 bytes"),
        (Some(Serve::Length(content("b"), 90_000)), "expected 100000 bytes, got 90000 bytes"),
        (Some(Serve::Good(b"<html>".to_vec())), "expected 100000 bytes, got 6 bytes"),
        (Some(Serve::Good(longer)), "got 100001 or more"),
        (Some(Serve::Endless), "got 100001 or more"),
    ] {
        let (bad, good) = (serve_four(), serve_four());
        bad.set("b.gz", defect.clone().unwrap_or_else(|| Serve::Redirect("/nowhere".into())));
        let cut = matches!(defect, Some(Serve::Cut(..) | Serve::Length(_, 200_000)));
        let folder = tempfile::tempdir().unwrap();
        let mirrors = [&bad.address[..]];
        let error =
            fetch_files(&known_files(), &mirrors, folder.path(), &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
        assert!(error.contains(&format!("{}b.gz", bad.address)), "{error}");
        let expected: &[&str] = if cut { &["a.gz", "b.gz.part", "b.gz.part.from"] } else { &["a.gz"] };
        assert_eq!(stored(folder.path()), expected, "{said}: what came stays, and nothing that is wrong");

        let mut failures = 0;
        let mirrors = [&bad.address[..], &good.address[..]];
        let paths = fetch_files(&known_files(), &mirrors, folder.path(), &mut |event| {
            failures += usize::from(matches!(event, FetchEvent::Failed { .. }));
        })
        .unwrap();
        // What was cut at 40,000 bytes is continued, and cut again 40,000 bytes later; the good mirror then gives it.
        assert_eq!(failures, 1, "{said}");
        assert_eq!(fs::read(&paths[1]).unwrap(), content("b"));
        assert_eq!(stored(folder.path()), ["a.gz", "b.gz", "c.gz", "d.gz"]);
    }
}

/// A folder, and one file to be downloaded into it from a server.
struct One {
    server: FileServer,
    folder: tempfile::TempDir,
    sha256: Option<String>,
}

impl One {
    fn new(serve: Serve, sha256: Option<String>) -> Self {
        Self { server: FileServer::start([("w.pth", serve)]), folder: tempfile::tempdir().unwrap(), sha256 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("w.pth")
    }

    fn get(&self, size: Size) -> Result<(), DataError> {
        let urls = [format!("{}w.pth", self.server.address)];
        let path = self.path();
        download(&Download { urls: &urls, path: &path, size, sha256: self.sha256.as_deref() }, &mut |_| {})
    }

    fn again(&self) -> Result<(), DataError> {
        self.get(Size::AtMost(1 << 20))
    }
}

#[test]
fn what_broke_is_continued() {
    let body = content("w");
    // With a hash to tell in the end; with a server's ETag and no hash.
    for sha256 in [Some(sha256(&body)[..8].to_string()), None] {
        let one = One::new(Serve::Cut(body.clone(), 30_000), sha256);
        for _ in 0..3 {
            let error = one.again().unwrap_err().to_string();
            assert!(error.contains("the connection broke after"), "{error}");
        }
        one.server.set("w.pth", Serve::Good(body.clone()));
        one.again().unwrap();
        assert_eq!(fs::read(one.path()).unwrap(), body);
        assert_eq!(
            one.server.asked(),
            ["w.pth", "w.pth bytes=30000-", "w.pth bytes=60000-", "w.pth bytes=90000-"]
        );
        assert_eq!(stored(one.folder.path()), ["w.pth"]);
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let (old, new) = (content("o"), content("n"));
    // No hash: the server's ETag says that it is another file now, and it sends all of it.
    let one = One::new(Serve::Cut(old.clone(), 30_000), None);
    one.again().unwrap_err();
    one.server.set("w.pth", Serve::Good(new.clone()));
    one.again().unwrap();
    assert_eq!(fs::read(one.path()).unwrap(), new);
    // It goes on with the other file's bytes all the same, and says so.
    let one = One::new(Serve::Cut(old.clone(), 30_000), None);
    one.again().unwrap_err();
    one.server.set("w.pth", Serve::AnyVersion(new.clone()));
    one.again().unwrap();
    assert!(fs::read(one.path()).unwrap() == new, "half of one and half of the other");
    // A server without ranges; one that sends other bytes than it says; one that has nothing to continue.
    let short = new[..20_000].to_vec();
    for (serve, body) in [
        (Serve::NoRange(new.clone()), new.clone()),
        (Serve::WrongRange(new.clone()), new.clone()),
        (Serve::Good(short.clone()), short),
    ] {
        let one = One::new(Serve::Cut(new.clone(), 30_000), Some(sha256(&body)));
        one.again().unwrap_err();
        one.server.set("w.pth", serve);
        one.again().unwrap();
        assert_eq!(fs::read(one.path()).unwrap(), body);
    }
    // The part of another address is no part of this one.
    let one = One::new(Serve::Good(new.clone()), Some(sha256(&new)));
    fs::write(one.folder.path().join("w.pth.part"), &old[..30_000]).unwrap();
    fs::write(one.folder.path().join("w.pth.part.from"), "http://elsewhere/w.pth\n\"1\"").unwrap();
    one.again().unwrap();
    assert_eq!((fs::read(one.path()).unwrap(), one.server.asked()), (new, vec!["w.pth".to_string()]));
}

#[test]
fn sizes_and_hashes_that_are_wrong() {
    let body = content("w");
    let said = |serve: Serve, sha256: Option<String>, size: Size| {
        let one = One::new(serve, sha256);
        let error = one.get(size).unwrap_err().to_string();
        assert_eq!(stored(one.folder.path()), [""; 0], "{error}");
        error
    };
    let good = || Serve::Good(body.clone());
    assert!(
        said(good(), Some("00000000".into()), Size::AtMost(1 << 20))
            .contains("sha256: expected 00000000, got ")
    );
    let error = said(good(), None, Size::AtMost(50_000));
    assert!(error.contains("expected at most 50000 bytes, but the server announces 100000"), "{error}");
    let error = said(Serve::Endless, None, Size::AtMost(1 << 20));
    assert!(error.contains("expected 1048576 bytes, got 1048577 or more"), "{error}");
    // Nobody said how long it is: it is as long as it is.
    let one = One::new(Serve::NoLength(body.clone()), Some(sha256(&body)));
    one.again().unwrap();
    assert_eq!(fs::read(one.path()).unwrap(), body);
    // Mirrors may send one elsewhere, but not in circles.
    let one = One::new(Serve::Redirect("/other".into()), None);
    one.server.set("other", Serve::Good(body.clone()));
    one.again().unwrap();
    one.server.set("other", Serve::Redirect("/w.pth".into()));
    assert!(one.again().unwrap_err().to_string().contains("redirect"));
}

#[test]
fn nobody_is_sent_to_an_address_that_may_not_be_asked() {
    let one = One::new(Serve::Good(content("w")), None);
    for location in ["http://127.0.0.1:1@example.org/w", "http://example.org/w", "ftp://127.0.0.1/w"] {
        one.server.set("w.pth", Serve::Redirect(location.into()));
        let error = one.again().unwrap_err().to_string();
        assert!(error.contains("is not followed"), "{error}");
    }
    let path = one.path();
    for url in ["http://127.0.0.1:80@example.org/w", "http://example.org/w", "file:///etc/passwd"] {
        let file = Download { urls: &[url.into()], path: &path, size: Size::AtMost(9), sha256: None };
        let error = download(&file, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("https://") || error.contains("leave it out"), "{error}");
    }
    assert_eq!(stored(one.folder.path()), [""; 0]);
}

#[test]
fn one_program_at_a_time() {
    let one = One::new(Serve::Good(content("w")), None);
    let part = fs::File::create(one.folder.path().join("w.pth.part")).unwrap();
    part.lock().unwrap();
    let error = one.again().unwrap_err().to_string();
    assert!(error.contains("another program is downloading it right now"), "{error}");
    drop(part);
    one.again().unwrap();
}

#[test]
fn nobody_at_home_is_an_error() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mirror = format!("http://{address}/");
    let error = fetch_files(&known_files(), &[&mirror], folder.path(), &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("the download failed from every mirror") && error.contains("by hand"), "{error}");
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
