//! Labels that look wrong, as `finetune` and `data check` report them.

use serde::Serialize;
use striate::data::Dataset;
use striate::graph::Engine;
use striate::models::registry;
use striate::models::weights::LoadOptions;
use striate::report::text::{Align, Table, percent, printable};
use striate::train::probe::{Suspicion, cross_validate, suspicious};

use super::frozen::{self, FOLDS};
use crate::exit::Usage;
use crate::flags_weights::{LoadFlags, say};
use crate::working::Working;
use striate::Pretrained;

/// The most lines that are printed; the JSON document has all.
const SHOWN: usize = 20;

/// An image whose label may be wrong, with the names of the image and the classes.
#[derive(Debug, Serialize)]
pub(crate) struct Suspicious {
    image: String,
    class: String,
    class_probability: f32,
    looks_like: String,
    probability: f32,
}

/// Finds suspicious labels in a data set, using the features of a pretrained network: the images of all parts are
/// cross-validated together, as in `finetune`.
pub(crate) fn look(
    data: &Dataset,
    model: &str,
    weights: Option<&str>,
    load: &LoadFlags,
) -> anyhow::Result<Vec<Suspicious>> {
    let info = registry::find(model)?;
    let engine = Engine::new(None).map_err(Usage)?;
    let working = Working::new(false);
    let source = weights.unwrap_or(info.name);
    let pretrained =
        load.with(|options| Pretrained::load(info, source, LoadOptions { new_head: true, ..options }))?;
    say(&pretrained.report.notes);
    let mut backbone = frozen::backbone(&pretrained, &engine)?.0;
    let [train, test] = frozen::seen(&mut backbone, data, &working)?;
    let features = train.and(&test);
    let mut tell = |done: usize, total: usize| working.count("checking the labels", done, total);
    let judged = cross_validate(&features, FOLDS, 0, &engine, &mut tell)?;
    Ok(named(data, &suspicious(&judged, &features.labels), &|i| frozen::name(data, i)))
}

/// Adds the names of the images and the classes.
pub(crate) fn named(data: &Dataset, found: &[Suspicion], name: &dyn Fn(usize) -> String) -> Vec<Suspicious> {
    let class = |class: u32| data.classes.get(class as usize).cloned().unwrap_or_default();
    let named = |found: &Suspicion| Suspicious {
        image: name(found.image),
        class: class(found.label),
        class_probability: found.label_probability,
        looks_like: class(found.likely),
        probability: found.probability,
    };
    found.iter().map(named).collect()
}

/// The list; `None` when it is empty.
pub(crate) fn text(found: &[Suspicious]) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    let mut table = Table::new([
        ("suspicious label", Align::Left),
        ("labeled", Align::Left),
        ("", Align::Right),
        ("looks like", Align::Left),
        (" ", Align::Right),
    ]);
    for one in found.iter().take(SHOWN) {
        table.row([
            printable(one.image.clone()),
            printable(one.class.clone()),
            percent(Some(one.class_probability.into())),
            printable(one.looks_like.clone()),
            percent(Some(one.probability.into())),
        ]);
    }
    let more = found.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("and {more} more (--json lists all)\n") } else { String::new() };
    Some(format!("{table}{more}A classifier that had not seen these images assigned them to other classes."))
}

/// The list as a sentence of the report; `None` when it is empty.
pub(crate) fn note(found: &[Suspicious]) -> Option<String> {
    let one =
        |one: &Suspicious| format!("{} (labeled {}, looks like {})", one.image, one.class, one.looks_like);
    let shown: Vec<String> = found.iter().take(SHOWN).map(one).collect();
    let more = found.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!found.is_empty()).then(|| {
        format!(
            "Check these labels: a classifier that had not seen these images gave their class less than a tenth of the probability \
             that it gives to others of the class, and gave another class more than all the rest together: {}{more}.",
            shown.join(", ")
        )
    })
}
