//! Inception-v3: large windows factored into small ones, and into rows and columns.

use crate::googlenet::BasicConv2d;
use crate::info::{ModelInfo, photos};
use crate::weights::{Card, WeightsInfo, pth, torchvision};
use striate_nn::{AvgPool2d, Conv2d, Dropout, Forward, Init, Linear, MaxPool2d, Module, Pair, Var};

/// Inception-v3: a 5x5 becomes two 3x3, a 7x7 becomes a 1x7 and a 7x1, and a 3x3 near the end becomes a 1x3 beside a 3x1.
///
/// | blocks | output for 299 px |
/// | --- | --- |
/// | stem | `[N, 192, 35, 35]` |
/// | `Mixed_5b` to `Mixed_5d` | `[N, 288, 35, 35]` |
/// | `Mixed_6a` to `Mixed_6e` | `[N, 768, 17, 17]` |
/// | `Mixed_7a` to `Mixed_7c` | `[N, 2048, 8, 8]` |
///
/// 23,834,568 parameters for 1000 classes, 5,713,216,096 multiply-adds at 299 px. In training, an auxiliary classifier, which
/// reads `Mixed_6e`, adds 0.4 of its loss to the network's own; it has 3,326,696 parameters more. It needs feature maps of at
/// least 17x17, that is, images of at least 299 px; for smaller ones the network is trained without it.
///
/// # Shapes
/// `[N, in_channels, H, W]` of at least 75 px to logits `[N, num_classes]`.
///
/// # Source
/// Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, table 1, and section 4 for the auxiliary
/// classifier.
///
/// # PyTorch
/// `torchvision.models.inception_v3(init_weights=True)`, keys and initialization included, except that the biases of fully
/// connected layers start at 0 here; [`InceptionV3::aux_logits`]`(false)` corresponds to `aux_logits=False`. torchvision
/// rejects smaller images in training, and keeps the auxiliary classifier of the published file, which is left out here. What
/// torchvision calls `transform_input` is expressed by the mean and the standard deviation of 0.5 with which the published
/// weights expect their images. In training, half of the inputs of `fc` are dropped.
///
/// # Example
/// ```
/// use striate_models::InceptionV3;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&InceptionV3::new(1000, 3), Mode::Eval, [3, 299, 299])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (23_834_568, 5_713_216_096));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
#[expect(non_snake_case, reason = "the names are those of torchvision's parameters")]
#[expect(missing_docs, reason = "what they are is in the table above")]
pub struct InceptionV3 {
    pub Conv2d_1a_3x3: BasicConv2d,
    pub Conv2d_2a_3x3: BasicConv2d,
    pub Conv2d_2b_3x3: BasicConv2d,
    pub maxpool1: MaxPool2d,
    pub Conv2d_3b_1x1: BasicConv2d,
    pub Conv2d_4a_3x3: BasicConv2d,
    pub maxpool2: MaxPool2d,
    Mixed_5b: BlockA,
    Mixed_5c: BlockA,
    Mixed_5d: BlockA,
    Mixed_6a: BlockB,
    Mixed_6b: BlockC,
    Mixed_6c: BlockC,
    Mixed_6d: BlockC,
    Mixed_6e: BlockC,
    AuxLogits: Option<Auxiliary>,
    Mixed_7a: BlockD,
    Mixed_7b: BlockE,
    Mixed_7c: BlockE,
    dropout: Dropout,
    pub fc: Linear,
}

/// Standard deviation of the initial weights; torchvision also truncates at 20 standard deviations.
const STD: f32 = 0.1;

/// A convolution with as much padding as keeps the size.
fn same(from: usize, to: usize, kernel: impl Into<Pair>) -> BasicConv2d {
    let Pair([h, w]) = kernel.into();
    BasicConv2d::new(Conv2d::new(from, to, [h, w]).padding([h / 2, w / 2]), STD)
}

/// A 3x3 convolution without padding.
fn valid(from: usize, to: usize, stride: usize) -> BasicConv2d {
    BasicConv2d::new(Conv2d::new(from, to, 3).stride(stride), STD)
}

/// A 3x3 max-pool that halves the size.
fn largest() -> MaxPool2d {
    MaxPool2d::new(3).stride(2)
}

/// A 3x3 average-pool that keeps the size.
fn mean() -> AvgPool2d {
    AvgPool2d::new(3).stride(1).padding(1)
}

impl InceptionV3 {
    /// Creates a network for images of `in_channels` channels.
    pub fn new(num_classes: usize, in_channels: usize) -> Self {
        Self {
            Conv2d_1a_3x3: valid(in_channels, 32, 2),
            Conv2d_2a_3x3: valid(32, 32, 1),
            Conv2d_2b_3x3: same(32, 64, 3),
            maxpool1: largest(),
            Conv2d_3b_1x1: same(64, 80, 1),
            Conv2d_4a_3x3: valid(80, 192, 1),
            maxpool2: largest(),
            Mixed_5b: BlockA::new(192, 32),
            Mixed_5c: BlockA::new(256, 64),
            Mixed_5d: BlockA::new(288, 64),
            Mixed_6a: BlockB::new(288),
            Mixed_6b: BlockC::new(128),
            Mixed_6c: BlockC::new(160),
            Mixed_6d: BlockC::new(160),
            Mixed_6e: BlockC::new(192),
            AuxLogits: Some(Auxiliary::new(num_classes)),
            Mixed_7a: BlockD::new(),
            Mixed_7b: BlockE::new(1280),
            Mixed_7c: BlockE::new(2048),
            dropout: Dropout::new(0.5),
            fc: Linear::new(2048, num_classes).init(Init::Normal { std: STD }),
        }
    }

    /// Sets whether the network is trained with its auxiliary classifier; by default it is.
    pub fn aux_logits(self, aux_logits: bool) -> Self {
        Self { AuxLogits: self.AuxLogits.filter(|_| aux_logits), ..self }
    }
}

impl Forward for InceptionV3 {
    /// `[N, C, H, W]` to logits. The sizes in the comments are those of photos of 299 px.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.Conv2d_1a_3x3).apply(&self.Conv2d_2a_3x3).apply(&self.Conv2d_2b_3x3);
        let x = x.apply(&self.maxpool1).apply(&self.Conv2d_3b_1x1).apply(&self.Conv2d_4a_3x3); // [N, 192, 71, 71]
        let x = x.apply(&self.maxpool2).apply(&self.Mixed_5b).apply(&self.Mixed_5c).apply(&self.Mixed_5d); // [N, 288, 35, 35]
        let x = x.apply(&self.Mixed_6a).apply(&self.Mixed_6b).apply(&self.Mixed_6c);
        let x = x.apply(&self.Mixed_6d).apply(&self.Mixed_6e); // [N, 768, 17, 17]
        if let Some(auxiliary) = self.AuxLogits.as_ref().filter(|_| x.shape()[1..].iter().all(|&px| px >= 17))
        {
            x.apply(auxiliary).auxiliary_loss(AUXILIARY_WEIGHT);
        }
        let x = x.apply(&self.Mixed_7a).apply(&self.Mixed_7b).apply(&self.Mixed_7c); // [N, 2048, 8, 8]
        x.adaptive_avg_pool2d(1).flatten(1).apply(&self.dropout).apply(&self.fc)
    }
}

/// A classifier of features from three quarters of the way through the network.
#[derive(Debug, Module)]
struct Auxiliary {
    pool: AvgPool2d,
    conv0: BasicConv2d,
    conv1: BasicConv2d,
    fc: Linear,
}

/// Factor of the auxiliary loss.
const AUXILIARY_WEIGHT: f32 = 0.4;

impl Auxiliary {
    fn new(num_classes: usize) -> Self {
        Self {
            pool: AvgPool2d::new(5).stride(3),
            conv0: same(768, 128, 1),
            // torchvision intends a standard deviation of 0.01 here, but uses 0.1.
            conv1: BasicConv2d::new(Conv2d::new(128, 768, 5), STD),
            fc: Linear::new(768, num_classes).init(Init::Normal { std: 0.001 }),
        }
    }
}

impl Forward for Auxiliary {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.pool).apply(&self.conv0).apply(&self.conv1);
        x.adaptive_avg_pool2d(1).flatten(1).apply(&self.fc)
    }
}

/// Four branches: 1x1; 5x5; two of 3x3; average-pool.
#[derive(Debug, Module)]
struct BlockA {
    branch1x1: BasicConv2d,
    branch5x5_1: BasicConv2d,
    branch5x5_2: BasicConv2d,
    branch3x3dbl_1: BasicConv2d,
    branch3x3dbl_2: BasicConv2d,
    branch3x3dbl_3: BasicConv2d,
    branch_pool: BasicConv2d,
    pool: AvgPool2d,
}

impl BlockA {
    fn new(from: usize, pool: usize) -> Self {
        Self {
            branch1x1: same(from, 64, 1),
            branch5x5_1: same(from, 48, 1),
            branch5x5_2: same(48, 64, 5),
            branch3x3dbl_1: same(from, 64, 1),
            branch3x3dbl_2: same(64, 96, 3),
            branch3x3dbl_3: same(96, 96, 3),
            branch_pool: same(from, pool, 1),
            pool: mean(),
        }
    }
}

impl Forward for BlockA {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let five = x.apply(&self.branch5x5_1).apply(&self.branch5x5_2);
        let double = x.apply(&self.branch3x3dbl_1).apply(&self.branch3x3dbl_2).apply(&self.branch3x3dbl_3);
        x.apply(&self.branch1x1).concat(&[five, double, x.apply(&self.pool).apply(&self.branch_pool)])
    }
}

/// Halves the size by three branches: 3x3; two of 3x3; max-pool.
#[derive(Debug, Module)]
struct BlockB {
    branch3x3: BasicConv2d,
    branch3x3dbl_1: BasicConv2d,
    branch3x3dbl_2: BasicConv2d,
    branch3x3dbl_3: BasicConv2d,
    pool: MaxPool2d,
}

impl BlockB {
    fn new(from: usize) -> Self {
        Self {
            branch3x3: valid(from, 384, 2),
            branch3x3dbl_1: same(from, 64, 1),
            branch3x3dbl_2: same(64, 96, 3),
            branch3x3dbl_3: valid(96, 96, 2),
            pool: largest(),
        }
    }
}

impl Forward for BlockB {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let double = x.apply(&self.branch3x3dbl_1).apply(&self.branch3x3dbl_2).apply(&self.branch3x3dbl_3);
        x.apply(&self.branch3x3).concat(&[double, x.apply(&self.pool)])
    }
}

/// Four branches: 1x1; 7x7; two of 7x7; average-pool.
#[derive(Debug, Module)]
struct BlockC {
    branch1x1: BasicConv2d,
    branch7x7_1: BasicConv2d,
    branch7x7_2: BasicConv2d,
    branch7x7_3: BasicConv2d,
    branch7x7dbl_1: BasicConv2d,
    branch7x7dbl_2: BasicConv2d,
    branch7x7dbl_3: BasicConv2d,
    branch7x7dbl_4: BasicConv2d,
    branch7x7dbl_5: BasicConv2d,
    branch_pool: BasicConv2d,
    pool: AvgPool2d,
}

impl BlockC {
    fn new(few: usize) -> Self {
        Self {
            branch1x1: same(768, 192, 1),
            branch7x7_1: same(768, few, 1),
            branch7x7_2: same(few, few, [1, 7]),
            branch7x7_3: same(few, 192, [7, 1]),
            branch7x7dbl_1: same(768, few, 1),
            branch7x7dbl_2: same(few, few, [7, 1]),
            branch7x7dbl_3: same(few, few, [1, 7]),
            branch7x7dbl_4: same(few, few, [7, 1]),
            branch7x7dbl_5: same(few, 192, [1, 7]),
            branch_pool: same(768, 192, 1),
            pool: mean(),
        }
    }
}

impl Forward for BlockC {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let seven = x.apply(&self.branch7x7_1).apply(&self.branch7x7_2).apply(&self.branch7x7_3);
        let double = x.apply(&self.branch7x7dbl_1).apply(&self.branch7x7dbl_2).apply(&self.branch7x7dbl_3);
        let double = double.apply(&self.branch7x7dbl_4).apply(&self.branch7x7dbl_5);
        x.apply(&self.branch1x1).concat(&[seven, double, x.apply(&self.pool).apply(&self.branch_pool)])
    }
}

/// Halves the size by three branches: 3x3; 7x7 and 3x3; max-pool.
#[derive(Debug, Module)]
struct BlockD {
    branch3x3_1: BasicConv2d,
    branch3x3_2: BasicConv2d,
    branch7x7x3_1: BasicConv2d,
    branch7x7x3_2: BasicConv2d,
    branch7x7x3_3: BasicConv2d,
    branch7x7x3_4: BasicConv2d,
    pool: MaxPool2d,
}

impl BlockD {
    fn new() -> Self {
        Self {
            branch3x3_1: same(768, 192, 1),
            branch3x3_2: valid(192, 320, 2),
            branch7x7x3_1: same(768, 192, 1),
            branch7x7x3_2: same(192, 192, [1, 7]),
            branch7x7x3_3: same(192, 192, [7, 1]),
            branch7x7x3_4: valid(192, 192, 2),
            pool: largest(),
        }
    }
}

impl Forward for BlockD {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let three = x.apply(&self.branch3x3_1).apply(&self.branch3x3_2);
        let seven = x.apply(&self.branch7x7x3_1).apply(&self.branch7x7x3_2);
        three.concat(&[seven.apply(&self.branch7x7x3_3).apply(&self.branch7x7x3_4), x.apply(&self.pool)])
    }
}

/// Four branches: 1x1; a row beside a column; 3x3, then a row beside a column; average-pool.
#[derive(Debug, Module)]
struct BlockE {
    branch1x1: BasicConv2d,
    branch3x3_1: BasicConv2d,
    branch3x3_2a: BasicConv2d,
    branch3x3_2b: BasicConv2d,
    branch3x3dbl_1: BasicConv2d,
    branch3x3dbl_2: BasicConv2d,
    branch3x3dbl_3a: BasicConv2d,
    branch3x3dbl_3b: BasicConv2d,
    branch_pool: BasicConv2d,
    pool: AvgPool2d,
}

impl BlockE {
    fn new(from: usize) -> Self {
        Self {
            branch1x1: same(from, 320, 1),
            branch3x3_1: same(from, 384, 1),
            branch3x3_2a: same(384, 384, [1, 3]),
            branch3x3_2b: same(384, 384, [3, 1]),
            branch3x3dbl_1: same(from, 448, 1),
            branch3x3dbl_2: same(448, 384, 3),
            branch3x3dbl_3a: same(384, 384, [1, 3]),
            branch3x3dbl_3b: same(384, 384, [3, 1]),
            branch_pool: same(from, 192, 1),
            pool: mean(),
        }
    }
}

impl Forward for BlockE {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let three = x.apply(&self.branch3x3_1);
        let double = x.apply(&self.branch3x3dbl_1).apply(&self.branch3x3dbl_2);
        let others = [
            three.apply(&self.branch3x3_2a),
            three.apply(&self.branch3x3_2b),
            double.apply(&self.branch3x3dbl_3a),
            double.apply(&self.branch3x3dbl_3b),
            x.apply(&self.pool).apply(&self.branch_pool),
        ];
        x.apply(&self.branch1x1).concat(&others)
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[photos(
    "inception_v3",
    "Szegedy et al. 2016, Rethinking the Inception Architecture for Computer Vision",
    "large windows factored into rows and columns",
    ["Conv2d_1a_3x3.conv", "fc"],
    |k, c| Box::new(InceptionV3::new(k, c)),
)
.sized(299)
.without(&["AuxLogits"])];

/// The published weights.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[torchvision(
    ["inception_v3", "v1"],
    pth!("inception_v3_google", "0cc3c7bd"),
    Card::imagenet(342).sized(299).halves(),
    (77.294, 93.450),
)];
