//! What every kind of training begins with: a network, data, and an engine.

use crate::error::FitError;
use striate_data::Dataset;
use striate_graph::{Engine, Forward};

/// The network to train, the images to train it on, and the engine that computes. A [`Job`](crate::Job) trains the network from
/// the beginning, a [`FinetuneJob`](crate::finetune::FinetuneJob) starts from a pretrained one.
///
/// # Example
/// ```
/// use striate_data::{Dataset, Images};
/// use striate_graph::Engine;
/// use striate_nn::{Flatten, Linear, Sequential};
/// use striate_train::Setup;
///
/// let images = Images::new([1, 4, 4], vec![20; 32], vec![0, 1])?;
/// let data = Dataset::new("tones", images.clone(), images, vec!["dark".into(), "bright".into()])?;
/// let net = Sequential::new().append(Flatten::new()).append(Linear::new(16, 2));
/// let setup = Setup { engine: Engine::new(Some(1))?, ..Setup::new(&net, "tones-net", &data)? };
/// assert_eq!((setup.data_source, setup.command), ("tones", ""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Setup<'a> {
    /// The network, with an output for each class of the data.
    pub net: &'a dyn Forward,
    /// The name of the network, such as `resnet18`.
    pub model_name: &'a str,
    /// The images for training and evaluation.
    pub data: &'a Dataset,
    /// The data set as it was specified, a name or a folder. It is stored in the checkpoint and the model file, so that the
    /// images are found again.
    pub data_source: &'a str,
    /// The engine, with its threads and instruction set.
    pub engine: Engine,
    /// The command that creates this model. It is stored in the model file, so it must not contain what does not influence the
    /// result (threads, folders, `--resume`), or the file would differ. A resumed run keeps the command that it was started with.
    pub command: &'a str,
}

impl<'a> Setup<'a> {
    /// Training on all cores, of data that are found by their name, without a command.
    ///
    /// # Errors
    /// [`FitError::Engine`] when `STRIATE_ISA` names an instruction set that this machine does not have.
    pub fn new(net: &'a dyn Forward, model_name: &'a str, data: &'a Dataset) -> Result<Self, FitError> {
        let engine = Engine::new(None).map_err(FitError::Engine)?;
        Ok(Self { net, model_name, data, data_source: &data.name, engine, command: "" })
    }
}
