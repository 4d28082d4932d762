//! Convolution (in fact cross-correlation, as in PyTorch):
//! `Y[n, k, y, x] = b[k] + Σ_c Σ_(i, j) X[n, c, y·s + i·d − p, x·s + j·d − p] · W[k, c, i, j]`, with `c` over the channels of
//! k's group, and `p` the padding above and to the left.

use super::*;
use crate::arithmetic::{Arithmetic, Dtype, Winograd};
use crate::explain::Pass;
use std::ops::Range;
use striate_kernels::conv::{self, Rows, WinogradForm};
use striate_kernels::{BLOCK, Bf16Weights, ConvShape, reference};

/// A two-dimensional convolution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// The number of channels of the input.
    pub in_channels: usize,
    /// The number of channels of the output.
    pub out_channels: usize,
    /// The size of the kernel `[kh, kw]`.
    pub kernel_size: [usize; 2],
    /// The distance between windows `[rows, columns]`.
    pub stride: [usize; 2],
    /// The number of zeros on each side `[[top, bottom], [left, right]]`; a file may contain `[rows, columns]` if both
    /// sides of each axis are equal.
    #[serde(with = "crate::padding")]
    pub padding: [[usize; 2]; 2],
    /// The distance between taps `[rows, columns]`.
    pub dilation: [usize; 2],
    /// The number of groups, which divides both numbers of channels. Each group of outputs reads one group of inputs.
    pub groups: usize,
    /// Whether a learned number is added to each output channel.
    pub bias: bool,
    /// The initialization of the weight; the bias then starts at 0. With `None`, both are initialized as in PyTorch. Never
    /// stored.
    #[serde(skip)]
    pub init: Option<Init>,
}

/// The kernels that compute a convolution in inference, and why: used both to plan and to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Algorithm {
    pub(crate) method: Method,
    pub(crate) reason: String,
}

/// A way to compute a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// The sums as in the formula.
    Direct,
    /// The same kernel, reading 16 channels at once, each of which is convolved separately.
    Depthwise,
    /// The sums as in the formula, over products of bf16 values.
    Bf16,
    /// Winograd's algorithm.
    Winograd(WinogradForm),
}

/// Number of channels, in and out, from which on Winograd is used. Measured on AVX2, one thread, batch 1: 32 channels at 28x28
/// are 1.9 times as fast as direct.
const WINOGRAD_CHANNELS: usize = 32;
/// Number of tiles from which on the largest form is used. Tiles of 4x4 pixels for F(4x4, 3x3): at 12x12, which is 9 tiles, it
/// is 1.8 times as fast as direct with 256 or 512 channels, and 1.1 times as fast as F(2x2, 3x3). Tiles of 2x2 pixels for
/// F(2x2, 5x5): at 6x6, which is 9 tiles, it is 1.2 times as fast as direct with 32 channels, 1.5 times with 256; at 5x5, also
/// 9 tiles, 1.0 and 1.2 times.
const WINOGRAD_TILES: usize = 9;
/// Number of tiles of 4x4 pixels from which on F(2x2, 3x3) is used. At 7x7, which is 4 tiles, computing a sample takes as long
/// as reading its weights, and those of F(4x4, 3x3) are 2.2 times as large: 512 channels take 3.97 ms directly, 2.32 by F(2x2,
/// 3x3) and 2.84 by F(4x4, 3x3).
const WINOGRAD_FEW_TILES: usize = 4;
/// Number of pairs of channels from which on F(2x2, 3x3) is used. Fewer would gain as much, but the bundled networks have
/// fewer, and training them again must give the same bytes.
const WINOGRAD_PAIRS: usize = 128 * 128;

/// Input channels from which on bf16 is used: with fewer, most of the pairs would be empty, and an image of so few channels is
/// planar.
const BF16_CHANNELS: usize = 8;

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Depthwise => "depthwise",
            Self::Bf16 => "bf16",
            Self::Winograd(WinogradForm::F23) => "Winograd 2x2",
            Self::Winograd(WinogradForm::F43) => "Winograd 4x4",
            Self::Winograd(WinogradForm::F25) => "Winograd 2x2 of 5x5",
        }
    }
}

impl Algorithm {
    /// The method for this shape.
    fn of(shape: &ConvShape, arithmetic: Arithmetic) -> Self {
        let channels = shape.c_in.min(shape.c_out);
        let is_large = shape.c_in.saturating_mul(shape.c_out) >= WINOGRAD_PAIRS;
        let Window { kernel: [kh, kw], stride: [sy, sx], dilation: [dy, dx], .. } = shape.window;
        // The form for many tiles, and the number of tiles from which on any form is used.
        let (form, least) = match [kh, kw] {
            [3, 3] if is_large => (WinogradForm::F43, WINOGRAD_FEW_TILES),
            [5, 5] => (WinogradForm::F25, WINOGRAD_TILES),
            _ => (WinogradForm::F43, WINOGRAD_TILES),
        };
        let (least_channels, least) = match arithmetic.winograd {
            Winograd::On => (BLOCK, 1),
            Winograd::Auto | Winograd::Off => (WINOGRAD_CHANNELS, least),
        };
        let tiles: usize = form.tiles(shape).iter().product();
        let direct = |reason| Algorithm { method: Method::Direct, reason };
        // With few channels or tiles, Winograd saves less than its transforms cost.
        if shape.groups > 1 && shape.groups == shape.c_in && shape.groups == shape.c_out {
            let reason = format!("{kh}x{kw}, {} channels", shape.groups);
            Algorithm { method: Method::Depthwise, reason }
        } else if shape.groups > 1 {
            direct(format!("{} groups", shape.groups))
        } else if arithmetic.dtype == Dtype::Bf16 && shape.c_in >= BF16_CHANNELS {
            Algorithm { method: Method::Bf16, reason: format!("{kh}x{kw}, {} channels", shape.c_in) }
        } else if [kh, kw] != [form.taps(); 2] {
            direct(format!("{kh}x{kw}"))
        } else if [sy, sx] != [1, 1] {
            let stride = if sy == sx { sy.to_string() } else { format!("{sy}x{sx}") };
            direct(format!("{kh}x{kw}, stride {stride}"))
        } else if [dy, dx] != [1, 1] {
            let dilation = if dy == dx { dy.to_string() } else { format!("{dy}x{dx}") };
            direct(format!("{kh}x{kw}, dilation {dilation}"))
        } else if channels < least_channels {
            direct(format!("{kh}x{kw}, {}, below {least_channels}", counted(channels, "channel")))
        } else if tiles < least {
            let (channels, tiles) = (counted(channels, "channel"), counted(tiles, "tile"));
            direct(format!("{kh}x{kw}, {channels}, {tiles}, below {least}"))
        } else if arithmetic.winograd == Winograd::Off {
            direct(format!("{kh}x{kw}, without Winograd"))
        } else {
            let is_few = form == WinogradForm::F43 && tiles < WINOGRAD_TILES;
            let form = if is_few { WinogradForm::F23 } else { form };
            let reason = format!("{}, {}", counted(channels, "channel"), counted(tiles, "tile"));
            Algorithm { method: Method::Winograd(form), reason }
        }
    }
}

/// `1 channel`, `2 channels`.
fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

impl Conv2d {
    fn sliding(&self) -> Window {
        Window {
            kernel: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
        }
    }

    /// The shape for the kernels, for an input `[C, H, W]`.
    pub(crate) fn conv_shape(&self, input: &[usize]) -> ConvShape {
        ConvShape {
            c_in: self.in_channels,
            c_out: self.out_channels,
            input: [input[1], input[2]],
            window: self.sliding(),
            groups: self.groups,
        }
    }

    /// How the output is computed, for an input `[C, H, W]`.
    pub(crate) fn algorithm(&self, input: &[usize], arithmetic: Arithmetic) -> Algorithm {
        Algorithm::of(&self.conv_shape(input), arithmetic)
    }

    /// How the gradient of the input is computed.
    fn gradient_algorithm(&self, input: &[usize], arithmetic: Arithmetic) -> Algorithm {
        let shape = self.conv_shape(input);
        match shape.transposed() {
            Some(transposed) => Algorithm::of(&transposed, arithmetic),
            None => Algorithm::of(&shape, Arithmetic::PLAIN),
        }
    }

    /// Zeros that the kernels need around the input.
    pub(crate) fn halo(&self) -> [usize; 2] {
        self.sliding().halo()
    }

    fn fan_in(&self) -> usize {
        (self.in_channels / self.groups.max(1)).saturating_mul(cost::taps(&self.sliding()))
    }

    /// The products of output channel `c` in the order in which they are added, where channels lie in blocks of `block`.
    fn rows(&self, c: usize, block: usize) -> Vec<Product> {
        let (per_in, per_out) = (self.in_channels / self.groups, self.out_channels / self.groups);
        let channels = self.read_by_block(c / BLOCK, per_in, per_out);
        let [kh, kw] = self.kernel_size;
        let mut rows = Vec::new();
        for b in channels.start / block..channels.end.div_ceil(block) {
            let of_block = channels.start.max(b * block)..channels.end.min((b + 1) * block);
            for tap in (0..kh).flat_map(|y| (0..kw).map(move |x| [y, x])) {
                for channel in of_block.clone() {
                    rows.push(Product { channel, tap, is_connected: channel / per_in == c / per_out });
                }
            }
        }
        rows
    }

    /// Input channels that any output channel of a block reads.
    fn read_by_block(&self, block: usize, per_in: usize, per_out: usize) -> Range<usize> {
        let (first, end) = (block * BLOCK, ((block + 1) * BLOCK).min(self.out_channels));
        first / per_out * per_in..end.div_ceil(per_out) * per_in
    }
}

impl Operation for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }
    fn limit(&self, output: &[usize]) -> Option<Limit> {
        match self.groups {
            _ if output.last() == Some(&1) => Some(Limit::OnePixel),
            1 => None,
            all if all == self.in_channels && all == self.out_channels => Some(Limit::Lines),
            _ => Some(Limit::SharedBlocks),
        }
    }
    fn choice(&self, inputs: &[&[usize]], pass: Pass, arithmetic: Arithmetic) -> AlgorithmChoice {
        let Algorithm { method, reason } = match pass {
            Pass::Backward => self.gradient_algorithm(inputs[0], arithmetic),
            Pass::Forward | Pass::Loss | Pass::Update => self.algorithm(inputs[0], arithmetic),
        };
        AlgorithmChoice { algorithm: method.name(), reason }
    }
    fn role(&self) -> Role {
        Role::Convolution
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::window(&self.sliding())
    }
    fn terms(&self, _: &[&[usize]], [c, y, x]: [usize; 3]) -> Option<Terms> {
        let per_group = self.in_channels / self.groups;
        let group = c / (self.out_channels / self.groups);
        let weights = per_group * cost::taps(&self.sliding());
        let cells = Cells::of_window(&self.sliding(), [y, x]);
        Some(Terms::Weighted(Weighted {
            channels: group * per_group..(group + 1) * per_group,
            window: self.kernel_size,
            first: [cells.rows[0], cells.columns[0]],
            dilation: self.dilation,
            weights: c * weights..(c + 1) * weights,
            bias: self.bias.then_some(c),
        }))
    }
    fn order(&self, c: usize, block: usize) -> Option<Vec<Product>> {
        Some(self.rows(c, block))
    }
    fn shift(&self, parameter: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::bias(self.bias, parameter))
    }
    fn params(&self) -> Vec<ParamSpec> {
        let [kh, kw] = self.kernel_size;
        let (weight_init, bias_init) = Init::of_layer(self.init, self.fan_in());
        let shape = [self.out_channels, self.in_channels / self.groups.max(1), kh, kw];
        let weight = ParamSpec::new("weight", &shape, weight_init);
        let bias = self.bias.then(|| ParamSpec::new("bias", &[self.out_channels], bias_init));
        [weight].into_iter().chain(bias).collect()
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let (k, c, groups) = (self.out_channels, self.in_channels, self.groups);
        let image = image("conv2d", one(inputs)?)?;
        let size = slide("conv2d", &self.sliding(), image)?;
        let out = vec![k, size[0], size[1]];
        let bad = |problem: String| Err(ShapeError::plain(Some(out.clone()), problem));
        if groups == 0 || c == 0 || k == 0 {
            return bad(format!(
                "conv2d of {c} input and {k} output channels in {}: each must be at least 1",
                counted(groups, "group")
            ));
        }
        if c % groups != 0 || k % groups != 0 {
            let fit = (1..=c.min(k)).filter(|g| c % g == 0 && k % g == 0).take(8);
            let fit = fit.map(|g| g.to_string()).collect::<Vec<_>>().join(", ");
            return bad(format!(
                "conv2d cannot split {c} input and {k} output channels into {groups} groups; groups can be {fit} here"
            ));
        }
        if image[0] != c {
            return bad(format!(
                "conv2d expects images of {}, got {}x{}x{}; set in_channels to {}",
                counted(c, "channel"),
                image[0],
                image[1],
                image[2],
                image[0]
            ));
        }
        Ok(out)
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        let fan_in = self.fan_in();
        // Groups that share a block of output channels each read what the others read.
        let per_group = (self.out_channels / self.groups.max(1)).max(1);
        let beside = self.groups.min(BLOCK.div_ceil(per_group));
        let multiply_adds = cost::product(output.iter().copied().chain([fan_in]));
        Cost { multiply_adds, ..Cost::of_windows(output, fan_in.saturating_mul(beside)) }
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let shape = self.conv_shape(at.shapes[0]);
        let bias = self.bias.then(|| at.params[1].as_slice());
        reference::conv2d(at.n, &shape, at.x[0], &at.params[0], bias)
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let shape = self.conv_shape(at.shapes[0]);
        let g = reference::conv2d_vjp(at.n, &shape, at.x[0], &at.params[0], grad_output);
        let mut params = vec![g.grad_weight];
        params.extend(self.bias.then_some(g.grad_bias));
        Gradients { inputs: vec![g.grad_input], params }
    }

    fn param_layout(&self, i: usize, x: &Plane) -> Option<ParamLayout> {
        if i == 1 {
            return Some(ParamLayout::channels(self.out_channels));
        }
        let shape = self.conv_shape(&[x.channels, x.height, x.width]);
        ParamLayout::conv(shape, x)
    }
    fn takes_planar(&self) -> bool {
        true
    }
    fn takes_activation(&self) -> bool {
        true
    }
    fn takes_added(&self) -> bool {
        true
    }
    fn takes_gradient(&self) -> bool {
        true
    }
    fn input_halo(&self, _: &[usize]) -> [usize; 2] {
        self.halo()
    }
    fn grad_halos(&self, input: &[usize]) -> ([usize; 2], [usize; 2]) {
        (conv::backward_halo(&self.conv_shape(input)), [0, 0])
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let shape = self.conv_shape(at.shapes[0]);
        let rows = Rows::forward(&shape, &at.x[0].plane);
        let bias = self.bias.then(|| at.params[1]);
        match self.algorithm(at.shapes[0], at.arithmetic).method {
            Method::Direct | Method::Depthwise => {
                let (x, w) = (at.x[0], at.params[0]);
                let kernel = conv::Conv::forward(&shape, rows, x, w, bias, at.y, at.activation);
                at.program.push(kernel.with_added(at.added));
            }
            Method::Bf16 => {
                let (x, w) = (at.x[0], at.params[0]);
                let rounded = at.program.constant(Bf16Weights::conv_len(&shape, &x.plane));
                at.program.push_before(Bf16Weights::conv(&shape, &x.plane, w, rounded));
                let kernel =
                    conv::Conv::forward_bf16(at.program, &shape, x, rounded, bias, at.y, at.activation);
                at.program.push(kernel.with_added(at.added));
            }
            Method::Winograd(form) => {
                let (len, w) = (form.weight_len(&shape), at.params[0]);
                // Parameters that learn are others in each step.
                let u = if at.train {
                    let u = at.program.kept(len);
                    at.program.push(conv::WinogradWeights::new(form, &shape, w, u));
                    u
                } else {
                    let u = at.program.constant(len);
                    at.program.push_before(conv::WinogradWeights::new(form, &shape, w, u));
                    u
                };
                let kernel = conv::Winograd::forward(form, &shape, at.x[0], u, bias, at.y, at.activation);
                at.program.push(kernel.with_added(at.added));
            }
        }
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        at.pass_end();
        let shape = self.conv_shape(at.shapes[0]);
        let rows = Rows::forward(&shape, &at.x[0].plane);
        if let Some(dx) = at.dx[0] {
            let of = conv::InputGradient { dy: at.dy, w: at.params[0], dx, added: at.so_far };
            match self.gradient_algorithm(at.shapes[0], at.arithmetic).method {
                Method::Direct | Method::Depthwise | Method::Bf16 => {
                    conv::Conv::push_backward_data(at.program, &shape, &rows, of);
                }
                Method::Winograd(form) => {
                    conv::Winograd::push_backward_data(form, at.program, &shape, &rows, of);
                }
            }
        }
        if let Some(db) = at.grads.get(1).copied().flatten() {
            at.program.push(conv::ConvBackwardBias { dy: at.dy, db });
        }
        if let Some(dw) = at.grads[0] {
            conv::ConvBackwardWeight::push(at.program, &shape, rows, at.x[0], at.dy, dw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithm_is_told_with_its_reason() {
        let conv = Conv2d {
            in_channels: 64,
            out_channels: 32,
            kernel_size: [3, 3],
            stride: [1, 1],
            padding: [[1, 1]; 2],
            dilation: [1, 1],
            groups: 1,
            bias: true,
            init: None,
        };
        let told = |conv: &Conv2d, side: usize, winograd: Winograd| {
            let input = [conv.in_channels, side, side];
            let Algorithm { method, reason } =
                conv.algorithm(&input, Arithmetic { winograd, dtype: Dtype::F32 });
            if let Method::Winograd(form) = method {
                assert!(form.fits(&conv.conv_shape(&input)), "{conv:?}");
            }
            format!("{method:?}: {reason}")
        };
        assert_eq!(told(&conv, 13, Winograd::Auto), "Winograd(F43): 32 channels, 16 tiles");
        assert_eq!(told(&conv, 13, Winograd::Off), "Direct: 3x3, without Winograd");
        assert_eq!(told(&conv, 9, Winograd::Auto), "Winograd(F43): 32 channels, 9 tiles");
        assert_eq!(told(&conv, 8, Winograd::Auto), "Direct: 3x3, 32 channels, 4 tiles, below 9");
        let large = Conv2d { out_channels: 256, ..conv.clone() };
        assert_eq!(told(&large, 8, Winograd::Auto), "Winograd(F23): 64 channels, 4 tiles");
        assert_eq!(told(&large, 9, Winograd::Auto), "Winograd(F43): 64 channels, 9 tiles");
        assert_eq!(told(&large, 4, Winograd::Auto), "Direct: 3x3, 64 channels, 1 tile, below 4");
        assert_eq!(told(&conv, 4, Winograd::On), "Winograd(F23): 32 channels, 1 tile");
        let few = Conv2d { out_channels: 31, ..conv.clone() };
        assert_eq!(told(&few, 13, Winograd::Auto), "Direct: 3x3, 31 channels, below 32");
        assert_eq!(told(&few, 13, Winograd::On), "Winograd(F43): 31 channels, 16 tiles");
        let image = Conv2d { in_channels: 3, ..conv.clone() };
        assert_eq!(told(&image, 13, Winograd::On), "Direct: 3x3, 3 channels, below 16");
        let strided = Conv2d { stride: [2, 2], ..conv.clone() };
        assert_eq!(told(&strided, 56, Winograd::Auto), "Direct: 3x3, stride 2");
        let dilated = Conv2d { dilation: [2, 1], ..conv.clone() };
        assert_eq!(told(&dilated, 56, Winograd::Auto), "Direct: 3x3, dilation 2x1");
        let five = Conv2d { kernel_size: [5, 5], padding: [[2, 2]; 2], ..conv.clone() };
        assert_eq!(told(&five, 6, Winograd::Auto), "Winograd(F25): 32 channels, 9 tiles");
        assert_eq!(told(&five, 4, Winograd::Auto), "Direct: 5x5, 32 channels, 4 tiles, below 9");
        assert_eq!(told(&five, 6, Winograd::Off), "Direct: 5x5, without Winograd");
        let large_five = Conv2d { out_channels: 256, ..five.clone() };
        assert_eq!(told(&large_five, 4, Winograd::Auto), "Direct: 5x5, 64 channels, 4 tiles, below 9");
        let few_five = Conv2d { in_channels: 16, ..five.clone() };
        assert_eq!(told(&few_five, 6, Winograd::Auto), "Direct: 5x5, 16 channels, below 32");
        let strided_five = Conv2d { stride: [2, 1], ..five };
        assert_eq!(told(&strided_five, 56, Winograd::Auto), "Direct: 5x5, stride 2x1");
        assert_eq!(
            told(&Conv2d { kernel_size: [5, 5], padding: [[2, 2]; 2], ..conv.clone() }, 4, Winograd::On),
            "Winograd(F25): 32 channels, 4 tiles"
        );
        let point = Conv2d { kernel_size: [1, 1], ..conv.clone() };
        assert_eq!(told(&point, 56, Winograd::Auto), "Direct: 1x1");
        let grouped = Conv2d { groups: 2, ..conv.clone() };
        assert_eq!(told(&grouped, 56, Winograd::Auto), "Direct: 2 groups");
        let depthwise = Conv2d { groups: 64, out_channels: 64, ..conv };
        assert_eq!(told(&depthwise, 56, Winograd::Auto), "Depthwise: 3x3, 64 channels");
    }
}
