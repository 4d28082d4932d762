//! The files of the reports of `train`, `val` and `finetune`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use striate::data::{Dataset, Split};
use striate::formats::write_atomically;
use striate::report::Comparison;
use striate::report::page::Page;
use striate::train::{REPORT, Trained};

/// The file name of the sheet of worst mistakes.
pub(crate) const MISTAKES: &str = "mistakes.png";

/// Pixels of the PNG per pixel of the sheet: sharp on high-density screens.
const SHEET_SCALE: f64 = 2.0;

/// Writes the report of a finished run into its folder and returns its path. `others` are evaluated on the same images, those of
/// `judged`.
pub(crate) fn trained(
    folder: &Path,
    data: &Dataset,
    judged: &Split,
    trained: &Trained,
    others: Vec<Comparison>,
) -> anyhow::Result<PathBuf> {
    let path = folder.join(REPORT);
    write(&path, trained.to_html(data, judged, others)?.as_bytes())?;
    Ok(path)
}

/// Draws the mistakes of a report as one sheet.
pub(crate) fn write_mistakes(path: &Path, page: &Page<'_>) -> anyhow::Result<()> {
    write(path, &page.mistakes_sheet().to_png(SHEET_SCALE)?)
}

/// Writes a file atomically.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_atomically(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
}
