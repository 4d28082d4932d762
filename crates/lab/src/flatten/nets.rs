//! The contenders: two CNNs and two MLPs with equally many parameters.

use super::canvas::{CANVAS, MARGIN};
use serde::{Deserialize, Serialize};
use striate_nn::{AdaptiveAvgPool2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential};

/// Channels of the convolutions of a CNN with a pooled head, each 3x3 with padding 1 and a ReLU.
const POOLED: [usize; 6] = [1, 16, 32, 32, 64, 96];
/// The same with a flattened head: as far as the pooled head's last 2x2 max-pool.
const FLATTENED: [usize; 4] = [1, 16, 32, 32];
/// Convolutions with a 2x2 max-pool behind them.
const MAX_POOLS: usize = 3;
/// Values of the last map of a CNN with a flattened head, `32 * 6 * 6`.
const FLAT: usize = FLATTENED[3] * (CANVAS >> MAX_POOLS) * (CANVAS >> MAX_POOLS);

/// One of the contenders. All take `[N, 1, 48, 48]` and return logits `[N, classes]`.
///
/// The CNN with a pooled head sets the number of parameters (88,906 for ten classes); the widths of the other three are
/// computed from it.
///
/// # Example
/// ```
/// use striate_graph::{Mode, trace};
/// use striate_lab::flatten::Network;
///
/// let parameters = |network: Network, hidden: &[usize]| {
///     trace(&network.build(hidden, 10), Mode::Eval, [1, 48, 48]).map(|graph| graph.parameter_count())
/// };
/// assert_eq!(parameters(Network::CnnPooled, &[])?, 88_906);
/// assert_eq!(parameters(Network::CnnFlat, &[64])?, 88_490);
/// # Ok::<(), striate_graph::TraceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Five convolutions, then the mean of each map (global average pooling), then a linear layer. The pooling deliberately
    /// discards the position in the image.
    CnnPooled,
    /// Three convolutions, then the maps flattened into linear layers, which depend on the position again.
    CnnFlat,
    /// The pixels flattened into linear layers.
    Mlp,
    /// The same MLP, trained on images that are shifted at random by up to 10 pixels along each axis, each time they are seen.
    MlpShifts,
}

impl Network {
    /// Every contender, in the order of tables and charts.
    pub const ALL: [Self; 4] = [Self::CnnPooled, Self::CnnFlat, Self::Mlp, Self::MlpShifts];

    /// The name of the network, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::CnnPooled => "CNN, pooled head",
            Self::CnnFlat => "CNN, flattened head",
            Self::Mlp => "MLP",
            Self::MlpShifts => "MLP, trained with shifts",
        }
    }

    /// Whether the network has convolutions.
    pub fn is_cnn(self) -> bool {
        matches!(self, Self::CnnPooled | Self::CnnFlat)
    }

    /// Whether the network takes part in the experiment with scrambled pixels. The MLP trained with shifts does not, since
    /// shifting a scrambled image has no meaning.
    pub fn can_be_scrambled(self) -> bool {
        self != Self::MlpShifts
    }

    /// The maximum shift of its training images along each axis, in pixels.
    pub fn train_shift_px(self) -> u32 {
        if self == Self::MlpShifts { MARGIN as u32 } else { 0 }
    }

    /// Returns the possible widths of its hidden linear layers, each with about as many parameters as
    /// [`CnnPooled`](Self::CnnPooled). For an MLP there are one layer, or two of the same width; the better one on held-out
    /// images takes part.
    pub fn candidates(self, classes: usize) -> Vec<Vec<usize>> {
        let budget = pooled_parameters(classes);
        let pixels = CANVAS * CANVAS;
        match self {
            Self::CnnPooled => vec![Vec::new()],
            Self::CnnFlat => {
                let fixed = convolutions(&FLATTENED) + classes;
                vec![vec![nearest(budget, |h| fixed + h * (FLAT + 1 + classes))]]
            }
            Self::Mlp | Self::MlpShifts => {
                let one = nearest(budget, |h| h * (pixels + 1 + classes) + classes);
                let two = nearest(budget, |h| h * (pixels + 1) + h * (h + 1) + h * classes + classes);
                vec![vec![one], vec![two, two]]
            }
        }
    }

    /// Builds the network with hidden linear layers of these widths; layers without a name are named by their position.
    pub fn build(self, hidden: &[usize], classes: usize) -> Sequential {
        match self {
            Self::CnnPooled => {
                let head = Sequential::new().append(AdaptiveAvgPool2d::new(1)).append(Flatten::new());
                look(&POOLED).append(head).append(decide(POOLED[5], hidden, classes))
            }
            Self::CnnFlat => look(&FLATTENED).append(Flatten::new()).append(decide(FLAT, hidden, classes)),
            Self::Mlp | Self::MlpShifts => {
                Sequential::new().append(Flatten::new()).append(decide(CANVAS * CANVAS, hidden, classes))
            }
        }
    }

    /// Describes the layers in words, such as `2304-38-10`.
    pub fn layers(self, hidden: &[usize], classes: usize) -> String {
        let joined = |sizes: &[usize]| sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        let linear = |first: usize| joined(&[&[first], hidden, &[classes]].concat());
        match self {
            Self::CnnPooled => format!("conv {}, mean, linear {}", joined(&POOLED), linear(POOLED[5])),
            Self::CnnFlat => format!("conv {}, linear {}", joined(&FLATTENED), linear(FLAT)),
            Self::Mlp | Self::MlpShifts => format!("linear {}", linear(CANVAS * CANVAS)),
        }
    }
}

fn look(channels: &[usize]) -> Sequential {
    let mut net = Sequential::new();
    for (i, pair) in channels.windows(2).enumerate() {
        net = net.append(Conv2d::new(pair[0], pair[1], 3).padding(1)).append(ReLU::new());
        if i < MAX_POOLS {
            net = net.append(MaxPool2d::new(2));
        }
    }
    net
}

fn decide(features: usize, hidden: &[usize], classes: usize) -> Sequential {
    let (mut net, mut width) = (Sequential::new(), features);
    for &next in hidden {
        net = net.append(Linear::new(width, next)).append(ReLU::new());
        width = next;
    }
    net.append(Linear::new(width, classes))
}

fn convolutions(channels: &[usize]) -> usize {
    channels.windows(2).map(|pair| (9 * pair[0] + 1) * pair[1]).sum()
}

fn pooled_parameters(classes: usize) -> usize {
    convolutions(&POOLED) + (POOLED[5] + 1) * classes
}

/// The width whose number of parameters, which grows with it, is nearest to the budget; at least 1.
fn nearest(budget: usize, parameters: impl Fn(usize) -> usize) -> usize {
    let above = (1..budget).find(|&width| parameters(width) >= budget).unwrap_or(budget);
    let below = (above - 1).max(1);
    if parameters(above) - budget <= budget.abs_diff(parameters(below)) { above } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_graph::{Mode, trace};

    #[test]
    fn every_contender_has_the_same_number_of_parameters_within_five_per_cent() {
        for classes in [2, 10, 26, 47, 100] {
            let budget = pooled_parameters(classes) as f64;
            for network in Network::ALL {
                for hidden in network.candidates(classes) {
                    let net = network.build(&hidden, classes);
                    let graph = trace(&net, Mode::Eval, [1, CANVAS, CANVAS]).unwrap();
                    assert_eq!(graph.output_shape(), [classes]);
                    let off = graph.parameter_count() as f64 / budget - 1.0;
                    assert!(off.abs() < 0.05, "{network:?} {hidden:?}, {classes} classes: {off}");
                }
            }
        }
    }

    #[test]
    fn layers_are_said_as_they_are() {
        let said = |network: Network| {
            let all = network.candidates(10);
            all.iter().map(|hidden| network.layers(hidden, 10)).collect::<Vec<_>>()
        };
        assert_eq!(said(Network::CnnPooled), ["conv 1-16-32-32-64-96, mean, linear 96-10"]);
        assert_eq!(said(Network::CnnFlat), ["conv 1-16-32-32, linear 1152-64-10"]);
        assert_eq!(said(Network::Mlp), ["linear 2304-38-10", "linear 2304-38-38-10"]);
    }
}
