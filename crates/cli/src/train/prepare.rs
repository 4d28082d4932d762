//! What a run starts from: its data, the preprocessing, and pretrained parameters.

use striate::data::{BadFiles, Dataset, Preprocess};
use striate::graph::{Mode, Params, trace};
use striate::models::registry::ModelInfo;
use striate::models::weights::{self, LoadOptions};
use striate::preprocess_of;

use crate::exit::Usage;
use crate::flags_data::LayoutFlag;
use crate::flags_weights::{LoadFlags, say};
use crate::out;
use crate::working::Working;

/// Opens the data set and decodes every photo once, so that a run does not fail in a late epoch on an unreadable image.
pub(crate) fn data(
    source: &str,
    layout: LayoutFlag,
    skip_bad: bool,
    is_quiet: bool,
) -> anyhow::Result<Dataset> {
    let mut data = layout.open(source)?.to_learn()?;
    let bad_files = if skip_bad { BadFiles::Skip } else { BadFiles::Refuse };
    let working = Working::new(is_quiet);
    let tell = |done: usize, total: usize| working.count("decoding every photo once", done, total);
    let skipped = data.verify(bad_files, &tell)?;
    for bad in skipped.iter().filter(|_| !is_quiet) {
        out::tell(format!("skipped {}: {}", bad.path.display(), bad.why));
    }
    Ok(data)
}

/// The preprocessing: that of the weights, or one that suits the data and the network.
pub(super) fn preprocess(
    data: &Dataset,
    info: &ModelInfo,
    imgsz: Option<usize>,
    of_weights: Option<Preprocess>,
) -> anyhow::Result<Preprocess> {
    if data.train.photos().is_none() {
        if imgsz.is_some() {
            let name = &data.name;
            return Err(Usage(format!(
                "--imgsz is for photos; the images of {name} have a fixed size, so leave it out"
            ))
            .into());
        }
        return Ok(preprocess_of(data)?);
    }
    match (of_weights, imgsz) {
        (Some(preprocess), None) => Ok(preprocess),
        (_, size) => Ok(Preprocess::imagenet(size.unwrap_or(info.input[1]))?),
    }
}

/// Pretrained parameters, fitted to the network.
pub(super) struct Initial {
    pub(super) params: Params,
    pub(super) preprocess: Option<Preprocess>,
}

/// Finds, reads and fits the weights that `source` names. The head is initialized anew if its size differs and `new_head` is set.
pub(super) fn initial(
    info: &ModelInfo,
    source: &str,
    (classes, channels): (usize, usize),
    imgsz: Option<usize>,
    (new_head, seed, fetch): (bool, u64, &LoadFlags),
) -> anyhow::Result<Initial> {
    let net = (info.build)(classes, channels);
    let side = imgsz.unwrap_or(info.input[1]);
    let graph = trace(net.as_ref(), Mode::Eval, [channels, side, side])?;
    let load = |options: LoadOptions<'_>| {
        weights::load(info, source, &graph, LoadOptions { new_head, seed, ..options })
    };
    let loaded = fetch.with(load)?;
    say(&loaded.report.notes);
    Ok(Initial { params: loaded.params, preprocess: loaded.preprocess })
}
