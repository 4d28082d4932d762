//! The tour, page 1: define a network, train it on handwritten digits, look at what its first layer sees.
//! `cargo run --release -p striate --all-features --example 01_convnet`

#![allow(clippy::print_stdout)]

use striate::prelude::*;

#[derive(Module)]
struct ConvNet {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

impl Forward for ConvNet {
    /// `[N, 1, 28, 28]` -> logits `[N, 10]`
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).relu().max_pool2d(2); // 28x28 -> 14x14
        let x = x.apply(&self.conv2).relu().max_pool2d(2); // 14x14 -> 7x7
        x.flatten(1).apply(&self.fc1).relu().apply(&self.fc2)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let net = ConvNet {
        conv1: Conv2d::new(1, 16, 3).padding(1),
        conv2: Conv2d::new(16, 32, 3).padding(1),
        fc1: Linear::new(32 * 7 * 7, 128),
        fc2: Linear::new(128, 10),
    };
    let digits = striate::data::load("digits")?;
    let mut model = Classifier::fit(&net, &digits, &FitConfig { epochs: 3, ..FitConfig::default() })?;
    let accuracy = model.evaluate(&digits.test)?.confusion.accuracy();
    println!("{:.2} % of {} digits right", 100.0 * accuracy.unwrap_or(0.0), digits.test.len());

    let conv1 = model.session().tap("conv1")?;
    let guess = model.predict(&digits.test.image(0)?)?;
    println!("a {}, says the network, from these 16 maps of conv1:", guess.class());
    let maps = model.session().get(conv1); // [1, 16, 28, 28]
    print!("{}", shades(maps.as_slice().ok_or("maps lie row by row")?, [16, 28, 28], 79));
    Ok(())
}
