//! Nanoseconds a sample of [`Loader::write`], and milliseconds to load data sets: `cargo bench -p striate-data [NAME ...]`.
//!
//! One thread; the least of ten rounds, since other programs only ever add time.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use striate_data::{Augment, Loader, Preprocess, load};

fn main() -> Result<(), striate_data::DataError> {
    let names: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for name in &names {
        let started = Instant::now();
        let dataset = load(name)?;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1e3;
        println!("{name}: {} + {} loaded in {elapsed_ms:.0} ms", dataset.train.len(), dataset.test.len());
    }
    let started = Instant::now();
    let digits = load("digits")?;
    println!("digits loaded in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
    let preprocess = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081])?;
    let off = Augment::default();
    let affine = Augment { shift_px: 2, rotate_deg: 10.0, scale_min: 0.9, scale_max: 1.1, ..off };
    for (what, augment) in [
        ("normalized", off),
        ("shifted", Augment { shift_px: 2, ..off }),
        ("shifted, rotated, scaled", affine),
        ("all", Augment { flip_horizontal: 0.5, erase: 0.5, ..affine }),
    ] {
        let loader = Loader::new(&digits.train, &preprocess, augment, 64, 0, true)?;
        let order = loader.order(0);
        let mut out = vec![0.0; preprocess.sample_len()];
        let mut best_ns = f64::MAX;
        for epoch in 0..10 {
            let started = Instant::now();
            for &sample in &order {
                black_box(loader.write(epoch, sample, black_box(&mut out))?);
            }
            best_ns = best_ns.min(started.elapsed().as_secs_f64() * 1e9 / order.len() as f64);
        }
        println!("write, {what}: {best_ns:.0} ns a sample of 28x28");
    }
    let started = Instant::now();
    let loader = Loader::new(&digits.train, &preprocess, off, 64, 0, true)?;
    let rounds = 100;
    (0..rounds).for_each(|epoch| drop(black_box(loader.order(epoch))));
    let elapsed_us = started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    println!("order of {} samples: {elapsed_us:.0} us", loader.len());
    Ok(())
}
