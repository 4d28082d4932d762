//! What a beginner is told when shapes do not fit.

use expect_test::{Expect, expect};
use striate_nn::{
    AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Conv2d, Dropout, Flatten, Forward, Linear, MaxPool2d, Mode,
    Module, Sequential, Softmax, Var, trace,
};

// The networks stand in front: their lines are part of the messages.

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

/// Three independent mistakes, and an addition that two of them lead to; the layer behind it says nothing.
#[derive(Module)]
struct Clumsy {
    conv1: Conv2d,
    conv2: Conv2d,
    norm: BatchNorm2d,
    fc: Linear,
}

impl Forward for Clumsy {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.conv1).apply(&self.conv2).apply(&self.norm);
        let z = x + y;
        z.apply(&self.fc)
    }
}

fn check(layer: impl Forward, input: [usize; 3], expected: &Expect) {
    let error = trace(&Net { layer }, Mode::Train, input).expect_err("a shape that does not fit");
    expected.assert_eq(&format!("{error}\n"));
}

#[test]
fn convolutions() {
    check(
        Conv2d::new(3, 8, 3),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d expects images of 3 channels, got 1x28x28; set in_channels to 1; or use 3-channel images
        "#]],
    );
    check(
        Conv2d::new(1, 8, 5),
        [1, 4, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d with kernel_size 5x5 is larger than its input of 4x28 with padding 0x0; use a smaller kernel, or more padding; or use 28x28 images
        "#]],
    );
    check(
        Conv2d::new(1, 8, 3).dilation(14),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d with kernel_size 3x3 spread to 29x29 by dilation 14x14 is larger than its input of 28x28 with padding 0x0; use a smaller kernel, or more padding; or use 32x32 images
        "#]],
    );
    check(
        Conv2d::new(1, 8, 3).stride(0),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d has stride [0, 0]; the smallest stride is 1
        "#]],
    );
    check(
        Conv2d::new(1, 8, 3).stride([1, 0]),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d has stride [1, 0]; the smallest stride is 1
        "#]],
    );
    check(
        Conv2d::new(1, 8, [3, 0]),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d has kernel_size [3, 0] and dilation [1, 1]; the smallest is 1
        "#]],
    );
    check(
        Conv2d::new(1, 8, 3).dilation(0),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d has kernel_size [3, 3] and dilation [0, 0]; the smallest is 1
        "#]],
    );
    check(
        Conv2d::new(6, 8, 3).groups(3),
        [6, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d cannot split 6 input and 8 output channels into 3 groups; groups can be 1, 2 here
        "#]],
    );
    check(
        Conv2d::new(6, 8, 3).groups(0),
        [6, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d of 6 input and 8 output channels in 0 groups: each must be at least 1
        "#]],
    );
    check(
        Conv2d::new(1, 0, 3),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): conv2d of 1 input and 0 output channels in 1 group: each must be at least 1
        "#]],
    );
}

#[test]
fn pools() {
    check(
        MaxPool2d::new(2).padding(2),
        [1, 28, 28],
        &expect![[r#"
            layer.max_pool2d (errors.rs:19): max_pool2d pads [2, 2], more than half its kernel_size [2, 2]: some windows would be empty; use padding of at most [1, 1], or a larger kernel_size
        "#]],
    );
    check(
        MaxPool2d::new(3).stride(0),
        [1, 28, 28],
        &expect![[r#"
            layer.max_pool2d (errors.rs:19): max_pool2d has stride [0, 0]; the smallest stride is 1
        "#]],
    );
    check(
        MaxPool2d::new(9),
        [1, 8, 8],
        &expect![[r#"
            layer.max_pool2d (errors.rs:19): max_pool2d with kernel_size 9x9 is larger than its input of 8x8 with padding 0x0; use a smaller kernel, or more padding; or use 28x28 images
        "#]],
    );
    check(
        AvgPool2d::new(2).padding([0, 2]),
        [1, 28, 28],
        &expect![[r#"
            layer.avg_pool2d (errors.rs:19): avg_pool2d pads [0, 2], more than half its kernel_size [2, 2]: some windows would be empty; use padding of at most [1, 1], or a larger kernel_size
        "#]],
    );
    check(
        AdaptiveAvgPool2d::new([0, 1]),
        [1, 28, 28],
        &expect![[r#"
            layer.adaptive_avg_pool2d (errors.rs:19): adaptive_avg_pool2d to an empty output; the smallest is 1x1
        "#]],
    );
}

#[test]
fn the_others() {
    check(
        Linear::new(784, 10),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): linear expects a vector, got an image [1, 28, 28]; add .flatten(1) before it
        "#]],
    );
    check(
        Linear::new(784, 0),
        [1, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): linear of 784 inputs and 0 outputs: both must be at least 1
        "#]],
    );
    check(
        Softmax::new(),
        [10, 1, 1],
        &expect![[r#"
            layer.softmax (errors.rs:19): softmax expects a vector of logits, got [10, 1, 1]; add .flatten(1) before it
        "#]],
    );
    check(
        BatchNorm2d::new(16),
        [8, 28, 28],
        &expect![[r#"
            layer (errors.rs:19): batch_norm2d expects 16 channels, got 8; set num_features to 8
        "#]],
    );
    check(
        Dropout::new(1.0),
        [1, 28, 28],
        &expect![[r#"
            layer.dropout (errors.rs:19): dropout with p = 1; p must be in 0 ≤ p < 1
        "#]],
    );
    check(
        Dropout::new(f32::NAN),
        [1, 28, 28],
        &expect![[r#"
            layer.dropout (errors.rs:19): dropout with p = NaN; p must be in 0 ≤ p < 1
        "#]],
    );
}

#[test]
fn after_a_flatten() {
    let head = |in_features| Sequential::new().append(Flatten::new()).append(Linear::new(in_features, 10));
    check(
        head(32 * 7 * 7),
        [32, 8, 8],
        &expect![[r#"
            layer.1 (errors.rs:206): linear expects 1568 inputs (32x7x7), got 2048 = 32x8x8; set in_features to 2048, or add adaptive_avg_pool2d(7)
        "#]],
    );
    check(
        head(100),
        [32, 8, 8],
        &expect![[r#"
            layer.1 (errors.rs:206): linear expects 100 inputs, got 2048 = 32x8x8; set in_features to 2048
        "#]],
    );
    let conv_after = Sequential::new().append(Flatten::new()).append(Conv2d::new(1, 8, 3));
    check(
        conv_after,
        [1, 28, 28],
        &expect![[r#"
            layer.1 (errors.rs:221): conv2d expects an image [C, H, W], got [784]; apply it before flatten
        "#]],
    );
}

#[test]
fn every_mistake_is_listed_once() {
    let net = Clumsy {
        conv1: Conv2d::new(3, 8, 3).padding(1),
        conv2: Conv2d::new(16, 8, 3),
        norm: BatchNorm2d::new(4),
        fc: Linear::new(10, 10),
    };
    let error = trace(&net, Mode::Eval, [1, 28, 28]).expect_err("shapes that do not fit");
    expect![[r#"
        conv1 (errors.rs:34): conv2d expects images of 3 channels, got 1x28x28; set in_channels to 1
        conv2 (errors.rs:34): conv2d expects images of 16 channels, got 8x28x28; set in_channels to 8
        norm (errors.rs:34): batch_norm2d expects 4 channels, got 8; set num_features to 8
        add (errors.rs:35): add of [1, 28, 28] and [8, 26, 26]; both must have the same shape; a shortcut past a layer that changes it needs a 1x1 convolution with the same stride and out_channels
    "#]].assert_eq(&format!("{error}\n"));
}

#[test]
fn an_empty_image() {
    let error = trace(&Flatten::new(), Mode::Eval, [1, 0, 28]).expect_err("an empty image");
    expect![[r#"
        input (errors.rs:250): an image of shape [1, 0, 28] is empty; or use 28x28 images
    "#]]
    .assert_eq(&format!("{error}\n"));
}
