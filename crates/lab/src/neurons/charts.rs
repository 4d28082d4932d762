//! The three charts of a card: classes, values, lesion.

use striate_report::chart::{Anchor, Scene, Shape, width_px};
use striate_report::color::{Rgb, blue_orange};
use striate_report::scale::number;
use striate_report::text::{grouped, percent};
use striate_report::wrap_text;

use super::card::Card;
use super::histogram::BINS;
use striate_report::layout::{BAR, CAPTION, HAIRLINE, HEADING, INK, SOFT_INK, text};

/// Rows of bars that fit.
const ROWS: usize = 10;
const ROW: f64 = 16.0;
/// Width of the class names: as much as they need, within these limits.
const LABEL: (f64, f64) = (86.0, 150.0);
/// The lower limit of what stands below the bars.
const BOTTOM: f64 = 216.0;
const VALUE: f64 = 44.0;
const PLOT: f64 = 132.0;

type At = (f64, f64);

fn heading(scene: &mut Scene, (x, y): At, width: f64, title: &str, note: &str) {
    text(scene, (x, y + 8.0), HEADING, INK, width, title);
    text(scene, (x, y + 24.0), CAPTION, SOFT_INK, width, note);
}

fn label_width<'a>(names: impl Iterator<Item = &'a String>) -> f64 {
    names.map(|name| width_px(name, CAPTION) + 8.0).fold(LABEL.0, f64::max).min(LABEL.1)
}

fn bar(scene: &mut Scene, (x, y, width): (f64, f64, f64), fill: Rgb, tooltip: String) {
    let (height, tooltip) = (ROW - 5.0, Some(tooltip));
    scene.shapes.push(Shape::Rect { x, y, width, height, fill, tooltip });
}

/// The classes of the 100 strongest images.
pub(super) fn classes(scene: &mut Scene, card: &Card, names: &[String], (x, y): At, width: f64) {
    let all: usize = card.top_classes.iter().sum();
    let mut order: Vec<usize> = (0..names.len()).collect();
    let is_cut = names.len() > ROWS;
    if is_cut {
        order.sort_by_key(|&class| (std::cmp::Reverse(card.top_classes[class]), class));
        order.truncate(ROWS);
    }
    let note = match (all, is_cut) {
        (0, _) => "it responds to none".into(),
        (_, true) => format!("the {ROWS} most frequent of {} classes, one entry per image", names.len()),
        (_, false) => "one entry per image".to_owned(),
    };
    heading(scene, (x, y), width, &format!("Classes of the {all} strongest"), &note);
    let most = card.top_classes.iter().copied().max().unwrap_or(0).max(1);
    let label = label_width(order.iter().map(|&class| &names[class]));
    let room = width - label - VALUE;
    for (i, &class) in order.iter().enumerate() {
        let (count, top) = (card.top_classes[class], y + 36.0 + ROW * i as f64);
        text(scene, (x, top + 9.0), CAPTION, INK, label - 8.0, &names[class]);
        let length = room * count as f64 / most as f64;
        bar(scene, (x + label, top, length), BAR, format!("{count} of {all} are {}", names[class]));
        scene.text(
            (x + label + length + 6.0, top + 9.0),
            CAPTION,
            Anchor::Start,
            SOFT_INK,
            count.to_string(),
        );
    }
}

/// The distribution of the values other than 0, on a logarithmic scale.
pub(super) fn density(scene: &mut Scene, card: &Card, (x, y): At, width: f64) {
    let record = &card.record;
    let note = format!(
        "{} of {} values are 0; the others:",
        percent(Some(1.0 - record.active())),
        grouped(record.values)
    );
    heading(scene, (x, y), width, "All values", &note);
    let counts = record.histogram.counts();
    let (Some(first), Some(last)) = (counts.iter().position(|&c| c > 0), counts.iter().rposition(|&c| c > 0))
    else {
        return;
    };
    let is_signed = record.min < 0.0;
    // From zero, so that pages can be compared; two bins a bar keep bars at least a pixel wide.
    let first = if is_signed { first / 2 * 2 } else { 0 };
    let bars: Vec<(usize, u64)> =
        (first..=last).step_by(2).map(|i| (i, counts[i] + counts.get(i + 1).copied().unwrap_or(0))).collect();
    let most = bars.iter().map(|bar| bar.1).max().unwrap_or(1).max(1);
    let log = |count: u64| (1.0 + count as f64).ln() / (1.0 + most as f64).ln();
    let (base, pitch) = (y + 36.0 + PLOT, width / bars.len() as f64);
    for (i, &(bin, count)) in bars.iter().enumerate() {
        let height = PLOT * log(count);
        let (low, high) = (record.histogram.edge(bin), record.histogram.edge((bin + 2).min(BINS)));
        let tooltip =
            format!("{} values from {} to {}", grouped(count), number(low as f32), number(high as f32));
        let (x, y, width) = (x + pitch * i as f64, base - height, (pitch - 0.4).max(0.5));
        scene.shapes.push(Shape::Rect { x, y, width, height, fill: BAR, tooltip: Some(tooltip) });
    }
    scene.line((x, base + 0.5), (x + width, base + 0.5), HAIRLINE);
    let edges = [bars[0].0, bars[bars.len() - 1].0 + 2].map(|bin| record.histogram.edge(bin));
    let place = |value: f64| x + width * (value - edges[0]) / (edges[1] - edges[0]);
    let mut ticks = vec![(place(f64::from(record.max)), Anchor::End, number(record.max))];
    if is_signed {
        ticks.push((x, Anchor::Start, number(record.min)));
    }
    let zero = place(0.0);
    if !is_signed || (zero > x + 50.0 && zero < x + width - 50.0) {
        ticks.push((zero, if is_signed { Anchor::Middle } else { Anchor::Start }, "0".into()));
    }
    for (at, anchor, label) in ticks {
        scene.text((at, base + 15.0), CAPTION, anchor, INK, label);
    }
    let words = format!("logarithmic; the tallest bar is {} values", grouped(most));
    text(scene, (x, base + 30.0), CAPTION - 1.0, SOFT_INK, width, &words);
}

/// What the network loses without the unit.
pub(super) fn lesion(scene: &mut Scene, card: &Card, names: &[String], (x, y): At, width: f64) {
    let Some(lesion) = &card.lesion else {
        let why = "not measured, since the classes of the data are not the network's";
        return heading(scene, (x, y), width, "Without it", why);
    };
    let [intact, without] = lesion.accuracy();
    let note = format!(
        "accuracy {}, {} with it; {} images",
        percent(Some(without)),
        percent(Some(intact)),
        grouped(lesion.labels.len() as u64)
    );
    let points = format!("{:.2}", lesion.points().abs());
    let title = match () {
        () if lesion.intact == lesion.without => "Without it, nothing changes".into(),
        () if lesion.points() == 0.0 => "Without it, the accuracy is the same".into(),
        () if lesion.points() > 0.0 => format!("Without it, {points} points fewer"),
        () => format!("Without it, {points} points more"),
    };
    heading(scene, (x, y), width, &title, &note);
    let costs: Vec<_> = lesion.classes().into_iter().filter(|cost| cost.intact != cost.without).collect();
    let shown: Vec<_> =
        if costs.len() <= 6 { costs } else { [&costs[..4], &costs[costs.len() - 2..]].concat() };
    let points =
        |cost: &super::ClassCost| 100.0 * (cost.without as f64 - cost.intact as f64) / cost.images as f64;
    let most = shown.iter().map(|cost| points(cost).abs()).fold(0.0, f64::max).max(1e-9);
    let label = label_width(shown.iter().map(|cost| &names[cost.class]));
    let reach = (width - label - VALUE) / 2.0;
    let zero = x + label + reach;
    let mut top = y + 36.0;
    for cost in &shown {
        let (points, name) = (points(cost), &names[cost.class]);
        text(scene, (x, top + 9.0), CAPTION, INK, label - 8.0, name);
        let length = reach * points.abs() / most;
        let fill = blue_orange(if points < 0.0 { 0.8 } else { -0.8 });
        let tooltip =
            format!("{name}: {} of {} correct, {} without it", cost.intact, cost.images, cost.without);
        bar(scene, (if points < 0.0 { zero - length } else { zero }, top, length), fill, tooltip);
        let lost = format!("{points:+.1}").replace('-', "−");
        scene.text((x + width, top + 9.0), CAPTION, Anchor::End, SOFT_INK, lost);
        top += ROW;
    }
    if !shown.is_empty() {
        scene.line((zero, y + 34.0), (zero, top - 3.0), HAIRLINE);
    }
    for confused in lesion.grown().iter().take(4) {
        let words = format!(
            "{} predicted as {}: {} times, {} with it",
            names[confused.label], names[confused.said], confused.without, confused.intact
        );
        let lines = wrap_text(&words, CAPTION, width, 2);
        if top + ROW * lines.len() as f64 > y + BOTTOM {
            break;
        }
        for line in lines {
            text(scene, (x, top + 12.0), CAPTION, SOFT_INK, width, &line);
            top += ROW;
        }
    }
}
