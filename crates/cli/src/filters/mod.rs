//! `striate filters`: draws the kernels of a network.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use striate::explain::filters::{FilterStats, Filters, FiltersReport, LayerFilters, select};
use striate::report::layout::About;
use striate::report::text::{Align, Table};

use crate::exit::Usage;
use crate::look::{ModelArg, usage};
use crate::maps::pages::{Page, PageFlags, glimpse, whereabouts};
use crate::out;

/// The number of kernels of a layer that are shown in the terminal.
const GLIMPSED: usize = 16;

/// Draw the kernels of each layer
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate filters [OPTIONS] MODEL
       striate filters [OPTIONS] --model NAME [--weights SOURCE]")]
#[command(after_help = "\
Writes one page per layer, as PNG and SVG. The first layer of a network for color photos is drawn in color.

Examples:
  striate filters convnet                        a page for each layer
  striate filters convnet --layer conv1 --top 8  the eight kernels with the largest norm
  striate filters runs/train --layer conv1       your own network")]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    pages: PageFlags,
    /// Folder for the pages
    #[arg(short, long, value_name = "FOLDER", default_value = "filters")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let subject = args.model.load()?;
    let (graph, params) = (&subject.model.graph, &subject.model.params);
    let chosen = select(graph, &args.pages.layer).map_err(usage)?;
    if chosen.is_empty() {
        let why = "no layer of this network has kernels that can be drawn; name a linear layer with --layer";
        return Err(Usage(format!("{}: {why}", subject.name)).into());
    }
    let layers: Vec<Filters> = chosen.iter().map(|&id| Filters::new(graph, params, id)).collect();
    let about = About { subject: subject.name.clone(), ..About::default() };
    let page = |filters| {
        let filters: &Filters = filters;
        let scene = filters.sheet(&about, args.pages.top);
        let [o, i, h, w] = filters.shape;
        let what = format!("{}, {o} of {i} x {h} x {w}", filters.op);
        Page { layer: &filters.name, what, scene, shape: filters.shape.to_vec(), values: &filters.values }
    };
    let pages: Vec<Page<'_>> = layers.iter().map(page).collect();
    let files = args.pages.write(&args.out, &pages, ["Filters", &subject.name], &subject.engine)?;
    let reports: Vec<LayerFilters> =
        layers.iter().zip(files).map(|(filters, files)| filters.report(files)).collect();
    if args.pages.json {
        out::json(&FiltersReport { model: subject.name, layers: reports })?;
    } else {
        let mut table = Table::new([
            ("layer", Align::Left),
            ("filters", Align::Left),
            ("strongest", Align::Left),
            ("page", Align::Left),
        ]);
        for (filters, report) in layers.iter().zip(&reports) {
            let [o, i, h, w] = filters.shape;
            let strongest = report.filters.iter().take(5).map(|f| f.filter.to_string());
            let strongest = strongest.collect::<Vec<_>>().join(", ");
            let path = report.files[0].display().to_string();
            table.row([filters.name.clone(), format!("{o} of {i} x {h} x {w}"), strongest, path]);
            if filters.is_rgb || i == 1 {
                let image = |f: &FilterStats| (f.filter.to_string(), filters.image(f.filter, 0));
                let images: Vec<_> = report.filters.iter().take(GLIMPSED).map(image).collect();
                out::paint(&glimpse(&images))?;
            }
        }
        out::say(&format!("{table}\n{}", whereabouts(&args.out, pages.len())))?;
    }
    Ok(0)
}
