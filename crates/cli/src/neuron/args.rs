//! The flags of the command.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::flags_data::PartFlags;
use crate::look::ModelFlags;
use crate::train::command::join;

/// Show what a unit responds to, and what the network loses without it
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate neuron [OPTIONS] MODEL LAYER[:MAP]
       striate neuron [OPTIONS] --model NAME [--weights SOURCE] LAYER[:MAP]")]
#[command(after_help = "\
The first run for a network and a data set passes all training images through the network, and keeps the result in the \
cache folder.

Examples:
  striate neuron convnet conv2 --data digits            a table of all maps of the layer
  striate neuron convnet conv2:5 --data digits --dream  a page about map 5, with a synthetic image
  striate neuron runs/train conv1                       your own network, on the data set that it was trained on")]
pub(crate) struct Args {
    /// A model file, the folder of a run, or one of the shipped models convnet, convnet_gap and mlp (not with --model);
    /// then a layer, optionally with the number of one of its maps
    #[arg(required = true, num_args = 1..=2, value_name = "MODEL LAYER[:MAP]")]
    pub(super) words: Vec<String>,
    #[command(flatten)]
    pub(super) model: ModelFlags,
    /// A data set by name, or a folder [default: the data set that the model was trained on]
    #[arg(short, long, value_name = "DATA")]
    pub(super) data: Option<String>,
    #[command(flatten)]
    pub(super) which: PartFlags,
    /// Also synthesize an image for the unit; people learn less from such images than from real ones
    #[arg(long)]
    pub(super) dream: bool,
    /// Random seed of the synthetic image
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "dream")]
    pub(super) seed: u64,
    /// Folder for the page
    #[arg(short, long, value_name = "FOLDER", default_value = "neuron")]
    pub(super) out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    /// The command about a unit of the same network, on the same data.
    pub(super) fn of_unit(&self, unit: &str) -> String {
        let model = if self.model.is_named() { &[] } else { &self.words[..1] };
        let data = self.data.iter().flat_map(|data| ["--data".to_owned(), data.clone()]).collect();
        let head = vec!["striate".to_owned(), "neuron".to_owned()];
        join(&[head, model.to_vec(), self.model.typed(), vec![unit.to_owned()], data].concat())
    }
}
