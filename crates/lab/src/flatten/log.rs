//! The log of finished runs: one line of JSON per run, which is written as soon as the run is done and read at the next start.

use super::error::FlattenError;
use super::run::{Finished, Run};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The finished runs, in memory and, if there is a file, on disk.
///
/// # Example
/// ```
/// use striate_lab::flatten::Log;
///
/// let folder = tempfile::tempdir()?;
/// let log = Log::open(&folder.path().join("runs.jsonl"))?;
/// assert!(log.finished().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Log {
    finished: Vec<Finished>,
    file: Option<(PathBuf, File)>,
}

impl Log {
    /// Creates a log in memory only.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Reads the runs of a file, which is created if it does not exist. An incomplete last line, left by a process that was
    /// killed while writing, is removed.
    ///
    /// # Errors
    /// [`FlattenError::Io`] when the file cannot be read or written; [`FlattenError::Log`] for a line that is not a finished
    /// run.
    pub fn open(path: &Path) -> Result<Self, FlattenError> {
        let fail =
            |what| move |source: io::Error| FlattenError::Io { path: path.to_path_buf(), what, source };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(fail("open this file of finished runs"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail("read"))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let mut finished = Vec::new();
        for (i, line) in bytes[..whole].split_inclusive(|&byte| byte == b'\n').enumerate() {
            let run = serde_json::from_slice(line).map_err(|error| FlattenError::Log {
                path: path.to_path_buf(),
                line: i + 1,
                why: error.to_string(),
            })?;
            finished.push(run);
        }
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(fail("remove the unfinished last line"))?;
        }
        Ok(Self { finished, file: Some((path.to_path_buf(), file)) })
    }

    /// All finished runs, in the order of the log.
    pub fn finished(&self) -> &[Finished] {
        &self.finished
    }

    /// Finds the result of a run; `None` if it is not finished.
    pub fn find(&self, run: &Run) -> Option<&Finished> {
        self.finished.iter().find(|finished| finished.run == *run)
    }

    /// Adds a run to the log.
    ///
    /// # Errors
    /// [`FlattenError::Io`] when the file cannot be written.
    pub fn add(&mut self, finished: Finished) -> Result<(), FlattenError> {
        if let Some((path, file)) = &mut self.file {
            let mut line = serde_json::to_string(&finished).expect("plain data has a JSON form");
            line.push('\n');
            let written = file.write_all(line.as_bytes()).and_then(|()| file.flush());
            written.map_err(|source| FlattenError::Io { path: path.clone(), what: "write", source })?;
        }
        self.finished.push(finished);
        Ok(())
    }
}
