//! Writes pages to files, and shows small versions in the terminal.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context;
use clap::Args as ClapArgs;
use striate::explain::maps::{Entry, index_page};
use striate::formats::write_atomically;
use striate::graph::Engine;
use striate::report::chart::Scene;
use striate::report::{Depth, Thumbnail, half_blocks, npy};

use crate::flags::count;
use crate::scenes::write_file;
use crate::working::Working;

/// Pixels of the PNG per pixel of the page.
const SCALE: f64 = 2.0;
/// The width of the terminal where it is unknown, in columns, and the longest side of an image in it.
const COLUMNS: usize = 80;
const SIDE: u32 = 24;
/// The maximum length of a file name, without its extension.
const LONGEST: usize = 100;

/// The layers to draw, and how much of each; flattened into the commands that write pages.
#[derive(Debug, ClapArgs)]
pub(crate) struct PageFlags {
    /// Layers to draw: a name ('striate summary' lists them), or a pattern such as 'layer1.*.conv?'; can be repeated
    #[arg(long, value_name = "LAYER", value_delimiter = ',')]
    pub(crate) layer: Vec<String>,
    /// Maximum number to draw per layer, the strongest first
    #[arg(long, value_name = "N", value_parser = count, default_value_t = 32)]
    pub(crate) top: usize,
    /// Also write the values, one .npy file per layer
    #[arg(long)]
    npy: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// The file name of the page that shows all pages.
pub(crate) const INDEX: &str = "index.html";

/// The page of one layer.
pub(crate) struct Page<'a> {
    pub(crate) layer: &'a str,
    /// The operation and the size of the layer, for the index.
    pub(crate) what: String,
    pub(crate) scene: Scene,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: &'a [f32],
}

impl PageFlags {
    /// Writes each page as PNG and SVG into `folder`, and for several pages an index with this title. Returns the paths, page by
    /// page.
    pub(crate) fn write(
        &self,
        folder: &Path,
        pages: &[Page<'_>],
        [title, subject]: [&str; 2],
        engine: &Engine,
    ) -> anyhow::Result<Vec<Vec<PathBuf>>> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{}: cannot create this folder", folder.display()))?;
        let stems = file_stems(pages.iter().map(|page| page.layer));
        if pages.len() > 1 {
            let entry = |(page, stem): (&Page<'_>, &String)| Entry {
                layer: page.layer.into(),
                what: page.what.clone(),
                image: format!("{stem}.png"),
                width_px: page.scene.width_px,
            };
            let entries: Vec<Entry> = pages.iter().zip(&stems).map(entry).collect();
            write_file(folder, INDEX, index_page(title, subject, &entries).as_bytes())?;
        }
        let mut written: Vec<Option<anyhow::Result<Vec<PathBuf>>>> = pages.iter().map(|_| None).collect();
        let drawn = Mutex::new((Working::new(self.json), 0));
        engine.pool().for_each_chunk(&mut written, 1, |i, slot| {
            let stem = folder.join(&stems[i]);
            slot[0] = Some(self.write_one(&stem, &pages[i]));
            if let Ok(mut drawn) = drawn.lock() {
                drawn.1 += 1;
                drawn.0.count("drawing pages", drawn.1, pages.len());
            }
        });
        written.into_iter().flatten().collect()
    }

    fn write_one(&self, stem: &Path, page: &Page<'_>) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = vec![("png", page.scene.to_png(SCALE)?), ("svg", page.scene.to_svg().into_bytes())];
        if self.npy {
            files.push(("npy", npy(&page.shape, page.values)));
        }
        let write = |(ending, bytes): (&str, Vec<u8>)| {
            // Not with_extension, since the names of layers contain dots.
            let path = PathBuf::from(format!("{}.{ending}", stem.display()));
            write_atomically(&path, &bytes).with_context(|| format!("{}: cannot write", path.display()))?;
            Ok(path)
        };
        files.into_iter().map(write).collect()
    }
}

/// A sentence that says where the pages are.
pub(crate) fn whereabouts(folder: &Path, pages: usize) -> String {
    match pages {
        1 => "The page is also there as SVG.\n".into(),
        _ => format!("Each page is also there as SVG; {} shows all of them.\n", folder.join(INDEX).display()),
    }
}

/// File names for the names of layers: unsafe characters become `_`, and no two names are equal.
fn file_stems<'a>(layers: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let stem = |layer: &str| {
        let stem: String = layer.chars().take(LONGEST).map(plain).collect();
        // A file whose name begins with a dot is hidden.
        let stem = if stem.starts_with('.') { format!("_{stem}") } else { stem };
        let mut unique = stem.clone();
        let mut n = 2;
        // Some file systems ignore case.
        while !taken.insert(unique.to_lowercase()) {
            unique = format!("{stem}-{n}");
            n += 1;
        }
        unique
    };
    layers.map(stem).collect()
}

/// The images as text for the terminal; empty where standard output is not a terminal.
pub(crate) fn glimpse(images: &[(String, Thumbnail)]) -> String {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = std::env::var("CLICOLOR_FORCE").is_ok_and(|value| !value.is_empty() && value != "0");
    if !forced && (set("NO_COLOR") || !std::io::stdout().is_terminal()) {
        return String::new();
    }
    let is_true = std::env::var("COLORTERM").is_ok_and(|value| value == "truecolor" || value == "24bit");
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(COLUMNS);
    half_blocks(images, columns, SIDE, if is_true { Depth::True } else { Depth::Indexed })
}

#[cfg(test)]
mod tests {
    use super::file_stems;

    #[test]
    fn names_of_layers_cannot_leave_the_folder() {
        let long = "x".repeat(300);
        let layers = ["layer1.0.conv1", "../../etc/passwd", "..", "a/b", "a_b", "A_B", "", &long, "é\0\n"];
        let stems = file_stems(layers.into_iter());
        assert_eq!(stems[..3], ["layer1.0.conv1", "_.._.._etc_passwd", "_.."]);
        assert_eq!(stems[3..6], ["a_b", "a_b-2", "A_B-3"]);
        assert_eq!((stems[7].len(), stems[8].as_str()), (100, "___"));
    }
}
