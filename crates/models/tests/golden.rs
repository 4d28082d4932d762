//! True to PyTorch: the same weights by a formula, its logits, losses, gradients and optimizer steps.

use ndarray::{ArrayD, IxDyn};
use striate_kernels::reference;
use striate_nn::graph::{
    CrossEntropy, Engine, Graph, Optimizer, Params, Session, TrainOptions, TrainStep, trace,
};
use striate_nn::{
    Adam, AdamW, AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Conv2d, Forward, Linear, Mode, Module, Sgd, Var,
};
use striate_testkit::{Golden, formula, formula_labels};

/// Batch norm, stride, dilation, groups and a residual add in one small net: the twin of `tools/golden/nets.py`.
#[derive(Module)]
struct MixNet {
    stem: Conv2d,
    bn1: BatchNorm2d,
    a: Conv2d,
    bn2: BatchNorm2d,
    down: Conv2d,
    fc: Linear,
}

impl MixNet {
    fn new() -> Self {
        Self {
            stem: Conv2d::new(3, 8, 3).stride(2).padding(1).bias(false),
            bn1: BatchNorm2d::new(8),
            a: Conv2d::new(8, 8, 3).padding(2).dilation(2).groups(4),
            bn2: BatchNorm2d::new(8),
            down: Conv2d::new(8, 20, 1).stride(2),
            fc: Linear::new(40, 7),
        }
    }
}

impl Forward for MixNet {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.stem).apply(&self.bn1).relu();
        let x = (x.apply(&self.a).apply(&self.bn2) + x).relu();
        let x = x.apply(&self.down).relu6().apply(&AvgPool2d::new(2)).apply(&AdaptiveAvgPool2d::new([2, 1]));
        x.flatten(1).apply(&self.fc)
    }
}

struct Twin {
    name: &'static str,
    net: Box<dyn Forward>,
    golden: Golden,
}

fn twins() -> Vec<Twin> {
    let model = |name: &str| (striate_models::registry::find(name).unwrap().build)(10, 1);
    let twin = |name, net| Twin { name, net, golden: Golden::read(name) };
    vec![
        twin("convnet", model("convnet")),
        twin("lenet5", model("lenet5")),
        twin("mixnet", Box::new(MixNet::new())),
    ]
}

impl Twin {
    fn graph(&self, mode: Mode) -> Graph {
        let [c, h, w] = self.golden.input_shape[1..] else { panic!("an image") };
        trace(self.net.as_ref(), mode, [c, h, w]).unwrap()
    }

    fn params(&self) -> Params {
        let make = |(name, spec): (String, striate_nn::graph::op::ParamSpec)| {
            let values = formula(&name, &spec.shape);
            self.golden.parameters[&name].check(&values, &name);
            (name, ArrayD::from_shape_vec(IxDyn(&spec.shape), values).unwrap())
        };
        self.graph(Mode::Train).params().into_iter().map(make).collect()
    }

    fn n(&self) -> usize {
        self.golden.input_shape[0]
    }

    fn images(&self) -> Vec<f32> {
        formula("input", &self.golden.input_shape)
    }

    fn labels(&self) -> Vec<u32> {
        let labels = formula_labels(self.n(), self.golden.classes);
        assert_eq!(labels, self.golden.labels, "the formula of the labels");
        labels
    }

    fn step(&self, optimizer: &dyn Optimizer) -> TrainStep {
        let options = TrainOptions { input_gradient: true, ..TrainOptions::new(self.n(), 0) };
        let engine = Engine::new(Some(2)).unwrap();
        let (graph, loss) = (self.graph(Mode::Train), CrossEntropy::default());
        TrainStep::new(&graph, &self.params(), &loss, optimizer, engine, options).unwrap()
    }
}

#[test]
fn logits_are_pytorchs() {
    for twin in twins() {
        for mode in [Mode::Eval, Mode::Train] {
            let mut session = Session::new(twin.graph(mode), twin.params()).unwrap();
            let logits = session.run_slice(&twin.images(), twin.n());
            let want = if mode == Mode::Eval { &twin.golden.logits_eval } else { &twin.golden.logits_train };
            want.check(logits.unwrap(), 2e-6, 1e-7, &format!("{} {mode:?}", twin.name));
        }
    }
}

#[test]
fn loss_gradients_and_running_statistics_are_pytorchs() {
    for twin in twins() {
        let mut step = twin.step(&Sgd::default());
        let report = step.step(&twin.images(), &twin.labels(), 0.0);
        let loss = twin.golden.loss.value;
        assert!((f64::from(report.loss) - loss).abs() < 1e-6, "{}: loss {} {loss}", twin.name, report.loss);
        let gradients = step.gradients();
        assert_eq!(gradients.len() + 1, twin.golden.grads.len(), "{}", twin.name);
        for (name, gradient) in gradients.iter() {
            // The bias in front of batch norm has no gradient but rounding, some 1e-8.
            let abs = if twin.name == "mixnet" && name == "a.bias" { 1e-7 } else { 1e-9 };
            twin.golden.grads[name].check(
                gradient.as_slice().unwrap(),
                1e-5,
                abs,
                &format!("{} {name}", twin.name),
            );
        }
        let input = step.input_gradient(twin.n()).unwrap();
        twin.golden.grads["input"].check(input.as_slice().unwrap(), 1e-5, 1e-9, twin.name);
        let params = step.params();
        for (name, want) in &twin.golden.buffers_after_one_forward {
            if let Some(got) = params.get(name) {
                want.check(got.as_slice().unwrap(), 1e-6, 1e-8, &format!("{} {name}", twin.name));
            }
        }
    }
}

#[test]
fn ten_steps_of_every_optimizer_are_pytorchs() {
    for twin in twins() {
        let sgd = |nesterov| Sgd { momentum: 0.9, nesterov, weight_decay: 1e-4 };
        let optimizers: [(&str, f32, Box<dyn Optimizer>); 4] = [
            ("sgd_momentum", 0.05, Box::new(sgd(false))),
            ("sgd_nesterov", 0.05, Box::new(sgd(true))),
            ("adam", 1e-3, Box::new(Adam { weight_decay: 1e-4, ..Adam::default() })),
            ("adamw", 1e-3, Box::new(AdamW { weight_decay: 1e-2, ..AdamW::default() })),
        ];
        assert_eq!(optimizers.len(), twin.golden.optimizers.len());
        for (name, learning_rate, optimizer) in optimizers {
            let want = &twin.golden.optimizers[name];
            let mut step = twin.step(optimizer.as_ref());
            for (i, &loss) in want.losses.iter().take(10).enumerate() {
                let got = f64::from(step.step(&twin.images(), &twin.labels(), learning_rate).loss);
                assert!(
                    (got - loss).abs() < 2e-5,
                    "{} {name} step {i}: loss {got}, expected {loss}",
                    twin.name
                );
            }
            let mut session = Session::new(twin.graph(Mode::Train), step.params()).unwrap();
            let logits = session.run_slice(&twin.images(), twin.n()).unwrap();
            want.logits_train_after.check(logits, 1e-4, 1e-5, &format!("{} {name}", twin.name));
        }
    }
}

#[test]
fn smoothing_and_class_weights_are_pytorchs() {
    for twin in twins() {
        let golden = &twin.golden;
        let labels: Vec<usize> = golden.labels.iter().map(|&l| l as usize).collect();
        let weights: Vec<f64> = golden.class_weights.iter().map(|&w| f64::from(w)).collect();
        for case in &golden.cross_entropy {
            let weights = case.class_weights.then_some(weights.as_slice());
            let logits = &golden.logits_train.values;
            let smoothing = case.label_smoothing;
            let (loss, grad) =
                reference::cross_entropy(twin.n(), golden.classes, logits, &labels, smoothing, weights);
            // The engine's kernel is held against this reference by its own tests.
            assert!((loss - case.loss.value).abs() < 1e-12 * loss.abs().max(1.0), "{}: {loss}", twin.name);
            let grad: Vec<f32> = grad.into_iter().map(|g| g as f32).collect();
            case.grad_logits.check(&grad, 5e-7, 1e-9, twin.name);
        }
    }
}
