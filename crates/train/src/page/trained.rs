//! The page of a finished run.

use super::content::CHOSEN_BY_THE_SAME;
use super::facts::facts;
use crate::error::FitError;
use crate::job::Trained;
use crate::series::Series;
use striate_data::{Dataset, Split};
use striate_report::Comparison;
use striate_report::text::grouped;

impl Trained {
    /// The result of a run on `data` as one HTML page that loads nothing else. `judged` are the images that the run was evaluated
    /// on, of which the worst mistakes are shown, and `others` are other classifiers that were evaluated on the same images.
    ///
    /// # Errors
    /// [`FitError::Data`] when an image cannot be decoded, [`FitError::Report`] if these are not the data of the run.
    ///
    /// # Example
    /// ```
    /// # use std::sync::atomic::AtomicBool;
    /// # use striate_data::{Augment, Dataset, Images, Preprocess};
    /// # use striate_nn::{Flatten, Linear, Sequential};
    /// # use striate_train::{FitConfig, Job, Outcome, Setup, fit};
    /// # let pixels = (0..64).flat_map(|i| [if i % 2 == 0 { 20 } else { 220 }; 16]).collect();
    /// # let images = Images::new([1, 4, 4], pixels, (0..64).map(|i| i % 2).collect())?;
    /// # let data = Dataset::new("tones", images.clone(), images, vec!["dark".into(), "bright".into()])?;
    /// # let net = Sequential::new().append(Flatten::new()).append(Linear::new(16, 2));
    /// # let preprocess = Preprocess::new([1, 4, 4], &[0.5], &[0.5])?;
    /// # let (config, stop) = (FitConfig { epochs: 2, augment: Augment::default(), ..FitConfig::default() }, AtomicBool::new(false));
    /// # let job = Job::new(Setup::new(&net, "tones-net", &data)?, &preprocess, &config, &stop);
    /// let Outcome::Finished(trained) = fit(&job, &mut [])? else { unreachable!("nobody stops it") };
    /// let html = trained.to_html(&data, &data.test, vec![])?;
    /// assert!(html.contains("<h1>tones-net on tones</h1>"));
    /// assert!(html.contains("of 2 was kept, the best on 6 images held out of the training set"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_html(
        &self,
        data: &Dataset,
        judged: &Split,
        others: Vec<Comparison>,
    ) -> Result<String, FitError> {
        let provenance = &self.model.provenance;
        let title = format!("{} on {}", provenance.model, data.name);
        let (kept, epochs) = (self.best_epoch, self.rows.len());
        let series = Series::new(&title, &self.rows, kept);
        let mut page = self.evaluation.page(&title, &data.classes, judged)?;
        page.curves = series.curves();
        page.comparisons = others;
        let chose = self.counts.chosen_on();
        page.subtitle = match self.counts.test {
            Some(test) => format!(
                "Epoch {kept} of {epochs} was kept, the best on {chose}. The figures are for the {} test images, which were \
                 evaluated once, at the end.",
                grouped(test as u64)
            ),
            None => format!(
                "Epoch {kept} of {epochs} was kept, the best on {chose}. The figures are for the same images."
            ),
        };
        if self.counts.test.is_none() && epochs > 1 {
            page.notes.push(CHOSEN_BY_THE_SAME.into());
        }
        page.facts = facts(provenance, epochs);
        page.commands = vec![provenance.command.clone()];
        Ok(page.to_html()?)
    }
}
