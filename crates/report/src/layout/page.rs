//! The header of pages: title, subject and legend.

use super::head::LEAST_WIDTH;
use super::image::size_in;
use super::legend::{Legend, gray};
use super::style::{CAPTION, HAIRLINE, INK, MARGIN, SOFT_INK, TEXT, TITLE};
use super::text::text;
use crate::chart::{Anchor, Scene, Shape, fit_text, width_px};
use crate::color::Rgb;
use crate::scale::{Scale, Table, number};
use crate::thumbnail::Thumbnail;

/// The y position at which the page below the header begins.
pub const TOP: f64 = MARGIN + SIDE + 20.0;
/// The maximum width to which a long text in the header widens a page.
const MOST_WIDTH: f64 = 1200.0;

/// Side of the image in the header.
const SIDE: f64 = 96.0;
const BAR: (f64, f64) = (254.0, 10.0);

/// A page with its header; `body` is the width and height of the content below it, which begins at ([`MARGIN`], [`TOP`]).
pub fn page(
    title: &str,
    lines: [&str; 2],
    image: Option<&Thumbnail>,
    legend: &Legend<'_>,
    body: (f64, f64),
) -> Scene {
    let left = MARGIN + image.map_or(0.0, |_| SIDE + 18.0);
    let texts = lines.iter().map(|line| width_px(line, TEXT)).chain([width_px(title, TITLE)]);
    let whole = left + texts.fold(0.0, f64::max).ceil() + MARGIN;
    let width = (2.0 * MARGIN + body.0).max(LEAST_WIDTH).max(whole.min(MOST_WIDTH));
    let description = format!("{title}. {}", lines.join(". "));
    let mut scene = Scene::new(width, TOP + body.1 + MARGIN, description);
    if let Some(image) = image {
        tile(&mut scene, image, (MARGIN, MARGIN), SIDE);
    }
    header_at(&mut scene, left, width - MARGIN - left, title, &lines);
    draw_legend(&mut scene, left, MARGIN + 66.0, legend);
    scene
}

fn draw_legend(scene: &mut Scene, x: f64, y: f64, legend: &Legend<'_>) {
    let notes = match *legend {
        Legend::Scale(scale) | Legend::Rgb(scale) => vec![scale.note()],
        Legend::Told(scale, what) => vec![what.to_owned(), scale.note()],
    };
    match *legend {
        Legend::Scale(scale) | Legend::Told(scale, _) => push_scale(scene, (x, y), BAR.0, scale),
        Legend::Rgb(scale) => push_bar(scene, (x, y), BAR.0, scale, gray),
    }
    let left = x + BAR.0 + 14.0;
    for (i, note) in notes.iter().enumerate() {
        let shown = fit_text(note, CAPTION, scene.width_px - MARGIN - left);
        scene.text((left, y + 9.0 + 15.0 * i as f64), CAPTION, Anchor::Start, SOFT_INK, shown);
    }
}

/// Adds a color bar of this width, with the values at its ends and at zero below it.
pub fn push_scale(scene: &mut Scene, at: (f64, f64), width: f64, scale: &Scale) {
    // The position, not the value: a layer of zeros has a legend all the same.
    match scale.table {
        Table::Viridis => push_bar(scene, at, width, scale, crate::color::viridis),
        Table::BlueOrange => push_bar(scene, at, width, scale, crate::color::blue_orange),
    }
}

fn push_bar(scene: &mut Scene, (x, y): (f64, f64), width: f64, scale: &Scale, color: impl Fn(f64) -> Rgb) {
    let from = if scale.table == Table::Viridis { 0.0 } else { -1.0 };
    // Two units a step: whole pixels of the PNG, without seams.
    let steps = (width / 2.0).round() as i32;
    let step_width = width / f64::from(steps);
    for step in 0..steps {
        let unit = from + (1.0 - from) * f64::from(step) / f64::from(steps - 1);
        scene.rect(x + step_width * f64::from(step), y, step_width, BAR.1, color(unit));
    }
    let limit = scale.limit;
    let ticks = if from < 0.0 {
        vec![(0.0, -limit), (0.5, 0.0), (1.0, limit)]
    } else {
        vec![(0.0, 0.0), (1.0, limit)]
    };
    let ticks = if limit > 0.0 { ticks } else { vec![(-from / 2.0, 0.0)] };
    for (place, value) in ticks {
        let anchor = match place {
            0.0 => Anchor::Start,
            1.0 => Anchor::End,
            _ => Anchor::Middle,
        };
        scene.text((x + place * width, y + BAR.1 + 14.0), CAPTION, anchor, INK, number(value));
    }
}

/// Adds a title at the top left of the page, and lines of running text below it.
pub fn header(scene: &mut Scene, room: f64, title: &str, lines: &[&str]) {
    header_at(scene, MARGIN, room, title, lines);
}

fn header_at(scene: &mut Scene, left: f64, room: f64, title: &str, lines: &[&str]) {
    text(scene, (left, MARGIN + 14.0), TITLE, INK, room, title);
    for (i, line) in lines.iter().enumerate() {
        text(scene, (left, MARGIN + 35.0 + 17.0 * i as f64), TEXT, SOFT_INK, room, line);
    }
}

/// Adds an image in a square whose upper left corner is `at`, with a hairline around it, since zero may be nearly as white as the
/// page.
pub fn tile(scene: &mut Scene, image: &Thumbnail, (x, y): (f64, f64), side: f64) {
    let (width, height) = size_in(image, side);
    scene.rect(x - 0.5, y - 0.5, width + 1.0, height + 1.0, HAIRLINE);
    scene.shapes.push(Shape::Image { x, y, width, height, image: image.clone() });
}
