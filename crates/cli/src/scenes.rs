//! Writes a page as PNG and SVG.

use std::path::{Path, PathBuf};

use anyhow::Context;
use striate::formats::write_atomically;
use striate::report::chart::Scene;

/// Pixels of the PNG per pixel of the page.
const SCALE: f64 = 2.0;

/// Writes a page as `STEM.png` and `STEM.svg` into `folder`, which is created, and returns the paths.
pub(crate) fn write_scene(folder: &Path, stem: &str, scene: &Scene) -> anyhow::Result<Vec<PathBuf>> {
    let files = [("png", scene.to_png(SCALE)?), ("svg", scene.to_svg().into_bytes())];
    files.into_iter().map(|(ending, bytes)| write_file(folder, &format!("{stem}.{ending}"), &bytes)).collect()
}

/// Writes a file into `folder`, which is created, and returns its path.
pub(crate) fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let shown = folder.display();
    std::fs::create_dir_all(folder).with_context(|| format!("{shown}: cannot create this folder"))?;
    let path = folder.join(name);
    write_atomically(&path, bytes).with_context(|| format!("{}: cannot write", path.display()))?;
    Ok(path)
}
