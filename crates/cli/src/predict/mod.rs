//! `striate predict`: classifies images.
//!
//! A few images use one thread, so that the command starts fast; many use all threads. Images are processed in batches, each
//! finished before the next is decoded, so memory does not grow with their number.

mod members;
mod show;
pub(crate) mod sources;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args as ClapArgs;
use striate::data::DataError;
use striate::graph::Engine;
use striate::{Prediction, Predictor};

use crate::compute::Compute;
use crate::exit::{self, BAD_DATA, Usage};
use crate::flags::count;
use crate::flags_data::LayoutFlag;
use crate::look::{NamedFlags, open_to_predict};
use crate::mismatch::Mismatches;
use show::{Format, Show};
use sources::{Source, collect};

/// From this number of images on, all threads are used.
const MANY: usize = 32;
/// From this number of multiply-adds per image on, all threads are used even for a single image.
const HEAVY: u64 = 50_000_000;
/// The number of images that are decoded and classified together.
const BATCH: usize = 64;

/// Classify images
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate predict [OPTIONS] MODEL IMAGES...
       striate predict [OPTIONS] --model NAME [--weights SOURCE] IMAGES...")]
#[command(after_help = "\
Examples:
  striate predict convnet digits:7                 test image 7 of the embedded digits
  striate predict runs/train FOLDER --format csv   every image in a folder
  striate predict --model resnet18 --fetch A.jpg   published weights, downloaded if they are not on this machine")]
pub(crate) struct Args {
    /// A model file, the folder of a run, or one of the shipped models convnet, convnet_gap and mlp (not with --model);
    /// then images of any size: files, folders (searched recursively), '-' for standard input, or DATA:INDEX for a test image
    /// of a data set, such as digits:7
    #[arg(required = true, value_name = "MODEL IMAGES")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    named: NamedFlags,
    /// Number of classes to print per image, the most probable first
    #[arg(long, value_name = "K", value_parser = count, default_value_t = 3)]
    topk: usize,
    /// Average the probabilities of each image and its mirror image; this takes twice as long
    #[arg(long)]
    tta: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print one JSON document; same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Invert the images, for black-on-white images and a model trained on white on black, such as handwritten digits
    #[arg(long)]
    invert: bool,
    #[command(flatten)]
    layout: LayoutFlag,
    #[command(flatten)]
    compute: Compute,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let (file, images) = match (args.named.name(), args.paths.split_first()) {
        (Some(_), _) => (None, &args.paths[..]),
        (None, Some((model, images))) if !images.is_empty() => (Some(model.as_path()), images),
        _ => return Err(Usage(missing(&args.paths)).into()),
    };
    let sources = collect(images, args.layout)?;
    let (mut model, engine) = load(args, file, sources.len())?;
    let name = file.map(|path| path.display().to_string());
    let name = name.or(args.named.name().map(Into::into)).unwrap_or_default();
    model.set_invert(args.invert);
    let format = if args.json { Format::Json } else { args.format };
    let mut show = Show::new(format, args.topk, &name, args.tta);
    let mismatches = Mismatches::default();
    for sources in sources.chunks(BATCH) {
        let decoded = decode(sources, &model, &engine, &mismatches);
        let mut pixels = Vec::with_capacity(sources.len() * model.preprocess().sample_len());
        let mut whole = Vec::with_capacity(sources.len());
        for (source, decoded) in sources.iter().zip(decoded) {
            match decoded {
                Ok(image) => {
                    pixels.extend(image);
                    whole.push(source);
                }
                Err(error) => {
                    let error = anyhow::Error::new(error);
                    show.failure(&source.name(), &exit::text(&error), exit::code(&error));
                }
            }
        }
        let predictions = predict(&mut model, &mut pixels, &mut whole, args.tta, &mut show)?;
        for (source, prediction) in whole.iter().zip(&predictions) {
            show.prediction(&source.name(), prediction);
        }
        show.flush()?;
    }
    let code = show.finish()?;
    mismatches.warn(model.preprocess());
    Ok(code.map_or(0, |code| code.max(BAD_DATA)))
}

/// The predictions for these images. An image whose logits are not finite is reported as a failure and removed.
fn predict(
    model: &mut Predictor,
    pixels: &mut Vec<u8>,
    images: &mut Vec<&Source>,
    tta: bool,
    show: &mut Show,
) -> anyhow::Result<Vec<Prediction>> {
    let one = model.preprocess().sample_len();
    while !images.is_empty() {
        let said = if tta { model.predict_pixels_mirrored(pixels) } else { model.predict_pixels(pixels) };
        let (image, error) = match said {
            Err(striate::Error::Logits { image, error }) => (image, error),
            other => return Ok(other?),
        };
        let name = images.remove(image).name();
        pixels.drain(image * one..(image + 1) * one);
        show.failure(&name, &format!("{name}: {error}"), BAD_DATA);
    }
    Ok(Vec::new())
}

/// The error when there is only one path.
fn missing(paths: &[PathBuf]) -> String {
    let path = paths.first().map_or(Path::new("").display(), |path| path.display());
    format!(
        "{path}: expected MODEL and IMAGES, got only one of them; try striate predict MODEL IMAGE, or --model NAME for a \
         network with published weights"
    )
}

/// The model, and an engine with as many threads as the model and the number of images warrant.
fn load(args: &Args, file: Option<&Path>, images: usize) -> anyhow::Result<(Predictor, Engine)> {
    let few = args.compute.engine_for_little()?;
    let opened = match (file, args.named.name()) {
        (None, Some(name)) => args.named.open(name)?,
        (Some(file), _) => open_to_predict(file)?,
        (None, None) => unreachable!("one of both names the model"),
    };
    let graph = opened.model.graph();
    args.compute.tell(graph, &few, false)?;
    let is_much = images >= MANY || graph.multiply_adds() >= HEAVY;
    let engine = if is_much { args.compute.engine()? } else { few };
    Ok((opened.predictor(&engine)?, engine))
}

/// Decodes images on all threads: for small networks, decoding is most of the work.
fn decode(
    sources: &[Source],
    model: &Predictor,
    engine: &Engine,
    mismatches: &Mismatches,
) -> Vec<Result<Vec<u8>, DataError>> {
    let mut decoded: Vec<Option<Result<Vec<u8>, DataError>>> = sources.iter().map(|_| None).collect();
    let preprocess = model.preprocess();
    let next = Mutex::new(());
    engine.pool().for_each_chunk(&mut decoded, 1, |i, slot| {
        let read = || {
            let image = sources[i].open(preprocess)?;
            mismatches.note((i, &sources[i].name()), &image, preprocess);
            Ok(preprocess.from_image(&image))
        };
        // Standard input is a single stream, read to its end under a lock.
        let _one = (sources[i] == Source::StandardInput).then(|| next.lock());
        slot[0] = Some(read());
    });
    decoded.into_iter().flatten().collect()
}
