//! Published weights: from a name, an address or a file to the parameters of a network.
//!
//! `table.rs` lists what is known by name, `places.rs` where it may lie on this machine, `find.rs` gets the file, `choose.rs`
//! finds out which of its arrays are meant, by what fits (`names.rs` knows timm's names), and `fit.rs` makes parameters of
//! them, strictly; `load.rs` is all of it in order. How the weights want their images (`card.rs`, `config.rs`) and what their
//! outputs are called comes along. All but what is known of published weights is compiled with the feature `hub` alone.
//!
//! The sources that can be given:
//!
//! | source | means |
//! | --- | --- |
//! | `resnet50` | the first entry of the table for it: torchvision's default weights |
//! | `resnet50.v1` | that entry |
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
pub use error::{FitHints, WeightsError};
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
