//! Products of bf16 values in a network in use: where they are taken, and that they keep the promises on bits.

use striate_nn::graph::{Arithmetic, Dtype, Engine, Graph, Params, Session, Winograd};
use striate_nn::{
    AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, Mode, ReLU, Sequential, trace,
};
use striate_testkit::{Sample, assert_close, widen};

const N: usize = 3;
const INPUT: [usize; 3] = [3, 30, 27];
const BF16: Arithmetic = Arithmetic { winograd: Winograd::Auto, dtype: Dtype::Bf16 };

/// Three convolutions and a fully connected layer of which it is one; the others have too few channels, or groups.
fn network() -> Graph {
    let same = |from, to| Conv2d::new(from, to, 3).padding(1);
    let net = Sequential::new()
        .append(same(3, 32))
        .append(ReLU::new())
        .append(same(32, 39).bias(false))
        .append(BatchNorm2d::new(39))
        .append(ReLU::new())
        .append(MaxPool2d::new(2))
        .append(same(39, 64))
        .append(Conv2d::new(64, 64, 3).groups(64))
        .append(Conv2d::new(64, 48, 1).stride(2))
        .append(ReLU::new())
        .append(AdaptiveAvgPool2d::new(1))
        .append(Flatten::new())
        .append(Linear::new(48, 7));
    trace(&net, Mode::Eval, INPUT).expect("shapes that fit")
}

fn images() -> Vec<f32> {
    Sample::new(3).normal_vec(N * INPUT.iter().product::<usize>())
}

fn session(threads: usize, arithmetic: Arithmetic) -> Session {
    let engine = Engine::new(Some(threads)).expect("an instruction set").with_arithmetic(arithmetic);
    let params = Params::init(&network(), 1);
    Session::with_engine(network(), params, engine).expect("its own parameters")
}

#[test]
fn it_is_taken_where_there_are_channels() {
    let kernels = session(1, BF16).profile(&images(), N).expect("images of the right shape");
    let count = |kernel: &str| kernels.iter().filter(|(name, _)| *name == kernel).count();
    assert_eq!([count("conv bf16"), count("conv"), count("linear bf16"), count("pack bf16")], [3, 2, 1, 4]);
}

#[test]
fn it_is_near_f32() {
    let run = |arithmetic| session(1, arithmetic).run_slice(&images(), N).expect("images").to_vec();
    let (rounded, plain) = (run(BF16), run(Arithmetic::PLAIN));
    assert_ne!(rounded, plain);
    assert_close(&rounded, &widen(&plain), 1e-2, 0.0, "logits");
}

#[test]
fn threads_and_the_batch_change_no_bit() {
    let (images, per_sample) = (images(), INPUT.iter().product::<usize>());
    let all = session(1, BF16).run_slice(&images, N).expect("images").to_vec();
    for threads in [2, 4, 8] {
        assert_eq!(session(threads, BF16).run_slice(&images, N).expect("images"), &all, "{threads} threads");
    }
    let mut alone = session(2, BF16);
    for (i, image) in images.chunks_exact(per_sample).enumerate() {
        assert_eq!(alone.run_slice(image, 1).expect("an image"), &all[7 * i..7 * (i + 1)], "sample {i}");
    }
}
