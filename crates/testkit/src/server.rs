//! A file server on this machine's loopback interface, which behaves or misbehaves as a test requires.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How a file is served.
#[derive(Debug, Clone)]
pub enum Serve {
    /// As a correct server does: with the length, and with the rest of the file if a range is requested. The ETag changes with
    /// the content's length and last byte.
    Good(Vec<u8>),
    /// Announces the full length and closes the connection after this many bytes; a range is honored, and cut in the same way.
    Cut(Vec<u8>, usize),
    /// Sends the whole file whatever range is requested.
    NoRange(Vec<u8>),
    /// Answers a range with the wrong bytes: from the start of the file, although it announces the range.
    WrongRange(Vec<u8>),
    /// Announces this length instead of the true one.
    Length(Vec<u8>, usize),
    /// Sends bytes without a length until the client closes the connection.
    Endless,
    /// Sends the content without a length.
    NoLength(Vec<u8>),
    /// Sends one byte per interval.
    Dribble(Vec<u8>, Duration),
    /// Like [`Good`](Self::Good), but continues with this content whatever version the client has a part of.
    AnyVersion(Vec<u8>),
    /// Redirects the client to this URL.
    Redirect(String),
}

/// A running server; it stops when the test's process ends.
#[derive(Debug, Clone)]
pub struct FileServer {
    /// Its URL, with a slash at the end.
    pub address: String,
    files: Arc<Mutex<HashMap<String, Serve>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FileServer {
    /// Serves these paths (without a leading slash); everything else is a 404.
    ///
    /// # Panics
    /// If no port of this machine is free.
    pub fn start<const N: usize>(files: [(&str, Serve); N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/", listener.local_addr().expect("a bound port"));
        let files = files.into_iter().map(|(path, serve)| (path.to_string(), serve)).collect();
        let server = Self { address, files: Arc::new(Mutex::new(files)), asked: Arc::default() };
        let answering = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The client may hang up early; that is what some of the tests are about.
                let _ = answering.answer(stream);
            }
        });
        server
    }

    /// Serves a path in another way from now on.
    pub fn set(&self, path: &str, serve: Serve) {
        self.files.lock().expect("no test panics with it").insert(path.into(), serve);
    }

    /// The requests so far: paths, each followed by a space and its range if it had one.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics with it").clone()
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let (mut request, mut byte) = (Vec::new(), [0]);
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
            request.push(byte[0]);
        }
        let request = String::from_utf8_lossy(&request).into_owned();
        let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_string();
        let header = |name: &str| {
            request.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_string())
            })
        };
        let range = header("range").unwrap_or_default();
        let line = format!("{path} {range}").trim_end().to_string();
        self.asked.lock().expect("no test panics with it").push(line);
        let serve = self.files.lock().expect("no test panics with it").get(&path).cloned();
        let close = "Connection: close\r\n\r\n";
        let whole = |stream: &mut TcpStream, length: usize, body: &[u8]| {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{close}")?;
            stream.write_all(body)
        };
        let start =
            range.strip_prefix("bytes=").and_then(|text| text.strip_suffix('-')?.parse::<usize>().ok());
        match serve {
            None => write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n{close}"),
            Some(Serve::Good(body)) => send(&mut stream, &body, body.len(), start, header("if-range")),
            Some(Serve::Cut(body, at)) => send(&mut stream, &body, at, start, header("if-range")),
            Some(Serve::AnyVersion(body)) => send(&mut stream, &body, body.len(), start, None),
            Some(Serve::Dribble(body, pause)) => {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{close}", body.len())?;
                body.iter().try_for_each(|byte| {
                    stream.write_all(&[*byte])?;
                    thread::sleep(pause);
                    Ok(())
                })
            }
            Some(Serve::NoRange(body)) => whole(&mut stream, body.len(), &body),
            Some(Serve::Length(body, length)) => whole(&mut stream, length, &body),
            Some(Serve::WrongRange(body)) => match start {
                None => whole(&mut stream, body.len(), &body),
                Some(start) => {
                    let (rest, all) = (body.len() - start, body.len());
                    write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Length: {rest}\r\n")?;
                    write!(stream, "Content-Range: bytes {start}-{}/{all}\r\n{close}", all - 1)?;
                    stream.write_all(&body[..rest])
                }
            },
            Some(Serve::Endless) => {
                write!(stream, "HTTP/1.1 200 OK\r\n{close}")?;
                // Limited all the same, in case the client does not close the connection.
                (0..1000).try_for_each(|_| stream.write_all(&[7; 65_536]))
            }
            Some(Serve::NoLength(body)) => {
                write!(stream, "HTTP/1.1 200 OK\r\n{close}")?;
                stream.write_all(&body)
            }
            Some(Serve::Redirect(to)) => {
                write!(stream, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n{close}")
            }
        }
    }
}

/// Sends `body` starting at `start`, at most `most` bytes of it, unless the client has a part of another version.
fn send(
    stream: &mut TcpStream,
    body: &[u8],
    most: usize,
    start: Option<usize>,
    if_range: Option<String>,
) -> std::io::Result<()> {
    let etag = format!("\"{}-{}\"", body.len(), body.last().copied().unwrap_or_default());
    let start = start.filter(|_| if_range.is_none_or(|version| version == etag));
    let close = format!("ETag: {etag}\r\nConnection: close\r\n\r\n");
    match start {
        None => write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{close}", body.len())?,
        Some(start) if start >= body.len() => {
            return write!(stream, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n{close}");
        }
        Some(start) => {
            let (last, all) = (body.len() - 1, body.len());
            write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n", all - start)?;
            write!(stream, "Content-Range: bytes {start}-{last}/{all}\r\n{close}")?;
        }
    }
    let rest = &body[start.unwrap_or(0)..];
    stream.write_all(&rest[..rest.len().min(most)])
}
