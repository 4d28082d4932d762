//! The HTML report of `train`, `val` and `finetune`, filled in one place.

use std::path::{Path, PathBuf};

use anyhow::Context;
use striate::data::{DataError, Dataset, Image, Split};
use striate::formats::{Provenance, write_atomically};
use striate::report::Comparison;
use striate::report::page::{Mistake, Page, id_line};
use striate::report::text::grouped;
use striate::report::{Answer, ReportError, Thumbnail, worst};
use striate::train::{ARGS_YAML, ChosenBy, Counts, Evaluation, Series, Trained};

/// The file name of the report in a run folder.
pub(crate) const REPORT: &str = "report.html";
/// The file name of the sheet of worst mistakes.
pub(crate) const MISTAKES: &str = "mistakes.png";

/// The note where the evaluated images are those that selected the epoch.
pub(crate) const CHOSEN_BY_THE_SAME: &str = "This epoch was selected using these images, so its figures are slightly \
                                             optimistic; those of the last epoch are not.";

/// The number of mistakes that are shown.
const SHOWN: usize = 24;
/// The longest side of an image on the page, in pixels: twice what a phone shows, for high-density screens.
const SIDE_PX: usize = 160;
/// Pixels of the PNG per pixel of the sheet: sharp on high-density screens.
const SHEET_SCALE: f64 = 2.0;

/// A description of the images that selected the epoch.
pub(crate) fn chosen_by(counts: Counts) -> String {
    let images = grouped(counts.val as u64);
    match counts.chosen_by {
        ChosenBy::HeldOut => format!("{images} images held out of the training set"),
        ChosenBy::Val => format!("the {images} validation images"),
        ChosenBy::Test => format!("the {images} test images"),
    }
}

/// Writes the report of a finished run into its folder and returns its path. `others` are evaluated on the same images, those of
/// `judged`.
pub(crate) fn trained(
    folder: &Path,
    data: &Dataset,
    judged: &Split,
    trained: &Trained,
    others: Vec<Comparison>,
) -> anyhow::Result<PathBuf> {
    let provenance = &trained.model.provenance;
    let title = format!("{} on {}", provenance.model, data.name);
    let (kept, epochs) = (trained.best_epoch, trained.rows.len());
    let series = Series::new(&title, &trained.rows, kept);
    let mut page = of_evaluation(&title, &data.classes, judged, &trained.evaluation)?;
    page.curves = series.curves();
    page.comparisons = others;
    let chose = chosen_by(trained.counts);
    page.subtitle = match trained.counts.test {
        Some(test) => format!(
            "Epoch {kept} of {epochs} was kept, the best on {chose}. The figures are for the {} test images, which were \
             evaluated once, at the end.",
            grouped(test as u64)
        ),
        None => format!(
            "Epoch {kept} of {epochs} was kept, the best on {chose}. The figures are for the same images."
        ),
    };
    if trained.counts.test.is_none() && epochs > 1 {
        page.notes.push(CHOSEN_BY_THE_SAME.into());
    }
    page.facts = facts(provenance, epochs);
    page.commands = vec![provenance.command.clone()];
    let path = folder.join(REPORT);
    write(&path, &page)?;
    Ok(path)
}

/// Whether the best epoch of the run in this folder was selected on this part of its data, `val` or `test`.
pub(crate) fn has_chosen(folder: &Path, part: &str) -> bool {
    let Ok(args) = std::fs::read_to_string(folder.join(ARGS_YAML)) else { return false };
    let said = args.lines().find_map(|line| line.strip_prefix("chosen_by: "));
    // Older runs do not record it; they used the test images.
    said.map_or("test", |quoted| quoted.trim_matches('"')) == part
}

/// The path of the report of `val`: beside the report of the run, named after the data and their part. It never replaces the
/// report of another measurement, but the same measurement, repeated, replaces its own.
pub(crate) fn measured(folder: &Path, data: &str, part: &str, id: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = data.chars().take(80).map(plain).collect();
    let place = |number: usize| match number {
        1 => folder.join(format!("report-val-{name}-{part}.html")),
        _ => folder.join(format!("report-val-{name}-{part}-{number}.html")),
    };
    let is_free = |path: &PathBuf| match std::fs::read_to_string(path) {
        Ok(page) => page.contains(&id_line(id)),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    (1..).map(place).find(is_free).expect("there are more numbers than files")
}

/// The report of an evaluation on a split, without its origin.
pub(crate) fn of_evaluation<'a>(
    title: &'a str,
    classes: &'a [String],
    split: &Split,
    evaluation: &'a Evaluation,
) -> anyhow::Result<Page<'a>> {
    let mut page = Page::new(title, classes, &evaluation.confusion);
    page.top5_hits = Some(evaluation.top5_hits);
    page.calibration = Some(&evaluation.calibration);
    page.mistakes = mistakes(&evaluation.answers, &|i| of_split(split, i))?;
    Ok(page)
}

/// Image `i` of a split, and its name.
pub(crate) fn of_split(split: &Split, i: usize) -> Result<(Image, String), DataError> {
    Ok((split.image(i)?, split.name(i)))
}

/// The worst mistakes, with their images.
pub(crate) fn mistakes(
    answers: &[Answer],
    image: &dyn Fn(usize) -> Result<(Image, String), DataError>,
) -> anyhow::Result<Vec<Mistake>> {
    let of = |i: usize| -> anyhow::Result<Mistake> {
        let (image, name) = image(i)?;
        let answer = &answers[i];
        Ok(Mistake {
            image: thumbnail(&image)?,
            name,
            label: answer.label as usize,
            predicted: answer.predicted as usize,
            probability: answer.probability.into(),
            label_probability: answer.label_probability.into(),
        })
    };
    worst(answers).into_iter().take(SHOWN).map(of).collect()
}

pub(crate) fn thumbnail(image: &Image) -> Result<Thumbnail, ReportError> {
    Thumbnail::new(image.width, image.height, image.channels, &image.pixels, SIDE_PX)
}

/// Draws the mistakes of a report as one sheet.
pub(crate) fn write_mistakes(path: &Path, page: &Page<'_>) -> anyhow::Result<()> {
    save(path, &page.mistakes_sheet().to_png(SHEET_SCALE)?)
}

/// Writes the report atomically.
pub(crate) fn write(path: &Path, page: &Page<'_>) -> anyhow::Result<()> {
    save(path, page.to_html()?.as_bytes())
}

fn save(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_atomically(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
}

/// The origin of a model, for the end of the report. `epochs` is the number of epochs of the run, or 0 where it is unknown.
pub(crate) fn facts(provenance: &Provenance, epochs: usize) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Network", provenance.model.clone()),
        ("Trained on", provenance.data.clone()),
        ("SHA-256 of the images", provenance.data_sha256.clone()),
        ("Seed", provenance.seed.to_string()),
    ];
    match provenance.epochs {
        // A fitted last layer: there was no training.
        0 => {}
        kept if kept <= epochs => facts.push(("Epoch kept", format!("{kept} of {epochs}"))),
        kept => facts.push(("Epochs", kept.to_string())),
    }
    facts.push(("Striate", provenance.striate_version.clone()));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_takes_no_other_ones_place() {
        let place = tempfile::tempdir().unwrap();
        let name = |data: &str, part: &str, id: &str| {
            let path = measured(place.path(), data, part, id);
            std::fs::write(&path, id_line(id)).unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name("pets", "test", "a"), "report-val-pets-test.html");
        assert_eq!(name("pets", "test", "b"), "report-val-pets-test-2.html");
        assert_eq!(name("pets", "test", "c"), "report-val-pets-test-3.html");
        assert_eq!(name("pets", "test", "b"), "report-val-pets-test-2.html", "the same once more");
        assert_eq!(name("pets", "train", "d"), "report-val-pets-train.html");
        assert_eq!(name("../my pets", "all", "e"), "report-val-..-my-pets-all.html");
    }

    #[test]
    fn a_run_says_what_chose_its_epoch() {
        let place = tempfile::tempdir().unwrap();
        assert!(!has_chosen(place.path(), "test"), "no run");
        for (args, chose) in [
            ("chosen_by: \"held_out\"", [false, false]),
            ("chosen_by: \"val\"", [true, false]),
            ("epochs: 3", [false, true]),
        ] {
            std::fs::write(place.path().join(ARGS_YAML), format!("{args}\n")).unwrap();
            assert_eq!(["val", "test"].map(|part| has_chosen(place.path(), part)), chose, "{args}");
        }
    }
}
