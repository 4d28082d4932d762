//! Options of the caller.

use striate_data::fetch::FetchEvent;

/// How weights may be fetched, and how they may be made to fit.
#[derive(Default)]
pub struct LoadOptions<'a> {
    /// Whether a head of another size is replaced by a newly initialized one.
    pub new_head: bool,
    /// Key of the random values of the new head.
    pub seed: u64,
    /// The dictionary of the file to read: the keys that lead to it, joined by dots. By default the one that fits best; among
    /// those that fit equally well, one that is not an average over the training.
    pub key: Option<&'a str>,
    /// The prefix of the parameters' names; names without it are left out. By default the longest prefix that fits.
    pub prefix: Option<&'a str>,
    /// A function that is told about a download. Without one nothing is downloaded, and the network is not used.
    pub fetch: Option<&'a mut dyn FnMut(FetchEvent<'_>)>,
}
