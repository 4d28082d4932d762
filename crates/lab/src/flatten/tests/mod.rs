//! The experiment as a whole on a few digits, and its reading on made-up figures.

mod data;
mod invariance;
mod made_up;
mod reading;
mod refusals;
mod resume;

use super::Settings;
use striate_data::{Dataset, Images};

/// The first of the embedded digits: 240 to learn from, 60 to test.
fn few_digits() -> Dataset {
    let digits = striate_data::load("digits").unwrap();
    let first = |images: &Images, n: usize| {
        Images::new([1, 28, 28], images.pixels[..n * 784].to_vec(), images.labels[..n].to_vec()).unwrap()
    };
    let (train, test) = (digits.train.images().unwrap(), digits.test.images().unwrap());
    Dataset::new("few", first(train, 240), first(test, 60), digits.classes.clone()).unwrap()
}

/// A second's worth of everything.
fn tiny() -> Settings {
    Settings {
        seeds: vec![1, 2],
        epochs: 1,
        batch_size: 20,
        min_steps: 3,
        train_images: vec![60],
        shifts_px: vec![0, 10],
        rotations_deg: vec![0, 90],
        moved_images: 20,
        tuning_images: 60,
        held_out_images: 20,
    }
}
