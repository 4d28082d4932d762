//! The card of a unit as text.

use std::fmt::{Error, Write};

use striate_data::Dataset;
use striate_report::scale::number;
use striate_report::text::{grouped, percent};

use super::card::Card;
use super::lesion::ClassCost;

impl Card {
    /// Formats the card in a few lines: the images to which the unit responds, and the accuracy of the network without it.
    /// `data` is the data set of the index.
    pub fn text(&self, data: &Dataset) -> String {
        words(self, data).expect("strings grow")
    }
}

fn words(card: &Card, data: &Dataset) -> Result<String, Error> {
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
    Ok(text)
}
