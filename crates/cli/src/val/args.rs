//! The flags of the command.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use crate::compute::Compute;
use crate::exit::Usage;
use crate::flags_data::PartFlags;
use crate::look::NamedFlags;
use crate::train::command::join;

/// Measure a model's accuracy on a data set or a folder of images
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate val [OPTIONS] MODEL [DATA]
       striate val [OPTIONS] --model NAME [--weights SOURCE] DATA")]
#[command(after_help = "\
Examples:
  striate val convnet digits
  striate val runs/train                            the test images of the data set it was trained on
  striate val runs/train FOLDER --report page.html  every image in a folder")]
pub(crate) struct Args {
    /// A model file, the folder of a run, or one of the shipped models convnet, convnet_gap and mlp (not with --model)
    #[arg(value_name = "MODEL", required_unless_present = "model")]
    pub(super) path: Option<PathBuf>,
    /// A data set by name, a folder of images (DIR/CLASS/IMAGE), or a folder of idx files [default: the held-out images of the
    /// data set that the model was trained on]
    pub(super) data: Option<String>,
    /// Same as DATA
    #[arg(short, long = "data", value_name = "DATA", conflicts_with = "data", hide = true)]
    pub(super) data_flag: Option<String>,
    #[command(flatten)]
    pub(super) which: PartFlags,
    #[command(flatten)]
    pub(super) named: NamedFlags,
    /// File for the report with curves, matrix, mistakes and calibration [default: report-val-DATA-PART.html in the run's folder]
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) compute: Compute,
}

impl Args {
    /// The model and the data as they were typed; with --model, the only path is the data.
    pub(super) fn paths(&self) -> Result<(Option<&Path>, Option<&str>), Usage> {
        let data = self.data.as_deref().or(self.data_flag.as_deref());
        match (self.named.name(), &self.path, data) {
            (None, path, data) => Ok((path.as_deref(), data)),
            (Some(_), None, data) => Ok((None, data)),
            (Some(_), Some(path), None) => Ok((None, path.to_str())),
            (Some(_), Some(path), Some(_)) => {
                Err(Usage(format!("{}: with --model, expected only a data set, got 2 paths", path.display())))
            }
        }
    }

    /// The data set that was named.
    pub(super) fn named(&self) -> Option<&str> {
        self.paths().ok().and_then(|(_, data)| data)
    }

    /// The model file, where one was given.
    pub(super) fn file(&self) -> Option<&Path> {
        self.paths().ok().and_then(|(file, _)| file)
    }

    /// The command in one line, without what only says where the result goes.
    pub(super) fn typed(&self) -> String {
        let mut words = vec!["striate".into(), "val".into()];
        words.extend(self.file().map(|file| file.display().to_string()));
        words.extend(self.named.typed());
        words.extend(self.named().map(Into::into));
        if let Some(choice) = self.which.split {
            words.extend(["--split".into(), choice.name().into()]);
        }
        join(&words)
    }

    /// The name of the model in messages.
    pub(super) fn subject(&self) -> String {
        let name = self.named.name().map(Into::into);
        name.or(self.file().map(|file| file.display().to_string())).unwrap_or_default()
    }
}
