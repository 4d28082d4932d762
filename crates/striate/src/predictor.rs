//! A trained network that can only predict.

use std::path::Path;
use std::sync::Arc;

use striate_formats::{FormatError, Problem, Runnable, Unverified};
use striate_graph::{Engine, Runner};
use striate_image::{Image, Preprocess};

use crate::Error;
use crate::prediction::{Prediction, mirrored, normalize, predictions};

/// A network with its preprocessing and the names of its classes that only predicts, in less memory than a
/// [`Classifier`](crate::Classifier): the parameters are kept once, as the kernels read them.
///
/// Its predictions are the same to the bit. It cannot be saved, explained or trained further, because the parameters are not kept
/// as they are in the file; use a [`Classifier`](crate::Classifier) for that.
///
/// A clone is meant for another thread: it shares the parameters and has its own memory for values. Clones take turns on the
/// threads of their [`Engine`].
///
/// # Example
/// ```
/// # #[cfg(feature = "shipped")] {
/// use striate::formats::Unverified;
/// use striate::prelude::*;
///
/// let bytes = striate::models::shipped::find("convnet").expect("it is shipped").bytes;
/// let mut lean = Predictor::new(Unverified::from_bytes(bytes)?, &Engine::new(None)?)?;
/// let mut whole = Classifier::from_bytes(bytes)?;
/// assert_eq!(lean.predict_pixels(&[0; 784])?, whole.predict_pixels(&[0; 784])?);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Predictor {
    runner: Runner,
    preprocess: Preprocess,
    classes: Arc<[String]>,
    /// The buffer for normalized pixels, reused between runs.
    images: Vec<f32>,
}

impl Predictor {
    /// Creates a predictor that uses the threads of `engine`, after comparing the golden logits of the model.
    ///
    /// # Errors
    /// Those of [`Unverified::runnable`].
    pub fn new(model: Unverified, engine: &Engine) -> Result<Self, Problem> {
        let Runnable { runner, preprocess, classes } = model.runnable(engine)?;
        Ok(Self { runner, preprocess, classes: classes.into(), images: Vec::new() })
    }

    /// Loads a model file and uses all cores.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, is not a model file, or computes other logits than when it was saved.
    ///
    /// # Example
    /// ```
    /// use striate::Predictor;
    ///
    /// let error = Predictor::load("no/such.safetensors").err().expect("there is none");
    /// assert!(error.to_string().starts_with("no/such.safetensors: cannot be read"), "{error}");
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_with(path, &Engine::new(None).map_err(Error::Engine)?)
    }

    /// Like [`load`](Self::load), on the threads of `engine`.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn load_with(path: impl AsRef<Path>, engine: &Engine) -> Result<Self, Error> {
        let path = path.as_ref();
        let content = |problem| FormatError::Content { path: path.into(), problem };
        Ok(Self::new(Unverified::load(path)?, engine).map_err(content)?)
    }

    /// The names of the classes, one for each logit.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The preprocessing that turns images into the network's input.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// Sets whether images are inverted, for black-on-white images and a network trained on white on black.
    pub fn set_invert(&mut self, invert: bool) {
        self.preprocess.invert = invert;
    }

    /// Classifies an image of any size, gray or color.
    ///
    /// # Errors
    /// When there is not enough memory to run the network; [`Error::Logits`] when a logit is infinite or NaN.
    pub fn predict(&mut self, image: &Image) -> Result<Prediction, Error> {
        let pixels = self.preprocess.from_image(image);
        Ok(self.predict_pixels(&pixels)?.remove(0))
    }

    /// Classifies images given as pixels, like [`Classifier::predict_pixels`](crate::Classifier::predict_pixels).
    ///
    /// # Errors
    /// Those of [`Classifier::predict_pixels`](crate::Classifier::predict_pixels).
    pub fn predict_pixels(&mut self, pixels: &[u8]) -> Result<Vec<Prediction>, Error> {
        let n = normalize(&self.preprocess, pixels, &mut self.images)?;
        predictions(&self.classes, self.runner.run_slice(&self.images, n)?)
    }

    /// Averages the probabilities of each image and its mirror image, like
    /// [`Classifier::predict_pixels_mirrored`](crate::Classifier::predict_pixels_mirrored).
    ///
    /// # Errors
    /// Those of [`Classifier::predict_pixels`](crate::Classifier::predict_pixels).
    pub fn predict_pixels_mirrored(&mut self, pixels: &[u8]) -> Result<Vec<Prediction>, Error> {
        mirrored(pixels, self.preprocess.width, |pixels| self.predict_pixels(pixels))
    }
}
