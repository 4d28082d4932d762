//! `striate embed`: draws test images in three spaces of a network.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use striate::data::Measured;
use striate::lab::embedding::{EmbedConfig, EmbeddingReport, MOST_IMAGES, embed};
use striate::report::text::{Align, Table, grouped, percent};

use crate::flags_data::PartFlags;
use crate::look::ModelArg;
use crate::scenes::{write_file, write_scene};
use crate::working::Working;
use crate::{neuron, out};

/// The file name of the coordinates, beside the page.
const NUMBERS: &str = "embed.json";

/// Draw where the test images lie in three spaces of a network
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The spaces are the pixels, the values of the first layer, and the features that the last layer reads. Writes a page as PNG and \
SVG, and the coordinates as JSON.

Examples:
  striate embed convnet --data digits         a page with three spaces of the network
  striate embed convnet --data digits -n 500  fewer images, in less time
  striate embed runs/train                    your own network, on the data set that it was trained on")]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArg,
    /// A data set by name, or a folder [default: the data set that the model was trained on]
    #[arg(short, long, value_name = "DATA")]
    data: Option<String>,
    #[command(flatten)]
    which: PartFlags,
    /// Number of test images, drawn at random; the time grows with its square
    #[arg(short = 'n', long, value_name = "N", value_parser = images, default_value_t = 2000)]
    images: usize,
    /// Random seed of the drawn images and of t-SNE's initial noise
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Folder for the page
    #[arg(short, long, value_name = "FOLDER", default_value = "embed")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn images(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if (10..=MOST_IMAGES).contains(&n) => Ok(n),
        _ => Err(format!("expected 10 to {MOST_IMAGES} images, got {text}; try 1000")),
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let subject = args.model.load()?;
    let Measured { data, what, .. } = neuron::data(args.data.as_deref(), args.which, &subject.model)?;
    let working = Working::new(args.json);
    // The default, or for few images a third of the number of neighbors.
    let images = args.images.min(data.test.len());
    let usual = EmbedConfig::default().perplexity;
    let perplexity = usual.min(((images as f64 - 1.0) / 3.0).floor());
    let config = EmbedConfig { images: args.images, perplexity, seed: args.seed };
    let mut tell = |done: usize, total: usize| working.count("laying out images", done, total);
    let map = embed(&subject.model, &data.test, &subject.engine, &config, &mut tell)?;
    drop(working);
    let scene = map.page(&subject.model, &data.test, &data.classes, [&subject.name, &data.name])?;
    let mut files = write_scene(&args.out, "embed", &scene)?;
    files.push(args.out.join(NUMBERS));
    let report = EmbeddingReport {
        model: subject.name,
        data: data.name,
        classes: data.classes,
        embedding: map,
        files,
    };
    write_file(&args.out, NUMBERS, serde_json::to_string(&report)?.as_bytes())?;
    if args.json {
        out::json(&report)?;
        return Ok(0);
    }
    let mut table = Table::new([
        ("space", Align::Left),
        ("dimensions", Align::Right),
        ("kNN accuracy", Align::Right),
        ("t-SNE, KL", Align::Right),
    ]);
    for space in &report.embedding.spaces {
        table.row([
            space.name.clone(),
            grouped(space.dimensions as u64),
            percent(Some(space.knn.accuracy)),
            format!("{:.3}", space.tsne.kl),
        ]);
    }
    let count = match (report.embedding.images.len(), data.test.len()) {
        (drawn, all) if drawn < all => format!("{} of ", grouped(drawn as u64)),
        _ => String::new(),
    };
    let mut text = format!("{count}{what}; kNN classifies each by its 5 nearest neighbors:\n\n");
    text.push_str(&format!("{table}\n"));
    report.files.iter().for_each(|path| text.push_str(&format!("{}\n", path.display())));
    out::say(&text)?;
    Ok(0)
}
