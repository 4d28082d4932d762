//! What every page of maps and kernels has on top: what is seen, of what, and what the colors mean.

use crate::chart::{Anchor, Scene, Shape, fit_text, width_px};
use crate::color::Rgb;
use crate::maps::scale::{Scale, Table, number};
use crate::thumbnail::Thumbnail;

pub(crate) const INK: Rgb = Rgb::hex(0x1a1a1a);
pub(crate) const SOFT_INK: Rgb = Rgb::hex(0x555555);
const HAIRLINE: Rgb = Rgb::hex(0xbbbbbb);
pub(crate) const MARGIN: f64 = 20.0;
/// Where the page below the header begins.
pub(crate) const TOP: f64 = MARGIN + SIDE + 20.0;
/// Room for the header's text, and how wide a page becomes for the sake of a longer one.
pub(crate) const LEAST_WIDTH: f64 = 760.0;
const MOST_WIDTH: f64 = 1200.0;

/// Side of the image in the header.
const SIDE: f64 = 96.0;
const TITLE_SIZE: f64 = 17.0;
const TEXT_SIZE: f64 = 12.0;
pub(crate) const CAPTION_SIZE: f64 = 11.0;
const BAR: (f64, f64) = (254.0, 10.0);

/// What a page is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct About {
    /// The model and the image, for people: `runs/digits · 7.png: 7 with 99.8 %`.
    pub subject: String,
    /// What the network was shown.
    pub image: Option<Thumbnail>,
    /// Names of the values of the last layer; none where it is empty.
    pub classes: Vec<String>,
}

/// The colors of a page.
pub(crate) enum Legend<'a> {
    /// A color table.
    Scale(&'a Scale),
    /// A color table, and what it says.
    Told(&'a Scale, &'a str),
    /// Red, green and blue weights at once.
    Rgb(&'a Scale),
}

/// A page with its header; `body` is the size of what comes below it, beginning at ([`MARGIN`], [`TOP`]).
pub(crate) fn page(
    title: &str,
    lines: [&str; 2],
    image: Option<&Thumbnail>,
    legend: &Legend<'_>,
    body: (f64, f64),
) -> Scene {
    let left = MARGIN + image.map_or(0.0, |_| SIDE + 18.0);
    let texts = lines.iter().map(|line| width_px(line, TEXT_SIZE)).chain([width_px(title, TITLE_SIZE)]);
    let whole = left + texts.fold(0.0, f64::max).ceil() + MARGIN;
    let width = (2.0 * MARGIN + body.0).max(LEAST_WIDTH).max(whole.min(MOST_WIDTH));
    let description = format!("{title}. {}", lines.join(". "));
    let mut scene = Scene::new(width, TOP + body.1 + MARGIN, description);
    if let Some(image) = image {
        push_tile(&mut scene, image, MARGIN, MARGIN, SIDE);
    }
    let room = width - MARGIN - left;
    let shown = fit_text(title, TITLE_SIZE, room);
    scene.text((left, MARGIN + 14.0), TITLE_SIZE, Anchor::Start, INK, shown);
    for (i, line) in lines.into_iter().enumerate() {
        let at = (left, MARGIN + 35.0 + 17.0 * i as f64);
        let shown = fit_text(line, TEXT_SIZE, room);
        let tooltip = (shown != line).then(|| line.to_owned());
        let (size, anchor, rotate, fill) = (TEXT_SIZE, Anchor::Start, 0.0, SOFT_INK);
        scene.shapes.push(Shape::Text { at, size, anchor, rotate, fill, text: shown, tooltip });
    }
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
        let shown = fit_text(note, CAPTION_SIZE, scene.width_px - MARGIN - left);
        scene.text((left, y + 9.0 + 15.0 * i as f64), CAPTION_SIZE, Anchor::Start, SOFT_INK, shown);
    }
}

/// The colors of a scale as a bar of this width, its ends and zero in numbers below it.
pub(crate) fn push_scale(scene: &mut Scene, at: (f64, f64), width: f64, scale: &Scale) {
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
        scene.text((x + place * width, y + BAR.1 + 14.0), CAPTION_SIZE, anchor, INK, number(value));
    }
}

/// The gray of a weight, -1 to 1.
pub(crate) fn gray(unit: f64) -> Rgb {
    let level = (127.5 + 127.5 * unit).round() as u8;
    Rgb { r: level, g: level, b: level }
}

/// What a unit of the page is to a pixel of an image that is to fit into a square.
///
/// The PNG has two pixels a unit: an enlarged pixel is a whole number of them, so that all are of one size.
pub(crate) fn enlargement(width_px: f64, height_px: f64, side: f64) -> f64 {
    let fitting = side / width_px.max(height_px);
    if fitting >= 0.5 { (2.0 * fitting).floor() / 2.0 } else { fitting }
}

/// Adds an image in a square, with a hairline around it: zero is nearly as white as the page.
pub(crate) fn push_tile(scene: &mut Scene, image: &Thumbnail, x: f64, y: f64, side: f64) {
    let (w, h) = (f64::from(image.width_px()), f64::from(image.height_px()));
    let scale = enlargement(w, h, side);
    let (width, height) = (w * scale, h * scale);
    scene.rect(x - 0.5, y - 0.5, width + 1.0, height + 1.0, HAIRLINE);
    scene.shapes.push(Shape::Image { x, y, width, height, image: image.clone() });
}
