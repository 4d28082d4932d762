//! The bits that training gives, on each instruction set: a change of a kernel, of an order of summation or of what is drawn
//! at random shows here, and is either a mistake or a reason to say so in the changelog.

use super::*;
use expect_test::{Expect, expect};
use sha2::Digest;
use striate_base::hex;
use striate_kernels::Isa;
use striate_nn::{OptimizerConfig, Schedule, Sgd};

/// The hash of every parameter after 204 steps. The schedule has no cosine, which every system computes in its own way.
fn hash(mut world: World, isa: Isa) -> String {
    (world.config.epochs, world.config.schedule) = (34, Schedule::constant());
    (world.config.augment, world.config.learning_rate) = (Augment::default(), 0.01);
    let mut job = world.job(None, false);
    job.setup.engine = Engine::with(2, isa);
    let Outcome::Finished(trained) = fit(&job, &mut []).unwrap() else { panic!("nobody stops it") };
    assert!(trained.evaluation.accuracy() > 0.9, "{:?}", trained.evaluation.accuracy());
    let mut hasher = sha2::Sha256::new();
    for (name, array) in trained.model.params.iter() {
        hasher.update(name);
        array.iter().for_each(|value| hasher.update(value.to_le_bytes()));
    }
    hex(&hasher.finalize()[..8])
}

fn perceptron() -> World {
    let net = Sequential::new()
        .append(Flatten::new())
        .append(Linear::new(64, 17))
        .append(ReLU::new())
        .append(Linear::new(17, 3));
    let mut world = World::new();
    world.net = Box::new(net);
    world.config.optimizer = OptimizerConfig::Sgd(Sgd { momentum: 0.9, ..Sgd::default() });
    world
}

/// On another processor the plain kernels may multiply and add with one rounding.
#[cfg(target_arch = "x86_64")]
#[test]
fn training_gives_the_bits_it_gave() {
    let check = |name: &str, expected: Expect| {
        if let Some(isa) = Isa::available().into_iter().find(|isa| isa.name() == name) {
            let worlds = [World::new(), World::with_batch_norm(), perceptron()];
            expected.assert_eq(&worlds.map(|world| hash(world, isa)).join(" "));
        }
    };
    check("portable", expect!["fd9e974f922d80e2 fdcd8632c2dd56d9 81947e52f8b33295"]);
    check("avx2", expect!["ed78f29bda36d6ba 9541f545af2d4b38 174f680457c133ef"]);
}
