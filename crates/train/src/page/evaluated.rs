//! The page of an evaluation of a model on any images.

use super::content::CHOSEN_BY_THE_SAME;
use super::facts::facts;
use crate::error::FitError;
use crate::evaluate::Evaluation;
use crate::run_folder::{REPORT, RunFolder};
use crate::series::Series;
use striate_data::Measured;
use striate_formats::Provenance;

/// The evaluation of a model on any images, as one HTML page; [`Trained::to_html`](crate::Trained::to_html) is the page of a run.
///
/// # Example
/// ```
/// use striate_data::Splits;
/// use striate_train::{EvaluationPage, RunFolder};
/// # use striate_formats::ModelFile;
/// # use striate_train::Evaluation;
/// # fn page(evaluation: &Evaluation, model: &ModelFile) -> Result<(), Box<dyn std::error::Error>> {
///
/// let measured = Splits::open("pets", None)?.measured(None)?;
/// let run = RunFolder::of("runs/train".as_ref());
/// let page = EvaluationPage {
///     provenance: &model.provenance,
///     measured: &measured,
///     evaluation,
///     run: run.as_ref(),
///     links_to_run: true,
///     notes: vec!["The photos were taken at night.".into()],
///     commands: vec![],
///     id: String::new(),
/// };
/// std::fs::write("runs/train/at-night.html", page.to_html()?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct EvaluationPage<'a> {
    /// The origin of the model.
    pub provenance: &'a Provenance,
    /// The images that it was evaluated on, as the test images of a data set with the classes of the model.
    pub measured: &'a Measured,
    /// The evaluation on these images.
    pub evaluation: &'a Evaluation,
    /// The run that the model belongs to, whose curves are shown.
    pub run: Option<&'a RunFolder>,
    /// Whether the page links to the report of the run, because it is in the same folder.
    pub links_to_run: bool,
    /// Notes and caveats, one sentence each.
    pub notes: Vec<String>,
    /// The commands that led to the result, in order.
    pub commands: Vec<String>,
    /// An id of the measurement, by which [`RunFolder::page_path`] recognizes the page of a repeated measurement.
    pub id: String,
}

impl EvaluationPage<'_> {
    /// The page.
    ///
    /// # Errors
    /// [`FitError::Data`] when an image cannot be decoded, [`FitError::Report`] if the images have other classes than the model.
    pub fn to_html(&self) -> Result<String, FitError> {
        let (Self { provenance, run, .. }, data) = (self, &self.measured.data);
        let title = format!("{} on {}", provenance.model, data.name);
        let series = match run {
            Some(run) => run.series(&title, provenance.epochs),
            None => Series::new(&title, &[], 0),
        };
        let mut page = self.evaluation.page(&title, &data.classes, &data.test)?;
        page.curves = series.curves();
        page.subtitle = format!("Evaluated on {}.", self.measured.what);
        if let Some(run) = run {
            if self.links_to_run && run.has_report() {
                page.beside = Some((REPORT.into(), "The report of the run that trained this network"));
            }
            let is_own = data.sha256 == provenance.data_sha256;
            if is_own && series.epochs() > 1 && run.has_chosen_by(self.measured.part) {
                page.notes.push(CHOSEN_BY_THE_SAME.into());
            }
        }
        page.notes.extend(self.notes.iter().cloned());
        page.facts = facts(provenance, series.epochs());
        page.facts.push(("Evaluated on", format!("{} (SHA-256 {})", data.name, data.sha256)));
        page.commands.clone_from(&self.commands);
        page.id.clone_from(&self.id);
        Ok(page.to_html()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::{ARGS_YAML, RESULTS_CSV};
    use striate_data::{Dataset, Images};
    use striate_report::Answer;

    #[test]
    fn the_page_knows_the_run_and_warns_of_the_images_that_chose_its_epoch() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
        write(REPORT, "");
        write(ARGS_YAML, "chosen_by: \"val\"\n");
        write(RESULTS_CSV, "epoch,train_loss,val_loss,train_accuracy,val_accuracy\n1,2,2,0,0\n2,1,1,1,1\n");
        let images = Images::new([1, 4, 4], vec![20; 32], vec![0, 1]).unwrap();
        let data = Dataset::new("pets", images.clone(), images, vec!["cat".into(), "dog".into()]).unwrap();
        let mut evaluation = Evaluation::of_nothing(2);
        evaluation.confusion.add(1, 0).unwrap();
        evaluation.answers = vec![Answer::new(&[0.9, 0.1], 0), Answer::new(&[0.8, 0.2], 1)];
        let page = |part, data_sha256: &str, is_of_run: bool| {
            let measured = Measured { data: data.clone(), part, what: "2 images of pets".into() };
            let provenance = Provenance {
                model: "net".into(),
                epochs: 2,
                data_sha256: data_sha256.into(),
                ..Provenance::default()
            };
            let run = RunFolder::of(place.path()).filter(|_| is_of_run);
            let page = EvaluationPage {
                provenance: &provenance,
                measured: &measured,
                evaluation: &evaluation,
                run: run.as_ref(),
                links_to_run: true,
                notes: vec!["A note of the caller.".into()],
                commands: vec!["striate val it".into()],
                id: "7".into(),
            };
            page.to_html().unwrap()
        };
        let own = page("val", &data.sha256, true);
        for said in [
            "<h1>net on pets</h1>",
            "Evaluated on 2 images of pets.",
            "href=\"./report.html\"",
            "Training</h2>",
            CHOSEN_BY_THE_SAME,
            "A note of the caller.",
            "<dd>2 of 2</dd>",
            "Worst mistakes",
            "<pre>striate val it</pre>",
            "content=\"7\"",
        ] {
            assert!(own.contains(said), "{said}: {own}");
        }
        assert!(!page("test", &data.sha256, true).contains(CHOSEN_BY_THE_SAME), "another part");
        assert!(!page("val", "00ff", true).contains(CHOSEN_BY_THE_SAME), "other data");
        let alone = page("val", &data.sha256, false);
        assert!(!alone.contains("report.html") && !alone.contains("Training</h2>"), "{alone}");
    }
}
