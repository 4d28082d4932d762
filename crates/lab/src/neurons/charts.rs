//! The three charts of a card: classes, values, lesion.

use striate_report::chart::{Anchor, Shape, width_px};
use striate_report::color::{Rgb, blue_orange};
use striate_report::scale::number;
use striate_report::text::{grouped, percent};

use super::card::Card;
use super::histogram::BINS;
use striate_report::layout::{
    BAR, Block, CAPTION, HAIRLINE, HEADING, INK, SOFT_INK, column, fitted, grid, line, paragraph,
};

/// The most rows of classes.
const ROWS: usize = 10;
/// From bar to bar, and the height of a bar.
const ROW: f64 = 16.0;
const HEIGHT: f64 = 11.0;
/// The most room of the name of a class, and what is beside it.
const LABEL: f64 = 142.0;
const GAP: f64 = 8.0;
/// Room for the number beside a bar.
const VALUE: f64 = 44.0;
/// Height of the distribution.
const PLOT: f64 = 132.0;
/// The most lines of a text.
const LINES: usize = 2;

fn under_heading(title: &str, note: &str, width: f64, chart: impl IntoIterator<Item = Block>) -> Block {
    let note = paragraph(note, CAPTION, SOFT_INK, width, LINES);
    let heading = column(0.0, [fitted(title, HEADING, INK, width), note]);
    column(4.0, [heading].into_iter().chain(chart))
}

/// The names of classes, and the width that is left for bars beside them.
fn labels<'a>(names: impl Iterator<Item = &'a String>, width: f64) -> (Vec<Block>, f64) {
    let label = |name: &String| fitted(name, CAPTION, INK, LABEL).in_height(ROW, Anchor::Middle);
    let labels: Vec<Block> = names.map(label).collect();
    let widest = labels.iter().map(Block::width_px).fold(0.0, f64::max);
    (labels, width - widest - GAP)
}

/// A bar of a row.
fn bar(x: f64, width: f64, fill: Rgb, tooltip: String) -> Shape {
    let (y, height, tooltip) = ((ROW - HEIGHT) / 2.0, HEIGHT, Some(tooltip));
    Shape::Rect { x, y, width, height, fill, tooltip }
}

/// The classes of the 100 strongest images.
pub(super) fn classes(card: &Card, names: &[String], width: f64) -> Block {
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
    let most = card.top_classes.iter().copied().max().unwrap_or(0).max(1);
    let (labels, room) = labels(order.iter().map(|&class| &names[class]), width);
    let rows = order.iter().zip(labels).flat_map(|(&class, label)| {
        let count = card.top_classes[class];
        let length = (room - VALUE) * count as f64 / most as f64;
        let drawn = Block::drawn(room, ROW, |scene| {
            scene.shapes.push(bar(0.0, length, BAR, format!("{count} of {all} are {}", names[class])));
            scene.text((length + 6.0, 12.0), CAPTION, Anchor::Start, SOFT_INK, count.to_string());
        });
        [label, drawn]
    });
    let chart = grid(&[Anchor::Start, Anchor::Start], (GAP, 0.0), rows);
    under_heading(&format!("Classes of the {all} strongest"), &note, width, [chart])
}

/// The distribution of the values other than 0, on a logarithmic scale.
pub(super) fn density(card: &Card, width: f64) -> Block {
    let record = &card.record;
    let note = format!(
        "{} of {} values are 0; the others:",
        percent(Some(1.0 - record.active())),
        grouped(record.values)
    );
    let counts = record.histogram.counts();
    let (Some(first), Some(last)) = (counts.iter().position(|&c| c > 0), counts.iter().rposition(|&c| c > 0))
    else {
        return under_heading("All values", &note, width, None);
    };
    let is_signed = record.min < 0.0;
    // From zero, so that pages can be compared; two bins a bar keep bars at least a pixel wide.
    let first = if is_signed { first / 2 * 2 } else { 0 };
    let bars: Vec<(usize, u64)> =
        (first..=last).step_by(2).map(|i| (i, counts[i] + counts.get(i + 1).copied().unwrap_or(0))).collect();
    let most = bars.iter().map(|bar| bar.1).max().unwrap_or(1).max(1);
    let log = |count: u64| (1.0 + count as f64).ln() / (1.0 + most as f64).ln();
    let pitch = width / bars.len() as f64;
    let edges = [bars[0].0, bars[bars.len() - 1].0 + 2].map(|bin| record.histogram.edge(bin));
    let place = |value: f64| width * (value - edges[0]) / (edges[1] - edges[0]);
    let (max, min) = (number(record.max), number(record.min));
    let mut ticks = vec![(place(f64::from(record.max)), Anchor::End, max.clone())];
    if is_signed {
        ticks.push((0.0, Anchor::Start, min.clone()));
    }
    let zero = place(0.0);
    // Only where it touches neither of the others.
    let has_room = zero > width_px(&min, CAPTION) + GAP && zero < ticks[0].0 - width_px(&max, CAPTION) - GAP;
    if !is_signed || has_room {
        ticks.push((zero, if is_signed { Anchor::Middle } else { Anchor::Start }, "0".into()));
    }
    let chart = Block::drawn(width, PLOT + ROW + 2.0, |scene| {
        for (i, &(bin, count)) in bars.iter().enumerate() {
            let height = PLOT * log(count);
            let (low, high) = (record.histogram.edge(bin), record.histogram.edge((bin + 2).min(BINS)));
            let tooltip =
                format!("{} values from {} to {}", grouped(count), number(low as f32), number(high as f32));
            let (x, y, width) = (pitch * i as f64, PLOT - height, (pitch - 0.4).max(0.5));
            scene.shapes.push(Shape::Rect { x, y, width, height, fill: BAR, tooltip: Some(tooltip) });
        }
        scene.line((0.0, PLOT + 0.5), (width, PLOT + 0.5), HAIRLINE);
        for (at, anchor, label) in ticks {
            scene.text((at, PLOT + 14.0), CAPTION, anchor, INK, label);
        }
    });
    let words = format!("logarithmic; the tallest bar is {} values", grouped(most));
    let words = paragraph(&words, CAPTION - 1.0, SOFT_INK, width, LINES);
    under_heading("All values", &note, width, [column(0.0, [chart, words])])
}

/// What the network loses without the unit.
pub(super) fn lesion(card: &Card, names: &[String], width: f64) -> Block {
    let Some(lesion) = &card.lesion else {
        let why = "not measured, since the classes of the data are not the network's";
        return under_heading("Without it", why, width, None);
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
    let costs: Vec<_> = lesion.classes().into_iter().filter(|cost| cost.intact != cost.without).collect();
    let shown: Vec<_> =
        if costs.len() <= 6 { costs } else { [&costs[..4], &costs[costs.len() - 2..]].concat() };
    let points =
        |cost: &super::ClassCost| 100.0 * (cost.without as f64 - cost.intact as f64) / cost.images as f64;
    let most = shown.iter().map(|cost| points(cost).abs()).fold(0.0, f64::max).max(1e-9);
    let (labels, room) = labels(shown.iter().map(|cost| &names[cost.class]), width);
    let reach = ((room - VALUE) / 2.0).floor();
    let rows = shown.iter().zip(labels).flat_map(|(cost, label)| {
        let (points, name) = (points(cost), &names[cost.class]);
        let length = reach * points.abs() / most;
        let fill = blue_orange(if points < 0.0 { 0.8 } else { -0.8 });
        let tooltip =
            format!("{name}: {} of {} correct, {} without it", cost.intact, cost.images, cost.without);
        let drawn = Block::drawn(2.0 * reach, ROW, |scene| {
            scene.line((reach, 0.0), (reach, ROW), HAIRLINE);
            scene.shapes.push(bar(if points < 0.0 { reach - length } else { reach }, length, fill, tooltip));
        });
        let lost = line(format!("{points:+.1}").replace('-', "−"), CAPTION, SOFT_INK);
        [label, drawn, lost.in_height(ROW, Anchor::Middle).in_width(VALUE - GAP, Anchor::End)]
    });
    let bars = grid(&[Anchor::Start, Anchor::Start, Anchor::End], (GAP, 0.0), rows);
    let confused = lesion.grown().into_iter().take(4).map(|confused| {
        let words = format!(
            "{} predicted as {}: {} times, {} with it",
            names[confused.label], names[confused.said], confused.without, confused.intact
        );
        paragraph(&words, CAPTION, SOFT_INK, width, LINES)
    });
    under_heading(&title, &note, width, [bars].into_iter().chain(confused))
}
