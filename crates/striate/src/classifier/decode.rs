//! Predictions for image files.

use std::path::Path;

use super::Classifier;
use crate::{Error, Prediction};

impl Classifier {
    /// Classifies the image in a file: PNG or JPEG, and with the feature `decode-all` BMP, GIF, PNM, TIFF and WebP as well.
    ///
    /// # Errors
    /// [`Error::Input`] when the file cannot be read or is not an image, and those of [`predict`](Self::predict).
    ///
    /// # Example
    /// ```
    /// # #[cfg(feature = "shipped")] {
    /// use striate::Classifier;
    ///
    /// let mut model = Classifier::from_bytes(striate::models::shipped::find("convnet").expect("it is shipped").bytes)?;
    /// let error = model.predict_path("no/such.png").unwrap_err().to_string();
    /// assert!(error.starts_with("no/such.png: "), "{error}");
    /// # }
    /// # Ok::<(), striate::Error>(())
    /// ```
    pub fn predict_path(&mut self, path: impl AsRef<Path>) -> Result<Prediction, Error> {
        let image = self.file.preprocess.open(path.as_ref())?;
        self.predict(&image)
    }

    /// Like [`predict_path`](Self::predict_path), for the content of an image file that is in memory, such as an upload.
    ///
    /// # Errors
    /// Those of [`predict_path`](Self::predict_path).
    pub fn predict_bytes(&mut self, bytes: &[u8]) -> Result<Prediction, Error> {
        let image = self.file.preprocess.decode("image in memory", bytes)?;
        self.predict(&image)
    }
}
