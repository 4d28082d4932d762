//! Draws the confusion matrix.

use super::font;
use super::scene::{Anchor, Scene, Shape};
use super::{INK, SOFT_INK};
use crate::color::{Rgb, blue_orange};
use crate::error::ReportError;
use crate::metrics::Confusion;
use crate::text::{grouped, percent};

/// Up to this number of classes, the cells show their counts; with more, they would be too small to read.
const COUNTS_UP_TO: usize = 30;

const TITLE_SIZE: f64 = 16.0;
const AXIS_SIZE: f64 = 12.0;
const LEGEND_SIZE: f64 = 11.0;
/// Beyond this a name is cut in the middle.
const NAME_LIMIT_PX: f64 = 320.0;
/// Names closer than this would touch where they are slanted.
const NAME_PITCH_PX: f64 = 14.0;
const MARGIN: f64 = 16.0;
const GRID_TOP: f64 = 52.0;

/// The color of empty cells.
const BLANK: Rgb = Rgb::hex(0xf7f7f7);
/// The color of correct predictions: gray, so that mistakes stand out.
const RIGHT: Rgb = Rgb::hex(0xdcdfe4);
/// The color strength of the rarest mistake, relative to the most common one.
const FAINTEST: f64 = 0.2;

/// Draws a confusion matrix: true classes down, predicted classes across, counts in the cells.
///
/// Color marks mistakes: the share of the true class that was predicted as another class, so rare classes are as readable as
/// common ones, on a scale up to the largest such share. Correct predictions are gray, empty cells are blank, and a class without
/// images is a gray row. Above 30 classes the counts are omitted, and only some of the names are shown.
///
/// # Errors
/// [`ReportError::ClassNames`] if there is not one name per class.
pub fn confusion<S: AsRef<str>>(
    title: &str,
    confusion: &Confusion,
    class_names: &[S],
) -> Result<Scene, ReportError> {
    if class_names.len() != confusion.classes() {
        return Err(ReportError::ClassNames { expected: confusion.classes(), got: class_names.len() });
    }
    let names: Vec<&str> = class_names.iter().map(AsRef::as_ref).collect();
    let layout = Layout::new(&names);
    let headline = headline(title, confusion);

    let right = layout.left + layout.grid + 100.0;
    let width = right.max(font::width_px(&headline, TITLE_SIZE) + 2.0 * MARGIN).min(right.max(720.0));
    let height = GRID_TOP + layout.grid.max(120.0) + layout.x_names_height + 2.0 * AXIS_SIZE + MARGIN;
    let mut scene = Scene::new(width.ceil(), height.ceil(), format!("confusion matrix, {headline}"));
    let shown = font::fit(&headline, TITLE_SIZE, width - 2.0 * MARGIN);
    scene.text((MARGIN, 30.0), TITLE_SIZE, Anchor::Start, INK, shown);
    cells(&mut scene, &layout, confusion, &names);
    axes(&mut scene, &layout, &names);
    legend(&mut scene, &layout, confusion);
    Ok(scene)
}

fn headline(title: &str, confusion: &Confusion) -> String {
    let separator = if title.is_empty() { "" } else { " · " };
    let (accuracy, hits, total) = (percent(confusion.accuracy()), confusion.hits(), confusion.total());
    format!("{title}{separator}accuracy {accuracy} ({} of {})", grouped(hits), grouped(total))
}

/// Where things lie; lengths in pixels.
struct Layout {
    cell: f64,
    grid: f64,
    left: f64,
    name_size: f64,
    /// Every how many classes a name is written.
    name_every: usize,
    names_slant: bool,
    x_names_height: f64,
}

impl Layout {
    fn new(names: &[&str]) -> Self {
        let classes = names.len();
        let cell = match classes {
            0..=COUNTS_UP_TO => (440.0 / classes.max(1) as f64).floor().clamp(23.0, 88.0),
            // Whole pixels as long as there are any, so that cells do not blur into each other.
            _ if classes <= 1000 => (690.0 / classes as f64).floor().max(1.0),
            _ => 1000.0 / classes as f64,
        };
        let name_size = (0.8 * cell).clamp(9.0, 11.0);
        let name_every = round_stride(NAME_PITCH_PX / cell);
        let written = || names.iter().step_by(name_every).map(|name| shown_name(name, name_size));
        let widest = written().map(|name| font::width_px(&name, name_size)).fold(0.0, f64::max);
        let names_slant = widest > cell * name_every as f64 - 4.0;
        Self {
            cell,
            grid: cell * classes as f64,
            left: (MARGIN + AXIS_SIZE + 8.0 + widest + 6.0).ceil(),
            name_size,
            name_every,
            names_slant,
            // Slanted by 45 degrees.
            x_names_height: if names_slant { (widest + name_size) * 0.71 + 8.0 } else { name_size + 8.0 },
        }
    }

    fn x(&self, class: usize) -> f64 {
        self.left + class as f64 * self.cell
    }

    fn y(&self, class: usize) -> f64 {
        GRID_TOP + class as f64 * self.cell
    }

    fn bottom(&self) -> f64 {
        GRID_TOP + self.grid
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50, … that is at least `stride`.
fn round_stride(stride: f64) -> usize {
    let strides = (0..18).flat_map(|power| [1, 2, 5].map(|factor| factor * 10_usize.pow(power)));
    strides.into_iter().find(|&s| s as f64 >= stride).unwrap_or(usize::MAX)
}

fn shown_name(name: &str, size: f64) -> String {
    font::fit(name, size, NAME_LIMIT_PX)
}

fn cells(scene: &mut Scene, layout: &Layout, confusion: &Confusion, names: &[&str]) {
    let classes = confusion.classes();
    // White gaps help the eye only where cells are large.
    let gap = if classes <= COUNTS_UP_TO { 1.0 } else { 0.0 };
    let side = layout.cell - gap;
    let largest = largest_mistake(confusion);
    if gap == 0.0 {
        scene.rect(layout.left, GRID_TOP, layout.grid, layout.grid, BLANK);
    }
    for label in 0..classes {
        let no_images = confusion.support(label) == 0;
        if gap == 0.0 && no_images {
            scene.rect(layout.left, layout.y(label), layout.grid, side, Rgb::MISSING);
        } else if gap > 0.0 {
            let fill = if no_images { Rgb::MISSING } else { BLANK };
            for predicted in (0..classes).filter(|&predicted| confusion.count(label, predicted) == 0) {
                scene.rect(layout.x(predicted), layout.y(label), side, side, fill);
            }
        }
    }

    let size = count_size(layout, confusion);
    for (label, predicted, count) in confusion.cells() {
        let share = count as f64 / confusion.support(label) as f64;
        let fill = if label == predicted { RIGHT } else { mistake(share / largest) };
        let (x, y) = (layout.x(predicted), layout.y(label));
        let counts = classes <= COUNTS_UP_TO;
        let tooltip = counts.then(|| {
            let (count, share) = (grouped(count), percent(Some(share)));
            format!("{} predicted as {}: {count} ({share})", names[label], names[predicted])
        });
        scene.shapes.push(Shape::Rect { x, y, width: side, height: side, fill, tooltip });
        if counts && size >= 5.0 {
            let at = (x + side / 2.0, y + side / 2.0 + 0.36 * size);
            scene.text(at, size, Anchor::Middle, fill.ink(), count.to_string());
        }
    }
}

/// The largest share of a class that was predicted as one other class; 0 without mistakes.
fn largest_mistake(confusion: &Confusion) -> f64 {
    let mistakes = confusion.cells().filter(|(label, predicted, _)| label != predicted);
    mistakes.map(|(label, _, count)| count as f64 / confusion.support(label) as f64).fold(0.0, f64::max)
}

/// The color of a mistake of this share of the largest.
fn mistake(share: f64) -> Rgb {
    blue_orange(FAINTEST + (1.0 - FAINTEST) * share)
}

/// One font size for all counts: the one at which the widest fits its cell.
fn count_size(layout: &Layout, confusion: &Confusion) -> f64 {
    let widest = confusion.cells().map(|(_, _, count)| font::width_px(&count.to_string(), 1.0));
    let widest = widest.fold(0.0, f64::max);
    ((layout.cell - 5.0) / widest).min(0.4 * layout.cell).min(13.0)
}

fn axes(scene: &mut Scene, layout: &Layout, names: &[&str]) {
    let size = layout.name_size;
    for (class, &name) in names.iter().enumerate().step_by(layout.name_every) {
        let text = shown_name(name, size);
        let tooltip = (text != name).then(|| name.to_owned());
        let center = (class as f64 + 0.5) * layout.cell;
        let y_name = (layout.left - 6.0, GRID_TOP + center + 0.36 * size);
        let (x_name, anchor, rotate) = if layout.names_slant {
            ((layout.left + center + 0.5 * size, layout.bottom() + size), Anchor::End, -45.0)
        } else {
            ((layout.left + center, layout.bottom() + 4.0 + size), Anchor::Middle, 0.0)
        };
        for (at, anchor, rotate) in [(y_name, Anchor::End, 0.0), (x_name, anchor, rotate)] {
            let (text, tooltip) = (text.clone(), tooltip.clone());
            scene.shapes.push(Shape::Text { at, size, anchor, rotate, fill: INK, text, tooltip });
        }
    }
    let below = (layout.left + layout.grid / 2.0, layout.bottom() + layout.x_names_height + AXIS_SIZE + 6.0);
    scene.text(below, AXIS_SIZE, Anchor::Middle, SOFT_INK, "predicted class");
    scene.shapes.push(Shape::Text {
        at: (MARGIN + AXIS_SIZE, GRID_TOP + layout.grid / 2.0),
        size: AXIS_SIZE,
        anchor: Anchor::Middle,
        rotate: -90.0,
        fill: SOFT_INK,
        text: "true class".to_owned(),
        tooltip: None,
    });
}

/// The legend to the right of the matrix: the scale of mistakes, correct predictions, and the meaning of a gray row if there is
/// one.
fn legend(scene: &mut Scene, layout: &Layout, confusion: &Confusion) {
    const STEPS: usize = 50;
    let (x, width) = (layout.left + layout.grid + 18.0, 12.0);
    let words = x + width + 5.0;
    let mut y = GRID_TOP;
    let mut line = |scene: &mut Scene, x: f64, text: &str| {
        scene.text((x, y + LEGEND_SIZE), LEGEND_SIZE, Anchor::Start, SOFT_INK, text);
        y += 1.4 * LEGEND_SIZE;
        y
    };
    scene.rect(x, GRID_TOP + 1.0, width, width, RIGHT);
    line(scene, words, "right");
    if (0..confusion.classes()).any(|class| confusion.support(class) == 0) {
        scene.rect(x, GRID_TOP + 1.0 + 1.4 * LEGEND_SIZE, width, width, Rgb::MISSING);
        line(scene, words, "no images");
    }
    let largest = largest_mistake(confusion);
    if largest == 0.0 {
        return;
    }
    for text in ["", "mistakes,", "of the", "true class:"] {
        line(scene, x, text);
    }
    let top = line(scene, x, "") - 0.9 * LEGEND_SIZE;
    let height = (GRID_TOP + layout.grid - top).clamp(60.0, 200.0).round();
    let step = height / STEPS as f64;
    for i in 0..STEPS {
        let y = top + i as f64 * step;
        // Steps overlap downwards, so that no white shows between them.
        let tall = if i + 1 < STEPS { step + 0.5 } else { step };
        scene.rect(x, y, width, tall, mistake(1.0 - i as f64 / (STEPS - 1) as f64));
    }
    for (share, label) in [(1.0, percent(Some(largest))), (0.0, "0 %".to_owned())] {
        let y = top + (1.0 - share) * (height - 8.0) + 4.0 + 0.36 * LEGEND_SIZE;
        scene.text((words, y), LEGEND_SIZE, Anchor::Start, SOFT_INK, label);
    }
}

#[cfg(test)]
mod tests;
