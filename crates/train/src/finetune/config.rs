//! The settings of fine-tuning.

use crate::config::FitConfig;
use serde::{Deserialize, Serialize};
use striate_data::Augment;
use striate_data::augment::ResizedCrop;
use striate_graph::Graph;
use striate_graph::op::Role;
use striate_nn::{OptimizerConfig, Schedule, Sgd};

/// The settings of fine-tuning. All but the seed are for training all layers, which follows the fit of the last layer if `unfreeze`
/// is set; otherwise they only determine what the cost of that training is estimated for.
///
/// # Example
/// ```
/// use striate_train::finetune::FinetuneConfig;
///
/// let config = FinetuneConfig { unfreeze: true, epochs: 3, ..FinetuneConfig::default() };
/// assert_eq!((config.seed, config.batch_size), (0, 16));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FinetuneConfig {
    /// The random seed of the folds of cross-validation, and of the order and augmentation when all layers are trained.
    pub seed: u64,
    /// Whether all layers are then trained, starting from the fitted last layer.
    pub unfreeze: bool,
    /// The number of epochs in which all layers are trained.
    pub epochs: usize,
    /// The batch size with which all layers are trained.
    pub batch_size: usize,
    /// The maximum learning rate with which all layers are trained.
    pub learning_rate: f32,
}

impl Default for FinetuneConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            unfreeze: false,
            epochs: 5,
            batch_size: 16,
            // Far below that of SGD from scratch, so that what was learned is not lost. On tools/photos/stamps.sh with
            // EfficientNet-Lite0, ten times as much lost 20 points in three epochs; this lost none in one.
            learning_rate: 2e-4,
        }
    }
}

impl FinetuneConfig {
    /// The settings for training all layers of this network.
    pub(super) fn training(&self, graph: &Graph) -> FitConfig {
        // Batch norms stay frozen: the statistics of small batches would replace those of a million photographs.
        let norms = graph.nodes.iter().filter(|node| node.operation().role() == Role::Norm);
        FitConfig {
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            optimizer: optimizer(),
            schedule: Schedule::one_cycle(),
            // Milder than for training from scratch: a crop must still look like its class.
            augment: Augment {
                crop: Some(ResizedCrop { scale: [0.5, 1.0], ..ResizedCrop::default() }),
                flip_horizontal: 0.5,
                ..Augment::default()
            },
            // Published weights are used without auxiliary classifiers.
            auxiliary: false,
            freeze: norms.map(|node| node.layer.clone()).collect(),
            seed: self.seed,
            ..FitConfig::default()
        }
    }
}

/// The optimizer for training all layers.
pub(super) fn optimizer() -> OptimizerConfig {
    OptimizerConfig::Sgd(Sgd { momentum: 0.9, weight_decay: 1e-4, ..Sgd::default() })
}
