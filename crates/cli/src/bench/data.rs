//! The speed of the loader of `striate train` on photos: decoding, a random crop, a flip and normalization.

use clap::Args as ClapArgs;
use striate::data::folder;
use striate::lab::speed::photos;

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

pub(super) fn run(args: &Args) -> anyhow::Result<u8> {
    let engine = args.threads.engine()?;
    let pixels = tempfile::tempdir()?;
    let plain = folder::open(&args.folder, None, None)?.to_learn()?.train;
    let cached = folder::open(&args.folder, None, Some(pixels.path()))?.to_learn()?.train;
    let speed = photos(&plain, &cached, args.imgsz, args.batch, args.epochs, &engine)?;
    if args.json {
        out::json(&speed)?;
    } else {
        out::print(&speed.to_string())?;
    }
    Ok(0)
}
