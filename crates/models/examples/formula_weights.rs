//! Writes weights for any network that is known by name, made by a formula of (key, index): for looking into a network of
//! full size without downloading anything. They are the ones that the golden files of the tests were computed with.
//!
//! ```sh
//! cargo run --release -p striate-models --example formula_weights -- resnet18 resnet18.safetensors
//! striate maps --model resnet18 --weights resnet18.safetensors digits:7
//! ```

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use striate_models::registry;
use striate_nn::{Mode, trace};
use striate_testkit::deep_formula;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, path] = &arguments[..] else { return Err("expected the name of a network and a file".into()) };
    let info = registry::find(name)?;
    let graph = trace((info.build)(info.num_classes, info.input[0]).as_ref(), Mode::Eval, info.input)?;
    let params = graph.params();
    let bytes = |(key, shape): (&String, &Vec<usize>)| -> Vec<u8> {
        deep_formula(key, shape).iter().flat_map(|value| value.to_le_bytes()).collect()
    };
    let data: Vec<Vec<u8>> = params.iter().map(|(key, spec)| bytes((key, &spec.shape))).collect();
    let views = params
        .iter()
        .zip(&data)
        .map(|((key, spec), data)| Ok((key.clone(), TensorView::new(Dtype::F32, spec.shape.clone(), data)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    std::fs::write(Path::new(path), safetensors::serialize(views, None)?)?;
    println!("{path}: {} tensors for {name}", params.len());
    Ok(())
}
