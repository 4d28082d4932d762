//! Running the built binary in a folder of its own, where it finds no data set but those inside it.

#![allow(dead_code)] // each test file uses its own part of this

use std::path::Path;
use std::process::{Command, Stdio};

use striate::data::load;
use tempfile::TempDir;

/// An empty folder to run the binary in.
pub(crate) struct Place(TempDir);

/// What it left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The binary, with an environment that names no folder but this one.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_striate"));
        command
            .args(words)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env("STRIATE_CACHE", self.path().join("cache"));
        for name in ["STRIATE_DATA", "STRIATE_ISA", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs a line of words to its end.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Ran {
        let output = self.command(words).output().unwrap();
        // Paths of this machine and of this very run would not be the same the next time.
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(env!("CARGO_BIN_EXE_striate"), "striate")
                .replace(&self.path().display().to_string(), "PLACE")
        };
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Runs a line that has to succeed, and gives its standard output.
    pub(crate) fn succeed(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, 0, "{line}\n{}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// A data set of `images` of the embedded digits to learn from and 100 to test, as four idx files in `few`.
    pub(crate) fn few_digits(&self, images: usize) {
        let digits = load("digits").unwrap();
        let folder = self.path().join("few");
        std::fs::create_dir(&folder).unwrap();
        for (split, name, n) in [(&digits.train, "train", images), (&digits.test, "t10k", 100)] {
            let header = |magic: u32, sizes: &[u32]| -> Vec<u8> {
                [magic].iter().chain(sizes).flat_map(|n| n.to_be_bytes()).collect()
            };
            let (count, split) = (n as u32, split.images().unwrap());
            let pixels = [&header(0x803, &[count, 28, 28])[..], &split.pixels[..n * 28 * 28]].concat();
            let labels = [&header(0x801, &[count])[..], &split.labels[..n]].concat();
            std::fs::write(folder.join(format!("{name}-images-idx3-ubyte")), pixels).unwrap();
            std::fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
        }
    }
}
