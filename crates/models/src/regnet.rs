//! RegNet: widths that grow linearly, with few other choices.

use crate::info::{ModelInfo, photos};
use crate::rounding::divisible;
use crate::weights::{Card, V1, V2, WeightsInfo, pth, torchvision};
use striate_nn::{
    BatchNorm2d, Conv2d, Forward, Init, Linear, Module, ReLU, Sequential, SqueezeExcitation, Var,
};

/// RegNetX in seven sizes, and RegNetY, with gates, in eight: residual blocks of 1x1, a grouped 3x3 and 1x1. The widths grow
/// linearly from block to block, and are rounded so that each of the four stages has one width.
///
/// | network | blocks | parameters | multiply-adds at 224 px |
/// | --- | ---: | ---: | ---: |
/// | [`RegNet::regnet_x_400mf`] | 22 | 5,495,976 | 413,812,608 |
/// | [`RegNet::regnet_x_800mf`] | 16 | 7,259,656 | 799,699,712 |
/// | [`RegNet::regnet_x_1_6gf`] | 18 | 9,190,136 | 1,602,849,792 |
/// | [`RegNet::regnet_x_3_2gf`] | 25 | 15,296,552 | 3,176,621,952 |
/// | [`RegNet::regnet_x_8gf`] | 23 | 39,572,648 | 7,995,132,416 |
/// | [`RegNet::regnet_x_16gf`] | 22 | 54,278,536 | 15,940,755,456 |
/// | [`RegNet::regnet_x_32gf`] | 23 | 107,811,560 | 31,735,929,792 |
/// | [`RegNet::regnet_y_400mf`] | 16 | 4,344,144 | 401,842,848 |
/// | [`RegNet::regnet_y_800mf`] | 14 | 6,432,512 | 833,856,256 |
/// | [`RegNet::regnet_y_1_6gf`] | 27 | 11,202,430 | 1,612,076,160 |
/// | [`RegNet::regnet_y_3_2gf`] | 21 | 19,436,338 | 3,176,482,752 |
/// | [`RegNet::regnet_y_8gf`] | 17 | 39,381,472 | 8,473,070,592 |
/// | [`RegNet::regnet_y_16gf`] | 18 | 83,590,140 | 15,911,510,272 |
/// | [`RegNet::regnet_y_32gf`] | 20 | 145,046,770 | 32,279,552,832 |
/// | [`RegNet::regnet_y_128gf`] | 27 | 644,812,894 | 127,517,815,680 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of any size to logits `[N, num_classes]`.
///
/// # Source
/// Radosavovic et al., "Designing Network Design Spaces", 2020, figures 16 and 17.
///
/// # PyTorch
/// `torchvision.models.regnet_x_400mf` to `regnet_x_32gf` and `regnet_y_400mf` to `regnet_y_128gf`, keys and initialization
/// included, except that the biases of the gates start at 0 here.
///
/// # Example
/// ```
/// use striate_models::RegNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&RegNet::regnet_y_400mf(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (4_344_144, 401_842_848));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct RegNet {
    /// A 3x3 convolution with stride 2.
    pub stem: Sequential,
    /// The four stages.
    pub trunk_output: Trunk,
    /// The classifier, which computes the logits from the features.
    pub fc: Linear,
}

/// Number of channels of the stem.
const STEM: usize = 32;

impl RegNet {
    /// Number of blocks, width of the first, channels per group; how much wider each block is than the one before, and the
    /// ratio between the widths of stages; whether the blocks are gated.
    fn new(
        [depth, first, group]: [usize; 3],
        [slope, ratio]: [f64; 2],
        gated: bool,
        num_classes: usize,
        in_channels: usize,
    ) -> Self {
        let mut stages: Vec<(usize, usize)> = Vec::new();
        for i in 0..depth {
            let width = quantized(first as f64, slope, ratio, i);
            match stages.last_mut() {
                Some((last, blocks)) if *last == width => *blocks += 1,
                _ => stages.push((width, 1)),
            }
        }
        let mut from = STEM;
        let stage = |(i, (width, blocks)): (usize, (usize, usize))| {
            let group = group.min(width);
            let width = divisible(width as f64, group);
            let block = |j: usize| match j {
                0 => Block::new(from, width, 2, group, gated),
                _ => Block::new(width, width, 1, group, gated),
            };
            let stage = Stage { number: i + 1, blocks: (0..blocks).map(block).collect() };
            from = width;
            stage
        };
        let trunk_output = Trunk(stages.into_iter().enumerate().map(stage).collect());
        let fc = Linear::new(from, num_classes).init(Init::Normal { std: 0.01 });
        let stem = conv_norm(in_channels, STEM, 3, (2, 1)).append(ReLU::new());
        Self { stem, trunk_output, fc }
    }

    /// RegNetX with 0.4 billion multiply-adds.
    pub fn regnet_x_400mf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([22, 24, 16], [24.48, 2.54], false, num_classes, in_channels)
    }

    /// RegNetX with 0.8 billion multiply-adds.
    pub fn regnet_x_800mf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([16, 56, 16], [35.73, 2.28], false, num_classes, in_channels)
    }

    /// RegNetX with 1.6 billion multiply-adds.
    pub fn regnet_x_1_6gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([18, 80, 24], [34.01, 2.25], false, num_classes, in_channels)
    }

    /// RegNetX with 3.2 billion multiply-adds.
    pub fn regnet_x_3_2gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([25, 88, 48], [26.31, 2.25], false, num_classes, in_channels)
    }

    /// RegNetX with 8 billion multiply-adds.
    pub fn regnet_x_8gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([23, 80, 120], [49.56, 2.88], false, num_classes, in_channels)
    }

    /// RegNetX with 16 billion multiply-adds.
    pub fn regnet_x_16gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([22, 216, 128], [55.59, 2.1], false, num_classes, in_channels)
    }

    /// RegNetX with 32 billion multiply-adds.
    pub fn regnet_x_32gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([23, 320, 168], [69.86, 2.0], false, num_classes, in_channels)
    }

    /// RegNetY with 0.4 billion multiply-adds.
    pub fn regnet_y_400mf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([16, 48, 8], [27.89, 2.09], true, num_classes, in_channels)
    }

    /// RegNetY with 0.8 billion multiply-adds.
    pub fn regnet_y_800mf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([14, 56, 16], [38.84, 2.4], true, num_classes, in_channels)
    }

    /// RegNetY with 1.6 billion multiply-adds.
    pub fn regnet_y_1_6gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([27, 48, 24], [20.71, 2.65], true, num_classes, in_channels)
    }

    /// RegNetY with 3.2 billion multiply-adds.
    pub fn regnet_y_3_2gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([21, 80, 24], [42.63, 2.66], true, num_classes, in_channels)
    }

    /// RegNetY with 8 billion multiply-adds.
    pub fn regnet_y_8gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([17, 192, 56], [76.82, 2.19], true, num_classes, in_channels)
    }

    /// RegNetY with 16 billion multiply-adds.
    pub fn regnet_y_16gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([18, 200, 112], [106.23, 2.48], true, num_classes, in_channels)
    }

    /// RegNetY with 32 billion multiply-adds.
    pub fn regnet_y_32gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([20, 232, 232], [115.89, 2.53], true, num_classes, in_channels)
    }

    /// RegNetY with 128 billion multiply-adds.
    pub fn regnet_y_128gf(num_classes: usize, in_channels: usize) -> Self {
        Self::new([27, 456, 264], [160.83, 2.52], true, num_classes, in_channels)
    }
}

/// The width of block `i`: the power of `ratio` nearest to the linear width, rounded to a multiple of 8.
fn quantized(first: f64, slope: f64, ratio: f64, i: usize) -> usize {
    let wanted = first + slope * i as f64;
    let power = ((wanted / first).ln() / ratio.ln()).round_ties_even();
    8 * (first * ratio.powf(power) / 8.0).round_ties_even() as usize
}

impl Forward for RegNet {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.stem).apply(&self.trunk_output).adaptive_avg_pool2d(1); // [N, 440, 1, 1] of y_400mf
        x.flatten(1).apply(&self.fc)
    }
}

/// The stages of a [`RegNet`], `block1` to `block4`.
#[derive(Debug)]
pub struct Trunk(Vec<Stage>);

impl Module for Trunk {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        self.0.iter().for_each(|stage| visit(&format!("block{}", stage.number), stage));
    }
}

impl Forward for Trunk {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        self.0.iter().fold(x, |x, stage| x.apply(stage))
    }
}

/// Blocks of one width.
#[derive(Debug)]
struct Stage {
    number: usize,
    blocks: Vec<Block>,
}

impl Module for Stage {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        for (i, block) in self.blocks.iter().enumerate() {
            visit(&format!("block{}-{i}", self.number), block);
        }
    }
}

impl Forward for Stage {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        self.blocks.iter().fold(x, |x, block| x.apply(block))
    }
}

fn conv_norm(from: usize, to: usize, kernel: usize, (stride, groups): (usize, usize)) -> Sequential {
    let conv = Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2).groups(groups).bias(false);
    Sequential::new()
        .append(conv.init(Init::kaiming_normal(to * kernel * kernel)))
        .append(BatchNorm2d::new(to))
}

/// A residual block; if it changes the shape, the shortcut does so too.
#[derive(Debug, Module)]
struct Block {
    proj: Option<Sequential>,
    f: Branch,
}

/// A 1x1 convolution, a grouped 3x3, an optional gate, and a 1x1.
#[derive(Debug, Module)]
struct Branch {
    a: Sequential,
    b: Sequential,
    se: Option<SqueezeExcitation>,
    c: Sequential,
}

impl Block {
    fn new(from: usize, to: usize, stride: usize, group: usize, gated: bool) -> Self {
        let proj = (from != to || stride != 1).then(|| conv_norm(from, to, 1, (stride, 1)));
        // A quarter of the block's input channels, rounded half to even.
        let squeezed = (0.25 * from as f64).round_ties_even() as usize;
        let f = Branch {
            a: conv_norm(from, to, 1, (1, 1)).append(ReLU::new()),
            b: conv_norm(to, to, 3, (stride, to / group)).append(ReLU::new()),
            se: gated.then(|| SqueezeExcitation::new(to, squeezed).init(Init::kaiming_normal)),
            c: conv_norm(to, to, 1, (1, 1)),
        };
        Self { proj, f }
    }
}

impl Forward for Branch {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.a).apply(&self.b);
        self.se.as_ref().map_or(x, |gate| x.apply(gate)).apply(&self.c)
    }
}

impl Forward for Block {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let shortcut = self.proj.as_ref().map_or(x, |proj| x.apply(proj));
        (shortcut + x.apply(&self.f)).relu()
    }
}

const PAPER: &str = "Radosavovic et al. 2020, Designing Network Design Spaces";
const ENDS: [&str; 2] = ["stem.0", "fc"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos("regnet_x_400mf", PAPER, "widths that grow linearly; 0.4 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_x_400mf(k, c))
    }),
    photos("regnet_x_800mf", PAPER, "0.8 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_x_800mf(k, c))
    }),
    photos("regnet_x_1_6gf", PAPER, "1.6 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_x_1_6gf(k, c))
    }),
    photos("regnet_x_3_2gf", PAPER, "3.2 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_x_3_2gf(k, c))
    }),
    photos("regnet_x_8gf", PAPER, "8 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_x_8gf(k, c))
    }),
    photos("regnet_x_16gf", PAPER, "16 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_x_16gf(k, c))
    }),
    photos("regnet_x_32gf", PAPER, "32 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_x_32gf(k, c))
    }),
    photos("regnet_y_400mf", PAPER, "like regnet_x, with gates; 0.4 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_y_400mf(k, c))
    }),
    photos("regnet_y_800mf", PAPER, "0.8 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_y_800mf(k, c))
    }),
    photos("regnet_y_1_6gf", PAPER, "1.6 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_y_1_6gf(k, c))
    }),
    photos("regnet_y_3_2gf", PAPER, "3.2 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_y_3_2gf(k, c))
    }),
    photos("regnet_y_8gf", PAPER, "8 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_y_8gf(k, c))
    }),
    photos("regnet_y_16gf", PAPER, "16 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_y_16gf(k, c))
    }),
    photos("regnet_y_32gf", PAPER, "32 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_y_32gf(k, c))
    }),
    photos("regnet_y_128gf", PAPER, "128 billion multiply-adds", ENDS, |k, c| {
        Box::new(RegNet::regnet_y_128gf(k, c))
    }),
];

/// Weights that were first trained on images from the web with their hashtags, and are not for commercial use.
const fn swag(
    model: &'static str,
    tag: &'static str,
    file: [&'static str; 3],
    size: usize,
    accuracy: (f32, f32),
) -> WeightsInfo {
    let card = Card::imagenet(size).sized(size).bicubic();
    WeightsInfo {
        license: "CC-BY-NC 4.0 (SWAG): not for commercial use",
        ..torchvision([model, tag], file, card, accuracy)
    }
}

/// The published weights; the first entry of each network is its default.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["regnet_x_400mf", "v2"], pth!("regnet_x_400mf", "62229a5f"), V2, (74.864, 92.322)),
    torchvision(["regnet_x_400mf", "v1"], pth!("regnet_x_400mf", "adf1edd5"), V1, (72.834, 90.950)),
    torchvision(["regnet_x_800mf", "v2"], pth!("regnet_x_800mf", "94a99ebd"), V2, (77.522, 93.826)),
    torchvision(["regnet_x_800mf", "v1"], pth!("regnet_x_800mf", "ad17e45c"), V1, (75.212, 92.348)),
    torchvision(["regnet_x_1_6gf", "v2"], pth!("regnet_x_1_6gf", "a12f2b72"), V2, (79.668, 94.922)),
    torchvision(["regnet_x_1_6gf", "v1"], pth!("regnet_x_1_6gf", "e3633e7f"), V1, (77.040, 93.440)),
    torchvision(["regnet_x_3_2gf", "v2"], pth!("regnet_x_3_2gf", "7071aa85"), V2, (81.196, 95.430)),
    torchvision(["regnet_x_3_2gf", "v1"], pth!("regnet_x_3_2gf", "f342aeae"), V1, (78.364, 93.992)),
    torchvision(["regnet_x_8gf", "v2"], pth!("regnet_x_8gf", "2b70d774"), V2, (81.682, 95.678)),
    torchvision(["regnet_x_8gf", "v1"], pth!("regnet_x_8gf", "03ceed89"), V1, (79.344, 94.686)),
    torchvision(["regnet_x_16gf", "v2"], pth!("regnet_x_16gf", "ba3796d7"), V2, (82.716, 96.196)),
    torchvision(["regnet_x_16gf", "v1"], pth!("regnet_x_16gf", "2007eb11"), V1, (80.058, 94.944)),
    torchvision(["regnet_x_32gf", "v2"], pth!("regnet_x_32gf", "6eb8fdc6"), V2, (83.014, 96.288)),
    torchvision(["regnet_x_32gf", "v1"], pth!("regnet_x_32gf", "9d47f8d0"), V1, (80.622, 95.248)),
    torchvision(["regnet_y_400mf", "v2"], pth!("regnet_y_400mf", "e6988f5f"), V2, (75.804, 92.742)),
    torchvision(["regnet_y_400mf", "v1"], pth!("regnet_y_400mf", "c65dace8"), V1, (74.046, 91.716)),
    torchvision(["regnet_y_800mf", "v2"], pth!("regnet_y_800mf", "58fc7688"), V2, (78.828, 94.502)),
    torchvision(["regnet_y_800mf", "v1"], pth!("regnet_y_800mf", "1b27b58c"), V1, (76.420, 93.136)),
    torchvision(["regnet_y_1_6gf", "v2"], pth!("regnet_y_1_6gf", "0d7bc02a"), V2, (80.876, 95.444)),
    torchvision(["regnet_y_1_6gf", "v1"], pth!("regnet_y_1_6gf", "b11a554e"), V1, (77.950, 93.966)),
    torchvision(["regnet_y_3_2gf", "v2"], pth!("regnet_y_3_2gf", "9180c971"), V2, (81.982, 95.972)),
    torchvision(["regnet_y_3_2gf", "v1"], pth!("regnet_y_3_2gf", "b5a9779c"), V1, (78.948, 94.576)),
    torchvision(["regnet_y_8gf", "v2"], pth!("regnet_y_8gf", "dc2b1b54"), V2, (82.828, 96.330)),
    torchvision(["regnet_y_8gf", "v1"], pth!("regnet_y_8gf", "d0d0e4a8"), V1, (80.032, 95.048)),
    torchvision(["regnet_y_16gf", "v2"], pth!("regnet_y_16gf", "3e4a00f9"), V2, (82.886, 96.328)),
    torchvision(["regnet_y_16gf", "v1"], pth!("regnet_y_16gf", "9e6ed7dd"), V1, (80.424, 95.240)),
    swag("regnet_y_16gf", "swag_e2e", pth!("regnet_y_16gf_swag", "43afe44d"), 384, (86.012, 98.054)),
    swag("regnet_y_16gf", "swag_linear", pth!("regnet_y_16gf_lc_swag", "f3ec0043"), 224, (83.976, 97.244)),
    torchvision(["regnet_y_32gf", "v2"], pth!("regnet_y_32gf", "8db6d4b5"), V2, (83.368, 96.498)),
    torchvision(["regnet_y_32gf", "v1"], pth!("regnet_y_32gf", "4dee3f7a"), V1, (80.878, 95.340)),
    swag("regnet_y_32gf", "swag_e2e", pth!("regnet_y_32gf_swag", "04fdfa75"), 384, (86.838, 98.362)),
    swag("regnet_y_32gf", "swag_linear", pth!("regnet_y_32gf_lc_swag", "e1583746"), 224, (84.622, 97.480)),
    swag("regnet_y_128gf", "swag_e2e", pth!("regnet_y_128gf_swag", "c8ce3e52"), 384, (88.228, 98.682)),
    swag("regnet_y_128gf", "swag_linear", pth!("regnet_y_128gf_lc_swag", "cbe8ce12"), 224, (86.068, 97.844)),
];
