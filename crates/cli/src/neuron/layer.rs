//! All units of a layer, as a table or as JSON.

use striate::data::Dataset;
use striate::lab::neurons::{Badge, Index, LayerReport, table};
use striate::report::scale::number;
use striate::report::text::{Align, Table, grouped, percent};

use super::args::Args;
use crate::look::Subject;
use crate::out;
use crate::working::Working;

pub(super) fn show(
    args: &Args,
    subject: &Subject,
    data: &Dataset,
    index: &Index,
    layer: &str,
    working: &Working,
) -> anyhow::Result<u8> {
    let mut tell = |what: &'static str, done: usize, total: usize| working.count(what, done, total);
    let (rows, images) = table(&subject.model, data, &subject.engine, index, layer, &mut tell)?;
    if args.json {
        out::json(&LayerReport {
            model: subject.name.clone(),
            data: data.name.clone(),
            layer: layer.to_owned(),
            training_images: index.images,
            test_images: images,
            maps: rows,
        })?;
        return Ok(0);
    }
    let mut table = Table::new([
        ("map", Align::Right),
        ("largest", Align::Right),
        ("strongest image", Align::Left),
        ("non-zero", Align::Right),
        ("most frequent class", Align::Left),
        ("points lost", Align::Right),
        ("", Align::Left),
    ]);
    for row in &rows {
        let class = |class: usize| data.classes[class].as_str();
        let image =
            row.strongest.zip(row.label).map(|(image, label)| format!("{image} ({})", class(label as usize)));
        let favorite = row.favorite.map(|(at, share)| format!("{} ({:.0} %)", class(at), 100.0 * share));
        let points = row.points.map(|points| format!("{points:+.1}").replace('-', "−"));
        let none = || "–".to_owned();
        table.row([
            row.unit.to_string(),
            number(row.max),
            image.unwrap_or_else(none),
            percent(Some(row.active)),
            favorite.unwrap_or_else(none),
            points.unwrap_or_else(none),
            row.badges.iter().map(|badge: &Badge| badge.word()).collect::<Vec<_>>().join(", "),
        ]);
    }
    let worth = match images {
        0 => format!(
            "The points lost were not measured, since the classes of {} are not the network's.",
            data.name
        ),
        n => format!(
            "Points lost: the percentage points of accuracy that the network loses without the map, on {} test images evenly spaced in \
             their split. Most frequent class: among the 100 images in which the map is strongest.",
            grouped(n as u64)
        ),
    };
    let seen = grouped(index.images as u64);
    let more = format!("For a page about one map: {}", args.of_unit(&format!("{layer}:0")));
    out::say(&format!("{table}\nOn {seen} training images of {}. {worth}\n{more}\n", data.name))?;
    Ok(0)
}
