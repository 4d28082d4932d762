//! The options for loading weights.

use striate_data::fetch::FetchEvent;

/// Options for how weights may be downloaded, and how they may be changed to fit.
#[derive(Default)]
pub struct LoadOptions<'a> {
    /// Whether a head of another size is replaced by a newly initialized one.
    pub new_head: bool,
    /// The random seed of the new head.
    pub seed: u64,
    /// The dictionary of the file to read, given by the keys that lead to it, joined by dots. The default is the one that fits
    /// best; among those that fit equally well, one that is not an average over the training.
    pub key: Option<&'a str>,
    /// The prefix of the parameters' names; names without it are left out. The default is the longest prefix that fits.
    pub prefix: Option<&'a str>,
    /// A function that receives the progress of a download. With `None`, nothing is downloaded and the internet is not used.
    pub fetch: Option<&'a mut dyn FnMut(FetchEvent<'_>)>,
}
