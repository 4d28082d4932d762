//! What a run begins with: the settings, the preprocessing, and the initial parameters.

use striate::data::{Dataset, Preprocess};
use striate::graph::{Mode, Params, trace};
use striate::models::registry::ModelInfo;
use striate::models::weights::{self, LoadOptions};
use striate::preprocess_of;
use striate::train::FitConfig;

use super::advice;
use super::args::Args;
use super::plan::Plan;
use crate::exit::Usage;
use crate::flags_weights::{LoadFlags, say};
use crate::out;

/// What a run begins with.
pub(super) struct Beginning {
    pub(super) config: FitConfig,
    pub(super) preprocess: Preprocess,
    /// Pretrained parameters; `None` for random ones, and for a run that is resumed, whose parameters are in the checkpoint.
    pub(super) initial: Option<Params>,
}

/// What the planned run begins with. Prints what is worth knowing about a new run.
pub(super) fn beginning(
    plan: &Plan,
    args: &Args,
    info: &ModelInfo,
    data: &Dataset,
) -> anyhow::Result<Beginning> {
    match plan.saved.clone() {
        // Where flags were given that cannot change, they must mean what is stored.
        Some((config, preprocess)) if plan.is_said_again => {
            let asked = plan.recipe.config(info.name, data)?;
            let FitConfig { epochs, batch_size, learning_rate, patience, auxiliary, .. } = config;
            let config = FitConfig { epochs, batch_size, learning_rate, patience, auxiliary, ..asked };
            Ok(Beginning { config, preprocess, initial: None })
        }
        Some((config, preprocess)) => Ok(Beginning { config, preprocess, initial: None }),
        None => of_new(plan, args, info, data),
    }
}

fn of_new(plan: &Plan, args: &Args, info: &ModelInfo, data: &Dataset) -> anyhow::Result<Beginning> {
    let classes = data.classes.len();
    let config = plan.recipe.config(info.name, data)?;
    config.check(classes)?;
    let channels = data.train.fixed_shape().map_or(3, |[channels, ..]| channels);
    let how = (plan.new_head, config.seed, &args.fetch);
    let load = |source| initial(info, source, (classes, channels), plan.imgsz, how);
    let initial = plan.weights.as_deref().map(load).transpose()?;
    let of_weights = initial.as_ref().and_then(|initial| initial.preprocess.clone());
    let preprocess = preprocess(data, info, plan.imgsz, of_weights)?;
    if let Some(warning) = advice::warning(data, &plan.data, info.name, &preprocess) {
        out::tell(warning);
    }
    if let Some(note) = advice::note(data).filter(|_| !args.quiet) {
        out::tell(note);
    }
    // Published weights lack auxiliary classifiers.
    let config = FitConfig { auxiliary: initial.is_none(), ..config };
    Ok(Beginning { config, preprocess, initial: initial.map(|initial| initial.params) })
}

/// The preprocessing: that of the weights, or one that suits the data and the network.
fn preprocess(
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
struct Initial {
    params: Params,
    preprocess: Option<Preprocess>,
}

/// Finds, reads and fits the weights that `source` names. The head is initialized anew if its size differs and `new_head` is set.
fn initial(
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
