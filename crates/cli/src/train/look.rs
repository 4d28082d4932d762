//! `--preview`, which draws what the network will see, and `--find-lr`, which searches for a learning rate.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use striate::data::preview::preview;
use striate::formats::write_atomically;
use striate::graph::Target;
use striate::report::chart::{RateChart, rate_search};
use striate::report::{Thumbnail, Tile, contact_sheet};
use striate::train::{Job, RunSplits, find_lr};

use crate::out;

/// The number of images on the sheet: six rows of eight.
const SHOWN: usize = 48;
const SHEET: &str = "preview.png";
const RATES_PNG: &str = "find_lr.png";
const RATES_SVG: &str = "find_lr.svg";
/// Pixels of the PNG per pixel of the drawing: sharp on high-density screens.
const SCALE: f64 = 2.0;
/// The longest side of an image on the sheet, in pixels, for such screens.
const SIDE_PX: usize = 256;

/// Draws the first images of the first epoch as the network will see them, without training.
pub(super) fn seen(job: &Job<'_>, project: &Path) -> anyhow::Result<()> {
    let (data, config) = (job.setup.data, job.config);
    let splits = RunSplits::of(data, config)?;
    let seen = preview(&splits.train, job.preprocess, config.augment, config.seed, SHOWN)?;
    let tile = |seen: &striate::data::preview::Seen| -> anyhow::Result<Tile> {
        let p = &seen.image;
        let image = Thumbnail::new(p.width, p.height, p.channels, &p.pixels, SIDE_PX)?;
        let mut captions = labels(&seen.target, &data.classes);
        captions.push(data.train.name(splits.place(seen.index)));
        Ok(Tile { image, captions })
    };
    let tiles = seen.iter().map(tile).collect::<anyhow::Result<Vec<_>>>()?;
    let title = format!("{} as {} will see it", data.name, job.setup.model_name);
    let path = written(project, SHEET, &contact_sheet(&title, &tiles).to_png(SCALE)?)?;
    Ok(out::print(&format!("{} images of the first epoch: {}\n", seen.len(), path.display()))?)
}

/// The caption of an image: its class, or two classes with their shares.
fn labels(target: &Target, classes: &[String]) -> Vec<String> {
    let name = |class: u32| classes[class as usize].clone();
    let mix = [(target.a, target.lambda), (target.b, 1.0 - target.lambda)];
    // A share that rounds to 0 % gets no line.
    let said = mix.into_iter().filter(|&(_, share)| target.a != target.b && (0.005..0.995).contains(&share));
    let lines: Vec<String> =
        said.map(|(class, share)| format!("{:.0} % {}", 100.0 * share, name(class))).collect();
    let larger = if target.lambda >= 0.5 { target.a } else { target.b };
    if lines.is_empty() { vec![name(larger)] } else { lines }
}

/// Searches for a learning rate, and discards what was trained.
pub(super) fn rates(job: &Job<'_>, project: &Path, as_json: bool) -> anyhow::Result<()> {
    let found = find_lr(job)?;
    let title = format!("{} on {}", job.setup.model_name, job.setup.data.name);
    let (rates, losses) = (&found.rates[..], &found.losses[..]);
    let scene = rate_search(&RateChart { title: &title, rates, losses, suggestion: found.suggestion });
    written(project, RATES_SVG, scene.to_svg().as_bytes())?;
    let plot = written(project, RATES_PNG, &scene.to_png(SCALE)?)?;
    if as_json {
        return out::json(&found.report(Some(plot)));
    }
    let what = match found.suggestion {
        Some(rate) => format!("The loss fell fastest at a learning rate of {rate:.1e}; try --lr {rate:.1e}"),
        None => "The loss never fell; check the data (--preview) and the network".to_owned(),
    };
    Ok(out::print(&format!("{what}\nPlot: {}\n", plot.display()))?)
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    fs::create_dir_all(folder).with_context(|| format!("{}: cannot create this folder", folder.display()))?;
    write_atomically(&path, bytes).with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixtures_say_both_classes_and_plain_labels_one() {
        let classes = ["cat", "dog"].map(String::from);
        let said = |a, b, lambda| labels(&Target { a, b, lambda }, &classes);
        assert_eq!(said(0, 0, 1.0), ["cat"]);
        assert_eq!(said(0, 0, 0.3), ["cat"]);
        assert_eq!(said(0, 1, 0.3), ["30 % cat", "70 % dog"]);
        assert_eq!(said(0, 1, 0.001), ["dog"]);
    }
}
