//! What the caller may ask for.

use striate_data::fetch::FetchEvent;

/// What may be done to make weights fit, and to get them.
#[derive(Default)]
pub struct LoadOptions<'a> {
    /// A head of another size is replaced by a fresh one.
    pub new_head: bool,
    /// Key of the fresh head's values.
    pub seed: u64,
    /// Which dictionary of the file: the keys that lead to it, with dots between. By default the one that fits best; of those
    /// that fit alike, one that is no average over the training.
    pub key: Option<&'a str>,
    /// What stands before the names of the parameters; names without it are left out. By default whatever all names share.
    pub prefix: Option<&'a str>,
    /// Who hears of a download. Without a listener there is none, and no network is touched.
    pub fetch: Option<&'a mut dyn FnMut(FetchEvent<'_>)>,
}
