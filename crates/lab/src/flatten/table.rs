//! The results as tables for a terminal.

use super::reading::{nearest, percent};
use super::spread::Spread;
use super::study::{Contender, DatasetResult};
use striate_report::text::{Align, Table, UNDEFINED, grouped};

/// Formats two tables: one with the properties of the contenders, one with their results.
///
/// # Units
/// Accuracies are in per cent; with several seeds they are the mean ± the standard deviation of the seeds.
pub fn table(result: &DatasetResult) -> String {
    let mut nets = Table::new([
        ("network", Align::Left),
        ("layers", Align::Left),
        ("parameters", Align::Right),
        ("learning rate", Align::Right),
        ("scrambled", Align::Right),
    ]);
    let rate = |rate: Option<f32>| rate.map_or(UNDEFINED.to_string(), |rate| format!("{rate:e}"));
    for c in &result.contenders {
        nets.row([
            c.name.into(),
            c.layers.clone(),
            grouped(c.parameters as u64),
            rate(Some(c.learning_rate)),
            rate(c.scrambled_learning_rate),
        ]);
    }
    let Some(first) = result.contenders.first() else { return nets.to_string() };
    let shifts = [2, 6, 10].map(|px| nearest(&first.shifts, px));
    let turns = [30, 90, 180].map(|degrees| nearest(&first.rotations, degrees));
    let [px_2, px_6, px_10] = shifts.map(|i| format!("{} px", first.shifts[i].amount));
    let [deg_30, deg_90, deg_180] = turns.map(|i| format!("{}°", first.rotations[i].amount));
    let fewest =
        first.by_images.first().map_or(String::new(), |few| format!("{} images", grouped(few.images as u64)));
    let mut results = Table::new([
        ("accuracy (%)", Align::Left),
        ("unmoved", Align::Right),
        (&px_2, Align::Right),
        (&px_6, Align::Right),
        (&px_10, Align::Right),
        (&deg_30, Align::Right),
        (&deg_90, Align::Right),
        (&deg_180, Align::Right),
        ("scrambled", Align::Right),
        (&fewest, Align::Right),
        ("90 % from", Align::Right),
    ]);
    let enough = |c: &Contender| {
        let first = c.by_images.iter().find(|learned| learned.accuracy.mean >= 0.9);
        first.map_or(UNDEFINED.to_string(), |learned| grouped(learned.images as u64))
    };
    for c in &result.contenders {
        let [a, b, d] = shifts.map(|i| short(&c.shifts[i].accuracy));
        let [e, f, g] = turns.map(|i| short(&c.rotations[i].accuracy));
        let scrambled = c.scrambled.as_ref().map_or(UNDEFINED.to_string(), long);
        let few = c.by_images.first().map_or(UNDEFINED.to_string(), |few| long(&few.accuracy));
        results.row([c.name.into(), long(&c.clean), a, b, d, e, f, g, scrambled, few, enough(c)]);
    }
    format!("{nets}\n{results}")
}

fn short(spread: &Spread) -> String {
    percent(spread.mean).trim_end_matches(" %").to_string()
}

fn long(spread: &Spread) -> String {
    let mean = format!("{:.2}", 100.0 * spread.mean);
    spread.deviation.map_or(mean.clone(), |deviation| format!("{mean} ± {:.2}", 100.0 * deviation))
}
