//! `striate summary`: the layers of a network.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde::Serialize;
use striate::explain::receptive_field::{Layers, layers};
use striate::explain::{Summary, summary};
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Graph, Mode};
use striate::report::text::grouped;

use crate::exit::Usage;
use crate::flags::{count, model_path, side};
use crate::out;
use crate::scenes::write_scene;
use crate::subject::{find, traced};

/// List a network's layers: shapes, parameters, multiply-adds, memory
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  striate summary convnet
  striate summary resnet18 --classes 10
  striate summary convnet --rf           the receptive field of each layer instead")]
pub(crate) struct Args {
    /// A model file, the folder of a run, or the name of a network ('striate models' lists them)
    model: String,
    /// Height and width of the images in pixels [default: the network's own]
    #[arg(long, value_name = "PX", value_parser = side)]
    imgsz: Option<usize>,
    /// Number of classes of a network given by name [default: the published number]
    #[arg(long, value_name = "N", value_parser = count)]
    classes: Option<usize>,
    /// Show the receptive fields instead: which part of the image one value of each layer sees, as a table and a page
    #[arg(long)]
    rf: bool,
    /// Folder for the page of receptive fields
    #[arg(short, long, value_name = "FOLDER", default_value = "receptive-fields", requires = "rf")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Fields<'a> {
    model: &'a str,
    #[serde(flatten)]
    layers: Layers,
    files: Vec<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Document {
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<Provenance>,
    /// Including auxiliary classifiers, where the network has some in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_in_training: Option<usize>,
    #[serde(flatten)]
    summary: Summary,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let path = Path::new(&args.model);
    let (graph, provenance, parameters_in_training) = if path.exists() {
        if args.imgsz.is_some() || args.classes.is_some() {
            let why = "--imgsz and --classes are for networks given by name; in a model file both are fixed";
            return Err(Usage(why.into()).into());
        }
        let file = ModelFile::load(&model_path(path))?;
        (file.graph, Some(file.provenance), None)
    } else {
        let (graph, in_training) = named(args)?;
        (graph, None, in_training)
    };
    if args.rf {
        return fields(args, &graph);
    }
    let summary = summary(&graph);
    let document = Document { model: args.model.clone(), provenance, parameters_in_training, summary };
    if args.json {
        out::json(&document)?;
        return Ok(0);
    }
    let mut text = String::new();
    if let Some(from) = &document.provenance {
        text = format!(
            "{}: {} trained on {}, epoch {}; created by: {}\n\n",
            args.model, from.model, from.data, from.epochs, from.command
        );
    }
    text.push_str(&document.summary.to_string());
    if let Some(in_training) = parameters_in_training {
        let more = in_training as u64 - document.summary.parameters;
        text.push_str(&format!(
            "In training, auxiliary classifiers add {} parameters: {} in all.\n",
            grouped(more),
            grouped(in_training as u64)
        ));
    }
    out::say(&text)?;
    Ok(0)
}

fn fields(args: &Args, graph: &Graph) -> anyhow::Result<u8> {
    let layers = layers(graph);
    let files = write_scene(&args.out, "receptive-fields", &layers.page(&args.model))?;
    if args.json {
        out::json(&Fields { model: &args.model, layers, files })?;
        return Ok(0);
    }
    let mut text = format!("{layers}\n");
    files.iter().for_each(|path| text.push_str(&format!("{}\n", path.display())));
    out::say(&text)?;
    Ok(0)
}

/// The inference graph, and the number of parameters in training where auxiliary classifiers add some.
fn named(args: &Args) -> anyhow::Result<(Graph, Option<usize>)> {
    let info = find(&args.model)?;
    let [channels, ..] = info.input;
    let input = args.imgsz.map_or(info.input, |side| [channels, side, side]);
    let classes = args.classes.unwrap_or(info.num_classes);
    let [graph, training] = [Mode::Eval, Mode::Train].map(|mode| traced(info, mode, classes, input));
    let (graph, training) = (graph?, training?);
    let in_training = (!training.auxiliary.is_empty()).then(|| training.parameter_count());
    Ok((graph, in_training))
}
