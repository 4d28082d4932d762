//! Defines a dense block and a gate, and trains a network that uses them. `cargo run --release` writes an ordinary model file:
//! `striate xray blocks.safetensors digits:3 --layer dense.layers.1 --map 2 --at 10,12` works on it, and so do `maps` and `why`.
use striate::prelude::*;

/// Each layer reads all feature maps so far and adds eight more.
#[derive(Module)]
struct Dense {
    layers: Vec<Conv2d>,
}

impl Forward for Dense {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        self.layers.iter().fold(x, |x, layer| x.concat(&[x.apply(layer).relu()]))
    }
}

/// Scales each channel by a factor that is computed from the means of all channels (squeeze and excite).
#[derive(Module)]
struct Gate {
    squeeze: Linear,
    excite: Linear,
}

impl Forward for Gate {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let means = x.adaptive_avg_pool2d(1).flatten(1);
        x * means.apply(&self.squeeze).relu().apply(&self.excite).sigmoid()
    }
}

#[derive(Module)]
struct Net {
    stem: Conv2d,
    dense: Dense,
    gate: Gate,
    fc: Linear,
}

impl Forward for Net {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.stem).relu().max_pool2d(2).apply(&self.dense); // [N, 40, 14, 14]
        x.apply(&self.gate).max_pool2d(2).flatten(1).apply(&self.fc)
    }
}

pub fn learn(path: &std::path::Path) -> Result<f64, Box<dyn std::error::Error>> {
    let layers = (0..3).map(|i| Conv2d::new(16 + 8 * i, 8, 3).padding(1)).collect();
    let gate = Gate { squeeze: Linear::new(40, 10), excite: Linear::new(10, 40) };
    let (stem, fc) = (Conv2d::new(1, 16, 3).padding(1), Linear::new(40 * 49, 10));
    let digits = striate::data::load("digits")?;
    let config = FitConfig { epochs: 2, ..FitConfig::default() };
    let mut model = Classifier::fit(&Net { stem, dense: Dense { layers }, gate, fc }, &digits, &config)?;
    model.save(path)?;
    Ok(model.evaluate(&digits.test)?.confusion.accuracy().unwrap_or(0.0))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:.2} % right", 100.0 * learn("blocks.safetensors".as_ref())?);
    Ok(())
}
