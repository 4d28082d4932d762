//! `striate summary`: the layers of a network.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use striate::explain::SummaryReport;
use striate::explain::receptive_field::{FieldsReport, layers};
use striate::formats::ModelFile;
use striate::graph::{Graph, Mode};

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

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let path = Path::new(&args.model);
    if path.exists() {
        if args.imgsz.is_some() || args.classes.is_some() {
            let why = "--imgsz and --classes are for networks given by name; in a model file both are fixed";
            return Err(Usage(why.into()).into());
        }
        let file = ModelFile::load(&model_path(path))?;
        return show(args, &file.graph, || SummaryReport::of_file(&args.model, &file));
    }
    let [graph, training] = named(args)?;
    show(args, &graph, || SummaryReport::of_network(&args.model, &graph, &training))
}

fn show(args: &Args, graph: &Graph, report: impl FnOnce() -> SummaryReport) -> anyhow::Result<u8> {
    if args.rf {
        return fields(args, graph);
    }
    let report = report();
    if args.json {
        out::json(&report)?;
    } else {
        out::say(&report.to_string())?;
    }
    Ok(0)
}

fn fields(args: &Args, graph: &Graph) -> anyhow::Result<u8> {
    let layers = layers(graph);
    let files = write_scene(&args.out, "receptive-fields", &layers.page(&args.model))?;
    if args.json {
        out::json(&FieldsReport { model: args.model.clone(), layers, files })?;
        return Ok(0);
    }
    let mut text = format!("{layers}\n");
    files.iter().for_each(|path| text.push_str(&format!("{}\n", path.display())));
    out::say(&text)?;
    Ok(0)
}

/// The network of that name, traced for inference and for training.
fn named(args: &Args) -> anyhow::Result<[Graph; 2]> {
    let info = find(&args.model)?;
    let [channels, ..] = info.input;
    let input = args.imgsz.map_or(info.input, |side| [channels, side, side]);
    let classes = args.classes.unwrap_or(info.num_classes);
    let [graph, training] = [Mode::Eval, Mode::Train].map(|mode| traced(info, mode, classes, input));
    Ok([graph?, training?])
}
