//! The tour, page 2: hooks on one's own network and on a ResNet, in use and in training, and away with them.
//! `cargo run --release -p striate --all-features --example 02_hooks`

#![allow(clippy::print_stdout)]

use striate::prelude::*;

#[derive(Module)]
struct Edges {
    conv: Conv2d,
    fc: Linear,
}

impl Forward for Edges {
    /// `[N, 3, H, W]` -> logits `[N, 10]`
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.apply(&self.conv).relu().adaptive_avg_pool2d(1).flatten(1).apply(&self.fc)
    }
}

fn show(call: &Call<'_>) {
    let silent = call.output.iter().filter(|&&v| v == 0.0).count() as f32 / call.output.len() as f32;
    println!("{:<20} {:?} {:.0} % zeros", call.path, call.output.shape(), 100.0 * silent);
}

fn look(net: &dyn Forward, pattern: &str) -> Result<(), Box<dyn std::error::Error>> {
    let images = Array4::from_shape_fn((2, 3, 64, 64), |(n, c, y, x)| ((n + c + y * x) as f32).sin());
    let (eval, train) = (trace(net, Mode::Eval, [3, 64, 64])?, trace(net, Mode::Train, [3, 64, 64])?);
    let (params, options) = (Params::init(&eval, 0), TrainOptions::new(2, 0));

    let mut session = Session::new(eval, params.clone())?;
    let hook = session.register_forward_hook(pattern, show)?;
    session.run(&images.view())?;
    session.remove_hook(hook); // from here on the plan is as if there had never been one

    let (loss, sgd, engine) = (CrossEntropy::default(), Sgd::default(), Engine::new(None)?);
    let mut step = TrainStep::new(&train, &params, &loss, &sgd, engine, options)?;
    let hook = step.register_forward_hook(pattern, show)?;
    step.step(images.as_slice().ok_or("images lie row by row")?, &[0_u32, 1], 0.1);
    step.remove_hook(hook)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    look(&Edges { conv: Conv2d::new(3, 8, 5).padding(2), fc: Linear::new(8, 10) }, "conv")?;
    look((striate::models::registry::find("resnet18")?.build)(10, 3).as_ref(), "layer3.*")
}
