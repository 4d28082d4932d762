//! The predictions of a classifier as reports, and their explanation.

use ndarray::{Array3, ArrayView3};
use striate_explain::attribution::{Attribution, Attributor, Method};
use striate_image::Image;
use striate_report::PredictionReport;

use super::Classifier;
use crate::{Error, Prediction};

impl Prediction {
    /// Returns the `k` most probable classes as data, for JSON and CSV. `image` is the name of the image.
    ///
    /// # Example
    /// ```
    /// use striate::Classifier;
    ///
    /// let mut model = Classifier::from_pretrained("convnet")?;
    /// let digits = striate::data::load("digits")?;
    /// let report = model.predict(&digits.test.image(7)?)?.report("digits:7", 3);
    /// assert_eq!((report.image.as_str(), report.top.len()), ("digits:7", 3));
    /// assert!(report.top[0].probability >= report.top[1].probability);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn report(&self, image: &str, k: usize) -> PredictionReport {
        PredictionReport::new(image, &self.top(k), &self.classes)
    }
}

impl Classifier {
    /// Computes an attribution for the predicted class: how much each part of an image, of any size and color, speaks for or
    /// against it. The class's logit is decomposed by `method` with its default settings. Methods that need a baseline use the
    /// mean of the training images. [`Method::usual`] is a good method to start with.
    ///
    /// For another class, the difference of two classes, another layer or other settings, use an [`Attributor`] of the
    /// [`session`](Self::session).
    ///
    /// # Errors
    /// [`Error::Explain`] when the method does not apply to this network, or when the network has no class names;
    /// [`Error::Run`] when the network cannot be run.
    ///
    /// # Example
    /// ```
    /// use striate::Classifier;
    /// use striate::explain::attribution::Method;
    ///
    /// let model = Classifier::from_pretrained("convnet")?;
    /// let digits = striate::data::load("digits")?;
    /// let found = model.explain(&digits.test.image(0)?, Method::IntegratedGradients)?;
    /// assert_eq!((found.class, found.shape), (digits.test.label(0) as usize, [1, 28, 28]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, image: &Image, method: Method) -> Result<Attribution, Error> {
        let mut model = self.clone();
        let class = model.predict(image)?.top(1).first().map_or(0, |&(class, _)| class);
        let preprocess = self.preprocess();
        let mut values = vec![0.0; preprocess.sample_len()];
        preprocess.normalize(&preprocess.from_image(image), &mut values);
        let image = ArrayView3::from_shape(preprocess.shape(), &values).expect("an image of this shape");
        let baseline = Array3::zeros(preprocess.shape());
        let mut attributor = Attributor::new(&mut model.session, image, class).map_err(Error::Explain)?;
        attributor.ask(method, &baseline.view()).map_err(Error::Explain)
    }
}
