//! Draws loss and accuracy over the epochs of a run.

use super::axis::{Axis, epoch_ticks, label_size};
use super::font;
use super::scene::{Anchor, Scene, Shape};
use super::{GRID, INK, SOFT_INK};
use crate::color::Rgb;

/// The data of [`curves`]: entry `i` of each series belongs to epoch `i + 1`.
///
/// A value that is not finite is a gap, as for a validation that runs only every few epochs; series may have
/// different lengths, and an empty one is left out of the legend.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Curves<'a> {
    /// The network and the data, such as `convnet on mnist`.
    pub title: &'a str,
    /// The mean training loss of each epoch.
    pub train_loss: &'a [f64],
    /// The mean validation loss after each epoch.
    pub val_loss: &'a [f64],
    /// The training accuracy of each epoch, a fraction in 0 ..= 1.
    pub train_accuracy: &'a [f64],
    /// The validation accuracy after each epoch, a fraction in 0 ..= 1.
    pub val_accuracy: &'a [f64],
    /// The epoch, from 1, whose network is kept; it gets a mark.
    pub kept: Option<usize>,
}

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 372.0;
const PLOT_WIDTH: f64 = 350.0;
const PLOT_TOP: f64 = 82.0;
const PLOT_BOTTOM: f64 = 316.0;
const LEFT_PLOT_X: f64 = 62.0;
const RIGHT_PLOT_X: f64 = 542.0;
/// Of the image's head, which [`curve_panels`] leaves out.
const TITLE_HEIGHT: f64 = 48.0;
const TICK_SIZE: f64 = 11.0;
/// Between the numbers of an axis and the plot.
const LABEL_GAP: f64 = 8.0;
const LEGEND_SIZE: f64 = 12.0;

/// Above this number of epochs, points would touch each other, so only the line is drawn.
const DOTS_UP_TO: usize = 40;

/// Above this number of epochs, a thick line would hide the noise that it should show.
const THICK_UP_TO: usize = 200;

/// Beyond this a coordinate cannot be computed safely; such a loss is as good as infinite.
const LARGEST: f64 = 1e100;

const TRAIN: Style = Style { name: "train", color: Rgb::hex(0x1f77b4), width: 1.5, dash: Some((5.0, 3.0)) };
const VALIDATION: Style = Style { name: "validation", color: Rgb::hex(0xc65102), width: 2.0, dash: None };

/// Dashes as well as hue, for readers and printers without color.
#[derive(Clone, Copy)]
struct Style {
    name: &'static str,
    color: Rgb,
    width: f64,
    dash: Option<(f64, f64)>,
}

/// Draws loss (left) and accuracy (right) over the epochs, for training and validation. The last values are labeled, and the
/// epoch that was kept is ringed.
///
/// # Units
/// The image is 960 x 372 CSS pixels; accuracy is shown in per cent.
pub fn curves(curves: &Curves<'_>) -> Scene {
    let mut scene = Scene::new(WIDTH, HEIGHT, description(curves, "loss and accuracy"));
    let title = font::fit(curves.title, 16.0, WIDTH - 2.0 * LEFT_PLOT_X);
    scene.text((LEFT_PLOT_X, 30.0), 16.0, Anchor::Start, INK, title);
    let accuracies = per_cent(curves);
    let [loss, accuracy] = panels(curves, &accuracies);
    loss.draw(&mut scene);
    accuracy.draw(&mut scene);
    scene
}

/// Draws the two halves of [`curves`], loss and accuracy, as separate charts without a title, for pages of any width.
///
/// # Units
/// Each image is 480 x 324 CSS pixels.
pub fn curve_panels(curves: &Curves<'_>) -> [Scene; 2] {
    let accuracies = per_cent(curves);
    panels(curves, &accuracies).map(|panel| {
        let mut scene = Scene::new(WIDTH / 2.0, HEIGHT - TITLE_HEIGHT, description(curves, panel.name));
        let x = panel.x;
        panel.draw(&mut scene);
        scene.shift(LEFT_PLOT_X - x, -TITLE_HEIGHT);
        scene
    })
}

fn description(curves: &Curves<'_>, what: &str) -> String {
    let epochs = epochs(curves);
    let plural = if epochs == 1 { "" } else { "s" };
    format!("{}: {what} over {epochs} epoch{plural}", curves.title)
}

fn epochs(curves: &Curves<'_>) -> usize {
    let series = [curves.train_loss, curves.val_loss, curves.train_accuracy, curves.val_accuracy];
    series.iter().map(|series| series.len()).max().unwrap_or(0)
}

/// Accuracies of training and validation in per cent.
fn per_cent(curves: &Curves<'_>) -> [Vec<f64>; 2] {
    [curves.train_accuracy, curves.val_accuracy].map(|series| series.iter().map(|a| 100.0 * a).collect())
}

fn panels<'a>(curves: &Curves<'a>, [train, validation]: &'a [Vec<f64>; 2]) -> [Panel<'a>; 2] {
    let epochs = epochs(curves);
    let kept = curves.kept.filter(|kept| (1..=epochs).contains(kept));
    let loss = Panel {
        x: LEFT_PLOT_X,
        name: "loss",
        epochs,
        kept,
        series: [(TRAIN, curves.train_loss), (VALIDATION, curves.val_loss)],
        axis: loss_axis,
        label: loss_label,
    };
    let accuracy = Panel {
        x: RIGHT_PLOT_X,
        name: "accuracy (%)",
        epochs,
        kept,
        series: [(TRAIN, train), (VALIDATION, validation)],
        axis: accuracy_axis,
        label: |v| format!("{v:.2} %"),
    };
    [loss, accuracy]
}

/// Starts at zero unless that would flatten the curve.
fn loss_axis(low: f64, high: f64) -> Axis {
    let low = if low >= 0.0 && low < 0.6 * high { 0.0 } else { low };
    Axis::new(low, high, 5)
}

/// Within 0 to 100 %, and never so narrow that a hundredth of a point looks like progress.
fn accuracy_axis(low: f64, high: f64) -> Axis {
    let (floor, ceiling) = (low.min(0.0), high.max(100.0));
    let high = if high - low < 1.0 { (high + 0.5).min(ceiling) } else { high };
    let low = low.min((high - 1.0).max(floor));
    Axis::new(low, high, 5).cut_at(ceiling)
}

fn loss_label(value: f64) -> String {
    match value.abs() {
        size if size != 0.0 && !(1e-3..1e5).contains(&size) => format!("{value:.2e}"),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

/// One of the two plots.
struct Panel<'a> {
    x: f64,
    name: &'static str,
    epochs: usize,
    kept: Option<usize>,
    series: [(Style, &'a [f64]); 2],
    axis: fn(f64, f64) -> Axis,
    label: fn(f64) -> String,
}

impl Panel<'_> {
    fn draw(&self, scene: &mut Scene) {
        scene.text((self.x, PLOT_TOP - 14.0), 13.0, Anchor::Start, INK, self.name);
        let drawable = self.series.iter().flat_map(|(_, series)| series.iter().copied().filter(is_drawable));
        let range = drawable.fold(None, |range: Option<(f64, f64)>, v| {
            Some(range.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
        });
        let Some((low, high)) = range else {
            let middle = (self.x + PLOT_WIDTH / 2.0, (PLOT_TOP + PLOT_BOTTOM) / 2.0);
            scene.text(middle, LEGEND_SIZE, Anchor::Middle, SOFT_INK, "no finite values");
            return;
        };
        let axis = (self.axis)(low, high);
        self.grid(scene, &axis);
        self.legend(scene);
        for (style, series) in self.series {
            let width = if self.epochs <= THICK_UP_TO { style.width } else { 1.0 };
            self.line(scene, &axis, Style { width, ..style }, series);
        }
        self.ring(scene, &axis);
        self.last_values(scene, &axis);
    }

    fn x_of(&self, epoch: usize) -> f64 {
        // One epoch has no extent: its dot stands in the middle.
        let position = if self.epochs > 1 { (epoch - 1) as f64 / (self.epochs - 1) as f64 } else { 0.5 };
        self.x + position * PLOT_WIDTH
    }

    fn grid(&self, scene: &mut Scene, axis: &Axis) {
        let ticks = axis.ticks();
        let size = label_size(&ticks, TICK_SIZE, LEFT_PLOT_X - LABEL_GAP);
        for (value, label) in ticks {
            let y = y_of(axis, value).floor() + 0.5; // on the pixel grid: crisp
            scene.line((self.x, y), (self.x + PLOT_WIDTH, y), GRID);
            scene.text((self.x - LABEL_GAP, y + 0.36 * size), size, Anchor::End, SOFT_INK, label);
        }
        let bottom = PLOT_BOTTOM + 0.5;
        for epoch in epoch_ticks(self.epochs, 8) {
            let x = self.x_of(epoch).floor() + 0.5;
            scene.line((x, bottom), (x, bottom + 4.0), SOFT_INK);
            let at = (x, bottom + 8.0 + TICK_SIZE);
            scene.text(at, TICK_SIZE, Anchor::Middle, SOFT_INK, epoch.to_string());
        }
        scene.line((self.x, bottom), (self.x + PLOT_WIDTH, bottom), SOFT_INK);
        let middle = (self.x + PLOT_WIDTH / 2.0, PLOT_BOTTOM + 40.0);
        let title = match self.kept {
            Some(kept) => {
                let x = self.x_of(kept).floor() + 0.5;
                let (points, dash) = (vec![(x, PLOT_TOP), (x, PLOT_BOTTOM)], Some((2.0, 3.0)));
                scene.shapes.push(Shape::Polyline { points, width: 1.0, stroke: SOFT_INK, dash });
                format!("epoch (epoch {kept}, ringed, was kept)")
            }
            None => "epoch".to_owned(),
        };
        scene.text(middle, LEGEND_SIZE, Anchor::Middle, SOFT_INK, title);
    }

    /// Around the validation of the epoch that is kept.
    fn ring(&self, scene: &mut Scene, axis: &Axis) {
        let [_, (style, validation)] = self.series;
        let Some(kept) = self.kept else { return };
        if let Some(&value) = validation.get(kept - 1).filter(|value| is_drawable(value)) {
            let center = (self.x_of(kept), y_of(axis, value));
            for (radius, fill) in [(6.0, style.color), (4.5, Rgb::WHITE), (2.5, style.color)] {
                scene.shapes.push(Shape::Dot { center, radius, fill });
            }
        }
    }

    /// Right-aligned on the panel's title line.
    fn legend(&self, scene: &mut Scene) {
        let y = PLOT_TOP - 14.0;
        let mut right = self.x + PLOT_WIDTH;
        for (style, _) in self.series.iter().rev().filter(|(_, series)| series.iter().any(is_drawable)) {
            scene.text((right, y), LEGEND_SIZE, Anchor::End, INK, style.name);
            right -= font::width_px(style.name, LEGEND_SIZE) + 6.0;
            let points = vec![(right - 24.0, y - 4.0), (right, y - 4.0)];
            scene.shapes.push(polyline(points, *style));
            right -= 24.0 + 16.0;
        }
    }

    /// The curve, broken at gaps; a point without neighbors is a dot.
    fn line(&self, scene: &mut Scene, axis: &Axis, style: Style, series: &[f64]) {
        let mut epoch = 0;
        for run in series.split_inclusive(|v| !is_drawable(v)) {
            let values = run.iter().filter(|v| is_drawable(v));
            let points: Vec<(f64, f64)> =
                values.enumerate().map(|(i, &value)| (self.x_of(epoch + i + 1), y_of(axis, value))).collect();
            epoch += run.len();
            if points.len() == 1 || self.epochs <= DOTS_UP_TO {
                let dot = |&center| Shape::Dot { center, radius: 2.5, fill: style.color };
                scene.shapes.extend(points.iter().map(dot));
            }
            if points.len() > 1 {
                scene.shapes.push(polyline(points, style));
            }
        }
    }

    /// The last finite value of each series, right of the plot, pushed apart where they would overlap.
    fn last_values(&self, scene: &mut Scene, axis: &Axis) {
        let mut labels: Vec<(f64, Style, f64)> = self
            .series
            .iter()
            .filter_map(|(style, series)| {
                let last = *series.iter().rev().find(|v| is_drawable(v))?;
                Some((y_of(axis, last), *style, last))
            })
            .collect();
        labels.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let [upper, lower] = &mut labels[..] {
            let overlap = (TICK_SIZE + 2.0) - (lower.0 - upper.0);
            if overlap > 0.0 {
                upper.0 -= overlap / 2.0;
                lower.0 += overlap / 2.0;
            }
        }
        for (y, style, value) in labels {
            let at = (self.x + PLOT_WIDTH + 8.0, y + 0.36 * TICK_SIZE);
            scene.text(at, TICK_SIZE, Anchor::Start, style.color, (self.label)(value));
        }
    }
}

fn is_drawable(value: &f64) -> bool {
    value.abs() < LARGEST // false for NaN
}

fn y_of(axis: &Axis, value: f64) -> f64 {
    PLOT_BOTTOM - axis.position(value) * (PLOT_BOTTOM - PLOT_TOP)
}

fn polyline(points: Vec<(f64, f64)>, style: Style) -> Shape {
    Shape::Polyline { points, width: style.width, stroke: style.color, dash: style.dash }
}

#[cfg(test)]
mod tests;
