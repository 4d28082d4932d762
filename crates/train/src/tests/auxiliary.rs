//! A network with an auxiliary classifier: it acts in training, is in no model file, and a stopped run has it again.

use super::*;
use striate_graph::{Mode, Module, Var, trace};

struct Net {
    trunk: Sequential,
    auxiliary: Sequential,
    head: Sequential,
}

impl Module for Net {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        visit("trunk", &self.trunk);
        visit("auxiliary", &self.auxiliary);
        visit("head", &self.head);
    }
}

impl Forward for Net {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.trunk);
        x.apply(&self.auxiliary).auxiliary_loss(0.5);
        x.apply(&self.head)
    }
}

fn world(auxiliary: bool) -> World {
    let classifier = |batch_norm: bool| {
        let norm = || Sequential::new().append(BatchNorm2d::new(4));
        let front = if batch_norm { norm() } else { Sequential::new() };
        front.append(Flatten::new()).append(Linear::new(64, 3))
    };
    let net = Net {
        trunk: Sequential::new().append(Conv2d::new(1, 4, 3).padding(1)).append(MaxPool2d::new(2)),
        auxiliary: classifier(true),
        head: classifier(false),
    };
    let world = World::with_batch_norm();
    let config = FitConfig { auxiliary, ema_decay: Some(0.5), ..world.config };
    World { net: Box::new(net), config, ..world }
}

#[test]
fn it_acts_and_a_stopped_run_ends_in_the_same_bits() {
    let world_with = world(true);
    let expected = undisturbed(&world_with);
    assert_ne!(expected, undisturbed(&world(false)));
    let steps = world_with.steps();
    for stop in [1, steps / 2, steps - 1] {
        let folder = tempfile::tempdir().unwrap();
        assert!(world_with.run_for(stop, folder.path(), false));
        world_with.finish(Some(folder.path()), true);
        assert_eq!(hashes(folder.path()), expected, "stopped after step {stop}");
    }
}

#[test]
fn a_model_file_has_the_parameters_of_the_network_in_use() {
    for auxiliary in [true, false] {
        let world = world(auxiliary);
        let trained = world.finish(None, false);
        let names: Vec<&str> = trained.model.params.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["trunk.0.weight", "trunk.0.bias", "head.1.weight", "head.1.bias"]);
        let graph = trace(&*world.net, Mode::Eval, [1, 8, 8]).unwrap();
        trained.model.params.check(&graph).unwrap();
    }
}

#[test]
fn parameters_without_it_can_be_trained_on_without_it() {
    let given = world(true).finish(None, false).model.params.clone();
    let [with, without] = [true, false].map(|auxiliary| {
        let world = world(auxiliary);
        let job = Job { initial: Some(&given), ..world.job(None, false) };
        fit(&job, &mut []).map(|_| ())
    });
    let error = with.unwrap_err().to_string();
    assert!(error.contains("missing: auxiliary.0.weight"), "{error}");
    without.unwrap();
}
