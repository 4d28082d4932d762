//! The flags of the command.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::advice;
use super::recipe::RecipeFlags;
use crate::flags::{Threads, side};
use crate::flags_data::LayoutFlag;
use crate::flags_weights::LoadFlags;

/// Train a network on labeled images
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Without arguments, it trains convnet on the handwritten digits built into this program. Each run has its own folder, which \
receives the model of the best epoch, a checkpoint to resume from, the settings, the results and the curves. Ctrl-C saves the \
run before it stops.

The best epoch is selected on a tenth of the training images, which are held out, or on the val part of the data set. The test \
images are evaluated once, at the end, so this selection does not bias their figures.

Examples:
  striate train                                    train on the embedded digits
  striate train digits --model lenet5 --epochs 20  another network, for longer
  striate train --resume                           continue the last run that was stopped")]
pub(crate) struct Args {
    /// A data set by name ('striate data list' shows them), a folder of images (DIR/CLASS/IMAGE), or a folder of idx files
    #[arg(default_value = "digits")]
    pub(super) data: String,
    /// Same as DATA
    #[arg(short, long = "data", value_name = "DATA", conflicts_with = "data", hide = true)]
    pub(super) data_flag: Option<String>,
    /// The network ('striate models' lists them)
    #[arg(short, long, value_name = "NAME", default_value = advice::DEFAULT_MODEL)]
    pub(super) model: String,
    /// Start from these weights: a name ('striate models' lists them), a file (.safetensors, .pth), or a URL
    #[arg(short, long, value_name = "SOURCE")]
    pub(super) weights: Option<String>,
    #[command(flatten)]
    pub(super) fetch: LoadFlags,
    /// Replace the last layer of --weights with a new one if the number of classes differs
    #[arg(long, requires = "weights")]
    pub(super) new_head: bool,
    /// Height and width of the network's input, for photos [default: the network's own]
    #[arg(long, value_name = "PX", value_parser = side, alias = "img-size")]
    pub(super) imgsz: Option<usize>,
    /// Skip unreadable images instead of stopping before training
    #[arg(long)]
    pub(super) skip_bad: bool,
    #[command(flatten)]
    pub(super) layout: LayoutFlag,
    #[command(flatten)]
    pub(super) recipe: RecipeFlags,
    /// Only draw a sheet of images as the network will see them, preview.png in the --project folder
    #[arg(long, conflicts_with_all = ["resume", "find_lr"], help_heading = "Before training")]
    pub(super) preview: bool,
    /// Only search for a learning rate and plot the search, find_lr.png in the --project folder
    #[arg(long, conflicts_with = "resume", help_heading = "Before training")]
    pub(super) find_lr: bool,
    #[command(flatten)]
    pub(super) threads: Threads,
    /// Resume the run in DIR, or the last one below --project; --epochs, --lr, --batch and --patience may change, and all other
    /// settings stay as they were
    #[arg(long, value_name = "DIR", help_heading = "Output folder")]
    pub(super) resume: Option<Option<PathBuf>>,
    /// Folder that contains all runs
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Output folder")]
    pub(super) project: PathBuf,
    /// Name of this run's folder in there; NAME2, NAME3, ... if that exists
    #[arg(long, value_name = "NAME", default_value = "train", help_heading = "Output folder")]
    pub(super) name: String,
    /// Use the folder even if it exists, and replace the run in it
    #[arg(long, conflicts_with = "resume", help_heading = "Output folder")]
    pub(super) exist_ok: bool,
    /// Print only the result, without progress
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Print the result as one JSON document
    #[arg(long)]
    pub(super) json: bool,
}
