//! What a network of the zoo says to images that it was not made for.

use expect_test::{Expect, expect};
use striate_models::{AlexNet, ConvNet, LeNet5, Mlp, ResNet, Vgg};
use striate_nn::{Forward, Mode, trace};

fn check(net: &dyn Forward, input: [usize; 3], expected: &Expect) {
    let error = trace(net, Mode::Eval, input).expect_err("a shape that does not fit");
    expected.assert_eq(&format!("{error}\n"));
}

#[test]
fn images_of_another_size() {
    check(
        &ConvNet::new(10),
        [1, 32, 32],
        &expect![[r#"
        fc1 (convnet.rs:65): linear expects 1568 inputs (32x7x7), got 2048 = 32x8x8; set in_features to 2048, or add adaptive_avg_pool2d(7); or use 28x28 images
    "#]],
    );
    check(
        &LeNet5::new(10),
        [1, 32, 32],
        &expect![[r#"
        fc1 (lenet5.rs:75): linear expects 400 inputs (16x5x5), got 576 = 16x6x6; set in_features to 576, or add adaptive_avg_pool2d(5); or use 28x28 images
    "#]],
    );
    check(
        &Mlp::new(10),
        [1, 32, 32],
        &expect![[r#"
        fc1 (mlp.rs:66): linear expects 784 inputs (1x28x28), got 1024 = 1x32x32; set in_features to 1024, or add adaptive_avg_pool2d(28); or use 28x28 images
    "#]],
    );
    check(
        &ConvNet::new(10),
        [1, 20, 30],
        &expect![[r#"
        fc1 (convnet.rs:65): linear expects 1568 inputs (32x7x7), got 1120 = 32x5x7; set in_features to 1120, or add adaptive_avg_pool2d(7); or use 28x28 images
    "#]],
    );
}

#[test]
fn color_images_for_a_gray_network() {
    check(
        &ConvNet::new(10),
        [3, 28, 28],
        &expect![[r#"
        conv1 (convnet.rs:63): conv2d expects images of 1 channel, got 3x28x28; set in_channels to 3; or use 1-channel images
    "#]],
    );
    check(
        &Mlp::new(10),
        [3, 28, 28],
        &expect![[r#"
        fc1 (mlp.rs:66): linear expects 784 inputs, got 2352 = 3x28x28; set in_features to 2352; or use 1-channel images
    "#]],
    );
}

#[test]
fn images_too_small_for_the_windows() {
    check(
        &ConvNet::new(10),
        [1, 3, 3],
        &expect![[r#"
        max_pool2d_1 (convnet.rs:64): max_pool2d with kernel_size 2x2 is larger than its input of 1x1 with padding 0x0; use a smaller kernel, or more padding; or use 28x28 images
    "#]],
    );
    check(
        &LeNet5::new(10),
        [1, 8, 8],
        &expect![[r#"
        conv2 (lenet5.rs:74): conv2d with kernel_size 5x5 is larger than its input of 4x4 with padding 0x0; use a smaller kernel, or more padding; or use 28x28 images
    "#]],
    );
}

#[test]
fn photos_too_small_for_their_networks() {
    check(
        &AlexNet::new(10, 3),
        [3, 62, 62],
        &expect![[r#"
        features.12.max_pool2d (alexnet.rs:68): max_pool2d with kernel_size 3x3 is larger than its input of 2x2 with padding 0x0; use a smaller kernel, or more padding; or use 64x64 images
    "#]],
    );
    check(
        &Vgg::vgg16(10, 3, true),
        [3, 64, 31],
        &expect![[r#"
        features.43.max_pool2d (vgg.rs:67): max_pool2d with kernel_size 2x2 is larger than its input of 4x1 with padding 0x0; use a smaller kernel, or more padding; or use 32x32 images
    "#]],
    );
    check(
        &ResNet::resnet50(10, 3),
        [1, 224, 224],
        &expect![[r#"
        conv1 (resnet.rs:204): conv2d expects images of 3 channels, got 1x224x224; set in_channels to 1; or use 3-channel images
    "#]],
    );
    // The sizes in the documentation are the smallest: one pixel more fits.
    for (net, input) in [
        (&AlexNet::new(10, 3) as &dyn Forward, [3, 63, 63]),
        (&Vgg::vgg19(10, 3, false), [3, 32, 32]),
        (&ResNet::resnet18(10, 3), [3, 1, 1]),
    ] {
        assert!(trace(net, Mode::Eval, input).is_ok());
    }
}

#[test]
fn no_classes_and_no_channels() {
    check(
        &ConvNet::new(0),
        [1, 28, 28],
        &expect![[r#"
        fc2 (convnet.rs:66): linear of 128 inputs and 0 outputs: both must be at least 1
    "#]],
    );
    check(
        &ConvNet::with_channels(10, 0),
        [1, 28, 28],
        &expect![[r#"
        conv1 (convnet.rs:63): conv2d of 0 input and 16 output channels in 1 group: each must be at least 1
    "#]],
    );
}
