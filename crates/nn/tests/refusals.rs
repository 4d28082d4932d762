//! What the layers that few networks have say where they do not fit.

use expect_test::{Expect, expect};
use striate_nn::*;

// The network stands in front: its lines are part of the messages.

/// A network of one layer.
#[derive(Module)]
struct Net<L> {
    layer: L,
}

impl<L: Forward> Forward for Net<L> {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.apply(&self.layer) // the line of all messages here
    }
}

fn check(layer: impl Forward, input: [usize; 3], expected: &Expect) {
    let error = trace(&Net { layer }, Mode::Train, input).expect_err("a shape that does not fit");
    expected.assert_eq(&format!("{error}\n"));
}

#[test]
fn average_pools() {
    check(
        AvgPool2d::new(9).ceil_mode(true),
        [1, 8, 8],
        &expect![[r#"
            layer.avg_pool2d (refusals.rs:16): avg_pool2d with kernel_size 9x9 is larger than its input of 8x8 with padding 0x0; use a smaller kernel, or more padding; or use 28x28 images
        "#]],
    );
}

#[test]
fn adaptive_max_pools() {
    check(
        AdaptiveMaxPool2d::new([0, 1]),
        [1, 28, 28],
        &expect![[r#"
            layer.adaptive_max_pool2d (refusals.rs:16): adaptive_max_pool2d to an empty output; the smallest is 1x1
        "#]],
    );
    check(
        AdaptiveMaxPool2d::new([1, 3]),
        [1, 10_000, 10_000],
        &expect![[r#"
            layer.adaptive_max_pool2d (refusals.rs:16): adaptive_max_pool2d of 10000x10000 to 1x3 takes windows of more than 16777216 values; make the output larger, or the image smaller with max_pool2d first; or use 28x28 images
        "#]],
    );
}

#[test]
fn prelu() {
    check(
        PReLU::new(4),
        [3, 8, 8],
        &expect![[r#"
            layer (refusals.rs:16): prelu has 4 slopes, but its input has 3 channels; set num_parameters to 3, or to 1 for all
        "#]],
    );
    check(
        PReLU::default().init(f32::NAN),
        [3, 8, 8],
        &expect![[r#"
            layer (refusals.rs:16): prelu starts with a slope of NaN; it must be a finite number
        "#]],
    );
}

#[test]
fn group_norm() {
    check(
        GroupNorm::new(2, 4),
        [6, 8, 8],
        &expect![[r#"
            layer (refusals.rs:16): group_norm expects 4 channels, got 6; set num_channels (of an InstanceNorm2d num_features) to 6
        "#]],
    );
    check(
        GroupNorm::new(4, 6),
        [6, 8, 8],
        &expect![[r#"
            layer (refusals.rs:16): group_norm cannot split 6 channels into 4 groups; num_groups must divide 6
        "#]],
    );
    check(
        GroupNorm::new(0, 6),
        [6, 8, 8],
        &expect![[r#"
            layer (refusals.rs:16): group_norm cannot split 6 channels into 0 groups; num_groups must divide 6
        "#]],
    );
    check(
        GroupNorm::new(2, 4).eps(0.0),
        [4, 8, 8],
        &expect![[r#"
            layer (refusals.rs:16): group_norm with eps 0; eps must be above 0, such as 1e-5
        "#]],
    );
}

#[test]
fn instance_norm() {
    check(
        InstanceNorm2d::new(6),
        [6, 1, 1],
        &expect![[r#"
            layer.group_norm (refusals.rs:16): group_norm of [6, 1, 1] in 6 groups has one value in each, which is its own mean; use fewer groups, or put it where the image is larger; or use 28x28 images
        "#]],
    );
    check(
        InstanceNorm2d::new(6),
        [3, 8, 8],
        &expect![[r#"
            layer.group_norm (refusals.rs:16): group_norm expects 6 channels, got 3; set num_channels (of an InstanceNorm2d num_features) to 3
        "#]],
    );
}

#[test]
fn local_response_norm() {
    check(
        LocalResponseNorm::new(0),
        [6, 8, 8],
        &expect![[r#"
            layer.local_response_norm (refusals.rs:16): local_response_norm over 0 channels; the smallest size is 1, and 5 is usual
        "#]],
    );
    check(
        LocalResponseNorm::new(5).k(0.0),
        [6, 8, 8],
        &expect![[r#"
            layer.local_response_norm (refusals.rs:16): local_response_norm with alpha 0.0001, beta 0.75 and k 0; alpha must be 0 or more, beta in -100 ..= 100, and k above 0 so that nothing is divided by 0; 1e-4, 0.75 and 1 are usual
        "#]],
    );
    check(
        LocalResponseNorm::new(5).beta(101.0),
        [6, 8, 8],
        &expect![[r#"
            layer.local_response_norm (refusals.rs:16): local_response_norm with alpha 0.0001, beta 101 and k 1; alpha must be 0 or more, beta in -100 ..= 100, and k above 0 so that nothing is divided by 0; 1e-4, 0.75 and 1 are usual
        "#]],
    );
}

#[test]
fn dropout2d() {
    check(
        Dropout2d::new(1.0),
        [6, 8, 8],
        &expect![[r#"
            layer.dropout2d (refusals.rs:16): dropout2d with p = 1; p must be in 0 ≤ p < 1
        "#]],
    );
}

#[test]
fn upsample() {
    check(
        Upsample::scale_factor([2, 0]),
        [6, 8, 8],
        &expect![[r#"
            layer.interpolate (refusals.rs:16): interpolate by the scale_factor [2, 0]; the smallest is 1
        "#]],
    );
    check(
        Upsample::size([0, 3]),
        [6, 8, 8],
        &expect![[r#"
            layer.interpolate (refusals.rs:16): interpolate to the size [0, 3]; the smallest is 1x1
        "#]],
    );
    check(
        Upsample::scale_factor(usize::MAX),
        [6, 8, 8],
        &expect![[r#"
            layer.interpolate (refusals.rs:16): interpolate of 8x8 to 2^64 rows or columns or more; scale by less
        "#]],
    );
}

/// A layer that does what a function does.
struct Does(for<'g> fn(Var<'g>) -> Var<'g>);

impl Module for Does {
    fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {}
}

impl Forward for Does {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        (self.0)(x)
    }
}

/// The message without the lines of this file.
fn refused(layer: impl Forward, expected: &Expect) {
    let error = trace(&Net { layer }, Mode::Train, [6, 8, 8]).expect_err("a shape that does not fit");
    let problems: Vec<&str> = error.layers.iter().map(|error| error.problem.as_str()).collect();
    expected.assert_eq(&problems.join("\n"));
}

#[test]
fn products_and_parts_of_channels() {
    refused(
        Does(|x| x * x.max_pool2d(2)),
        &expect![
            "mul of [6, 8, 8] and [6, 4, 4]; both must have the same shape, or the second one value for each channel of the first, as adaptive_avg_pool2d(1) leaves"
        ],
    );
    refused(
        Does(|x| x * x.narrow(0, 3).adaptive_avg_pool2d(1)),
        &expect![
            "mul of [6, 8, 8] and [3, 1, 1]; both must have the same shape, or the second one value for each channel of the first, as adaptive_avg_pool2d(1) leaves"
        ],
    );
    refused(
        Does(|x| x.narrow(4, 3)),
        &expect![
            "narrow to 3 channels from channel 4 of 6; there must be at least one channel, and none past the last"
        ],
    );
    refused(
        Does(|x| x.narrow(2, 0)),
        &expect![
            "narrow to 0 channels from channel 2 of 6; there must be at least one channel, and none past the last"
        ],
    );
    refused(
        Does(|x| x.narrow(usize::MAX, 2)),
        &expect![
            "narrow to 2 channels from channel 18446744073709551615 of 6; there must be at least one channel, and none past the last"
        ],
    );
    refused(
        Does(|x| x.split([2, 3])[0]),
        &expect![
            "split of 6 channels into [2, 3], which add up to 5; the sizes must add up to the number of channels"
        ],
    );
    refused(
        ChannelShuffle::new(4),
        &expect![
            "channel_shuffle of 6 channels in 4 groups; the number of groups must divide the number of channels"
        ],
    );
    refused(
        ChannelShuffle::new(0),
        &expect![
            "channel_shuffle of 6 channels in 0 groups; the number of groups must divide the number of channels"
        ],
    );
}

#[test]
fn norms_and_layers_of_pixels() {
    refused(LayerNorm2d::new(5), &expect!["layer_norm2d expects 5 channels, got 6; set num_channels to 6"]);
    refused(LayerNorm2d::new(6).eps(0.0), &expect!["layer_norm2d with eps 0; it must be a number above 0"]);
    refused(
        PointwiseLinear::new(5, 2),
        &expect!["pointwise_linear expects 5 channels, got 6x8x8; set in_features to 6"],
    );
    refused(
        PointwiseLinear::new(6, 0),
        &expect!["pointwise_linear of 6 inputs and 0 outputs: both must be at least 1"],
    );
    refused(StochasticDepth::new(1.0), &expect!["stochastic_depth with p = 1; p must be in 0 ≤ p < 1"]);
    refused(
        SqueezeExcitation::new(5, 2),
        &expect![[r#"
        conv2d expects images of 5 channels, got 6x1x1; set in_channels to 6
        mul of [6, 8, 8] and [5, 1, 1]; both must have the same shape, or the second one value for each channel of the first, as adaptive_avg_pool2d(1) leaves"#]],
    );
}
