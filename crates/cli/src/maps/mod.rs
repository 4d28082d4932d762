//! `striate maps`: the feature maps of a network on an image.

pub(crate) mod pages;

use std::path::PathBuf;

use clap::Args as ClapArgs;
use striate::explain::maps::{FeatureMaps, LayerMaps, MapStats, MapsReport, select};
use striate::report::layout::About;
use striate::report::text::{Align, Table};

use crate::exit::{BAD_DATA, Usage};
use crate::look::{LookArgs, says, usage};
use crate::out;
use pages::{Page, PageFlags, glimpse, whereabouts};

/// The number of maps of a layer that are shown in the terminal.
const GLIMPSED: usize = 8;

/// Draw the feature maps of each layer for one image
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate maps [OPTIONS] MODEL IMAGE
       striate maps [OPTIONS] --model NAME [--weights SOURCE] IMAGE")]
#[command(after_help = "\
Writes one page per layer, as PNG and SVG.

Examples:
  striate maps convnet digits:7                      every convolution and activation
  striate maps convnet digits:7 --layer conv2 --npy  one layer, and its values as .npy
  striate maps runs/train image.png                  your own network and image")]
pub(crate) struct Args {
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    pages: PageFlags,
    /// Folder for the pages
    #[arg(short, long, value_name = "FOLDER", default_value = "maps")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let mut looked = args.look.open("maps")?;
    let graph = looked.model.file().graph.clone();
    let chosen = select(&graph, &args.pages.layer).map_err(usage)?;
    if chosen.is_empty() {
        let why = "this network has no convolution or activation with feature maps; name a layer with --layer to see its values";
        return Err(Usage(format!("{}: {why}", looked.name)).into());
    }
    let taps = chosen.iter().map(|&id| looked.model.session().tap(&graph.nodes[id].name));
    let taps = taps.collect::<Result<Vec<_>, _>>()?;
    let prediction = looked.predict()?;
    let mut layers = Vec::with_capacity(chosen.len());
    for (&id, &tap) in chosen.iter().zip(&taps) {
        let values = looked.model.session().get(tap).into_raw_vec_and_offset().0;
        layers.push(FeatureMaps::new(&graph, id, values));
    }
    let about = About {
        subject: looked.sentence(&prediction),
        image: Some(looked.image.clone()),
        classes: looked.model.classes().to_vec(),
    };
    let page = |(maps, id): (_, &usize)| {
        let maps: &FeatureMaps = maps;
        let is_output = *id == graph.output;
        let about =
            About { classes: if is_output { about.classes.clone() } else { Vec::new() }, ..about.clone() };
        let scene = maps.sheet(&about, args.pages.top);
        let what = format!("{}, {}", maps.op, size(maps));
        Page { layer: &maps.name, what, scene, shape: maps.shape.clone(), values: &maps.values }
    };
    let pages: Vec<Page<'_>> = layers.iter().zip(&chosen).map(page).collect();
    let files = args.pages.write(&args.out, &pages, ["Feature maps", &about.subject], &looked.engine)?;
    let reports: Vec<LayerMaps> = layers.iter().zip(files).map(|(maps, files)| maps.report(files)).collect();
    if args.pages.json {
        out::json(&MapsReport { subject: looked.subject(&prediction), layers: reports })?;
    } else {
        let mut table = Table::new([
            ("layer", Align::Left),
            ("maps", Align::Left),
            ("silent", Align::Right),
            ("strongest", Align::Left),
            ("page", Align::Left),
        ]);
        for (maps, report) in layers.iter().zip(&reports) {
            let strongest = report.maps.iter().take(5).filter(|map| !map.is_silent());
            let strongest = strongest.map(|map| map.map.to_string()).collect::<Vec<_>>().join(", ");
            let path = report.files[0].display().to_string();
            table.row([maps.name.clone(), size(maps), report.silent.to_string(), strongest, path]);
            if maps.is_image() {
                let title = |map: &MapStats| format!("{} map {}", maps.name, map.map);
                let shown = report.maps.iter().take(GLIMPSED);
                let images: Vec<_> = shown.map(|map| (title(map), maps.image(map.map))).collect();
                out::paint(&glimpse(&images))?;
            }
        }
        let says = says(&prediction);
        let whereabouts = whereabouts(&args.out, pages.len());
        out::say(&format!("{}: {says}\n\n{table}\n{whereabouts}", looked.shown()))?;
    }
    let not_finite: usize = layers.iter().map(|maps| maps.scale.not_finite).sum();
    if not_finite > 0 {
        out::tell(format!(
            "error: {}: {not_finite} values of these layers are not finite; they are drawn in gray",
            looked.name
        ));
    }
    Ok(if not_finite > 0 { BAD_DATA } else { 0 })
}

/// The number and size of the maps, such as `64 of 56 x 56`.
fn size(maps: &FeatureMaps) -> String {
    let [c, h, w] = maps.dimensions();
    if maps.is_image() { format!("{c} of {h} x {w}") } else { format!("{c} values") }
}
