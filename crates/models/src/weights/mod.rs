//! Published weights: from a name, a URL or a file to the parameters of a network.
//!
//! `table.rs` lists the weights that are known by name, `places.rs` the folders where they may be on this machine, `find.rs`
//! gets the file, `choose.rs` decides which of its arrays to use, by what fits (`names.rs` knows timm's names), and `fit.rs`
//! converts them into parameters, strictly; `load.rs` does all of this in order. It also returns the preprocessing that the
//! weights expect (`card.rs`, `config.rs`) and the names of their outputs. Everything except the facts about published weights
//! is compiled only with the feature `hub`.
//!
//! These sources can be given:
//!
//! | source | meaning |
//! | --- | --- |
//! | `resnet50` | the first entry of the table for this network: torchvision's default weights |
//! | `resnet50.v1` | the entry of this name |
//! | `timm/resnet18.a1_in1k` | a repository of the Hugging Face hub, read by its `config.json` |
//! | `https://...` | the file at that URL |
//! | a path | a `.safetensors` or `.pth`, or a model that striate saved |

pub(crate) mod aliases;
mod card;
mod info;
mod table;

#[cfg(feature = "hub")]
mod choose;
#[cfg(feature = "hub")]
mod config;
#[cfg(feature = "hub")]
mod error;
#[cfg(feature = "hub")]
mod find;
#[cfg(feature = "hub")]
mod fit;
#[cfg(feature = "hub")]
mod load;
#[cfg(feature = "hub")]
mod names;
#[cfg(feature = "hub")]
mod options;
#[cfg(feature = "hub")]
mod places;

pub use card::Card;
pub use info::WeightsInfo;
pub(crate) use info::{V1, V2, pth, torchvision};
pub use table::{all, find, for_model};

#[cfg(feature = "hub")]
pub use error::{FitHints, Get, WeightsError};
#[cfg(feature = "hub")]
pub use load::{LoadReport, Loaded, load, load_from, load_network, load_network_from};
#[cfg(feature = "hub")]
pub use options::LoadOptions;
#[cfg(feature = "hub")]
pub use places::Places;

/// The names of the 1000 classes of ImageNet-1k, in the order of torchvision's labels.
pub fn imagenet_classes() -> Vec<String> {
    include_str!("../../assets/imagenet1k.txt").lines().map(str::to_string).collect()
}
