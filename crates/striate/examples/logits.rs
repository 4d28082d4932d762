//! Prints the logits of images bit by bit: what another build of Striate, for WebAssembly or for another processor, has to equal.
//!
//!     cargo run --release -p striate --example logits -- MODEL PIXELS
//!
//! PIXELS is a file of raw images `[N, C, H, W]`, one byte a value. Each line of the output belongs to one image and holds one
//! hexadecimal `f32` for each class. `STRIATE_ISA=portable` computes them without the vectors of the processor.

#![allow(clippy::print_stdout)]

use std::error::Error;

use striate::Classifier;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, pixels] = &arguments[..] else { return Err("expected MODEL PIXELS".into()) };
    let mut model = Classifier::load(model)?;
    for prediction in model.predict_pixels(&std::fs::read(pixels)?)? {
        let bits: Vec<String> =
            prediction.logits.iter().map(|logit| format!("{:08x}", logit.to_bits())).collect();
        println!("{}", bits.join(" "));
    }
    Ok(())
}
