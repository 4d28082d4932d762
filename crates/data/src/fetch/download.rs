//! The download of one file from one of several addresses, complete or not at all.
//!
//! The bytes received are written to `NAME.part` beside the final path, never more than the file may have; the result is
//! checked, synced to the disk and renamed. An interrupted download is continued by the next address or the next call, at any
//! later time, as long as `NAME.part.from` shows that it is of the same address and either the server confirms that the file is
//! unchanged or a known SHA-256 will verify it.
//!
//! Every address is checked, including those that a server redirects to ([`Address`]), and a server that sends nothing, or
//! almost nothing, is abandoned ([`Patience`]).

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use ureq::Body;
use ureq::http::Response;

use super::address::Address;
use super::event::FetchEvent;
use crate::error::DataError;
use striate_base::hex;

/// A file to be downloaded.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// The addresses of the file, which are tried in turn.
    pub urls: &'a [String],
    /// The path where the file is stored.
    pub path: &'a Path,
    /// The size that the file may have.
    pub size: Size,
    /// The SHA-256 of the file in hexadecimal, or the beginning of it that is part of the file's name; `None` when no hash is
    /// known.
    pub sha256: Option<&'a str>,
}

/// The size that a file may have, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The file has exactly this size.
    Exactly(u64),
    /// The file has at most this size.
    AtMost(u64),
}

impl Size {
    fn limit(self) -> u64 {
        match self {
            Self::Exactly(bytes) | Self::AtMost(bytes) => bytes,
        }
    }

    /// The size where it is known, 0 where it is not.
    fn known(self) -> u64 {
        match self {
            Self::Exactly(bytes) => bytes,
            Self::AtMost(_) => 0,
        }
    }
}

/// How long a server is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Until something comes.
    idle: Duration,
    /// In each such time ...
    window: Duration,
    /// ... so many bytes have to come.
    window_bytes: u64,
}

impl Patience {
    /// 1 kB a second is less than a modem had.
    const USUAL: Self =
        Self { idle: Duration::from_secs(30), window: Duration::from_secs(30), window_bytes: 30_000 };
}

/// Redirects that are followed.
const REDIRECTS: usize = 5;

/// Downloads a file; the part that an interrupted call left is continued.
///
/// # Errors
/// [`DataError::Fetch`] when no address served the file, with the reason for each address; [`DataError::Io`] when the folder
/// cannot be written, or another program is downloading the same file.
pub fn download(file: &Download<'_>, tell: &mut dyn FnMut(FetchEvent<'_>)) -> Result<(), DataError> {
    download_with(Patience::USUAL, file, tell)
}

fn download_with(
    patience: Patience,
    file: &Download<'_>,
    tell: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<(), DataError> {
    let folder = file.path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| DataError::io(folder, "create this folder", e))?;
    let agent = ureq::Agent::config_builder()
        .timeout_resolve(Some(Duration::from_secs(10)))
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(patience.idle))
        .timeout_per_read(Some(patience.idle))
        .timeout_per_write(Some(patience.idle))
        // Followed here, one by one, as each is an address to be checked.
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("striate/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let client = Client { agent, patience };
    let mut part = Part::open(file.path, folder)?;
    let mut tries = Vec::new();
    for url in file.urls {
        tell(FetchEvent::Asking { url, bytes: file.size.known() });
        match fetch_from(&client, url, file, &mut part, tell) {
            Ok(()) => return part.finish(file.path),
            Err(Failure::Disk(error)) => return Err(error),
            Err(Failure::Mirror(why)) => {
                tell(FetchEvent::Failed { url, why: &why });
                tries.push((url.clone(), why));
            }
        }
    }
    part.tidy();
    let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Err(DataError::Fetch { file: name, folder: folder.into(), tries })
}

/// What asks for files.
struct Client {
    agent: ureq::Agent,
    patience: Patience,
}

impl Client {
    /// Asks for a file, from byte `kept` on if the server still has that version, wherever it sends one.
    fn ask(&self, url: &str, kept: u64, version: &str) -> Result<Response<Body>, String> {
        let mut address = Address::parse(url)?;
        for _ in 0..=REDIRECTS {
            let mut request = self.agent.get(address.uri());
            if kept > 0 {
                request = request.header("Range", format!("bytes={kept}-"));
                if !version.is_empty() {
                    request = request.header("If-Range", version);
                }
            }
            let response = request.call().map_err(|error| error.to_string())?;
            match (response.status().as_u16(), header(&response, "location")) {
                (301 | 302 | 303 | 307 | 308, Some(location)) => address = address.redirected(location)?,
                _ => return Ok(response),
            }
        }
        Err(format!("more than {REDIRECTS} redirects"))
    }
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Why one address did not give a file: its own fault, or this machine's disk.
enum Failure {
    Mirror(String),
    Disk(DataError),
}

/// What has arrived so far.
struct Part {
    path: PathBuf,
    /// Address and version of what it is a part of.
    note: PathBuf,
    folder: PathBuf,
    file: File,
}

impl Part {
    fn open(path: &Path, folder: &Path) -> Result<Self, DataError> {
        let beside = |end: &str| {
            let mut name = path.file_name().unwrap_or_default().to_os_string();
            name.push(end);
            folder.join(name)
        };
        let (part, note) = (beside(".part"), beside(".part.from"));
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&part);
        let file = opened.map_err(|e| DataError::io(folder, "write into this folder", e))?;
        // Two programs that write one file would mix their bytes; the lock ends with the program that holds it.
        file.try_lock().map_err(|error| {
            let error = match error {
                fs::TryLockError::WouldBlock => {
                    io::Error::other("another program is downloading it right now")
                }
                fs::TryLockError::Error(error) => error,
            };
            DataError::io(&part, "lock this file", error)
        })?;
        Ok(Self { path: part, note, folder: folder.into(), file })
    }

    /// How many bytes can be kept of what is there, and the version (an ETag) they are of.
    fn kept(&self, url: &str, has_hash: bool) -> (u64, String) {
        let note = fs::read_to_string(&self.note).unwrap_or_default();
        let (from, version) = note.split_once('\n').unwrap_or((&note, ""));
        match self.file.metadata() {
            Ok(metadata) if from == url && (has_hash || !version.is_empty()) => {
                (metadata.len(), version.into())
            }
            _ => (0, String::new()),
        }
    }

    /// Keeps the first `kept` bytes, notes whose they are, and gives the hash of them.
    fn restart(&mut self, kept: u64, url: &str, version: &str) -> Result<Sha256, Failure> {
        let mut hasher = Sha256::new();
        let mut work = || -> io::Result<()> {
            self.file.set_len(kept)?;
            self.file.rewind()?;
            each_block((&self.file).take(kept), |block| {
                hasher.update(block);
                Ok(())
            })?;
            self.file.seek(SeekFrom::Start(kept))?;
            fs::write(&self.note, format!("{url}\n{version}"))
        };
        work().map_err(|e| self.disk("write into this folder", e))?;
        Ok(hasher)
    }

    fn disk(&self, what: &'static str, error: io::Error) -> Failure {
        Failure::Disk(DataError::io(&self.folder, what, error))
    }

    /// Makes the part the file.
    fn finish(self, path: &Path) -> Result<(), DataError> {
        let disk = |what: &'static str| move |e| (what, e);
        let done = self.file.sync_all().map_err(disk("sync a file in this folder"));
        let done =
            done.and_then(|()| fs::rename(&self.path, path).map_err(disk("rename a file in this folder")));
        let done = done.and_then(|()| sync_folder(&self.folder).map_err(disk("sync this folder")));
        // A note without its part means nothing.
        let _ = fs::remove_file(&self.note);
        done.map_err(|(what, error)| DataError::io(&self.folder, what, error))
    }

    /// Removes a part that is empty, with its note.
    fn tidy(self) {
        if self.file.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            let _ = fs::remove_file(&self.note);
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn fetch_from(
    client: &Client,
    url: &str,
    file: &Download<'_>,
    part: &mut Part,
    tell: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<(), Failure> {
    let (kept, version) = part.kept(url, file.sha256.is_some());
    // Nothing is left to ask for where the part is as long as the file or longer: such a part is wrong.
    let kept = if kept < file.size.limit() { kept } else { 0 };
    if kept > 0 {
        match attempt(client, url, file, part, (kept, &version), tell) {
            Ok(()) => return Ok(()),
            // The kept bytes may be of another file; a connection that broke again is no sign of that.
            Err(Attempt::Wrong(_)) => {}
            Err(Attempt::Failed(failure)) => return Err(failure),
        }
    }
    match attempt(client, url, file, part, (0, ""), tell) {
        Ok(()) => Ok(()),
        Err(Attempt::Failed(failure)) => Err(failure),
        Err(Attempt::Wrong(why)) => {
            part.restart(0, url, "")?;
            Err(Failure::Mirror(why))
        }
    }
}

/// Why one request did not give the file.
enum Attempt {
    /// What came is something else.
    Wrong(String),
    Failed(Failure),
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn attempt(
    client: &Client,
    url: &str,
    file: &Download<'_>,
    part: &mut Part,
    (kept, version): (u64, &str),
    tell: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<(), Attempt> {
    let broken = |why: String| Attempt::Failed(Failure::Mirror(why));
    let mut response = client.ask(url, kept, version).map_err(broken)?;
    let header = |name: &str| header(&response, name);
    // Only a strong ETag promises the same bytes.
    let new_version = header("etag").filter(|etag| etag.starts_with('"') && etag.len() <= 256);
    let new_version = new_version.unwrap_or_default().to_string();
    let kept = match response.status().as_u16() {
        206 if kept > 0 && new_version != version => {
            return Err(Attempt::Wrong("the server continues with another version of the file".into()));
        }
        206 if kept > 0 && starts_at(header("content-range"), kept) => kept,
        // A server that knows no ranges, or has another version now, sends everything.
        200 => 0,
        206 | 416 if kept > 0 => {
            return Err(Attempt::Wrong(
                "the server does not continue where the download was interrupted".into(),
            ));
        }
        status => return Err(broken(format!("http status: {status}"))),
    };
    let announced = header("content-length").and_then(|text| text.parse::<u64>().ok());
    let of = match file.size {
        Size::Exactly(bytes) => bytes,
        Size::AtMost(_) => announced.map_or(0, |rest| rest.saturating_add(kept)),
    };
    let limit = file.size.limit();
    if of > limit {
        return Err(Attempt::Wrong(format!("expected at most {limit} bytes, but the server announces {of}")));
    }
    let mut hasher = part.restart(kept, url, &new_version)?;
    if kept > 0 {
        tell(FetchEvent::Continuing { bytes: kept });
    }
    // One byte more than allowed tells a file that is too long from one that is just right.
    let mut body = response.body_mut().as_reader().take(limit + 1 - kept);
    let (mut received, mut block) = (kept, vec![0; 1 << 16]);
    let (mut since, mut bytes_then) = (Instant::now(), kept);
    loop {
        let count = match body.read(&mut block) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let of = if of > 0 { of.to_string() } else { "an unknown number of".into() };
                return Err(broken(format!("the connection broke after {received} of {of} bytes: {error}")));
            }
        };
        let came = block.get(..count).unwrap_or_default();
        hasher.update(came);
        part.file.write_all(came).map_err(|e| part.disk("write into this folder", e))?;
        received += count as u64;
        let Patience { window, window_bytes, .. } = client.patience;
        if since.elapsed() >= window {
            let came = received - bytes_then;
            if came < window_bytes {
                return Err(broken(format!("only {came} bytes arrived in {} s", since.elapsed().as_secs())));
            }
            (since, bytes_then) = (Instant::now(), received);
        }
        tell(FetchEvent::Received { bytes: received, of });
    }
    if received > limit || (of > 0 && received != of) {
        let more = if received > limit { "or more" } else { "bytes" };
        let expected = if of > 0 { of } else { limit };
        return Err(Attempt::Wrong(format!("expected {expected} bytes, got {received} {more}")));
    }
    let got = hex(&hasher.finalize());
    match file.sha256 {
        Some(expected) if !got.starts_with(expected) => {
            Err(Attempt::Wrong(format!("sha256: expected {expected}, got {got}")))
        }
        _ => Ok(()),
    }
}

/// Whether `bytes START-END/ALL` starts there.
fn starts_at(content_range: Option<&str>, at: u64) -> bool {
    let start =
        content_range.and_then(|text| text.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    start == Some(at)
}

/// Gives all that a stream holds to `each`, a block at a time; gives the first error of either.
pub(super) fn each_block(
    mut from: impl Read,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut block = vec![0; 1 << 16];
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(count) => each(block.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes a rename last through a power cut; only Unix lets a folder be opened for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_testkit::{FileServer, Serve};

    #[test]
    fn a_server_that_dribbles_or_falls_silent_is_given_up() {
        let every = |ms| Serve::Dribble(vec![7; 1 << 20], Duration::from_millis(ms));
        let patience = Patience {
            idle: Duration::from_millis(400),
            window: Duration::from_millis(300),
            window_bytes: 10_000,
        };
        for (serve, said) in [(every(5), "bytes arrived in"), (every(60_000), "timeout")] {
            let server = FileServer::start([("w.pth", serve)]);
            let folder = tempfile::tempdir().unwrap();
            let (urls, path) = ([format!("{}w.pth", server.address)], folder.path().join("w.pth"));
            let file = Download { urls: &urls, path: &path, size: Size::AtMost(1 << 21), sha256: None };
            let error = download_with(patience, &file, &mut |_| {}).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            assert!(!path.exists());
        }
    }
}
