//! A value taken apart, as a page.

use super::display::norm;
use super::grid::{cell_side, push_frame, push_grid};
use super::tiles::{HEIGHT as TILES, push_tiles};
use super::waterfall::{height as bars_height, push_bars, width as bars_width};
use super::{Cell, Sum, Work, Xray};
use striate_report::chart::{Anchor, Scene, fit_text};
use striate_report::color::Rgb;
use striate_report::layout::{About, CAPTION, INK, MARGIN, SOFT_INK, push_scale};
use striate_report::scale::Scale;
use striate_report::scale::number;
use striate_report::wrap_text;

const WIDTH: f64 = 2.0 * MARGIN + 1020.0;
const TEXT_SIZE: f64 = 12.0;
const LINE: f64 = 18.0;
/// Where the tiles begin, and what is between the parts of the page.
const TOP: f64 = 84.0;
const BETWEEN: f64 = 26.0;
/// Rows of channels.
const ROWS: usize = 4;
const LABEL: f64 = 74.0;
/// Room for the sign between two grids, and for the subtotal.
const SIGN: f64 = 24.0;
const SUBTOTAL: f64 = 80.0;
/// Between a subtotal and the next channel beside it.
const GUTTER: f64 = 16.0;
/// Most lines of a sentence.
const LINES: usize = 3;
/// Above the channels: what they are, and three scales.
const HEAD: f64 = 62.0;
const BAR: f64 = 120.0;
const RING: Rgb = Rgb::hex(0xd9480f);

/// How the channels of a sum are laid out.
struct Layout {
    columns: usize,
    shown: usize,
    pitch: (f64, f64),
    grid: (f64, f64),
}

impl Layout {
    fn new(sum: &Sum) -> Self {
        let cell = cell_side(sum.window);
        let grid = (cell * sum.window[1] as f64, cell * sum.window[0] as f64);
        let pitch = (LABEL + 3.0 * grid.0 + 2.0 * SIGN + SUBTOTAL + GUTTER, grid.1 + 14.0);
        let columns =
            (((WIDTH - 2.0 * MARGIN + GUTTER) / pitch.0) as usize).clamp(1, sum.channels.len().max(1));
        let shown = sum.channels.len().min(ROWS * columns);
        Self { columns, shown, pitch, grid }
    }

    fn height(&self) -> f64 {
        self.pitch.1 * self.shown.div_ceil(self.columns) as f64
    }
}

impl Xray {
    /// A page with the receptive field of the value, its gradient with respect to each pixel, its position in the map, its
    /// products, and the proof of their sum. `about.image` is the input of the network.
    ///
    /// Windows, kernels and products each have one scale, for all channels.
    pub fn page(&self, about: &About) -> Scene {
        let work_height = match &self.work {
            Work::Sum(sum) => HEAD + Layout::new(sum).height(),
            Work::Max { cells, .. } | Work::Mean { cells, .. } => 2.0 * LINE + grid_of(cells).2,
            Work::Add { .. } | Work::Value { .. } => 0.0,
        };
        let most = self.bars_shown();
        let width = WIDTH.max(2.0 * MARGIN + bars_width(self, most));
        let room = width - 2.0 * MARGIN;
        let lines = |text: &String| wrap_text(text, TEXT_SIZE, room, LINES);
        let proofs: Vec<String> = self.proofs().iter().flat_map(lines).collect();
        let sees = format!("{}; {}", self.sees(), self.influence());
        let head: Vec<String> = [&about.subject, &sees].into_iter().flat_map(lines).collect();
        let top = TOP + LINE * (head.len() - 2) as f64;
        let bottom = bars_height(self, most) + BETWEEN + LINE * proofs.len() as f64;
        let height = top + TILES + BETWEEN + work_height + BETWEEN + bottom + MARGIN;
        let title = format!("{} = {}", self.title(), number(self.value));
        let mut scene = Scene::new(width, height, format!("{title}. {}", about.subject));
        let line = |scene: &mut Scene, y: f64, size: f64, ink: Rgb, text: &str| {
            scene.text((MARGIN, y), size, Anchor::Start, ink, fit_text(text, size, room));
        };
        line(&mut scene, MARGIN + 14.0, 17.0, INK, &format!("{title}   ({})", self.operations()));
        for (i, text) in head.iter().enumerate() {
            line(&mut scene, MARGIN + 34.0 + 17.0 * i as f64, TEXT_SIZE, SOFT_INK, text);
        }
        push_tiles(&mut scene, self, about.image.as_ref(), (MARGIN, top));
        let mut y = top + TILES + BETWEEN;
        match &self.work {
            Work::Sum(sum) => push_sum(&mut scene, sum, y),
            Work::Max { input, cells, winner } => {
                let text = format!("the largest of {} values of {input}, framed", cells.len());
                push_cells(&mut scene, &text, cells, *winner, y);
            }
            Work::Mean { input, cells, divisor } => {
                let text = format!("the sum of {} values of {input}, divided by {divisor}", cells.len());
                push_cells(&mut scene, &text, cells, None, y);
            }
            Work::Add { .. } | Work::Value { .. } => {}
        }
        y += work_height + if work_height > 0.0 { BETWEEN } else { 0.0 };
        push_bars(&mut scene, self, most, (MARGIN, y));
        y += bars_height(self, most) + BETWEEN;
        for text in &proofs {
            line(&mut scene, y, TEXT_SIZE, INK, text);
            y += LINE;
        }
        scene
    }

    fn bars_shown(&self) -> usize {
        if let Work::Sum(sum) = &self.work { Layout::new(sum).shown } else { 0 }
    }

    /// The proofs, one per line.
    fn proofs(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .steps
            .iter()
            .map(|step| {
                let does = step.norm.as_ref().map_or_else(String::new, |n| format!(" ({})", norm(n)));
                format!("{}{does}: {}", step.name, step.proof_line())
            })
            .collect();
        if let (Some(proof), Some(norm)) = (&self.in_use, self.steps.get(1)) {
            let (hand, engine) = (super::display::full(proof.by_hand), super::display::full(proof.engine));
            let name = &norm.name;
            lines.push(format!(
                "{name}, with the norm folded into the weights by the engine: by hand {hand}, engine {engine}: {}",
                proof.verdict()
            ));
        }
        if let Some(proof) = self.steps.first().map(|step| step.proof).filter(|proof| proof.bound > 0.0) {
            let off = (f64::from(proof.engine) - proof.exact).abs();
            lines.push(format!(
                "Computed by hand in the engine's summation order ({}). In double precision the sum is {}; the engine's error is \
                 {off:.1e} (bound: {:.1e}).",
                self.isa,
                super::display::exact(proof.exact),
                proof.bound
            ));
        }
        lines
    }
}

/// The channels of a sum, the largest first.
fn push_sum(scene: &mut Scene, sum: &Sum, top: f64) {
    let layout = Layout::new(sum);
    let all = |of: fn(&super::ChannelSum) -> Vec<f32>| sum.channels.iter().flat_map(of).collect::<Vec<_>>();
    let windows = all(|c| c.window.iter().flatten().copied().collect());
    let scales = [
        (format!("windows of {}", sum.input), Scale::of(&windows, windows.iter().any(|&v| v < 0.0))),
        ("kernels".to_owned(), Scale::of(&all(|c| c.kernel.clone()), true)),
        ("products".to_owned(), Scale::of(&all(|c| c.products.iter().map(|&p| p as f32).collect()), true)),
    ];
    let kind = if sum.window == [1, 1] { "values" } else { "channels" };
    let shown = match sum.channels.len() {
        1 => format!("its only {}", &kind[..kind.len() - 1]),
        n if n == layout.shown => format!("all {n} {kind}, the largest sum first"),
        n => format!("the {} of {n} {kind} with the largest sums", layout.shown),
    };
    let text =
        format!("terms of the sum: {} x kernels = products; {shown}", scales[0].0).replace(" x ", " × ");
    let text = fit_text(&text, TEXT_SIZE, scene.width_px - 2.0 * MARGIN);
    scene.text((MARGIN, top + 10.0), TEXT_SIZE, Anchor::Start, INK, text);
    let mut x = MARGIN;
    for (name, scale) in &scales {
        push_scale(scene, (x, top + 23.0), BAR, scale);
        let name = fit_text(name, CAPTION, 180.0);
        scene.text((x + BAR + 8.0, top + 32.0), CAPTION, Anchor::Start, SOFT_INK, name);
        x += BAR + 210.0;
    }
    for (i, channel) in sum.channels.iter().take(layout.shown).enumerate() {
        let left = MARGIN + layout.pitch.0 * (i % layout.columns) as f64;
        let y = top + HEAD + layout.pitch.1 * (i / layout.columns) as f64;
        let middle = y + layout.grid.1 / 2.0 + 4.0;
        let name = format!("{} {}", &kind[..kind.len() - 1], channel.channel);
        scene.text((left, middle), CAPTION, Anchor::Start, INK, name);
        let inside = |v: Vec<f32>| {
            let padded = v.into_iter().zip(&channel.window);
            padded.map(|(v, x)| x.map(|_| v)).collect::<Vec<_>>()
        };
        let products = channel.products.iter().map(|&p| p as f32).collect();
        let grids =
            [channel.window.clone(), channel.kernel.iter().map(|&w| Some(w)).collect(), inside(products)];
        let mut x = left + LABEL;
        for ((values, (_, scale)), sign) in grids.iter().zip(&scales).zip(["×", "=", ""]) {
            push_grid(scene, (x, y), sum.window, values, scale);
            x += layout.grid.0;
            scene.text((x + SIGN / 2.0, middle), TEXT_SIZE, Anchor::Middle, INK, sign);
            x += SIGN;
        }
        let sum_of = if sum.window == [1, 1] { "" } else { "sum " };
        let subtotal = format!("{sum_of}{}", number(channel.subtotal as f32));
        scene.text((x - SIGN + 8.0, middle), CAPTION, Anchor::Start, INK, subtotal);
    }
}

/// Rows and columns of the window that these cells are of, and how high it is drawn.
fn grid_of(cells: &[Cell]) -> (Vec<usize>, Vec<usize>, f64) {
    let unique = |axis: usize| {
        let mut all: Vec<usize> = cells.iter().map(|cell| cell.at[axis]).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (rows, columns) = (unique(0), unique(1));
    let height = cell_side([rows.len(), columns.len()]) * rows.len() as f64;
    (rows, columns, height)
}

/// The cells of a pooling's window, the winner framed.
fn push_cells(scene: &mut Scene, text: &str, cells: &[Cell], winner: Option<usize>, top: f64) {
    let (rows, columns, _) = grid_of(cells);
    let values: Vec<Option<f32>> = cells.iter().map(|cell| Some(cell.value)).collect();
    let plain: Vec<f32> = cells.iter().map(|cell| cell.value).collect();
    let scale = Scale::of(&plain, plain.iter().any(|&v| v < 0.0));
    scene.text((MARGIN, top + 10.0), TEXT_SIZE, Anchor::Start, INK, text);
    push_scale(scene, (MARGIN + 430.0, top + 1.0), BAR, &scale);
    let size = [rows.len(), columns.len()];
    let (left, y) = (MARGIN, top + 2.0 * LINE);
    push_grid(scene, (left, y), size, &values, &scale);
    let side = cell_side(size);
    if let Some(winner) = winner {
        let at =
            (left + side * (winner % size[1].max(1)) as f64, y + side * (winner / size[1].max(1)) as f64);
        push_frame(scene, (at.0, at.1, side, side), RING, 2.5);
    }
}
