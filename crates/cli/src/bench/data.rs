//! The speed of the loader of `striate train` on photos: decoding, a random crop, a flip and normalization.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Args as ClapArgs;
use serde::Serialize;
use striate::data::augment::ResizedCrop;
use striate::data::folder;
use striate::data::{Augment, DataError, Loader, Preprocess, Split};
use striate::graph::Engine;
use striate::report::text::{Align, Table, counted, grouped};

use crate::exit::BadData;
use crate::flags::{Threads, count, side};
use crate::out;

/// Measure how many photos per second are decoded and augmented
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A folder of images, FOLDER/CLASS/... or FOLDER/{train,val}/CLASS/...
    folder: std::path::PathBuf,
    /// Height and width of the network's input, in pixels
    #[arg(long, value_name = "PX", value_parser = side, default_value_t = 224)]
    imgsz: usize,
    /// Batch size
    #[arg(short, long, value_name = "N", value_parser = count, default_value_t = 64)]
    batch: usize,
    /// Passes over the folder; the fastest counts
    #[arg(long, value_name = "N", value_parser = count, default_value_t = 3)]
    epochs: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Serialize)]
struct Report {
    photos: usize,
    threads: usize,
    imgsz: usize,
    batch: usize,
    /// From the files: decode, crop, resize, flip, normalize.
    decode_images_per_s: f64,
    /// From the pixels on disk: crop, resize, flip, normalize.
    cached_images_per_s: f64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<u8> {
    let engine = args.threads.engine()?;
    let preprocess = Preprocess::imagenet(args.imgsz)?;
    let pixels = tempfile::tempdir()?;
    let plain = folder::open(&args.folder, None, None)?.to_learn()?.train;
    let cached = folder::open(&args.folder, None, Some(pixels.path()))?.to_learn()?.train;
    // The pass that fills the cache is not timed.
    images_per_s(&cached, &preprocess, args.batch, 1, &engine)?;
    let report = Report {
        photos: plain.len(),
        threads: engine.threads(),
        imgsz: args.imgsz,
        batch: args.batch,
        decode_images_per_s: images_per_s(&plain, &preprocess, args.batch, args.epochs, &engine)?,
        cached_images_per_s: images_per_s(&cached, &preprocess, args.batch, args.epochs, &engine)?,
    };
    if args.json {
        out::json(&report)?;
    } else {
        out::print(&text(&report)?)?;
    }
    Ok(0)
}

/// Photos per second in the fastest epoch. Every epoch has different crops.
fn images_per_s(
    split: &Split,
    preprocess: &Preprocess,
    batch: usize,
    epochs: usize,
    engine: &Engine,
) -> anyhow::Result<f64> {
    let augment = Augment { crop: Some(ResizedCrop::default()), flip_horizontal: 0.5, ..Augment::default() };
    let loader = Loader::new(split, preprocess, augment, batch, 0, true)?;
    let one = preprocess.sample_len();
    let mut images = vec![0.0; batch.min(split.len()) * one];
    let mut fastest = f64::INFINITY;
    for epoch in 0..epochs as u32 {
        let failed: Mutex<Option<DataError>> = Mutex::new(None);
        let start = Instant::now();
        let order = loader.order(epoch);
        for step in 0..loader.batches_per_epoch() {
            let samples = loader.batch_indices(&order, step);
            engine.pool().for_each_chunk(&mut images[..samples.len() * one], one, |i, out| {
                if let Err(error) = loader.write(epoch, samples[i], out) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            });
        }
        fastest = fastest.min(start.elapsed().as_secs_f64());
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(BadData(error.to_string()).into());
        }
    }
    Ok(split.len() as f64 / fastest)
}

fn text(report: &Report) -> Result<String, std::fmt::Error> {
    let mut table = Table::new([("from", Align::Left), ("photos/s", Align::Right)]);
    table.row([
        "files: decode, crop, resize, flip, normalize".into(),
        grouped(report.decode_images_per_s as u64),
    ]);
    table.row([
        "pixels on disk: crop, resize, flip, normalize".into(),
        grouped(report.cached_images_per_s as u64),
    ]);
    let mut text = table.to_string();
    writeln!(
        text,
        "\n{} photos in batches of {}, {} x {} pixels, on {}",
        grouped(report.photos as u64),
        report.batch,
        report.imgsz,
        report.imgsz,
        counted(report.threads, "thread")
    )?;
    Ok(text)
}
