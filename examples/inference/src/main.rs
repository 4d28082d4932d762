//! Loads a model file and predicts one image: `cargo run -- MODEL IMAGE`.
//!
//! IMAGE is a file of raw pixels, `[C, H, W]` of the model's input, 0 to 255 each; with the feature `decode` a PNG or JPEG of any size
//! will do as well. The program depends on Striate without its default features, so neither decoders nor TLS are compiled for it.

use std::error::Error;
use std::path::Path;

use striate::{Classifier, Prediction};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, image] = &arguments[..] else { return Err("expected MODEL IMAGE".into()) };
    let prediction = predict(Path::new(model), Path::new(image))?;
    for (class, probability) in prediction.top(3) {
        println!("{:<12} {:6.2} %", prediction.name(class), 100.0 * probability);
    }
    Ok(())
}

/// What the model says of the image.
pub fn predict(model: &Path, image: &Path) -> Result<Prediction, Box<dyn Error>> {
    let mut classifier = Classifier::load(model)?;
    #[cfg(feature = "decode")]
    if image.extension().is_some_and(|ending| ending == "png" || ending == "jpg" || ending == "jpeg") {
        let image = classifier.preprocess().open(image)?;
        return Ok(classifier.predict(&image)?);
    }
    let mut predictions = classifier.predict_pixels(&std::fs::read(image)?)?;
    match predictions.len() {
        1 => Ok(predictions.remove(0)),
        n => Err(format!("expected the pixels of one image, got those of {n}").into()),
    }
}
