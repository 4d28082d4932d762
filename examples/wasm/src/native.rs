//! The same on this machine, to compare with: prints the bits of the logits of each image.
//!
//! `STRIATE_ISA=portable native MODEL PIXELS`, where PIXELS is a file of raw images, one behind the other.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, pixels] = &arguments[..] else { return Err("expected MODEL PIXELS".into()) };
    let bytes = std::fs::read(model)?;
    let mut model = striate_wasm::Model::load(&bytes)?;
    for logits in model.logits(&std::fs::read(pixels)?)?.chunks(10) {
        println!("{}", logits.iter().map(|v| format!("{:08x}", v.to_bits())).collect::<Vec<_>>().join(" "));
    }
    Ok(())
}
