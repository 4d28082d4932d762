//! Twins: networks of the same architecture that are trained on other data.

use std::sync::atomic::AtomicBool;

use striate_data::{Dataset, Images, Preprocess};
use striate_formats::ModelFile;
use striate_graph::{Engine, Mode, trace};
use striate_models::{ModelInfo, registry};
use striate_train::{FitConfig, Job, Outcome, Setup, fit};

use crate::LabError;
use striate_base::random::below;

/// Multiply-adds of an image from which on no twin is trained: tens of thousands of images pass through each.
pub(super) const MOST_MULTIPLY_ADDS: u64 = 20_000_000;

/// A trained twin.
pub(super) struct Twin {
    pub(super) model: ModelFile,
    /// On the images to measure by.
    pub(super) accuracy: f64,
}

/// The architecture of a model, or why no twin of it can be trained.
pub(super) fn architecture(model: &ModelFile) -> Result<&'static ModelInfo, String> {
    let name = &model.provenance.model;
    let info = registry::find(name).map_err(|_| {
        if name.is_empty() {
            "the model does not record which network it is".to_owned()
        } else {
            format!("its network, {name}, is not known by name")
        }
    })?;
    let graph = trace(
        (info.build)(model.classes.len(), model.preprocess.channels).as_ref(),
        Mode::Eval,
        model.preprocess.shape(),
    );
    if graph.ok().as_ref() != Some(&model.graph) {
        return Err(format!("it is recorded as {name}, but is another network"));
    }
    let cost = model.graph.multiply_adds();
    if cost > MOST_MULTIPLY_ADDS {
        let (cost, most) = (cost / 1_000_000, MOST_MULTIPLY_ADDS / 1_000_000);
        return Err(format!(
            "twins are trained up to {most} million multiply-adds per image, but this network has {cost}"
        ));
    }
    Ok(info)
}

/// Trains `info` from `seed` on `train`, and measures it on `test`.
pub(super) fn train(
    info: &ModelInfo,
    preprocess: &Preprocess,
    [train, test]: [Images; 2],
    classes: Vec<String>,
    (epochs, batch_size, seed): (usize, usize, u64),
    engine: &Engine,
) -> Result<Twin, LabError> {
    let data = Dataset::new("twin", train, test, classes)?;
    let net = (info.build)(data.classes.len(), preprocess.channels);
    // A twin is measured for what it can learn at all, so nothing is held out.
    let config =
        FitConfig { epochs, batch_size, seed, val_split: 0.0, ..FitConfig::recipe(info.name, &data) };
    let stop = AtomicBool::new(false);
    let setup = Setup { engine: engine.clone(), ..Setup::new(net.as_ref(), info.name, &data)? };
    let job = Job::new(setup, preprocess, &config, &stop);
    let Outcome::Finished(trained) = fit(&job, &mut [])? else { unreachable!("nobody stops it") };
    Ok(Twin { accuracy: trained.evaluation.accuracy(), model: trained.model })
}

/// The labels in a random order: as many of each class as before, and none of them knows its image.
pub(super) fn shuffled(labels: &[u8], seed: u64) -> Vec<u8> {
    let mut labels = labels.to_vec();
    // Fisher and Yates.
    for i in (1..labels.len()).rev() {
        labels.swap(i, below(i as u64 + 1, seed, i as u64) as usize);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_models::shipped;

    #[test]
    fn shuffled_labels_are_the_same_labels_elsewhere() {
        let labels: Vec<u8> = (0..1000).map(|i| (i % 10) as u8).collect();
        let mixed = shuffled(&labels, 3);
        assert_eq!(mixed, shuffled(&labels, 3));
        assert_ne!(mixed, shuffled(&labels, 4));
        let count = |labels: &[u8], class| labels.iter().filter(|&&l| l == class).count();
        assert!((0..10).all(|class| count(&mixed, class) == 100));
        let same = labels.iter().zip(&mixed).filter(|(a, b)| a == b).count();
        // A tenth stays by chance, with a standard deviation of 9.5.
        assert!((52..148).contains(&same), "{same} of 1,000 labels are where they were");
    }

    #[test]
    fn an_architecture_is_known_or_the_reason_is_said() {
        let model = shipped::find("mlp").unwrap().load().unwrap();
        assert_eq!(architecture(&model).unwrap().name, "mlp");
        let with = |name: &str| {
            let mut other = model.clone();
            other.provenance.model = name.into();
            architecture(&other).unwrap_err()
        };
        assert_eq!(with(""), "the model does not record which network it is");
        assert_eq!(with("custom"), "its network, custom, is not known by name");
        assert_eq!(with("convnet"), "it is recorded as convnet, but is another network");
    }
}
