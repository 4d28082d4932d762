//! A trained network with everything needed to use it.

#[cfg(feature = "decode")]
mod decode;
#[cfg(feature = "explain")]
mod explain;
#[cfg(feature = "train")]
mod finetune;
#[cfg(feature = "train")]
mod fit;
#[cfg(feature = "hub")]
mod pretrained;

#[cfg(feature = "hub")]
pub use pretrained::Pretrained;

use std::path::Path;
use std::sync::Arc;

use striate_formats::{FormatError, ModelFile};
use striate_graph::{Engine, Session};
use striate_image::{Image, Preprocess};

use crate::Error;
use crate::prediction::{Prediction, mirrored, normalize, predictions};

/// A network with its parameters, its preprocessing and the names of its classes, which can be trained, saved, loaded and used
/// for prediction.
///
/// A clone is meant for another thread. It shares the parameters with the original, also in the layout that the kernels read,
/// and has its own memory for activations. Clones take turns on the threads of their [`Engine`]; with an engine of a single
/// thread ([`load_with`](Self::load_with)), each clone runs on the thread that calls it.
///
/// It keeps the parameters twice: as in the file, and as the kernels read them. A program that only predicts can use a
/// [`Predictor`](crate::Predictor), which keeps them once.
///
/// # Example
/// See the tour at the top of the [crate](crate).
#[derive(Clone)]
pub struct Classifier {
    file: Arc<ModelFile>,
    session: Session,
    /// The threads of the session, for evaluation.
    #[cfg(feature = "train")]
    engine: Engine,
    classes: Arc<[String]>,
    /// The buffer for normalized pixels, reused between runs.
    images: Vec<f32>,
}

impl Classifier {
    /// Creates a classifier from the content of a model file, on the threads of `engine`.
    ///
    /// # Errors
    /// When the parameters do not match the network.
    pub fn new(file: ModelFile, engine: Engine) -> Result<Self, Error> {
        let session = Session::with_engine(file.graph.clone(), file.params.clone(), engine.clone())?;
        let classes = file.classes.clone().into();
        Ok(Self {
            file: Arc::new(file),
            session,
            #[cfg(feature = "train")]
            engine,
            classes,
            images: Vec::new(),
        })
    }

    /// Loads a model file and runs it on all cores.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged or is not a model file of Striate, or when its golden inputs give other results
    /// than when it was saved.
    ///
    /// # Example
    /// ```
    /// use striate::Classifier;
    ///
    /// let error = Classifier::load("no/such.safetensors").err().expect("there is none");
    /// assert!(error.to_string().starts_with("no/such.safetensors: cannot be read"), "{error}");
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_with(path, Engine::new(None).map_err(Error::Engine)?)
    }

    /// Like [`load`](Self::load), on the threads of `engine`.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn load_with(path: impl AsRef<Path>, engine: Engine) -> Result<Self, Error> {
        Self::new(ModelFile::load(path.as_ref())?, engine)
    }

    /// Creates a classifier from the bytes of a model file and runs it on all cores.
    ///
    /// # Errors
    /// [`Error::Format`] when the bytes are damaged or are not a model file of Striate, or when the golden inputs give other
    /// results than when the file was saved.
    ///
    /// # Example
    /// ```
    /// use striate::Classifier;
    ///
    /// let bytes = striate::models::shipped::find("mlp").expect("it is shipped").bytes;
    /// assert_eq!(Classifier::from_bytes(bytes)?.classes().len(), 10);
    ///
    /// let error = Classifier::from_bytes(&bytes[..1000]).err().expect("half a file");
    /// assert!(error.to_string().starts_with("model file in memory: "), "{error}");
    /// # Ok::<(), striate::Error>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_bytes_with(bytes, Engine::new(None).map_err(Error::Engine)?)
    }

    /// Like [`from_bytes`](Self::from_bytes), on the threads of `engine`.
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes).
    pub fn from_bytes_with(bytes: &[u8], engine: Engine) -> Result<Self, Error> {
        let content = |problem| FormatError::Content { path: "model file in memory".into(), problem };
        Self::new(ModelFile::from_bytes(bytes).map_err(content)?, engine)
    }

    /// Writes the model file atomically.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Ok(self.file.save(path.as_ref())?)
    }

    /// The content that [`save`](Self::save) writes.
    pub fn file(&self) -> &ModelFile {
        &self.file
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The preprocessing of images.
    pub fn preprocess(&self) -> &Preprocess {
        &self.file.preprocess
    }

    /// Sets whether images are inverted before the network: for black-on-white images and a network that was trained on white
    /// on black.
    pub fn set_invert(&mut self, invert: bool) {
        Arc::make_mut(&mut self.file).preprocess.invert = invert;
    }

    /// The session that runs the network, for tapping its values.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Classifies an image of any size, gray or color.
    ///
    /// # Errors
    /// When the network cannot be run.
    pub fn predict(&mut self, image: &Image) -> Result<Prediction, Error> {
        let pixels = self.file.preprocess.from_image(image);
        Ok(self.predict_pixels(&pixels)?.remove(0))
    }

    /// Classifies several images at once, and returns one prediction per image.
    ///
    /// # Shapes
    /// `pixels` is `[N, C, H, W]`, 0 to 255, as `Images` and
    /// [`Preprocess::from_image`](striate_image::Preprocess::from_image) have them.
    ///
    /// # Errors
    /// When `pixels` is empty or not a whole number of images; [`Error::Logits`] when a logit is infinite or NaN, so that there
    /// is no prediction.
    pub fn predict_pixels(&mut self, pixels: &[u8]) -> Result<Vec<Prediction>, Error> {
        let n = normalize(&self.file.preprocess, pixels, &mut self.images)?;
        predictions(&self.classes, self.session.run_slice(&self.images, n)?)
    }

    /// Classifies images like [`predict_pixels`](Self::predict_pixels), but averages the probabilities of each image and its
    /// mirror image (test-time augmentation). This takes twice as long.
    ///
    /// # Errors
    /// Those of [`predict_pixels`](Self::predict_pixels).
    pub fn predict_pixels_mirrored(&mut self, pixels: &[u8]) -> Result<Vec<Prediction>, Error> {
        mirrored(pixels, self.file.preprocess.width, |pixels| self.predict_pixels(pixels))
    }
}
