//! The folder of an earlier run, for those who use its model.

use crate::folder::{ARGS_YAML, RESULTS_CSV};
use crate::series::Series;
use std::io;
use std::path::{Path, PathBuf};
use striate_report::page::id_line;

/// The file name of the report of a run, which its caller writes beside the files of the run.
pub const REPORT: &str = "report.html";

/// The folder of an earlier run.
///
/// # Example
/// ```
/// use striate_train::{RunFolder, REPORT};
///
/// let folder = tempfile::tempdir()?;
/// let model = folder.path().join("model.safetensors");
/// std::fs::write(&model, "a model")?;
/// assert!(RunFolder::of(&model).is_none(), "a model alone");
/// std::fs::write(folder.path().join(REPORT), "a report")?;
/// let run = RunFolder::of(&model).ok_or("a run")?;
/// assert!(run.has_report() && run.path() == folder.path());
/// assert_eq!(run.page_path("my pets", "test", "1"), folder.path().join("report-val-my-pets-test.html"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The run that a model belongs to, which is given by its file or by the folder; `None` for the file of a model alone.
    pub fn of(model: &Path) -> Option<Self> {
        if model.is_dir() {
            return Some(Self { path: model.to_path_buf() });
        }
        let folder = model.parent().filter(|_| model.is_file())?;
        let is_run = [RESULTS_CSV, REPORT].iter().any(|name| folder.join(name).is_file());
        is_run.then(|| Self { path: folder.to_path_buf() })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it has the report of the run.
    pub fn has_report(&self) -> bool {
        self.path.join(REPORT).is_file()
    }

    /// The loss and the accuracy of the run, epoch by epoch; empty where the folder has none. `kept` is the epoch, from 1, whose network was kept.
    pub fn series(&self, title: &str, kept: usize) -> Series {
        Series::read(title, &self.path.join(RESULTS_CSV), kept)
    }

    /// The command that started the run, if it has one and the folder has its settings.
    pub fn command(&self) -> Option<String> {
        let args = self.args()?;
        // Strings in this file are quoted as in JSON.
        let quoted = args.lines().find_map(|line| line.strip_prefix("command: "))?;
        serde_json::from_str(quoted).ok()
    }

    /// Whether the best epoch of the run was selected on this part of its data, `val` or `test`.
    pub fn has_chosen_by(&self, part: &str) -> bool {
        let Some(args) = self.args() else { return false };
        let said = args.lines().find_map(|line| line.strip_prefix("chosen_by: "));
        // Older runs do not record it; they used the test images.
        said.map_or("test", |quoted| quoted.trim_matches('"')) == part
    }

    fn args(&self) -> Option<String> {
        std::fs::read_to_string(self.path.join(ARGS_YAML)).ok()
    }

    /// The path for the page of an evaluation: beside the report of the run, named after the data and their part. It is that of no
    /// other evaluation, but the same evaluation, repeated, has the same path: its page, with the same `id`, is replaced.
    pub fn page_path(&self, data: &str, part: &str, id: &str) -> PathBuf {
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let name: String = data.chars().take(80).map(plain).collect();
        let place = |number: usize| match number {
            1 => self.path.join(format!("report-val-{name}-{part}.html")),
            _ => self.path.join(format!("report-val-{name}-{part}-{number}.html")),
        };
        let is_free = |path: &PathBuf| match std::fs::read_to_string(path) {
            Ok(page) => page.contains(&id_line(id)),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        (1..).map(place).find(is_free).expect("there are more numbers than files")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_takes_no_other_ones_place() {
        let place = tempfile::tempdir().unwrap();
        let run = RunFolder::of(place.path()).unwrap();
        let name = |data: &str, part: &str, id: &str| {
            let path = run.page_path(data, part, id);
            std::fs::write(&path, id_line(id)).unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name("pets", "test", "a"), "report-val-pets-test.html");
        assert_eq!(name("pets", "test", "b"), "report-val-pets-test-2.html");
        assert_eq!(name("pets", "test", "c"), "report-val-pets-test-3.html");
        assert_eq!(name("pets", "test", "b"), "report-val-pets-test-2.html", "the same once more");
        assert_eq!(name("pets", "train", "d"), "report-val-pets-train.html");
        assert_eq!(name("../my pets", "all", "e"), "report-val-..-my-pets-all.html");
    }

    #[test]
    fn a_run_says_what_chose_its_epoch_and_how_it_was_started() {
        let place = tempfile::tempdir().unwrap();
        let run = RunFolder::of(place.path()).unwrap();
        assert!(!run.has_chosen_by("test"), "no run");
        for (args, chose) in [
            ("chosen_by: \"held_out\"", [false, false]),
            ("chosen_by: \"val\"", [true, false]),
            ("epochs: 3", [false, true]),
        ] {
            std::fs::write(place.path().join(ARGS_YAML), format!("{args}\n")).unwrap();
            assert_eq!(["val", "test"].map(|part| run.has_chosen_by(part)), chose, "{args}");
        }
        assert_eq!(run.command(), None);
        std::fs::write(place.path().join(ARGS_YAML), "command: \"striate train 'a \\\"b\\\"'\"\nepochs: 3\n")
            .unwrap();
        assert_eq!(run.command().as_deref(), Some("striate train 'a \"b\"'"));
    }
}
