//! `striate predict`: what is in these pictures.
//!
//! Made to start fast: one thread and one read of the model for a few pictures, a team and batches for many.

mod show;
mod sources;

use std::path::PathBuf;
use std::sync::Mutex;

use clap::{Args as ClapArgs, ValueEnum};
use striate::data::DataError;
use striate::{Classifier, Prediction};

use crate::exit::{self, BAD_DATA};
use crate::flags::{Threads, count, model_path};
use show::Show;
use sources::{Source, collect};

/// Pictures from which on a team of threads is worth waking.
const MANY: usize = 32;
/// Pictures that are decoded and run together.
const BATCH: usize = 64;

/// Say what is in pictures
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A model file, or the folder of a run
    model: PathBuf,
    /// Pictures of any size: files, folders (searched in depth), or '-' for standard input
    #[arg(required = true)]
    pictures: Vec<PathBuf>,
    /// How many classes to name for each picture, the most probable first
    #[arg(long, value_name = "K", value_parser = count, default_value_t = 3)]
    topk: usize,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print one JSON document: the same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The pictures are black on white, and the model was trained on white on black (as handwritten digits are)
    #[arg(long)]
    invert: bool,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let sources = collect(&args.pictures)?;
    let engine =
        if sources.len() < MANY { args.threads.engine_for_little()? } else { args.threads.engine()? };
    let mut model = Classifier::load_with(&model_path(&args.model), engine.clone())?;
    model.set_invert(args.invert);
    let format = if args.json { Format::Json } else { args.format };
    let mut show = Show::new(format, args.topk, &args.model);
    let mut failed = None;
    for sources in sources.chunks(BATCH) {
        // Decoding is most of the work: each picture on whatever thread is free.
        let mut decoded: Vec<Option<Result<Vec<u8>, DataError>>> = sources.iter().map(|_| None).collect();
        let preprocess = model.preprocess();
        let next = Mutex::new(());
        engine.pool().for_each_chunk(&mut decoded, 1, |i, slot| {
            let read = || sources[i].open().map(|picture| preprocess.from_picture(&picture));
            // Standard input is one stream: whoever holds the lock reads it to its end.
            let _one = (sources[i] == Source::StandardInput).then(|| next.lock());
            slot[0] = Some(read());
        });
        let mut pixels = Vec::with_capacity(sources.len() * model.preprocess().sample_len());
        let mut whole = Vec::with_capacity(sources.len());
        for (source, decoded) in sources.iter().zip(decoded.into_iter().flatten()) {
            match decoded {
                Ok(picture) => {
                    pixels.extend(picture);
                    whole.push(source);
                }
                Err(error) => {
                    let error = anyhow::Error::new(error);
                    eprintln!("error: {}", exit::text(&error));
                    show.failure(&source.name(), &exit::text(&error));
                    failed.get_or_insert(exit::code(&error));
                }
            }
        }
        let predictions: Vec<Prediction> = match whole.is_empty() {
            true => Vec::new(),
            false => model.predict_pixels(&pixels)?,
        };
        for (source, prediction) in whole.iter().zip(&predictions) {
            show.prediction(&source.name(), prediction);
        }
        show.flush()?;
    }
    show.finish()?;
    Ok(failed.map_or(0, |code| code.max(BAD_DATA)))
}
