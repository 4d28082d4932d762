//! The results as curves: a line through the means, and a band from the worst seed to the best.

use super::canvas::{CANVAS, Move, place, scrambling};
use super::nets::Network;
use super::run::Source;
use super::spread::Spread;
use super::study::{Contender, DatasetResult};
use super::{FlattenError, Point};
use striate_data::Dataset;
use striate_report::chart::{Anchor, Scene, Shape};
use striate_report::color::Rgb;
use striate_report::layout::{
    Block, CAPTION, HEADING, INK, SOFT_INK, TEXT, TITLE, column, grid, line, paragraph, row,
};
use striate_report::text::grouped;
use striate_report::{ReportError, Thumbnail, Tile, contact_sheet};

const GRID: Rgb = Rgb::hex(0xe4e4e4);

/// A plot without its labels, and the room for these: left, top, right, bottom.
const PLOT: (f64, f64) = (378.0, 220.0);
const AROUND: [f64; 4] = [32.0, 8.0, 24.0, 46.0];
/// Between two panels, side by side and one above the other.
const GAP: (f64, f64) = (46.0, 22.0);
/// Between the parts of the image.
const BETWEEN: f64 = 20.0;
/// The most lines of a text.
const LINES: usize = 2;

/// Draws the results on one data set: the accuracy under shifts, rotations and scrambling, and with few training images.
///
/// # Units
/// All axes of accuracy are in per cent.
pub fn curves(result: &DatasetResult) -> Scene {
    let seeds = result.contenders.first().map_or(0, |contender| contender.clean.seeds.len());
    let title = format!("Why not flatten the pixels of {}?", result.data);
    let panels = grid(&[Anchor::Start; 2], GAP, panels(result).iter().map(Panel::block));
    let band = match seeds {
        1 => "One seed.".to_string(),
        _ => format!("Lines: means of {seeds} seeds; bands: from the worst seed to the best."),
    };
    let moved = grouped(result.moved_images as u64);
    let foot = format!(
        "{band} Upper panels: the same {moved} test images, moved in the same way, for every network."
    );
    let width = panels.width_px();
    let parts = [
        paragraph(&title, TITLE, INK, width, LINES),
        legend(result),
        panels,
        paragraph(&foot, CAPTION, SOFT_INK, width, LINES),
    ];
    column(BETWEEN, parts).page(format!("{title} Accuracy of four networks of equal size"))
}

/// Color and dashes of a network's line, for readers and printers with and without color.
fn style(network: Network) -> (Rgb, Option<(f64, f64)>) {
    match network {
        Network::CnnPooled => (Rgb::hex(0x0072b2), None),
        Network::CnnFlat => (Rgb::hex(0x3ba7e0), Some((7.0, 3.0))),
        Network::Mlp => (Rgb::hex(0xc44e00), None),
        Network::MlpShifts => (Rgb::hex(0xe69f00), Some((7.0, 3.0))),
    }
}

/// The color of a band: a quarter of the line's, on white.
fn tint(color: Rgb) -> Rgb {
    let mix = |channel: u8| (255.0 - 0.25 * (255.0 - f64::from(channel))).round() as u8;
    Rgb { r: mix(color.r), g: mix(color.g), b: mix(color.b) }
}

fn legend(result: &DatasetResult) -> Block {
    let entries = result.contenders.iter().map(|contender| {
        let name = line(contender.name, TEXT, INK);
        let (stroke, dash) = style(contender.network);
        let middle = name.height_px() / 2.0;
        let stroke = Block::drawn(30.0, name.height_px(), |scene| {
            let points = vec![(0.0, middle), (30.0, middle)];
            scene.shapes.push(Shape::Polyline { points, width: 2.5, stroke, dash });
        });
        row(7.0, Anchor::Start, [stroke, name])
    });
    row(BETWEEN, Anchor::Start, entries)
}

/// One of the four plots.
struct Panel<'a> {
    title: &'static str,
    below: &'static str,
    /// Where along the x axis, 0 to 1, and what it says there.
    ticks: Vec<(f64, String)>,
    lines: Vec<Line<'a>>,
    /// The accuracy of guessing, where the figures come down to it.
    guessing: Option<f64>,
}

/// A network's figures with their places along the x axis.
struct Line<'a> {
    network: Network,
    points: Vec<(f64, &'a Spread)>,
}

fn panels(result: &DatasetResult) -> [Panel<'_>; 4] {
    [
        moved("Moved: accuracy (%)", "pixels", result, |contender| &contender.shifts, 1),
        moved("Turned: accuracy (%)", "degrees", result, |contender| &contender.rotations, 2),
        by_images(result),
        scrambled(result),
    ]
}

/// A tick at every `each`-th point.
fn moved<'a>(
    title: &'static str,
    below: &'static str,
    result: &'a DatasetResult,
    points: fn(&'a Contender) -> &'a [Point],
    each: usize,
) -> Panel<'a> {
    let amounts: Vec<u32> =
        result.contenders.first().map_or(&[][..], points).iter().map(|p| p.amount).collect();
    let last = f64::from(amounts.last().copied().unwrap_or(0).max(1));
    let each = if amounts.len() > 8 { each } else { 1 };
    let ticks = amounts.iter().step_by(each).map(|&amount| (f64::from(amount) / last, amount.to_string()));
    let line = |contender: &'a Contender| Line {
        network: contender.network,
        points: points(contender).iter().map(|p| (f64::from(p.amount) / last, &p.accuracy)).collect(),
    };
    let guessing = Some(1.0 / result.classes as f64);
    Panel {
        title,
        below,
        ticks: ticks.collect(),
        lines: result.contenders.iter().map(line).collect(),
        guessing,
    }
}

/// On a logarithmic axis.
fn by_images(result: &DatasetResult) -> Panel<'_> {
    let images: Vec<usize> = result
        .contenders
        .first()
        .map_or(&[][..], |c| &c.by_images)
        .iter()
        .map(|learned| learned.images)
        .collect();
    let log = |images: usize| (images as f64).ln();
    let (first, last) = (log(images.first().copied().unwrap_or(1)), log(result.train_images));
    let at = move |images: usize| if last > first { (log(images) - first) / (last - first) } else { 0.5 };
    let line = |contender| {
        let Contender { network, by_images, .. }: &Contender = contender;
        let points = by_images.iter().map(|learned| (at(learned.images), &learned.accuracy)).collect();
        Line { network: *network, points }
    };
    Panel {
        title: "Learned from few: accuracy (%)",
        below: "training images",
        ticks: images.iter().map(|&n| (at(n), grouped(n as u64))).collect(),
        lines: result.contenders.iter().map(line).collect(),
        guessing: None,
    }
}

fn scrambled(result: &DatasetResult) -> Panel<'_> {
    let line = |contender| {
        let Contender { network, clean, scrambled, .. }: &Contender = contender;
        Some(Line { network: *network, points: vec![(0.2, clean), (0.8, scrambled.as_ref()?)] })
    };
    Panel {
        title: "Pixels scrambled in one fixed order: accuracy (%)",
        below: "pixels, in training and test alike",
        ticks: vec![(0.2, "in place".into()), (0.8, "scrambled".into())],
        lines: result.contenders.iter().filter_map(line).collect(),
        guessing: None,
    }
}

impl Panel<'_> {
    /// The plot under its title.
    fn block(&self) -> Block {
        let [left, top, right, bottom] = AROUND;
        let plot =
            Block::drawn(left + PLOT.0 + right, top + PLOT.1 + bottom, |scene| self.draw(scene, left, top));
        column(0.0, [line(self.title, HEADING, INK), plot])
    }

    fn draw(&self, scene: &mut Scene, left: f64, top: f64) {
        let lowest = self.lines.iter().flat_map(|line| &line.points).map(|(_, s)| s.low).fold(1.0, f64::min);
        // From a round number below everything, in at most five steps.
        let step = [5, 10, 20].into_iter().find(|step| 100.0 - 100.0 * lowest <= 5.0 * f64::from(*step));
        let step = step.unwrap_or(20);
        let floor = (100.0 * lowest / f64::from(step) + 1e-9).floor() * f64::from(step);
        let (width, height) = PLOT;
        let y_of = |share: f64| top + height * (100.0 - 100.0 * share) / (100.0 - floor).max(1.0);
        for value in (floor as i32..=100).step_by(step as usize) {
            let y = y_of(f64::from(value) / 100.0).floor() + 0.5;
            scene.line((left, y), (left + width, y), GRID);
            scene.text((left - 8.0, y + 0.36 * CAPTION), CAPTION, Anchor::End, SOFT_INK, value.to_string());
        }
        let bottom = top + height + 0.5;
        scene.line((left, bottom), (left + width, bottom), SOFT_INK);
        for (at, label) in &self.ticks {
            let x = (left + at * width).floor() + 0.5;
            scene.line((x, bottom), (x, bottom + 4.0), SOFT_INK);
            scene.text((x, bottom + 8.0 + CAPTION), CAPTION, Anchor::Middle, SOFT_INK, label.clone());
        }
        let middle = (left + width / 2.0, bottom + 38.0);
        scene.text(middle, TEXT, Anchor::Middle, SOFT_INK, self.below);
        if let Some(guessing) = self.guessing.filter(|&guessing| 100.0 * guessing > floor) {
            let (y, stroke) = (y_of(guessing), SOFT_INK);
            let points = vec![(left, y), (left + width, y)];
            scene.shapes.push(Shape::Polyline { points, width: 1.0, stroke, dash: Some((2.0, 3.0)) });
            scene.text((left + 4.0, y - 4.0), CAPTION, Anchor::Start, SOFT_INK, "guessing");
        }
        let x_of = |at: f64| left + at * width;
        // Bands first: no band may hide a line.
        for line in &self.lines {
            let edges = line.points.iter().map(|&(at, s)| [x_of(at), y_of(s.high), y_of(s.low)]);
            band(scene, &edges.collect::<Vec<_>>(), tint(style(line.network).0));
        }
        for line in &self.lines {
            let (stroke, dash) = style(line.network);
            let points: Vec<_> = line.points.iter().map(|&(at, s)| (x_of(at), y_of(s.mean))).collect();
            scene.shapes.extend(points.iter().map(|&center| Shape::Dot {
                center,
                radius: 2.6,
                fill: stroke,
            }));
            scene.shapes.push(Shape::Polyline { points, width: 2.0, stroke, dash });
        }
    }
}

/// Fills the area between two curves, given as x, upper y and lower y, by curves between them that overlap a little: a scene
/// has lines, but no areas. Where the area is thinner than such a line it lies in the middle.
fn band(scene: &mut Scene, edges: &[[f64; 3]], stroke: Rgb) {
    const PITCH: f64 = 1.8;
    const LINE: f64 = 2.2;
    let thickest = edges.iter().map(|[_, upper, lower]| lower - upper).fold(0.0, f64::max);
    if edges.len() < 2 || thickest < 0.5 {
        return;
    }
    let gaps = ((thickest - LINE) / PITCH).ceil().max(0.0) as usize;
    for i in 0..=gaps {
        let share = i as f64 / gaps.max(1) as f64;
        let point = |&[x, upper, lower]: &[f64; 3]| {
            let middle = (upper + lower) / 2.0;
            let (first, last) = ((upper + LINE / 2.0).min(middle), (lower - LINE / 2.0).max(middle));
            (x, first + share * (last - first))
        };
        let points = edges.iter().map(point).collect();
        scene.shapes.push(Shape::Polyline { points, width: LINE, stroke, dash: None });
    }
}

/// Draws examples of the networks' input: a test image under every kind of move, the largest moves last.
///
/// # Errors
/// [`FlattenError::Images`] when the data set does not fit the experiment.
///
/// # Panics
/// When `index` is not below the number of test images.
pub fn shown(data: &Dataset, index: usize) -> Result<Scene, FlattenError> {
    let image = Source::new(data)?.test.sample(index).to_vec();
    let mut canvas = vec![0; CANVAS * CANVAS];
    place(&image, &mut canvas);
    let mut mixed = canvas.clone();
    let order = scrambling(1);
    place(&order.iter().map(|&from| image[from as usize]).collect::<Vec<u8>>(), &mut mixed);
    let tiles = [
        ("unmoved", canvas.clone()),
        ("6 px, one axis", Move::ShiftPx(6).apply(&canvas, 0)),
        ("10 px, both axes", Move::ShiftPx(10).apply(&canvas, 5)),
        ("30 degrees", Move::RotateDeg(30).apply(&canvas, 0)),
        ("90 degrees", Move::RotateDeg(90).apply(&canvas, 1)),
        ("scrambled, seed 1", mixed),
    ];
    let tile = |(caption, pixels): (&str, Vec<u8>)| {
        let image = Thumbnail::new(CANVAS, CANVAS, 1, &pixels, CANVAS)?;
        Ok(Tile { image, captions: vec![caption.to_string()] })
    };
    let tiles: Result<Vec<Tile>, ReportError> = tiles.into_iter().map(tile).collect();
    let tiles = tiles.expect("a canvas is a small gray image");
    Ok(contact_sheet(&format!("What the networks are shown: image {index} of {}", data.name), &tiles))
}
