//! Labels that look wrong, as `finetune` and `data check` print them.

use striate::Pretrained;
use striate::data::{Dataset, Places};
use striate::graph::Engine;
use striate::models::registry;
use striate::models::weights::LoadOptions;
use striate::report::text::{Align, Table, percent, printable};
use striate::train::finetune::{SuspiciousLabel, suspicious_labels};
use striate::train::probe::FEATURES;

use crate::exit::Usage;
use crate::flags_weights::{LoadFlags, say};
use crate::working::Working;

/// The most lines that are printed; the JSON document has all.
const SHOWN: usize = 20;

/// Finds suspicious labels in a data set, using the features of a pretrained network.
pub(crate) fn look(
    data: &Dataset,
    model: &str,
    weights: Option<&str>,
    load: &LoadFlags,
) -> anyhow::Result<Vec<SuspiciousLabel>> {
    let info = registry::find(model)?;
    let engine = Engine::new(None).map_err(Usage)?;
    let mut working = Working::new(false);
    let source = weights.unwrap_or(info.name);
    let pretrained =
        load.with(|options| Pretrained::load(info, source, LoadOptions { new_head: true, ..options }))?;
    say(&pretrained.report.notes);
    let folder = Places::from_env().beside(FEATURES);
    let observers = &mut [&mut working as _];
    Ok(suspicious_labels(&pretrained.base(), data, folder.as_deref(), &engine, observers)?)
}

/// The list; `None` when it is empty.
pub(crate) fn text(found: &[SuspiciousLabel]) -> Option<String> {
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
pub(crate) fn note(found: &[SuspiciousLabel]) -> Option<String> {
    let one = |one: &SuspiciousLabel| {
        format!("{} (labeled {}, looks like {})", one.image, one.class, one.looks_like)
    };
    let shown: Vec<String> = found.iter().take(SHOWN).map(one).collect();
    let more = found.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!found.is_empty()).then(|| {
        format!(
            "Check these labels: a classifier that had not seen these images gave their class at most a tenth of the probability \
             that it gives on average to the images of this class, and gave another class at least half: {}{more}.",
            shown.join(", ")
        )
    })
}
