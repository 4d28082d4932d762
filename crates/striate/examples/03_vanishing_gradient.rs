//! The tour, page 3: how large is the gradient at each layer of a plain deep network, and of its residual twin?
//! `cargo run --release -p striate --all-features --example 03_vanishing_gradient -- FOLDER`
//!
//! The networks of He et al. 2016, section 4.2, of 20 and 56 layers, on the embedded digits: plain or with shortcuts, each
//! without and with batch norm. It takes the norm of the gradient of every 3x3 kernel on the first batch and on the last,
//! and leaves the curves in FOLDER as `vanishing_gradient.png` and `.svg`. Weights start as PyTorch's do; with `he` behind
//! FOLDER, as in He et al. 2015.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use striate::data::Loader;
use striate::nn::Init;
use striate::prelude::*;
use striate::report::chart::{Anchor, Scene, Shape};
use striate::report::color::Rgb;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const BATCH: usize = 64;
const STEPS: usize = 60;
const LEARNING_RATE: f32 = 0.02;

/// Which of the networks.
#[derive(Clone, Copy, PartialEq)]
struct Kind {
    depth: usize,
    shortcuts: bool,
    norms: bool,
    he: bool,
}

/// A stem, three stages of blocks with 16, 32 and 64 filters, the mean of each channel, ten classes.
#[derive(Module)]
struct Deep {
    conv: Layer,
    blocks: Vec<Block>,
    fc: Linear,
}

/// Two convolutions, and a way around them.
#[derive(Module)]
struct Block {
    conv1: Layer,
    conv2: Layer,
    /// Where the size changes, the way around needs a convolution of its own.
    shrink: Option<Layer>,
    #[module(skip)]
    shortcuts: bool,
}

/// A convolution, and the batch norm behind it.
#[derive(Module)]
struct Layer {
    conv: Conv2d,
    bn: Option<BatchNorm2d>,
}

impl Layer {
    fn new(kind: Kind, from: usize, to: usize, kernel: usize, stride: usize) -> Self {
        let conv = Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2).bias(!kind.norms);
        let conv = if kind.he { conv.init(Init::kaiming_normal(to * kernel * kernel)) } else { conv };
        Self { conv, bn: kind.norms.then(|| BatchNorm2d::new(to)) }
    }
}

impl Deep {
    fn new(kind: Kind) -> Self {
        let mut blocks = Vec::new();
        let mut from = 16;
        for to in [16, 32, 64] {
            for _ in 0..(kind.depth - 2) / 6 {
                let stride = if from == to { 1 } else { 2 };
                blocks.push(Block {
                    conv1: Layer::new(kind, from, to, 3, stride),
                    conv2: Layer::new(kind, to, to, 3, 1),
                    shrink: (kind.shortcuts && stride == 2).then(|| Layer::new(kind, from, to, 1, 2)),
                    shortcuts: kind.shortcuts,
                });
                from = to;
            }
        }
        Self { conv: Layer::new(kind, 1, 16, 3, 1), blocks, fc: Linear::new(64, 10) }
    }
}

impl Forward for Layer {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.conv);
        self.bn.as_ref().map_or(y, |bn| y.apply(bn))
    }
}

impl Forward for Block {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.conv1).relu().apply(&self.conv2);
        let around = || self.shrink.as_ref().map_or(x, |layer| x.apply(layer));
        if self.shortcuts { (y + around()).relu() } else { y.relu() }
    }
}

impl Forward for Deep {
    /// `[N, 1, 28, 28]` -> logits `[N, 10]`
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = self.blocks.iter().fold(x.apply(&self.conv).relu(), |x, block| x.apply(block));
        x.adaptive_avg_pool2d(1).flatten(1).apply(&self.fc)
    }
}

/// What one network showed: norms by layer on the first batch and on the last, and the loss of each batch.
struct Seen {
    kind: Kind,
    norms: [Vec<f64>; 2],
    losses: Vec<f32>,
}

/// ‖∂loss/∂W‖₂ of each 3x3 convolution, from the image to the answer.
fn gradient_norms(step: &TrainStep) -> Vec<f64> {
    let gradients = step.gradients();
    let kernels = gradients.iter().filter(|(name, g)| name.ends_with("conv.weight") && g.shape()[2] == 3);
    kernels.map(|(_, g)| g.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt()).collect()
}

fn train(kind: Kind, loader: &Loader<'_>) -> Outcome<Seen> {
    let graph = trace(&Deep::new(kind), Mode::Train, [1, 28, 28])?;
    let (params, options) = (Params::init(&graph, 0), TrainOptions::new(BATCH, 0));
    let (loss, sgd) = (CrossEntropy::default(), Sgd { momentum: 0.9, ..Sgd::default() });
    let mut step = TrainStep::new(&graph, &params, &loss, &sgd, Engine::new(None)?, options)?;
    let (order, mut images) = (loader.order(0), vec![0.0; BATCH * 28 * 28]);
    let (mut first, mut losses) = (Vec::new(), Vec::new());
    for i in 0..STEPS {
        let mut targets = Vec::new();
        for (image, &sample) in images.chunks_mut(28 * 28).zip(loader.batch_indices(&order, i)) {
            targets.push(loader.write(0, sample, image)?.a);
        }
        losses.push(step.step(&images, &targets, LEARNING_RATE).loss);
        if i == 0 {
            first = gradient_norms(&step);
        }
    }
    Ok(Seen { kind, norms: [first, gradient_norms(&step)], losses })
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or(".".into()));
    let he = arguments.next().is_some_and(|start| start == "he");
    std::fs::create_dir_all(&folder)?;
    let digits = striate::data::load("digits")?;
    let preprocess = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081])?;
    let loader = Loader::new(&digits.train, &preprocess, Augment::default(), BATCH, 0, true)?;
    println!("norm of the gradient on  │          batch 1             │          batch {STEPS}            │");
    println!("in layer                 │{0} │{0} │  loss", "    first    middle      last");
    let mut all = Vec::new();
    for depth in [20, 56] {
        for (norms, shortcuts) in [(false, false), (false, true), (true, false), (true, true)] {
            let seen = train(Kind { depth, shortcuts, norms, he }, &loader)?;
            let [first, last] = seen
                .norms
                .each_ref()
                .map(|n| format!("{:>9.1e} {:>9.1e} {:>9.1e}", n[0], n[n.len() / 2], n[n.len() - 1]));
            let loss = seen.losses[STEPS - 10..].iter().sum::<f32>() / 10.0;
            println!("{depth} {:<21} │{first} │{last} │ {loss:.3}", name(seen.kind));
            all.push(seen);
        }
    }
    println!("loss: the mean of the last 10 of {STEPS} batches; guessing costs ln 10 = {:.3}", 10f64.ln());
    let scene = draw(&all);
    std::fs::write(folder.join("vanishing_gradient.png"), scene.to_png(1.25)?)?;
    std::fs::write(folder.join("vanishing_gradient.svg"), scene.to_svg())?;
    Ok(())
}

fn name(kind: Kind) -> &'static str {
    match (kind.shortcuts, kind.norms) {
        (false, false) => "plain",
        (true, false) => "residual",
        (false, true) => "plain, batch norm",
        (true, true) => "residual, batch norm",
    }
}

const INK: Rgb = Rgb::hex(0x1a1a1a);
const GRID: Rgb = Rgb::hex(0xe4e4e4);
/// A panel's plot.
const PLOT: (f64, f64) = (370.0, 200.0);
/// The powers of ten between which all norms are drawn.
const DECADES: (f64, f64) = (-26.0, 4.0);

/// Four panels on one scale: 20 layers above 56, the first batch left of the last.
fn draw(all: &[Seen]) -> Scene {
    let mut scene = Scene::new(
        890.0,
        600.0,
        "Norms of gradients by layer: without batch norm a plain network loses them, a residual one does not",
    );
    for (i, seen) in all[..4].iter().enumerate() {
        let x = 60.0 + 205.0 * i as f64;
        scene.shapes.push(curve(seen.kind, vec![(x, 26.0), (x + 30.0, 26.0)]));
        scene.text((x + 36.0, 30.0), 12.0, Anchor::Start, INK, name(seen.kind));
    }
    for (row, depth) in [20, 56].into_iter().enumerate() {
        for (column, batch) in [1, STEPS].into_iter().enumerate() {
            let (x, y) = (60.0 + 430.0 * column as f64, 80.0 + 265.0 * row as f64);
            let title = format!("{depth} layers, batch {batch}: norm of each layer's gradient");
            scene.text((x, y - 10.0), 12.0, Anchor::Start, INK, title);
            let level = |norm: f64| y + PLOT.1 * (DECADES.1 - norm.log10()) / (DECADES.1 - DECADES.0);
            for exponent in [-25, -20, -15, -10, -5, 0] {
                let at = level(10f64.powi(exponent)).floor() + 0.5;
                scene.line((x, at), (x + PLOT.0, at), GRID);
                scene.text((x - 6.0, at + 4.0), 11.0, Anchor::End, INK, format!("1e{exponent}"));
            }
            let place = |layer: usize| x + PLOT.0 * (layer - 1) as f64 / (depth - 2) as f64;
            for layer in [1, depth / 4, depth / 2, 3 * depth / 4, depth - 1] {
                let at = (place(layer), y + PLOT.1 + 16.0);
                scene.text(at, 11.0, Anchor::Middle, INK, layer.to_string());
            }
            for seen in all.iter().filter(|seen| seen.kind.depth == depth) {
                let norms = seen.norms[column].iter().enumerate().filter(|(_, n)| n.is_normal());
                let points = norms.map(|(i, &n)| (place(i + 1), level(n))).collect();
                scene.shapes.push(curve(seen.kind, points));
            }
        }
    }
    scene.text((440.0, 592.0), 12.0, Anchor::Middle, INK, "layer, from the image to the answer");
    scene
}

/// Dashed without shortcuts, orange without batch norm.
fn curve(kind: Kind, points: Vec<(f64, f64)>) -> Shape {
    let stroke = if kind.norms { Rgb::hex(0x1f77b4) } else { Rgb::hex(0xc65102) };
    Shape::Polyline { points, width: 2.0, stroke, dash: (!kind.shortcuts).then_some((5.0, 3.0)) }
}
