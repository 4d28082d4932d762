//! Fine-tuning: a classifier for other images, made from a pretrained one.

use striate_data::Dataset;
use striate_graph::Forward;
use striate_models::registry;
use striate_train::finetune::{BaseNetwork, FinetuneConfig, FinetuneJob, FinetuneReport, finetune};
use striate_train::{Event, Setup};

use super::Classifier;
use super::fit::Telling;
use crate::Error;

impl Classifier {
    /// Makes a classifier for the classes of a data set from this one, which was trained on other images: its layers stay as they are,
    /// and a new last layer is fitted to their features. If [`config.unfreeze`](FinetuneConfig::unfreeze) is set, all layers are then
    /// trained. The report estimates the accuracy by cross-validation, compares it with that of simpler classifiers, lists the labels
    /// that look wrong, and says whether training all layers is worth it.
    ///
    /// The network must be in the [registry](striate_models::registry), under the name in its file; for any other network, or
    /// to observe the progress, use [`finetune_with`](Self::finetune_with). To save the classifier before all layers are
    /// trained, to keep features on disk, or to write the results to a folder, use
    /// [`train::finetune`](striate_train::finetune).
    ///
    /// # Errors
    /// [`Error::Model`] when the network is not in the registry; [`Error::Fit`] when a class has fewer than two images, the network
    /// does not end in a fully connected layer, or an image cannot be decoded.
    ///
    /// # Example
    /// ```
    /// # #[cfg(all(feature = "digits", feature = "hub", feature = "shipped"))] {
    /// use striate::prelude::*;
    ///
    /// // A network that knows the ten digits learns from 100 of them which are odd. For images in folders, one per class:
    /// // let data = striate::data::load("my/folder")?;
    /// let digits = striate::data::load("digits")?;
    /// let parity = |split: &Split| {
    ///     let images = split.images().expect("they are in memory");
    ///     let labels = images.labels[..100].iter().map(|digit| digit % 2).collect();
    ///     Images::new(images.shape(), images.pixels[..100 * 784].to_vec(), labels)
    /// };
    /// let classes = vec!["even".into(), "odd".into()];
    /// let data = Dataset::new("parity", parity(&digits.train)?, parity(&digits.test)?, classes)?;
    ///
    /// let base = Classifier::from_pretrained("convnet")?;
    /// let (mut model, report) = base.finetune(&data, &FinetuneConfig::default())?;
    /// assert!(report.accuracy > Some(0.9));
    /// assert_eq!(model.predict(&digits.test.image(0)?)?.class(), ["even", "odd"][digits.test.label(0) as usize % 2]);
    /// println!("{}", report.unfreeze);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finetune(&self, data: &Dataset, config: &FinetuneConfig) -> Result<(Self, FinetuneReport), Error> {
        let info = registry::find(&self.file.provenance.model)?;
        let net = (info.build)(data.classes.len(), self.preprocess().channels);
        self.finetune_with(net.as_ref(), data, config, |_| ())
    }

    /// Fine-tunes like [`finetune`](Self::finetune), for any network, and calls `progress` with the beginning of each stage and
    /// the events of training all layers. `net` is the network of this classifier with one output per class of the data; its
    /// layers have the same names.
    ///
    /// # Errors
    /// Those of [`finetune`](Self::finetune), and [`Error::Fit`] when `net` is another network.
    pub fn finetune_with(
        &self,
        net: &dyn Forward,
        data: &Dataset,
        config: &FinetuneConfig,
        progress: impl FnMut(&Event<'_>),
    ) -> Result<(Self, FinetuneReport), Error> {
        let file = &self.file;
        let base = BaseNetwork { graph: &file.graph, params: &file.params, preprocess: &file.preprocess };
        let provenance = &file.provenance;
        let weights = match &*provenance.data {
            "" => provenance.model.clone(),
            data => format!("{}, trained on {data}", provenance.model),
        };
        let setup = Setup { engine: self.engine.clone(), ..Setup::new(net, &provenance.model, data)? };
        let job = FinetuneJob { weights: &weights, ..FinetuneJob::new(base, setup, config) };
        let (model, report) = finetune(&job, &mut [&mut Telling(progress)])?;
        Ok((Self::new(model, job.setup.engine)?, report))
    }
}
