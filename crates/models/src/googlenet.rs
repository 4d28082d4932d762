//! GoogLeNet: each block has windows of several sizes side by side.

use crate::info::{ModelInfo, photos};
use crate::weights::{V1, WeightsInfo, pth, torchvision};
use striate_nn::{
    AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Dropout, Forward, Init, Linear, MaxPool2d, Module, Sequential,
    Var,
};

/// GoogLeNet, or Inception-v1, with batch norms. A block has four branches: a 1x1 convolution, a 3x3, another 3x3 (where the
/// paper has 5x5), and a 3x3 max-pool; a 1x1 convolution reduces the channels of each to save work.
///
/// 6,624,904 parameters for 1000 classes, 1,498,376,192 multiply-adds at 224 px. In training, two auxiliary classifiers, which
/// read the blocks 4a and 4d, add 0.3 of their losses to the network's own; they have 6,379,984 parameters more.
///
/// # Shapes
/// `[N, in_channels, H, W]` of at least 15 px to logits `[N, num_classes]`.
///
/// # Source
/// Szegedy et al., "Going Deeper with Convolutions", 2015, table 1, and section 5 for the auxiliary classifiers.
///
/// # PyTorch
/// `torchvision.models.googlenet(init_weights=True)`, keys and initialization included, except that the biases of fully
/// connected layers start at 0 here; [`GoogLeNet::aux_logits`]`(false)` corresponds to `aux_logits=False`. The weights of the
/// auxiliary classifiers in the published file are left out, as torchvision does. What torchvision calls `transform_input` is
/// expressed by the mean and the standard deviation of 0.5 with which the published weights expect their images. In training, a
/// fifth of the inputs of `fc` is dropped.
///
/// # Example
/// ```
/// use striate_models::GoogLeNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&GoogLeNet::new(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (6_624_904, 1_498_376_192));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct GoogLeNet {
    /// The stem: 7x7 with stride 2.
    pub conv1: BasicConv2d,
    /// A 3x3 max-pool with stride 2.
    pub maxpool1: MaxPool2d,
    /// A 1x1 convolution.
    pub conv2: BasicConv2d,
    /// A 3x3 convolution.
    pub conv3: BasicConv2d,
    /// A 3x3 max-pool with stride 2.
    pub maxpool2: MaxPool2d,
    inception3a: Inception,
    inception3b: Inception,
    maxpool3: MaxPool2d,
    inception4a: Inception,
    inception4b: Inception,
    inception4c: Inception,
    inception4d: Inception,
    inception4e: Inception,
    maxpool4: MaxPool2d,
    inception5a: Inception,
    inception5b: Inception,
    aux1: Option<Auxiliary>,
    aux2: Option<Auxiliary>,
    dropout: Dropout,
    /// The classifier, which computes the logits from the features.
    pub fc: Linear,
}

/// Standard deviation of the initial weights; torchvision also truncates at 200 standard deviations.
const STD: f32 = 0.01;

/// Factor of the loss of an auxiliary classifier.
const AUXILIARY_WEIGHT: f32 = 0.3;

fn conv(from: usize, to: usize, kernel: usize) -> BasicConv2d {
    BasicConv2d::new(Conv2d::new(from, to, kernel).padding(kernel / 2), STD)
}

impl GoogLeNet {
    /// Creates a network for images of `in_channels` channels.
    pub fn new(num_classes: usize, in_channels: usize) -> Self {
        let halve = || MaxPool2d::new(3).stride(2).ceil_mode(true);
        Self {
            conv1: BasicConv2d::new(Conv2d::new(in_channels, 64, 7).stride(2).padding(3), STD),
            maxpool1: halve(),
            conv2: conv(64, 64, 1),
            conv3: conv(64, 192, 3),
            maxpool2: halve(),
            inception3a: Inception::new(192, 64, [96, 128], [16, 32], 32),
            inception3b: Inception::new(256, 128, [128, 192], [32, 96], 64),
            maxpool3: halve(),
            inception4a: Inception::new(480, 192, [96, 208], [16, 48], 64),
            inception4b: Inception::new(512, 160, [112, 224], [24, 64], 64),
            inception4c: Inception::new(512, 128, [128, 256], [24, 64], 64),
            inception4d: Inception::new(512, 112, [144, 288], [32, 64], 64),
            inception4e: Inception::new(528, 256, [160, 320], [32, 128], 128),
            maxpool4: MaxPool2d::new(2).stride(2).ceil_mode(true),
            inception5a: Inception::new(832, 256, [160, 320], [32, 128], 128),
            inception5b: Inception::new(832, 384, [192, 384], [48, 128], 128),
            aux1: Some(Auxiliary::new(512, num_classes)),
            aux2: Some(Auxiliary::new(528, num_classes)),
            dropout: Dropout::new(0.2),
            fc: fully_connected(1024, num_classes),
        }
    }

    /// Sets whether the network is trained with its two auxiliary classifiers; by default it is.
    pub fn aux_logits(self, aux_logits: bool) -> Self {
        let Self { aux1, aux2, .. } = self;
        Self { aux1: aux1.filter(|_| aux_logits), aux2: aux2.filter(|_| aux_logits), ..self }
    }
}

impl Forward for GoogLeNet {
    /// `[N, C, H, W]` to logits. The sizes in the comments are those of photos of 224 px.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).apply(&self.maxpool1); // [N, 64, 56, 56]
        let x = x.apply(&self.conv2).apply(&self.conv3).apply(&self.maxpool2); // [N, 192, 28, 28]
        let x = x.apply(&self.inception3a).apply(&self.inception3b).apply(&self.maxpool3); // [N, 480, 14, 14]
        let x = x.apply(&self.inception4a);
        Auxiliary::add(&self.aux1, x);
        let x = x.apply(&self.inception4b).apply(&self.inception4c).apply(&self.inception4d);
        Auxiliary::add(&self.aux2, x);
        let x = x.apply(&self.inception4e).apply(&self.maxpool4); // [N, 832, 7, 7]
        let x = x.apply(&self.inception5a).apply(&self.inception5b); // [N, 1024, 7, 7]
        x.adaptive_avg_pool2d(1).flatten(1).apply(&self.dropout).apply(&self.fc)
    }
}

/// A classifier of features from the middle of the network.
#[derive(Debug, Module)]
struct Auxiliary {
    pool: AdaptiveAvgPool2d,
    conv: BasicConv2d,
    fc1: Linear,
    dropout: Dropout,
    fc2: Linear,
}

impl Auxiliary {
    fn new(from: usize, num_classes: usize) -> Self {
        Self {
            pool: AdaptiveAvgPool2d::new(4),
            conv: conv(from, 128, 1),
            fc1: fully_connected(2048, 1024),
            dropout: Dropout::new(0.7),
            fc2: fully_connected(1024, num_classes),
        }
    }

    /// Adds the auxiliary loss of `x`, if the network has this classifier.
    fn add(this: &Option<Self>, x: Var<'_>) {
        if let Some(this) = this {
            x.apply(this).auxiliary_loss(AUXILIARY_WEIGHT);
        }
    }
}

impl Forward for Auxiliary {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.pool).apply(&self.conv).flatten(1); // [N, 2048]
        x.apply(&self.fc1).relu().apply(&self.dropout).apply(&self.fc2)
    }
}

fn fully_connected(from: usize, to: usize) -> Linear {
    Linear::new(from, to).init(Init::Normal { std: STD })
}

/// A convolution without bias, a batch norm and a ReLU.
#[derive(Debug, Module)]
pub struct BasicConv2d {
    /// The convolution, without bias.
    pub conv: Conv2d,
    /// The batch norm, with an `eps` of 0.001.
    pub bn: BatchNorm2d,
}

impl BasicConv2d {
    /// With this convolution, whose weights start normal with standard deviation `std`.
    pub(crate) fn new(conv: Conv2d, std: f32) -> Self {
        let bn = BatchNorm2d::new(conv.out_channels).eps(0.001);
        Self { conv: conv.bias(false).init(Init::Normal { std }), bn }
    }
}

impl Forward for BasicConv2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.apply(&self.conv).apply(&self.bn).relu()
    }
}

/// Four branches side by side.
#[derive(Debug, Module)]
struct Inception {
    branch1: BasicConv2d,
    branch2: Sequential,
    branch3: Sequential,
    branch4: Sequential,
}

impl Inception {
    /// Channels of the 1x1 branch; of each 3x3 branch, before and after its 3x3; after the pool.
    fn new(from: usize, one: usize, three: [usize; 2], five: [usize; 2], pool: usize) -> Self {
        let squeezed =
            |[few, to]: [usize; 2]| Sequential::new().append(conv(from, few, 1)).append(conv(few, to, 3));
        let largest = MaxPool2d::new(3).stride(1).padding(1).ceil_mode(true);
        Self {
            branch1: conv(from, one, 1),
            branch2: squeezed(three),
            branch3: squeezed(five),
            branch4: Sequential::new().append(largest).append(conv(from, pool, 1)),
        }
    }
}

impl Forward for Inception {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let others = [x.apply(&self.branch2), x.apply(&self.branch3), x.apply(&self.branch4)];
        x.apply(&self.branch1).concat(&others)
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[photos(
    "googlenet",
    "Szegedy et al. 2015, Going Deeper with Convolutions",
    "windows of several sizes side by side in each block",
    ["conv1.conv", "fc"],
    |k, c| Box::new(GoogLeNet::new(k, c)),
)
.without(&["aux1", "aux2"])];

/// The published weights.
pub(crate) const WEIGHTS: &[WeightsInfo] =
    &[torchvision(["googlenet", "v1"], pth!("googlenet", "1378be20"), V1.halves(), (69.778, 89.530))];
