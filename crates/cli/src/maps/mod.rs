//! `striate maps`: what each layer of a network makes of a picture.

pub(crate) mod model;
pub(crate) mod pages;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde::Serialize;
use striate::Classifier;
use striate::inspect::maps::{About, FeatureMaps, MapStats, Scale, select};
use striate::inspect::text::{Align, Table, percent};
use striate::inspect::{InspectError, Thumbnail};

use crate::exit::{BAD_DATA, Usage};
use crate::out;
use crate::predict::sources::{Source, collect};
use model::ModelFlags;
use pages::{Page, PageFlags, glimpse};

/// Maps of a layer in the terminal.
const GLIMPSED: usize = 8;

/// Show what each layer of a network makes of a picture: a page of feature maps a layer, as PNG and SVG
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate maps [OPTIONS] MODEL PICTURE
       striate maps [OPTIONS] --model NAME [--weights SOURCE] PICTURE")]
pub(crate) struct Args {
    /// A model file, or the folder of a run (not with --model); then a picture of any size, or '-' for standard input
    #[arg(required = true, num_args = 1..=2, value_name = "MODEL PICTURE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    pages: PageFlags,
    /// The folder for the pages
    #[arg(short, long, value_name = "FOLDER", default_value = "maps")]
    out: PathBuf,
    /// The picture is black on white, and the model was trained on white on black (as handwritten digits are)
    #[arg(long)]
    invert: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    model: &'a str,
    picture: String,
    class: &'a str,
    probability: f32,
    layers: Vec<Layer<'a>>,
}

#[derive(Serialize)]
struct Layer<'a> {
    name: &'a str,
    op: &'static str,
    shape: &'a [usize],
    scale: Scale,
    silent: usize,
    /// All of them, the strongest first.
    maps: &'a [MapStats],
    files: &'a [PathBuf],
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let (file, picture) = match (&args.paths[..], args.model.is_named()) {
        ([picture], true) => (None, picture),
        ([model, picture], false) => (Some(model.as_path()), picture),
        (paths, named) => return Err(Usage(wrong_paths(paths, named)).into()),
    };
    let source = one_picture(picture)?;
    let mut subject = args.model.load(file)?;
    subject.model.preprocess.invert |= args.invert;
    let graph = subject.model.graph.clone();
    let chosen = select(&graph, &args.pages.layer).map_err(usage)?;
    if chosen.is_empty() {
        let why = "no convolution or activation in this network makes maps; name a layer with --layer to see its values";
        return Err(Usage(format!("{}: {why}", subject.name)).into());
    }
    let mut model = Classifier::new(subject.model, subject.engine.clone())?;
    let taps = chosen.iter().map(|&id| model.session().tap(&graph.nodes[id].name));
    let taps = taps.collect::<Result<Vec<_>, _>>()?;
    let pixels = model.preprocess().from_picture(&source.open(model.preprocess())?);
    let prediction = model.predict_pixels(&pixels)?.remove(0);
    let mut layers = Vec::with_capacity(chosen.len());
    for (&id, &tap) in chosen.iter().zip(&taps) {
        let values = model.session().get(tap).into_raw_vec_and_offset().0;
        layers.push(FeatureMaps::new(&graph, id, values));
    }
    let says = format!("{} with {}", prediction.class(), percent(Some(prediction.probability().into())));
    let about = About {
        subject: format!("{} looks at {} and says {says}", subject.name, shown_name(&source)),
        picture: Some(seen(&pixels, graph.input_shape())?),
        classes: model.classes().to_vec(),
    };
    let ranked: Vec<Vec<MapStats>> = layers.iter().map(FeatureMaps::ranked).collect();
    let page = |(maps, id): (_, &usize)| {
        let maps: &FeatureMaps = maps;
        let is_output = *id == graph.output;
        let about =
            About { classes: if is_output { about.classes.clone() } else { Vec::new() }, ..about.clone() };
        let scene = maps.sheet(&about, args.pages.top);
        Page { layer: &maps.name, scene, shape: maps.shape.clone(), values: &maps.values }
    };
    let pages: Vec<Page<'_>> = layers.iter().zip(&chosen).map(page).collect();
    let files = args.pages.write(&args.out, &pages, &subject.engine)?;
    let silent = |ranked: &[MapStats]| ranked.iter().filter(|map| map.is_silent()).count();
    if args.pages.json {
        let layer = |((maps, ranked), files)| {
            let (maps, ranked, files): (&FeatureMaps, &Vec<MapStats>, &Vec<PathBuf>) = (maps, ranked, files);
            let (name, op, shape, scale) = (maps.name.as_str(), maps.op, &maps.shape[..], maps.scale);
            Layer { name, op, shape, scale, silent: silent(ranked), maps: ranked, files }
        };
        out::json(&Document {
            model: &subject.name,
            picture: source.name(),
            class: prediction.class(),
            probability: prediction.probability(),
            layers: layers.iter().zip(&ranked).zip(&files).map(layer).collect(),
        })?;
    } else {
        let mut text = String::new();
        let mut table = Table::new([
            ("layer", Align::Left),
            ("maps", Align::Left),
            ("silent", Align::Right),
            ("strongest", Align::Left),
            ("page", Align::Left),
        ]);
        for ((maps, ranked), files) in layers.iter().zip(&ranked).zip(&files) {
            let [c, h, w] = maps.dimensions();
            let strongest = ranked.iter().take(5).filter(|map| !map.is_silent());
            let strongest = strongest.map(|map| map.map.to_string()).collect::<Vec<_>>().join(", ");
            let size = if maps.is_image() { format!("{c} of {h} x {w}") } else { format!("{c} values") };
            let path = files[0].display().to_string();
            table.row([maps.name.clone(), size, silent(ranked).to_string(), strongest, path]);
            if maps.is_image() {
                let title = |map: &MapStats| format!("{} map {}", maps.name, map.map);
                let shown = ranked.iter().take(GLIMPSED);
                let pictures: Vec<_> = shown.map(|map| (title(map), maps.picture(map.map))).collect();
                text.push_str(&glimpse(&pictures));
            }
        }
        write!(text, "{}: {says}\n\n{table}\nEach page is beside it as SVG too.\n", source.name())?;
        out::print(&text)?;
    }
    let not_finite: usize = layers.iter().map(|maps| maps.scale.not_finite).sum();
    if not_finite > 0 {
        eprintln!(
            "error: {}: {not_finite} values of these layers are not finite; they are grey",
            subject.name
        );
    }
    Ok(if not_finite > 0 { BAD_DATA } else { 0 })
}

fn wrong_paths(paths: &[PathBuf], is_named: bool) -> String {
    let first = paths.first().map_or(Path::new("").display(), |path| path.display());
    if is_named {
        format!("{first}: with --model, expected one picture and no model file, got {} paths", paths.len())
    } else {
        format!(
            "{first}: expected a model and a picture, got this alone; try striate maps MODEL PICTURE, or --model NAME for a \
             network with published weights"
        )
    }
}

pub(crate) fn one_picture(path: &Path) -> anyhow::Result<Source> {
    if path.is_dir() {
        let why = "expected one picture, got a folder; name a file in it";
        return Err(Usage(format!("{}: {why}", path.display())).into());
    }
    Ok(collect(&[path.to_path_buf()])?.remove(0))
}

/// What the picture is called on a page.
pub(crate) fn shown_name(source: &Source) -> String {
    if *source == Source::StandardInput { "a picture".into() } else { source.name() }
}

/// A layer that is not there is a word typed wrong.
pub(crate) fn usage(error: InspectError) -> Usage {
    Usage(error.to_string())
}

/// What the network was shown, `[C, H, W]` as bytes.
pub(crate) fn seen(pixels: &[u8], [channels, height, width]: [usize; 3]) -> anyhow::Result<Thumbnail> {
    let plane = height * width;
    let interleaved = (0..plane).flat_map(|i| (0..channels).map(move |c| pixels[c * plane + i]));
    let interleaved: Vec<u8> = interleaved.collect();
    Ok(Thumbnail::new(width, height, channels, &interleaved, height.max(width))?)
}
