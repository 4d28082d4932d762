//! One unit: its page, and the same as text or JSON.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;
use striate::data::Dataset;
use striate::lab::neurons::{Badge, Card, ClassCost, Dream, Example, Index};
use striate::report::scale::number;
use striate::report::text::{grouped, percent};

use super::args::Args;
use crate::look::Subject;
use crate::out;
use crate::scenes::write_scene;
use crate::working::Working;

#[derive(Serialize)]
struct Document<'a> {
    model: &'a str,
    data: &'a str,
    layer: &'a str,
    value: &'a str,
    map: usize,
    maps: usize,
    size: [usize; 2],
    training_images: usize,
    values: u64,
    not_finite: u64,
    max: f32,
    min: f32,
    mean: f64,
    rms: f64,
    active: f64,
    histogram: Bins<'a>,
    badges: &'a [Badge],
    strongest: &'a [Example],
    middling: &'a [Example],
    silent: &'a [Example],
    classes: Vec<OfClass<'a>>,
    lesion: Option<Lesion<'a>>,
    dream: Option<Made>,
    files: &'a [PathBuf],
}

/// Bin i counts the values from `first + i width` to `first + (i + 1) width`, except zeros.
#[derive(Serialize)]
struct Bins<'a> {
    first: f64,
    width: f64,
    counts: &'a [u64],
    zeros: u64,
}

#[derive(Serialize)]
struct OfClass<'a> {
    class: &'a str,
    /// The number of images of this class among the 100 strongest.
    strongest: usize,
    /// The mean, over the training images of the class, of the map's largest value.
    mean_max: Option<f64>,
}

#[derive(Serialize)]
struct Lesion<'a> {
    test_images: usize,
    accuracy: f64,
    accuracy_without: f64,
    points: f64,
    classes: Vec<Cost<'a>>,
    confusions: Vec<Grown<'a>>,
}

#[derive(Serialize)]
struct Cost<'a> {
    class: &'a str,
    images: usize,
    right: usize,
    right_without: usize,
}

#[derive(Serialize)]
struct Grown<'a> {
    class: &'a str,
    taken_for: &'a str,
    times: usize,
    times_without: usize,
}

#[derive(Serialize)]
struct Made {
    value: f32,
    one_in_a_thousand: Option<f32>,
    succeeded: bool,
    seed: u64,
    radius: f64,
}

pub(super) fn show(
    args: &Args,
    subject: &Subject,
    data: &Dataset,
    index: &Index,
    (layer, map): (&str, usize),
    working: &Working,
) -> anyhow::Result<u8> {
    let dreaming = args.dream.then_some(args.seed);
    let mut tell = |what: &'static str, done: usize, total: usize| working.count(what, done, total);
    let card = Card::new(&subject.model, data, &subject.engine, index, (layer, map), dreaming, &mut tell)?;
    let page = card.page(&subject.model, data, &subject.name)?;
    let stem: String =
        layer.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let files = write_scene(&args.out, &format!("{stem}-{map}"), &page)?;
    if args.json {
        out::json(&document(&card, index, &subject.name, data, &files))?;
    } else {
        out::say(&words(&card, data, &files)?)?;
    }
    Ok(0)
}

fn document<'a>(
    card: &'a Card,
    index: &Index,
    model: &'a str,
    data: &'a Dataset,
    files: &'a [PathBuf],
) -> Document<'a> {
    let (record, layer) = (&card.record, &card.layer);
    let histogram = &record.histogram;
    let of_class = |(class, name): (usize, &'a String)| {
        let images = index.class_counts[class];
        OfClass {
            class: name,
            strongest: card.top_classes[class],
            mean_max: (images > 0).then(|| record.class_sums[class] / images as f64),
        }
    };
    let name = |class: usize| data.classes[class].as_str();
    let lesion = card.lesion.as_ref().map(|lesion| {
        let [accuracy, accuracy_without] = lesion.accuracy();
        let cost = |c: ClassCost| Cost {
            class: name(c.class),
            images: c.images,
            right: c.intact,
            right_without: c.without,
        };
        let grown = |c: striate::lab::neurons::Confused| Grown {
            class: name(c.label),
            taken_for: name(c.said),
            times: c.intact,
            times_without: c.without,
        };
        Lesion {
            test_images: lesion.labels.len(),
            accuracy,
            accuracy_without,
            points: lesion.points(),
            classes: lesion.classes().into_iter().map(cost).collect(),
            confusions: lesion.grown().into_iter().map(grown).collect(),
        }
    });
    let made = |dream: &Dream| Made {
        value: dream.value,
        one_in_a_thousand: record.permille(card.images),
        succeeded: card.dream_succeeded() == Some(true),
        seed: dream.config.seed,
        radius: dream.config.radius,
    };
    Document {
        model,
        data: &data.name,
        layer: &layer.name,
        value: &layer.value_name,
        map: card.unit,
        maps: layer.units,
        size: layer.size,
        training_images: card.images,
        values: record.values,
        not_finite: record.not_finite,
        max: record.max,
        min: record.min,
        mean: record.mean(),
        rms: record.rms(),
        active: record.active(),
        histogram: Bins {
            first: histogram.edge(0),
            width: histogram.width(),
            counts: histogram.counts(),
            zeros: record.zeros,
        },
        badges: &card.badges,
        strongest: &card.examples.strongest,
        middling: &card.examples.middling,
        silent: &card.examples.silent,
        classes: data.classes.iter().enumerate().map(of_class).collect(),
        lesion,
        dream: card.dream.as_ref().map(made),
        files,
    }
}

fn words(card: &Card, data: &Dataset, files: &[PathBuf]) -> Result<String, std::fmt::Error> {
    let (record, mut text) = (&card.record, String::new());
    writeln!(
        text,
        "{} {} {}: {} of its values are non-zero, the largest is {}, on {} training images of {}",
        card.layer.name,
        if card.layer.size == [1, 1] { "unit" } else { "map" },
        card.unit,
        percent(Some(record.active())),
        number(record.max),
        grouped(card.images as u64),
        data.name
    )?;
    for badge in &card.badges {
        writeln!(text, "{}", badge.text())?;
    }
    let mut classes: Vec<(usize, usize)> =
        card.top_classes.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect();
    classes.sort_by_key(|&(class, count)| (std::cmp::Reverse(count), class));
    let shown = classes.iter().take(5).map(|&(class, count)| format!("{} ({count})", data.classes[class]));
    let all: usize = card.top_classes.iter().sum();
    writeln!(text, "classes of its {all} strongest images: {}", shown.collect::<Vec<_>>().join(", "))?;
    match &card.lesion {
        Some(lesion) => {
            let [intact, without] = lesion.accuracy();
            let worse = lesion.classes().into_iter().filter(|c| c.without < c.intact).take(3);
            let of_class = |c: ClassCost| {
                format!("{} ({} instead of {} of {})", data.classes[c.class], c.without, c.intact, c.images)
            };
            let worse: Vec<String> = worse.map(of_class).collect();
            let worse = match worse.is_empty() {
                true => "no class has fewer correct predictions".into(),
                false => format!("fewer correct predictions for {}", worse.join(", ")),
            };
            writeln!(
                text,
                "without it: accuracy {} instead of {} on {} test images; {worse}",
                percent(Some(without)),
                percent(Some(intact)),
                grouped(lesion.labels.len() as u64)
            )?;
        }
        None => writeln!(
            text,
            "the effect of removing it was not measured, since the classes of {} are not the network's",
            data.name
        )?,
    }
    if let (Some(dream), Some(succeeded)) = (&card.dream, card.dream_succeeded()) {
        let verdict = if succeeded { "above" } else { "failed: not above" };
        let seen = record.permille(card.images).map_or("nothing".into(), number);
        writeln!(
            text,
            "synthetic image: {}, {verdict} the {seen} that one training image in a thousand exceeds",
            number(dream.value)
        )?;
    }
    files.iter().try_for_each(|path| writeln!(text, "{}", path.display()))?;
    Ok(text)
}
