//! What `train`, `val` and `finetune` put on their page: one way to fill it, so that all three say the same.

use std::path::{Path, PathBuf};

use anyhow::Context;
use striate::data::{DataError, Dataset, Picture, Split};
use striate::formats::{Provenance, write_atomically};
use striate::inspect::chart::Curves;
use striate::inspect::report::{Comparison, Mistake, Page};
use striate::inspect::{Answer, InspectError, Thumbnail, Tile, contact_sheet, text::percent, worst};
use striate::train::{EpochRow, Evaluation, Trained};

/// The page of a run folder.
pub(crate) const REPORT: &str = "report.html";
/// The worst mistakes as a picture.
pub(crate) const MISTAKES: &str = "mistakes.png";

pub(crate) const CHOSEN_BY_THE_SAME: &str = "The epoch was chosen by these very pictures, so its figures flatter it a \
                                             little; those of the last epoch do not.";

/// Mistakes that are shown.
const SHOWN: usize = 24;
/// Longest side of a picture on the page, in pixels: twice what a phone shows, for dense screens.
const SIDE_PX: usize = 160;
/// Pixels of a sheet for each of its own: sharp on dense screens.
const SHEET_SCALE: f64 = 2.0;

/// The columns of `results.csv` that are drawn.
const COLUMNS: [&str; 4] = ["train_loss", "val_loss", "train_accuracy", "val_accuracy"];

/// Loss and accuracy of each epoch, as charts want them.
pub(crate) struct Series {
    title: String,
    of: [Vec<f64>; 4],
}

impl Series {
    pub(crate) fn new(title: &str, rows: &[EpochRow]) -> Self {
        let series = |of: fn(&EpochRow) -> f64| rows.iter().map(of).collect();
        let of = [
            series(|r| r.train_loss),
            series(|r| r.val_loss),
            series(|r| r.train_accuracy),
            series(|r| r.val_accuracy),
        ];
        Self { title: title.to_owned(), of }
    }

    /// From the `results.csv` of a run; empty when there is none, or it is something else.
    pub(crate) fn read(title: &str, path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap_or_default();
        let places = COLUMNS.map(|name| header.iter().position(|column| *column == name));
        let mut of: [Vec<f64>; 4] = Default::default();
        for line in lines {
            for (series, place) in of.iter_mut().zip(places) {
                // What cannot be read is a gap in the curve.
                let value = place.and_then(|place| line.get(place)?.parse().ok());
                series.extend(place.map(|_| value.unwrap_or(f64::NAN)));
            }
        }
        Self { title: title.to_owned(), of }
    }

    /// How many there are.
    pub(crate) fn epochs(&self) -> usize {
        self.of.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// `None` when there was no epoch.
    pub(crate) fn curves(&self) -> Option<Curves<'_>> {
        let [train_loss, val_loss, train_accuracy, val_accuracy] = self.of.each_ref().map(Vec::as_slice);
        let curves = Curves { title: &self.title, train_loss, val_loss, train_accuracy, val_accuracy };
        (self.epochs() > 0).then_some(curves)
    }
}

/// Writes the page of a finished run into its folder; gives its path.
pub(crate) fn trained(folder: &Path, data: &Dataset, of: &Trained) -> anyhow::Result<PathBuf> {
    trained_beside(folder, data, of, Vec::new())
}

/// As [`trained`], beside others on the same pictures.
pub(crate) fn trained_beside(
    folder: &Path,
    data: &Dataset,
    trained: &Trained,
    others: Vec<Comparison>,
) -> anyhow::Result<PathBuf> {
    let provenance = &trained.model.provenance;
    let title = format!("{} on {}", provenance.model, data.name);
    let series = Series::new(&title, &trained.rows);
    let mut page = of_evaluation(&title, data, &trained.evaluation)?;
    page.curves = series.curves();
    page.comparisons = others;
    page.subtitle =
        format!("Epoch {} of {}, on pictures it did not learn from.", trained.best_epoch, trained.rows.len());
    if trained.rows.len() > 1 {
        page.notes.push(CHOSEN_BY_THE_SAME.into());
    }
    page.facts = facts(provenance);
    page.command = provenance.command.clone();
    let path = folder.join(REPORT);
    write(&path, &page)?;
    Ok(path)
}

/// The page of an evaluation on a data set's test pictures: everything but where it comes from.
pub(crate) fn of_evaluation<'a>(
    title: &'a str,
    data: &'a Dataset,
    evaluation: &'a Evaluation,
) -> anyhow::Result<Page<'a>> {
    let mut page = Page::new(title, &data.classes, &evaluation.confusion);
    page.top5_hits = Some(evaluation.top5_hits);
    page.calibration = Some(&evaluation.calibration);
    page.mistakes = mistakes(&evaluation.answers, &|i| of_split(&data.test, i))?;
    Ok(page)
}

/// Picture `i` of a split, with its name.
pub(crate) fn of_split(split: &Split, i: usize) -> Result<(Picture, String), DataError> {
    Ok((split.picture(i)?, split.name(i)))
}

/// The worst mistakes with their pictures.
pub(crate) fn mistakes(
    answers: &[Answer],
    picture: &dyn Fn(usize) -> Result<(Picture, String), DataError>,
) -> anyhow::Result<Vec<Mistake>> {
    let of = |i: usize| -> anyhow::Result<Mistake> {
        let (picture, name) = picture(i)?;
        let answer = &answers[i];
        Ok(Mistake {
            picture: thumbnail(&picture)?,
            name,
            label: answer.label as usize,
            predicted: answer.predicted as usize,
            probability: answer.probability.into(),
            label_probability: answer.label_probability.into(),
        })
    };
    worst(answers).into_iter().take(SHOWN).map(of).collect()
}

pub(crate) fn thumbnail(picture: &Picture) -> Result<Thumbnail, InspectError> {
    Thumbnail::new(picture.width, picture.height, picture.channels, &picture.pixels, SIDE_PX)
}

/// The mistakes of a page as one picture.
pub(crate) fn write_mistakes(path: &Path, page: &Page<'_>) -> anyhow::Result<()> {
    let name = |class: usize| page.classes.get(class).map_or("", String::as_str);
    let tile = |mistake: &Mistake| Tile {
        picture: mistake.picture.clone(),
        captions: vec![
            format!("{} {}", name(mistake.predicted), percent(Some(mistake.probability))),
            format!("is {} {}", name(mistake.label), percent(Some(mistake.label_probability))),
            mistake.name.clone(),
        ],
    };
    let tiles: Vec<Tile> = page.mistakes.iter().map(tile).collect();
    let sheet = contact_sheet(&format!("{}: the worst mistakes", page.title), &tiles);
    save(path, &sheet.to_png(SHEET_SCALE)?)
}

/// Writes the page, whole or not at all.
pub(crate) fn write(path: &Path, page: &Page<'_>) -> anyhow::Result<()> {
    save(path, page.to_html()?.as_bytes())
}

fn save(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_atomically(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
}

/// Where a model comes from, for the end of the page.
pub(crate) fn facts(provenance: &Provenance) -> Vec<(&'static str, String)> {
    vec![
        ("Network", provenance.model.clone()),
        ("Learned from", provenance.data.clone()),
        ("SHA-256 of its pictures", provenance.data_sha256.clone()),
        ("Seed", provenance.seed.to_string()),
        ("Epochs", provenance.epochs.to_string()),
        ("Striate", provenance.striate_version.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_read_by_the_names_of_their_columns() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("results.csv");
        let text = "epoch,val_loss,train_loss,other,train_accuracy,val_accuracy\n1,0.5,0.25,x,0.75,0.5\n2,oops,0.125\n";
        std::fs::write(&path, text).unwrap();
        let series = Series::read("it", &path);
        let curves = series.curves().unwrap();
        assert_eq!((curves.train_loss, curves.train_accuracy[0]), (&[0.25, 0.125][..], 0.75));
        assert!(curves.val_loss[0] == 0.5 && curves.val_loss[1].is_nan() && curves.val_accuracy[1].is_nan());
        std::fs::write(&path, "something else").unwrap();
        assert!(Series::read("it", &path).curves().is_none());
        assert!(Series::read("it", &place.path().join("absent")).curves().is_none());
    }
}
