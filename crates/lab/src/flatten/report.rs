//! A study as data, with its description in sentences.

use std::path::PathBuf;

use serde::Serialize;

use super::reading::{Passage, reading};
use super::settings::Settings;
use super::study::{DatasetResult, Study};

/// A study and its reading, as `striate flatten --json` prints them; made by [`Study::report`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudyReport {
    /// The settings of the experiment.
    pub settings: Settings,
    /// The results on each data set, described.
    pub parts: Vec<DatasetReport>,
    /// The files that show them; empty where none was written.
    pub files: Vec<PathBuf>,
}

/// The results on one data set, and their description.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetReport {
    /// The results in numbers.
    #[serde(flatten)]
    pub result: DatasetResult,
    /// The results in sentences; see [`reading()`].
    pub reading: Vec<Passage>,
}

impl Study {
    /// Adds the description in sentences. `files` are the files that show the study.
    pub fn report(self, files: Vec<PathBuf>) -> StudyReport {
        let read = |result: DatasetResult| DatasetReport { reading: reading(&result), result };
        StudyReport { settings: self.settings, parts: self.parts.into_iter().map(read).collect(), files }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_the_settings_the_parts_and_the_files() {
        let study = Study { settings: Settings::quick(1), parts: Vec::new() };
        let report = serde_json::to_value(study.report(vec!["flatten/digits.png".into()])).unwrap();
        let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 3, "{keys:?}");
        assert_eq!(report["settings"], serde_json::to_value(Settings::quick(1)).unwrap());
        assert_eq!(report["files"], serde_json::json!(["flatten/digits.png"]));
    }
}
