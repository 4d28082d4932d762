//! Conversion of labels to the classes of a model, which may be more than those of the data set, or in another order.

use crate::error::DataError;
use crate::photos::Photo;
use crate::split::Split;
use crate::splits::Measured;

impl Measured {
    /// Relabels the images with these classes, which are matched by name. `data.sha256` remains that of the data set.
    ///
    /// # Errors
    /// [`DataError::OtherClasses`] when the class of an image is not among them; a class without images is ignored.
    ///
    /// # Example
    /// ```
    /// use striate_data::Splits;
    ///
    /// let digits = Splits::open("digits", None)?.measured(None)?;
    /// let label = digits.data.test.label(0);
    /// let classes: Vec<String> = digits.data.classes.iter().rev().cloned().collect();
    /// let backward = digits.with_classes(&classes)?.data;
    /// assert_eq!((backward.test.label(0), backward.classes), (9 - label, classes));
    /// # Ok::<(), striate_data::DataError>(())
    /// ```
    pub fn with_classes(mut self, classes: &[String]) -> Result<Self, DataError> {
        let data = &mut self.data;
        if data.classes == classes {
            return Ok(self);
        }
        let places: Vec<Option<usize>> =
            data.classes.iter().map(|name| classes.iter().position(|class| class == name)).collect();
        // In memory, a label is one byte.
        let most = if data.test.images().is_some() { u8::MAX.into() } else { u32::MAX as usize };
        let place = |label: u32| places.get(label as usize).copied().flatten().filter(|&place| place <= most);
        if data.test.labels().any(|label| place(label).is_none()) {
            return Err(DataError::OtherClasses {
                data: data.name.clone(),
                expected: classes.to_vec(),
                got: data.classes.clone(),
            });
        }
        let place = |label: u32| place(label).expect("every label was looked up");
        match &mut data.test {
            Split::Images(images) => {
                images.labels.iter_mut().for_each(|label| *label = place((*label).into()) as u8);
            }
            Split::Photos(photos) => {
                let label = |photo: &Photo| Photo { label: place(photo.label) as u32, ..photo.clone() };
                *photos = photos.with_files(photos.files().iter().map(label).collect());
            }
        }
        // The images to learn from may be of other classes.
        (data.train, data.val) = (data.test.clone(), None);
        data.classes = classes.to_vec();
        Ok(self)
    }
}
