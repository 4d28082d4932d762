//! Networks that are bundled with their weights, trained on the full MNIST, so that every tool works at once.
//!
//! `cargo xtask shipped` trains them again with the commands below and compares the files byte by byte: training gives the same
//! bits on any machine with fused multiply-add, for any number of threads.

use striate_formats::{ModelFile, Problem};

/// A bundled network with its weights.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// The name that the user types, which is the network's name in the [`registry`](crate::registry).
    pub name: &'static str,
    /// A one-line description with the accuracy on the test set.
    pub description: &'static str,
    /// The content of the model file.
    pub bytes: &'static [u8],
    /// The SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: &'static str,
    /// The command that reproduces the file.
    pub command: &'static str,
}

macro_rules! shipped {
    ($name:literal, $description:literal, $sha256:literal) => {
        Shipped {
            name: $name,
            description: $description,
            bytes: include_bytes!(concat!("../assets/shipped/", $name, ".safetensors")),
            sha256: $sha256,
            command: concat!("striate train mnist --model ", $name),
        }
    };
}

const ALL: &[Shipped] = &[
    shipped!(
        "convnet",
        "two convolutions, a flatten and two linear layers: 99.37 % of MNIST's 10,000 test digits",
        "14d659bdb3c3a9da966c8f2d7e739008cbcd53989154dd7e6816c53d9b3db763"
    ),
    shipped!(
        "convnet_gap",
        "five convolutions, the mean of each feature map and a linear layer: 99.19 % of MNIST's 10,000 test digits",
        "77e31b45b8a737d73c97111523c5babe3428c1b29feb8bff617d2dfc5ec3e921"
    ),
    shipped!(
        "mlp",
        "flattened pixels and three linear layers: 98.31 % of MNIST's 10,000 test digits",
        "4c0ede87cbc2df86504c45cb983f725373ee2b59cd002510e2dbbaf35d2fecc8"
    ),
];

/// All bundled networks.
pub fn all() -> &'static [Shipped] {
    ALL
}

/// Finds the bundled network with this name, regardless of case.
///
/// # Example
/// ```
/// use striate_models::shipped;
///
/// let model = shipped::find("convnet").expect("it is shipped").load()?;
/// assert_eq!((model.provenance.model.as_str(), model.classes.len()), ("convnet", 10));
/// assert!(shipped::find("resnet50").is_none());
/// # Ok::<(), striate_formats::Problem>(())
/// ```
pub fn find(name: &str) -> Option<&'static Shipped> {
    ALL.iter().find(|shipped| shipped.name.eq_ignore_ascii_case(name))
}

/// The names of all bundled networks.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|shipped| shipped.name).collect()
}

impl Shipped {
    /// Loads the network with its weights, preprocessing and classes, and verifies its golden logits.
    ///
    /// # Errors
    /// None for the files as committed; a damaged file is reported like any other model file.
    pub fn load(&self) -> Result<ModelFile, Problem> {
        ModelFile::from_bytes(self.bytes)
    }
}
