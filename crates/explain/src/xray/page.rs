//! A decomposed value as a page.

use super::display::norm;
use super::grid::{cell_of, cells, push_frame};
use super::tiles::tiles;
use super::waterfall::waterfall;
use super::{Cell, ChannelSum, Sum, Work, Xray};
use striate_report::chart::{Anchor, Scene};
use striate_report::color::Rgb;
use striate_report::layout::{
    About, Block, CAPTION, Head, INK, SOFT_INK, TEXT, color_bar, column, fitted, grid, line, paragraph, row,
};
use striate_report::scale::{Scale, number};

/// The minimum width of the page inside its margins.
const WIDTH: f64 = 1020.0;
/// Between the parts of the page.
const BETWEEN: f64 = 26.0;
/// The most rows and columns of channels, and what is between them.
const ROWS: usize = 4;
const COLUMNS: usize = 3;
const CHANNEL_GAP: (f64, f64) = (16.0, 14.0);
/// Room for the sign between two grids, and between a grid and what is beside it.
const SIGN: f64 = 24.0;
const BESIDE: f64 = 8.0;
/// Most lines of a sentence.
const LINES: usize = 3;
/// Width of a color bar, room for its name, and what is between two of them.
const BAR: f64 = 120.0;
const BAR_NAME: f64 = 180.0;
const BAR_GAP: f64 = 24.0;
const RING: Rgb = Rgb::hex(0xd9480f);

impl Xray {
    /// Draws a page with the receptive field of the value, its gradient with respect to each pixel, its position in the map,
    /// its products, and the proof of their sum. `about.image` is the input of the network.
    ///
    /// Windows, kernels and products each have one scale, for all channels.
    pub fn page(&self, about: &About) -> Scene {
        let mut shown = 0;
        let work = match &self.work {
            Work::Sum(sum) => {
                let channels = channels(sum);
                shown = channels.1;
                Some(terms(sum, channels))
            }
            Work::Max { input, cells, winner } => {
                let text = format!("the largest of {} values of {input}, framed", cells.len());
                Some(window(&text, cells, *winner))
            }
            Work::Mean { input, cells, divisor } => {
                let text = format!("the sum of {} values of {input}, divided by {divisor}", cells.len());
                Some(window(&text, cells, None))
            }
            Work::Add { .. } | Work::Value { .. } => None,
        };
        let parts = [tiles(self, about.image.as_ref())].into_iter().chain(work);
        let parts = column(BETWEEN, parts.chain([waterfall(self, shown)])).in_width(WIDTH, Anchor::Start);
        let proofs = self.proofs();
        let proofs = proofs.iter().map(|proof| paragraph(proof, TEXT, INK, parts.width_px(), LINES));
        let proofs = column(2.0, proofs);
        let title = format!("{} = {}", self.title(), number(self.value));
        let sees = format!("{}; {}", self.sees(), self.influence());
        let head = Head {
            title: &format!("{title}   ({})", self.operations()),
            lines: &[&about.subject, &sees],
            ..Head::default()
        };
        head.page(column(BETWEEN, [parts, proofs]))
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

/// The scales of the windows, of the kernels and of the products of all channels.
fn scales(sum: &Sum) -> [Scale; 3] {
    let all = |of: fn(&ChannelSum) -> Vec<f32>| sum.channels.iter().flat_map(of).collect::<Vec<_>>();
    let windows = all(|c| c.window.iter().flatten().copied().collect());
    [
        Scale::of(&windows, windows.iter().any(|&v| v < 0.0)),
        Scale::of(&all(|c| c.kernel.clone()), true),
        Scale::of(&all(|c| c.products.iter().map(|&p| p as f32).collect()), true),
    ]
}

/// What a term of the sum is called.
fn kind(sum: &Sum) -> &'static str {
    if sum.window == [1, 1] { "value" } else { "channel" }
}

/// The channels of a sum, the largest first, as many as there is room for, and how many these are.
fn channels(sum: &Sum) -> (Block, usize) {
    let scales = scales(sum);
    let first = &sum.channels[..sum.channels.len().min(ROWS * COLUMNS)];
    let names: Vec<Block> =
        first.iter().map(|c| line(format!("{} {}", kind(sum), c.channel), CAPTION, INK)).collect();
    let label = names.iter().map(Block::width_px).fold(0.0, f64::max) + BESIDE;
    let channel = |(channel, name): (&ChannelSum, Block)| {
        let inside = |v: Vec<f32>| {
            let padded = v.into_iter().zip(&channel.window);
            padded.map(|(v, x)| x.map(|_| v)).collect::<Vec<_>>()
        };
        let products = channel.products.iter().map(|&p| p as f32).collect();
        let grids =
            [channel.window.clone(), channel.kernel.iter().map(|&w| Some(w)).collect(), inside(products)];
        let [window, kernel, products] = [0, 1, 2].map(|i: usize| cells(sum.window, &grids[i], &scales[i]));
        let sign = |sign: &str| line(sign, TEXT, INK).in_width(SIGN, Anchor::Middle);
        let sum_of = if sum.window == [1, 1] { "" } else { "sum " };
        let subtotal = line(format!("{sum_of}{}", number(channel.subtotal as f32)), CAPTION, INK);
        let subtotal = subtotal.padded([BESIDE, 0.0, 0.0, 0.0]);
        let name = name.in_width(label, Anchor::Start);
        row(0.0, Anchor::Middle, [name, window, sign("×"), kernel, sign("="), products, subtotal])
    };
    let mut blocks: Vec<Block> = first.iter().zip(names).map(channel).collect();
    let widest = blocks.iter().map(Block::width_px).fold(0.0, f64::max);
    let fitting = ((WIDTH + CHANNEL_GAP.0) / (widest + CHANNEL_GAP.0)) as usize;
    let columns = fitting.clamp(1, COLUMNS);
    blocks.truncate(ROWS * columns);
    let shown = blocks.len();
    (grid(&vec![Anchor::Start; columns], CHANNEL_GAP, blocks), shown)
}

/// The terms of a sum: what they are, their scales, and the channels.
fn terms(sum: &Sum, (channels, shown): (Block, usize)) -> Block {
    let windows = format!("windows of {}", sum.input);
    let kind = kind(sum);
    let part = match sum.channels.len() {
        1 => format!("its only {kind}"),
        n if n == shown => format!("all {n} {kind}s, the largest sum first"),
        n => format!("the {shown} of {n} {kind}s with the largest sums"),
    };
    let text = format!("terms of the sum: {windows} × kernels = products; {part}");
    let bars = scales(sum).into_iter().zip([windows.as_str(), "kernels", "products"]).map(|(scale, name)| {
        let name = fitted(name, CAPTION, SOFT_INK, BAR_NAME);
        row(BESIDE, Anchor::Start, [color_bar(&scale, BAR), name])
    });
    let text = paragraph(&text, TEXT, INK, WIDTH, LINES);
    column(BESIDE, [text, row(BAR_GAP, Anchor::Start, bars), channels])
}

/// The window of a pooling, with the winner framed.
fn window(text: &str, values: &[Cell], winner: Option<usize>) -> Block {
    let unique = |axis: usize| {
        let mut all: Vec<usize> = values.iter().map(|cell| cell.at[axis]).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    };
    let size = [unique(0), unique(1)];
    let plain: Vec<f32> = values.iter().map(|cell| cell.value).collect();
    let scale = Scale::of(&plain, plain.iter().any(|&v| v < 0.0));
    let shown: Vec<Option<f32>> = plain.into_iter().map(Some).collect();
    let grid = cells(size, &shown, &scale).with_overlay(|scene| {
        if let Some(winner) = winner {
            push_frame(scene, cell_of(winner, size), RING, 2.5);
        }
    });
    let head = [paragraph(text, TEXT, INK, WIDTH - 2.0 * BAR, LINES), color_bar(&scale, BAR)];
    column(BESIDE, [row(BAR_GAP, Anchor::Start, head), grid])
}
