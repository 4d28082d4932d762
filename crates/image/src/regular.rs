//! Opens a path without blocking: opening a named pipe blocks until another process writes to it, and a device may never end.

use std::fs::{self, File, FileType};
use std::io;
use std::path::Path;

/// Folders in which a system shows the files that this program was started with: `/dev/stdin`, and what a shell makes of
/// `<(command)`.
const OPEN_ALREADY: [&str; 4] = ["/dev/stdin", "/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"];

/// Opens a file for reading. Links are followed.
///
/// # Errors
/// The error of the file system; [`io::ErrorKind::InvalidInput`] when the path is a folder, a named pipe, a socket or a device.
/// `/dev/stdin` and `<(command)` are read, whatever they are, since another process already writes to them.
///
/// # Example
/// ```
/// let folder = tempfile::tempdir()?;
/// let error = striate_image::open_regular(folder.path()).unwrap_err();
/// assert_eq!(error.to_string(), "is a folder, expected a file");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Asked before it is opened: opening is what blocks.
    let kind = fs::metadata(path)?.file_type();
    let is_read = kind.is_file() || !kind.is_dir() && is_open_already(path);
    if !is_read {
        let why = match other(kind) {
            "a folder" => "is a folder, expected a file".to_owned(),
            what => format!(
                "is {what}, expected a file; save its output to a file, or pass it through /dev/stdin or <(command)"
            ),
        };
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    File::open(path)
}

fn is_open_already(path: &Path) -> bool {
    OPEN_ALREADY.iter().any(|place| path.starts_with(place))
}

#[cfg(unix)]
fn other(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        _ if kind.is_dir() => "a folder",
        _ if kind.is_fifo() => "a named pipe (FIFO)",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(not(unix))]
fn other(kind: FileType) -> &'static str {
    if kind.is_dir() { "a folder" } else { "no regular file" }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_files_are_opened_and_nothing_is_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::write(path("file"), "text").unwrap();
        symlink(path("file"), path("link")).unwrap();
        for name in ["file", "link"] {
            let mut text = String::new();
            open_regular(&path(name)).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "text");
        }
        assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        symlink(path("pipe"), path("link to pipe")).unwrap();
        let _listener = UnixListener::bind(path("socket")).unwrap();
        let why = |path: &Path| open_regular(path).unwrap_err().to_string();
        assert_eq!(
            why(&path("pipe")),
            "is a named pipe (FIFO), expected a file; save its output to a file, or pass it through /dev/stdin or <(command)"
        );
        assert!(why(&path("link to pipe")).starts_with("is a named pipe"));
        assert!(why(&path("socket")).starts_with("is a socket"));
        assert!(why(Path::new("/dev/zero")).starts_with("is a device"));
        assert_eq!(why(place.path()), "is a folder, expected a file");
        assert_eq!(open_regular(&path("absent")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
