//! The flags of the command.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use striate::train::finetune::FinetuneConfig;

use crate::flags::{Threads, count, positive};
use crate::flags_data::LayoutFlag;
use crate::flags_weights::LoadFlags;

/// Make a classifier for your own images from a pretrained network
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Each image passes through the pretrained network once. The features in front of its last layer are kept on disk, and a new last \
layer is fitted to them until it converges. Cross-validation estimates the accuracy on unseen images, compares it with that \
of raw pixels, and lists images whose label looks wrong. The folder of the run receives the model, the confusion matrix, the \
worst mistakes and report.html.

Examples:
  striate finetune FOLDER --model efficientnet_lite0 --fetch     FOLDER has one folder per class
  striate finetune FOLDER --model efficientnet_lite0 --unfreeze  then train all layers
  striate finetune FOLDER --model resnet18 --weights FILE.pth    weights that are already on this machine")]
pub(crate) struct Args {
    /// A folder of images: DIR/CLASS/IMAGE, or DIR/train/CLASS/IMAGE and DIR/val/CLASS/IMAGE
    pub(super) data: String,
    /// The network ('striate models' lists them)
    #[arg(short, long, value_name = "NAME", default_value = "resnet18")]
    pub(super) model: String,
    /// Weights of this network: a name, a file (.safetensors, .pth), or a URL [default: those named after the network]
    #[arg(short, long, value_name = "SOURCE")]
    pub(super) weights: Option<String>,
    #[command(flatten)]
    pub(super) fetch: LoadFlags,
    /// Afterwards, train all layers, starting from the fitted last layer
    #[arg(long)]
    pub(super) unfreeze: bool,
    /// Number of epochs with --unfreeze
    #[arg(long, value_name = "N", value_parser = count, default_value_t = FinetuneConfig::default().epochs, requires = "unfreeze")]
    pub(super) epochs: usize,
    /// Batch size with --unfreeze
    #[arg(short, long, value_name = "N", value_parser = count, default_value_t = FinetuneConfig::default().batch_size, requires = "unfreeze")]
    pub(super) batch: usize,
    /// Maximum learning rate with --unfreeze
    #[arg(long, value_name = "RATE", value_parser = positive, default_value_t = FinetuneConfig::default().learning_rate, requires = "unfreeze")]
    pub(super) lr: f32,
    /// Random seed of the folds, and of the order and augmentation with --unfreeze
    #[arg(long, value_name = "N", default_value_t = FinetuneConfig::default().seed)]
    pub(super) seed: u64,
    /// Skip unreadable images instead of stopping
    #[arg(long)]
    pub(super) skip_bad: bool,
    #[command(flatten)]
    pub(super) layout: LayoutFlag,
    #[command(flatten)]
    pub(super) threads: Threads,
    /// Folder that contains all runs
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Output folder")]
    pub(super) project: PathBuf,
    /// Name of this run's folder in there; NAME2, NAME3, ... if that exists
    #[arg(long, value_name = "NAME", default_value = "finetune", help_heading = "Output folder")]
    pub(super) name: String,
    /// Use the folder even if it exists, and replace the run in it
    #[arg(long, help_heading = "Output folder")]
    pub(super) exist_ok: bool,
    /// Print only the result, without progress
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Print the result as one JSON document
    #[arg(long, conflicts_with = "unfreeze")]
    pub(super) json: bool,
}
