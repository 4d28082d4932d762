//! burn's training epoch of `convnet` on full MNIST, on its CPU backend Flex.
//!
//! ```text
//! striate-peer-burn DATA_FOLDER [--batch 64] [--steps 200]
//! ```
//!
//! Prints one JSON line. `measured_steps` and `measured_s` are what was timed (shuffled order, fetching, forward,
//! backward, Adam); `train_epoch_s` is that time a step times the steps of a whole epoch, and `extrapolated` says
//! whether it had to be. `--steps 0` times the whole epoch. Adam has PyTorch's epsilon, 1e-8.

use std::path::Path;
use std::time::Instant;

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d, Relu};
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::TensorData;

const PIXELS: usize = 28 * 28;
const WARM_UP_STEPS: usize = 10;

/// `[N, 1, 28, 28]` -> logits `[N, 10]`, 206,922 parameters.
#[derive(Module, Debug)]
struct ConvNet {
    conv1: Conv2d,
    conv2: Conv2d,
    pool: MaxPool2d,
    relu: Relu,
    fc1: Linear,
    fc2: Linear,
}

impl ConvNet {
    fn new(device: &Device) -> Self {
        let conv = |channels| {
            Conv2dConfig::new(channels, [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        Self {
            conv1: conv([1, 16]),
            conv2: conv([16, 32]),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            relu: Relu::new(),
            fc1: LinearConfig::new(1568, 128).init(device),
            fc2: LinearConfig::new(128, 10).init(device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(self.relu.forward(self.conv1.forward(x)));
        let x = self.pool.forward(self.relu.forward(self.conv2.forward(x)));
        let x: Tensor<2> = x.flatten(1, 3);
        self.fc2.forward(self.relu.forward(self.fc1.forward(x)))
    }
}

/// Normalized images and labels of one split, in memory.
struct Split {
    images: Vec<f32>,
    labels: Vec<i32>,
}

impl Split {
    fn load(folder: &Path, name: &str) -> Result<Self, String> {
        let read = |kind: &str, header: usize| {
            let path = folder.join(format!("{name}-{kind}-ubyte"));
            let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            bytes.get(header..).map(<[u8]>::to_vec).ok_or_else(|| format!("{}: too short", path.display()))
        };
        let images: Vec<f32> =
            read("images-idx3", 16)?.iter().map(|&p| (f32::from(p) / 255.0 - 0.1307) / 0.3081).collect();
        let labels: Vec<i32> = read("labels-idx1", 8)?.iter().map(|&l| i32::from(l)).collect();
        if images.len() != labels.len() * PIXELS {
            return Err(format!(
                "{name}: {} labels, but pixels of {} images",
                labels.len(),
                images.len() / PIXELS
            ));
        }
        Ok(Self { images, labels })
    }

    fn batch(&self, rows: &[usize], device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
        let images: Vec<f32> =
            rows.iter().flat_map(|&r| &self.images[r * PIXELS..(r + 1) * PIXELS]).copied().collect();
        let labels: Vec<i32> = rows.iter().map(|&r| self.labels[r]).collect();
        let n = rows.len();
        (
            Tensor::from_data(TensorData::new(images, [n, 1, 28, 28]), device),
            Tensor::from_data(TensorData::new(labels, [n]), device),
        )
    }
}

/// A fixed random order of `0..n` (Fisher-Yates over xorshift64).
fn shuffled(n: usize) -> Vec<usize> {
    let (mut order, mut state): (Vec<usize>, u64) = ((0..n).collect(), 0x9E37_79B9_7F4A_7C15);
    for i in (1..n).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(i, (state % (i as u64 + 1)) as usize);
    }
    order
}

fn accuracy(model: &ConvNet, split: &Split, device: &Device) -> f64 {
    let rows: Vec<usize> = (0..split.labels.len()).collect();
    let hits: i64 = rows
        .chunks(500)
        .map(|rows| {
            let (x, y) = split.batch(rows, device);
            let predicted: Tensor<1, Int> = model.forward(x).argmax(1).flatten(0, 1);
            predicted.equal(y).int().sum().into_scalar::<i64>()
        })
        .sum();
    hits as f64 / rows.len() as f64
}

fn run() -> Result<(), String> {
    let usage = "usage: striate-peer-burn DATA_FOLDER [--batch 64] [--steps 200]";
    let mut args = std::env::args().skip(1);
    let folder = args.next().filter(|a| !a.starts_with('-')).ok_or(usage)?;
    let (mut batch, mut steps) = (64_usize, 200_usize);
    while let Some(flag) = args.next() {
        let value = args.next().and_then(|v| v.parse().ok()).ok_or(usage)?;
        match flag.as_str() {
            "--batch" if value > 0 => batch = value,
            "--steps" => steps = value,
            _ => return Err(usage.into()),
        }
    }

    let (train, test) = (Split::load(Path::new(&folder), "train")?, Split::load(Path::new(&folder), "t10k")?);
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let mut model = ConvNet::new(&device);
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut train_step = |model: ConvNet, rows: &[usize]| {
        let (x, y) = train.batch(rows, &device);
        let value = loss.forward(model.forward(x), y);
        let grads = GradientsParams::from_grads(value.backward(), &model);
        optimizer.step(1e-3, model, grads)
    };

    let order = shuffled(train.labels.len());
    let steps_per_epoch = order.len().div_ceil(batch);
    let steps = if steps == 0 { steps_per_epoch } else { steps.min(steps_per_epoch) };
    for rows in order.chunks(batch).take(WARM_UP_STEPS) {
        model = train_step(model, rows);
    }
    let start = Instant::now();
    for rows in order.chunks(batch).take(steps) {
        model = train_step(model, rows);
    }
    let seconds = start.elapsed().as_secs_f64();

    println!(
        "{{\"peer\": \"burn\", \"version\": \"0.22.0\", \"batch\": {batch}, \"measured_steps\": {steps}, \
         \"measured_s\": {seconds:.4}, \"steps_per_epoch\": {steps_per_epoch}, \"train_epoch_s\": {:.4}, \
         \"extrapolated\": {}, \"accuracy_top1\": {:.4}}}",
        seconds / steps as f64 * steps_per_epoch as f64,
        steps < steps_per_epoch,
        accuracy(&model.valid(), &test, &plain),
    );
    Ok(())
}

fn main() {
    if let Err(message) = run() {
        eprintln!("{message}");
        std::process::exit(65);
    }
}
